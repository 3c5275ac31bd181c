"""The visit, and the rules about its life (S5; 4 §2)."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Double, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.money import Money
from kehu_kernel import clock
from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.methods.stages import Control
from kehu_sales.moments import TimesReversed, in_order
from kehu_sales.visit_policy.models import VisitType
from kehu_sales.visits.errors import (
    ChecklistIncomplete,
    ConsentNeeded,
    NextStepInPast,
    NextStepMissing,
    OwnPlan,
    UnknownItem,
    VisitNotInState,
)
from kehu_sales.visits.plan import Plan


class VisitStatus(StrEnum):
    """How far a visit is."""

    PLANNED = "planned"
    IN_APPROVAL = "in_approval"
    APPROVED = "approved"
    CHECKED_IN = "checked_in"
    DONE = "done"
    REPORTED = "reported"
    CLOSED = "closed"
    CANCELLED = "cancelled"


S = VisitStatus
TO_COME = (S.PLANNED, S.IN_APPROVAL, S.APPROVED)
"""Before the visit begins: the plan can be changed, handed over, cancelled."""
UNREPORTED = (*TO_COME, S.CHECKED_IN, S.DONE)
"""The report is yet to be handed in, if the visit is not called off."""
TOOK_PLACE = (S.DONE, S.REPORTED, S.CLOSED)


class Mode(StrEnum):
    """How the visit comes about (L2516, L2536)."""

    APPOINTMENT = "appointment"
    UNANNOUNCED = "unannounced"


class Host(StrEnum):
    """Whom the visit is with, as far as the rule of appointments asks (L2516)."""

    LARGE_COMPANY = "large_company"
    """A manager or the owner of one."""
    INDIVIDUAL = "individual"
    SHOP = "shop"
    OTHER = "other"


class Phase(StrEnum):
    """How far the talk came (L2648-2656)."""

    OPENING = "opening"
    INQUIRY = "inquiry"
    PROPOSAL = "proposal"
    NEXT_STEP = "next_step"


class Proposed(StrEnum):
    """What was put before the customer."""

    NOTHING = "nothing"
    PROPOSAL = "proposal"
    QUOTE = "quote"
    CONTRACT = "contract"


class RefusalDegree(StrEnum):
    """How the customer refused (L2610)."""

    FIRM = "firm"
    NOT_FIRM = "not_firm"


class RefusalReason(StrEnum):
    """The true reason of a refusal: 买不起, 不想买 (L2614)."""

    CANNOT_AFFORD = "cannot_afford"
    DOES_NOT_WANT = "does_not_want"


class Visit(Plan, Aggregate, Base):
    """A visit to a customer.

    `planned_by` and `submitted_by` are subjects. `checklist` is that of the type when the visit was
    planned, with what is ticked. `remind_at` and `report_due_at` are when a reminder is told, once
    each, and `ends_at` if it was not held. One that recurs is one of a series, for one of its days:
    there is never another one for it, also if this one is moved or cancelled.
    `held_by_id` is who owned one that was handed over after it had begun.
    """

    label_zh = "拜访"
    __tablename__ = "visits"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "activity_id"], ["activities.tenant_id", "activities.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "follow_up_task_id"], ["tasks.tenant_id", "tasks.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "series_id"], ["visit_series.tenant_id", "visit_series.id"]
        ),
        Index(
            "ix_visits_series",
            "tenant_id",
            "series_id",
            "series_day",
            unique=True,
            postgresql_where=text("series_id IS NOT NULL"),
        ),
        Index("ix_visits_starts_at", "tenant_id", "starts_at", "id"),
        Index("ix_visits_owner", "tenant_id", "owner_id", "starts_at"),
        Index("ix_visits_customer", "tenant_id", "customer_id", "starts_at", "id"),
        Index("ix_visits_opportunity", "tenant_id", "opportunity_id"),
        Index("ix_visits_department", "tenant_id", "department_id", "starts_at"),
        Index(
            "ix_visits_approver",
            "tenant_id",
            "approver_id",
            "starts_at",
            postgresql_where=text("approver_id IS NOT NULL"),
        ),
        Index(
            "ix_visits_to_remind",
            "tenant_id",
            "remind_at",
            postgresql_where=text(
                "remind_at IS NOT NULL AND reminded_at IS NULL "
                "AND status IN ('planned', 'in_approval', 'approved')"
            ),
        ),
        Index(
            "ix_visits_report_due",
            "tenant_id",
            "report_due_at",
            postgresql_where=text("status = 'done' AND overdue_told_at IS NULL"),
        ),
        Index(
            "ix_visits_unreported",
            "tenant_id",
            "id",
            postgresql_where=text(
                "status IN ('planned', 'in_approval', 'approved', 'checked_in', 'done')"
            ),
        ),
        Index(
            "ix_visits_missed",
            "tenant_id",
            "ends_at",
            postgresql_where=text(
                "status IN ('planned', 'in_approval', 'approved', 'checked_in')"
                " AND missed_told_at IS NULL"
            ),
        ),
    )

    number: Mapped[str]
    series_id: Mapped[UUID | None]
    series_day: Mapped[date | None]
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    status: Mapped[str]
    approval_needed: Mapped[bool]
    planned_by: Mapped[str | None]
    submitted_by: Mapped[str | None]
    approver_id: Mapped[UUID | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None]
    checklist: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    checked_in_at: Mapped[datetime | None]
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    ended_at: Mapped[datetime | None]
    held_by_id: Mapped[UUID | None]
    superior_told_at: Mapped[datetime | None]
    report_hours: Mapped[int]
    report_due_at: Mapped[datetime | None]
    overdue_told_at: Mapped[datetime | None]
    missed_told_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    summary: Mapped[str | None]
    introduction_minutes: Mapped[int | None]
    listened_minutes: Mapped[int | None]
    asked_minutes: Mapped[int | None]
    presented_minutes: Mapped[int | None]
    phase: Mapped[str | None]
    behaviour_stage: Mapped[int | None]
    potential_buyer: Mapped[bool | None]
    needs: Mapped[str | None]
    next_need_on: Mapped[date | None]
    next_need_quantity: Mapped[Decimal | None]
    proposed: Mapped[str | None]
    proposals: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    commitments: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    market_assessment: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    refusal_degree: Mapped[str | None]
    refusal_reason: Mapped[str | None]
    next_step: Mapped[str | None]
    next_step_on: Mapped[date | None]
    travel_minutes: Mapped[int | None]
    cost: Mapped[Decimal | None]
    currency: Mapped[str | None]
    activity_id: Mapped[UUID | None]
    follow_up_task_id: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]

    @property
    def spent(self) -> Money | None:
        """What the trip cost us, if anybody said."""
        if self.cost is None or self.currency is None:
            return None
        return Money(amount=self.cost, currency=self.currency)

    @property
    def minutes(self) -> int | None:
        """How long it really took, in minutes; None before it ended."""
        if self.ended_at is None or self.checked_in_at is None:
            return None
        return round((self.ended_at - self.checked_in_at).total_seconds() / 60)

    @property
    def visitor_id(self) -> UUID | None:
        """Who was at the customer's, whoever has to report it now."""
        return self.held_by_id or self.owner_id

    def plan(self, kind: VisitType, given: Mapping[str, Any]) -> None:
        """Plan the visit, or plan it anew: consent is asked for again, and the reminder is new.

        Raises `VisitNotInState` once it has begun, and `TimesReversed`.
        """
        self._require(*TO_COME)
        for name, value in given.items():
            setattr(self, name, value)
        in_order(self.starts_at, self.ends_at)
        self.approval_needed = kind.needs_approval(business_trip=self.business_trip)
        self.report_hours = kind.report_hours
        if self.status != S.PLANNED:
            self.status, self.approver_id = S.PLANNED, None
            self.decided_by = self.decided_at = self.decision_note = None
        self.remind_at = None
        if self.remind_minutes is not None:
            self.remind_at = self.starts_at - timedelta(minutes=self.remind_minutes)
        self.reminded_at = self.missed_told_at = None

    def hand_over(self, owner_id: UUID, department_id: UUID | None) -> None:
        """Give it to another employee, who is told anew of what was not done.

        What has begun stays the visit of who held it: the successor only reports it.
        """
        if self.status not in TO_COME:
            self.held_by_id = self.visitor_id
        super().hand_over(owner_id, department_id)
        self.overdue_told_at = self.missed_told_at = None

    def submit(self, by: str, approver_id: UUID | None = None) -> None:
        """Ask the superior for consent: the owner's manager, if one is known (L2620).

        Raises `VisitNotInState`.
        """
        self._require(S.PLANNED)
        self.status, self.submitted_by, self.approver_id = S.IN_APPROVAL, by, approver_id
        self.decided_by = self.decided_at = self.decision_note = None

    def decide(
        self, *, approve: bool, note: str | None, by: str, employee_id: UUID | None, at: datetime
    ) -> None:
        """Consent to the plan, or send it back: somebody else than who visits, or submitted it.

        A visit that nobody owns yet is the plan of who planned it. Raises `VisitNotInState`,
        `OwnPlan`. This is the one place where a plan is decided on.
        """
        self._require(S.IN_APPROVAL)
        owned = employee_id is not None and employee_id == self.owner_id
        planned = self.owner_id is None and by == self.planned_by
        if owned or planned or by == self.submitted_by:
            raise OwnPlan
        self.status = S.APPROVED if approve else S.PLANNED
        self.decided_by, self.decided_at, self.decision_note = by, at, note

    def check_in(self, at: datetime, position: Mapping[str, float | None]) -> None:
        """Arrive at the customer's. Raises `VisitNotInState`, `ConsentNeeded`."""
        self._require(*TO_COME)
        if self.approval_needed and self.status != S.APPROVED:
            raise ConsentNeeded(number=self.number)
        self._require(S.PLANNED, S.APPROVED)
        self.status, self.checked_in_at, self.missed_told_at = S.CHECKED_IN, at, None
        for name, value in position.items():
            setattr(self, name, value)

    def finish(self, at: datetime) -> None:
        """Leave the customer; from now on the report is awaited.

        Raises `VisitNotInState`, `TimesReversed`.
        """
        self._require(S.CHECKED_IN)
        if self.checked_in_at is not None and at < self.checked_in_at:
            raise TimesReversed(start=self.checked_in_at, end=at)
        self.status, self.ended_at = S.DONE, at
        self.report_due_at = at + timedelta(hours=self.report_hours)

    def report(self, given: Mapping[str, Any], at: datetime, today: date) -> None:
        """Hand in what came of the visit; once. Raises `VisitNotInState`, `NextStepInPast`."""
        self._require(S.DONE)
        self._require_to_come(given.get("next_step_on"), today)
        self.status, self.reported_at = S.REPORTED, at
        for name, value in given.items():
            setattr(self, name, value)

    def tick(self, codes: Collection[str], *, ticked: bool) -> None:
        """Tick items of the checklist, or take that back.

        Raises `UnknownItem`, `VisitNotInState`.
        """
        self._require(*TO_COME, S.CHECKED_IN, S.DONE, S.REPORTED)
        known = {item["code"] for item in self.checklist}
        for code in codes:
            if code not in known:
                raise UnknownItem(item=code)
        self.checklist = [
            item | {"ticked": ticked} if item["code"] in codes else item for item in self.checklist
        ]

    def close(self, next_step: Control, at: datetime) -> None:
        """Close the visit: what has to be done after it is done (L2496-2498, L2656).

        A customer who refused firmly gets no next step. Raises `VisitNotInState`,
        `ChecklistIncomplete`, `NextStepMissing`.
        """
        self._require(S.REPORTED)
        missing = [item for item in self.checklist if item["required"] and not item["ticked"]]
        if missing:
            raise ChecklistIncomplete(
                items_en=[item["text_en"] for item in missing],
                items_zh=[item["text_zh"] for item in missing],
                extra={"items": [item["code"] for item in missing]},
            )
        if next_step == Control.STRICT and self.lacks_next_step():
            raise NextStepMissing(number=self.number)
        self.status, self.closed_at = S.CLOSED, at

    def lacks_next_step(self) -> bool:
        """Whether a next step should exist and does not: only a firm refusal needs none."""
        return self.next_step is None and self.refusal_degree != RefusalDegree.FIRM

    def set_next_step(self, next_step: str, on: date | None, today: date) -> None:
        """Say what comes next, also after the report; a day that was said before may pass.

        Raises `VisitNotInState`, `NextStepInPast`.
        """
        self._require(S.DONE, S.REPORTED)
        self._require_to_come(on, today)
        self.next_step, self.next_step_on = next_step, on

    def tell_superior(self, at: datetime, zone: str) -> None:
        """Keep that the superior heard of the trip, once a day (L2622), until it is closed.

        Raises `VisitNotInState`.
        """
        self._require(*TO_COME, S.CHECKED_IN, S.DONE, S.REPORTED)
        told = self.superior_told_at
        if told is None or clock.today(told, zone) != clock.today(at, zone):
            self.superior_told_at = at

    def cancel(self, reason: str) -> None:
        """Call the visit off. Raises `VisitNotInState` once it has begun."""
        self._require(*TO_COME)
        self.status, self.cancel_reason = S.CANCELLED, reason

    def _require_to_come(self, on: date | None, today: date) -> None:
        if on is not None and on < today and on != self.next_step_on:
            raise NextStepInPast(on=on)

    def _require(self, *needed: VisitStatus) -> None:
        if self.status not in needed:
            raise VisitNotInState(
                number=self.number, status=self.status, needed=[one.value for one in needed]
            )
