"""The project, its lines, and the rules about its life (1.4, item 4; 1.1, problem 3)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.money import Money
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_sales.approvals.models import ApprovalState
from kehu_sales.db import Base
from kehu_sales.methods.stages import Control
from kehu_sales.projects.alerts import Alert, planned
from kehu_sales.projects.errors import (
    NOTHING,
    MilestoneReached,
    NoStageLeft,
    NothingOpenOfLine,
    NotInTeam,
    NotTheNextStage,
    OverDelivery,
    ProjectIsFixed,
    ProjectIsUnderWay,
    ProjectNotFinished,
    ProjectNotReady,
    StageWorkOpen,
    StageWorkReminder,
    TeamMemberTaken,
    TooManyParts,
    UnknownMilestone,
    UnknownProjectStage,
)
from kehu_sales.projects.parts import Member, Milestone, ProjectStage, Values

PARTS = 200


class ProjectState(StrEnum):
    """How far a project is."""

    DRAFT = "draft"
    IN_APPROVAL = "in_approval"
    APPROVED = "approved"
    EXECUTING = "executing"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OPEN = (
    ProjectState.DRAFT, ProjectState.IN_APPROVAL, ProjectState.APPROVED, ProjectState.EXECUTING
)  # fmt: skip
CHANGEABLE_AFTER_DRAFT = frozenset(
    {"owner_id", "department_id", "leader_id", "planned_end_on", "summary"}
)


class Project(Aggregate, Base):
    """What was sold is delivered: in stages ticked from a method, by a team, with milestones.

    A stage is `entered_on` and `ended_on` business days; `last_step_on` is the day of the step
    before, no step lies before it. `amount` is what its lines are worth by the contract. `alert_on`
    is the next planned day that is to be told of when it is over; `alerted` what was told of.
    """

    label_zh = "项目"
    __tablename__ = "projects"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "quote_id"], ["quotes.tenant_id", "quotes.id"]),
        ForeignKeyConstraint(["tenant_id", "contract_id"], ["contracts.tenant_id", "contracts.id"]),
        ForeignKeyConstraint(["tenant_id", "method_id"], ["methods.tenant_id", "methods.id"]),
        CheckConstraint(
            "state IN ('draft', 'in_approval', 'approved', 'executing', 'closed', 'cancelled')",
            "state",
        ),
        CheckConstraint("planned_end_on >= planned_start_on", "period"),
        CheckConstraint(
            "(state IN ('executing', 'closed')) <= (started_on IS NOT NULL)"
            " AND (state IN ('closed', 'cancelled')) = (closed_on IS NOT NULL)"
            " AND (state = 'cancelled') = (cancel_reason IS NOT NULL)",
            "days",
        ),
        CheckConstraint("state <> 'closed' OR summary IS NOT NULL", "summary"),
        CheckConstraint("num_nulls(amount, currency) IN (0, 2)", "amount"),
        Index("ix_projects_created_at", "tenant_id", "created_at", "id"),
        Index("ix_projects_planned_end_on", "tenant_id", "planned_end_on", "id"),
        Index("ix_projects_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index("ix_projects_opportunity", "tenant_id", "opportunity_id"),
        Index("ix_projects_contract", "tenant_id", "contract_id"),
        Index("ix_projects_quote", "tenant_id", "quote_id"),
        Index("ix_projects_owner", "tenant_id", "owner_id"),
        Index("ix_projects_leader", "tenant_id", "leader_id"),
        Index(
            "ix_projects_alert", "tenant_id", "alert_on",
            postgresql_where=text("alert_on IS NOT NULL"),
        ),
        Index(
            "ix_projects_open", "tenant_id", "id",
            postgresql_where=text("state IN ('draft', 'in_approval', 'approved', 'executing')"),
        ),
    )  # fmt: skip

    number: Mapped[str]
    topic: Mapped[str]
    goal: Mapped[str | None]
    content: Mapped[str | None]
    customer_id: Mapped[UUID]
    opportunity_id: Mapped[UUID | None]
    quote_id: Mapped[UUID | None]
    contract_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    leader_id: Mapped[UUID | None]
    planned_start_on: Mapped[date | None]
    planned_end_on: Mapped[date | None]
    method_id: Mapped[UUID]
    stages: Mapped[tuple[ProjectStage, ...]] = mapped_column(Values(ProjectStage))
    milestones: Mapped[tuple[Milestone, ...]] = mapped_column(Values(Milestone))
    team: Mapped[tuple[Member, ...]] = mapped_column(Values(Member))
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None]
    state: Mapped[str]
    stage_code: Mapped[str | None]
    started_on: Mapped[date | None]
    last_step_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    summary: Mapped[str | None]
    cancel_reason: Mapped[str | None]
    alert_on: Mapped[date | None]
    alerted: Mapped[list[str]]

    @property
    def worth(self) -> Money | None:
        """What its lines are worth by the contract."""
        if self.amount is None or self.currency is None:
            return None
        return Money(amount=self.amount, currency=self.currency)

    @property
    def stage(self) -> ProjectStage | None:
        """The stage it is in."""
        return next((one for one in self.stages if one.code == self.stage_code), None)

    @property
    def next_stage(self) -> ProjectStage | None:
        """The stage that follows the present one; the first one before it is carried out."""
        return next((one for one in self.stages if one.entered_on is None), None)

    def require(self, *states: ProjectState) -> None:
        """Raise `ProjectNotReady` unless it is in one of these states."""
        if self.state not in states:
            needed = [state.value for state in states]
            raise ProjectNotReady(number=self.number, state=self.state, needed=needed)

    def require_stage(self, code: str | None) -> None:
        """Raise `UnknownProjectStage` for a stage that is none of its own."""
        if code is not None and code not in {one.code for one in self.stages}:
            raise UnknownProjectStage(stage=code)

    def require_sound(self) -> None:
        """Raise `PeriodReversed` or `UnknownProjectStage` for a plan that makes no sense."""
        business_day.period(self.planned_start_on, self.planned_end_on)
        for one in self.milestones:
            self.require_stage(one.stage_code)

    def require_changeable(self, fields: Sequence[str]) -> None:
        """Refuse to change what is over, or fixed. Raises `ProjectNotReady`, `ProjectIsFixed`."""
        self.require(*OPEN)
        fixed = sorted(set(fields) - CHANGEABLE_AFTER_DRAFT)
        if fixed and self.state != ProjectState.DRAFT:
            raise ProjectIsFixed(number=self.number, fields=fixed, extra={"fields": fixed})

    def follow(self, approval: str) -> None:
        """Be as far as its approval is; what is not agreed to is a draft again.

        Raises `ProjectIsUnderWay` when an approval is taken back too late.
        """
        before = (ProjectState.DRAFT, ProjectState.IN_APPROVAL, ProjectState.APPROVED)
        if self.state not in before:
            raise ProjectIsUnderWay(number=self.number)
        self.state = {
            ApprovalState.WAITING: ProjectState.IN_APPROVAL,
            ApprovalState.APPROVED: ProjectState.APPROVED,
        }.get(ApprovalState(approval), ProjectState.DRAFT)

    def execute(self, on: date) -> None:
        """Begin to carry it out, in its first stage. Raises `ProjectNotReady`."""
        self.require(ProjectState.APPROVED)
        self.state, self.started_on = ProjectState.EXECUTING, on
        self._enter_next(on)

    def promote(
        self, on: date, next_stage: str | None, open_work: Sequence[str], *, confirmed: bool
    ) -> None:
        """End the present stage and enter the next one, which the caller confirms by its code.

        `next_stage` None confirms that nothing follows. `open_work` names the mandatory tasks of
        the stage that are not done; mandatory milestones count as well. Raises `NoStageLeft`,
        `DateBeforePrevious`, `NotTheNextStage`, `StageWorkOpen` for a strict stage, and
        `StageWorkReminder` for one that reminds unless that is `confirmed` (1.4, item 4).
        """
        self.require(ProjectState.EXECUTING)
        here, following = self.stage, self.next_stage
        if here is None:
            raise NoStageLeft(number=self.number)
        business_day.follows(on, self.last_step_on or on)
        if next_stage != (following and following.code):
            raise NotTheNextStage(
                current=here.name, following=following.code if following else NOTHING
            )
        work = [*self._open_milestones(here.code), *open_work]
        if work and here.control == Control.STRICT:
            raise StageWorkOpen(stage=here.name, open=work, extra={"unmet": work})
        if work and here.control == Control.REMIND and not confirmed:
            raise StageWorkReminder(stage=here.name, open=work, extra={"unmet": work})
        self._put_stage(replace(here, ended_on=on))
        self._enter_next(on)

    def close(self, on: date, undelivered: Sequence[int]) -> None:
        """Close it (结案), when everything is done; `undelivered` are numbers of lines.

        Raises `ProjectNotFinished` with every unmet condition, `DateBeforePrevious`.
        """
        self.require(ProjectState.EXECUTING)
        unmet = self._unmet(undelivered)
        if unmet:
            kinds = list(dict.fromkeys(str(one["kind"]) for one in unmet))
            raise ProjectNotFinished(number=self.number, unmet=kinds, extra={"unmet": unmet})
        self._end(ProjectState.CLOSED, on)

    def cancel(self, on: date, reason: str) -> None:
        """Give it up, for a reason. What was delivered stays so.

        Raises `ProjectNotReady` (also while it waits for approval), `DateBeforePrevious`.
        """
        self.require(ProjectState.DRAFT, ProjectState.APPROVED, ProjectState.EXECUTING)
        self._end(ProjectState.CANCELLED, on)
        self.cancel_reason = reason

    def _unmet(self, undelivered: Sequence[int]) -> list[dict[str, object]]:
        unmet: list[dict[str, object]] = []
        if self.summary is None:
            unmet.append({"kind": "summary", "item": None})
        unmet += [{"kind": "line", "item": str(number)} for number in undelivered]
        unmet += [{"kind": "stage", "item": one.code} for one in self.stages if not one.ended_on]
        return unmet + [{"kind": "milestone", "item": name} for name in self._open_milestones(None)]

    def _open_milestones(self, stage_code: str | None) -> list[str]:
        """Return mandatory milestones that are not reached: of a stage, or of the whole project."""
        return [
            one.name
            for one in self.milestones
            if one.mandatory and one.reached_on is None and one.stage_code == stage_code
        ]

    def _end(self, state: ProjectState, on: date) -> None:
        business_day.follows(on, self.last_step_on or on)
        self.state, self.closed_on, self.alert_on = state, on, None

    def _enter_next(self, on: date) -> None:
        following = self.next_stage
        self.stage_code, self.last_step_on = (following.code if following else None), on
        if following is not None:
            self._put_stage(replace(following, entered_on=on))
        self.watch()

    def _put_stage(self, stage: ProjectStage) -> None:
        self.stages = tuple(stage if one.code == stage.code else one for one in self.stages)

    # -- milestones and team

    def add_milestone(self, milestone: Milestone) -> None:
        """Plan a milestone. Raises `ProjectNotReady`, `UnknownProjectStage`, `TooManyParts`."""
        self.require(*OPEN)
        self.require_stage(milestone.stage_code)
        if len(self.milestones) >= PARTS:
            raise TooManyParts(limit=PARTS)
        self.milestones = (*self.milestones, milestone)
        self.watch()

    def reach_milestone(self, milestone_id: UUID, on: date) -> None:
        """Say that a milestone was reached.

        Raises `ProjectNotReady`, `UnknownMilestone`, `MilestoneReached`, `DateBeforePrevious`.
        """
        self.require(ProjectState.EXECUTING)
        one = self._milestone(milestone_id)
        business_day.follows(on, self.started_on or on)
        self._put_milestone(replace(one, reached_on=on))

    def move_milestone(self, milestone_id: UUID, planned_on: date) -> None:
        """Plan a milestone for another day.

        Raises `ProjectNotReady`, `UnknownMilestone`, `MilestoneReached`.
        """
        self.require(*OPEN)
        self._put_milestone(replace(self._milestone(milestone_id), planned_on=planned_on))

    def _milestone(self, milestone_id: UUID) -> Milestone:
        found = next((one for one in self.milestones if one.id == milestone_id), None)
        if found is None:
            raise UnknownMilestone(id=milestone_id)
        if found.reached_on is not None:
            raise MilestoneReached(name=found.name)
        return found

    def _put_milestone(self, milestone: Milestone) -> None:
        self.milestones = tuple(milestone if x.id == milestone.id else x for x in self.milestones)
        self.watch()

    def join(self, member: Member) -> None:
        """Take somebody into the team. Raises `ProjectNotReady`, `TeamMemberTaken`, `TooManyParts`.

        Who left may come back.
        """
        self.require(*OPEN)
        if self._present(member.employee_id):
            raise TeamMemberTaken
        if len(self.team) >= PARTS:
            raise TooManyParts(limit=PARTS)
        self.team = (*self.team, member)

    def leave(self, employee_id: UUID, on: date) -> None:
        """Let somebody leave the team. Raises `ProjectNotReady`, `NotInTeam`, `DateBeforePrevious`.

        The day is the last one in the team.
        """
        self.require(*OPEN)
        one = self._present(employee_id)
        if one is None:
            raise NotInTeam
        business_day.follows(on, one.joined_on)
        self.team = tuple(replace(one, left_on=on) if x is one else x for x in self.team)

    def _present(self, employee_id: UUID) -> Member | None:
        present = (one for one in self.team if one.left_on is None)
        return next((one for one in present if one.employee_id == employee_id), None)

    def hand_over(
        self, leaver: UUID, owner_id: UUID, department_id: UUID | None, successor_id: UUID,
        today: date,
    ) -> None:  # fmt: skip
        """Take from a leaver what it is responsible for, and its place in the team (C4)."""
        if self.owner_id == leaver:
            self.owner_id, self.department_id = owner_id, department_id
        if self.leader_id == leaver:
            self.leader_id = successor_id
        place = self._present(leaver)
        if place is None:
            return
        last = max(today, place.joined_on)
        self.team = tuple(replace(one, left_on=last) if one is place else one for one in self.team)
        if not self._present(successor_id):
            self.team = (*self.team, Member(successor_id, place.role, last))

    # -- what is late

    def pending(self) -> list[Alert]:
        """Return what is planned, not done and not told of, the earliest first."""
        if self.state != ProjectState.EXECUTING:
            return []
        found = planned(self.planned_end_on, self.stages, self.milestones)
        return sorted(
            (one for one in found if one.key not in self.alerted), key=lambda one: one.planned_on
        )

    def watch(self) -> None:
        """Remember the next planned day to be told of; call it when the plan changes."""
        pending = self.pending()
        self.alert_on = pending[0].planned_on if pending else None

    def tell_late(self, today: date) -> Alert | None:
        """Return the next thing that is late, and remember that it is told; None if nothing is."""
        late = next((one for one in self.pending() if one.planned_on < today), None)
        if late is not None:
            self.alerted = [*self.alerted, late.key]
        self.watch()
        return late


class ProjectLine(TenantRow, Base):
    """A product in a quantity to be delivered. What is given up is not delivered any more.

    `line_number` counts from 1. It changes under the lock of its project only.
    """

    __tablename__ = "project_lines"
    __table_args__ = (
        UniqueConstraint("tenant_id", "project_id", "line_number"),
        ForeignKeyConstraint(["tenant_id", "project_id"], ["projects.tenant_id", "projects.id"]),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        CheckConstraint(
            "quantity > 0 AND delivered >= 0 AND given_up >= 0"
            " AND delivered + given_up <= quantity",
            "quantities",
        ),
        CheckConstraint("(given_up > 0) = (give_up_reason IS NOT NULL)", "given_up"),
        Index("ix_project_lines_product", "tenant_id", "product_id"),
    )

    project_id: Mapped[UUID]
    line_number: Mapped[int]
    product_id: Mapped[UUID]
    product_name: Mapped[str]
    # Without a fixed scale: "6" pieces stay "6" in answers and events.
    quantity: Mapped[Decimal] = mapped_column(Numeric())
    delivered: Mapped[Decimal] = mapped_column(Numeric())
    given_up: Mapped[Decimal] = mapped_column(Numeric())
    give_up_reason: Mapped[str | None]

    @property
    def open(self) -> Decimal:
        """What is still to be delivered."""
        return self.quantity - self.delivered - self.given_up

    def _require_open(self, quantity: Decimal) -> None:
        if quantity > self.open:
            raise OverDelivery(
                line=self.line_number, product=self.product_name, open=_told(self.open),
                quantity=_told(quantity),
            )  # fmt: skip

    def deliver(self, quantity: Decimal) -> None:
        """Deliver so much of it. Raises `OverDelivery`."""
        self._require_open(quantity)
        self.delivered += quantity

    def take_back(self, quantity: Decimal) -> None:
        """Undo a delivery of so much."""
        self.delivered -= quantity

    def give_up(self, quantity: Decimal | None, reason: str) -> None:
        """Deliver so much less, or what is open, for a reason.

        Raises `NothingOpenOfLine`, `OverDelivery`.
        """
        if not self.open:
            raise NothingOpenOfLine(
                line=self.line_number, product=self.product_name, delivered=_told(self.delivered),
                given_up=_told(self.given_up),
            )  # fmt: skip
        less = quantity or self.open
        self._require_open(less)
        self.given_up += less
        before = self.give_up_reason
        self.give_up_reason = reason if before in (None, reason) else f"{before}; {reason}"


def _told(quantity: Decimal) -> str:
    return format(quantity.normalize(), "f")
