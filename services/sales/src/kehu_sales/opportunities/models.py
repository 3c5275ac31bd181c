"""The opportunity, and the rules about its life (1.3, item 5)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.money import Money
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_kernel.errors import DomainError
from kehu_sales.db import Base
from kehu_sales.lines import Line, LinesColumn, one_currency, total
from kehu_sales.methods.models import Stage
from kehu_sales.opportunities.errors import (
    CustomerNeeded,
    EvaluationHasFailed,
    LastStage,
    NextEvaluatorMissing,
    NextEvaluatorNotWanted,
    NotALaterStage,
    NotAwaitingSubmission,
    NotInEvaluation,
    NotInProgress,
    NotTheEvaluator,
    OpportunityIsClosed,
)
from kehu_sales.opportunities.promotion import Condition, Recorded, conditions_of, require_met

EVALUATE_SCOPE = "sales:opportunities:evaluate"


class Status(StrEnum):
    """Where an opportunity stands: 未评估, 评估中, 进行中, 评估未通过, 赢单, 输单."""

    NOT_EVALUATED = "not_evaluated"
    IN_EVALUATION = "in_evaluation"
    IN_PROGRESS = "in_progress"
    EVALUATION_FAILED = "evaluation_failed"
    WON = "won"
    LOST = "lost"


class Result(StrEnum):
    """What an evaluator decides."""

    PASS = "pass"  # noqa: S105 - a decision, not a password
    PASS_TO_NEXT = "pass_to_next"  # noqa: S105 - same
    REJECT = "reject"
    FAIL = "fail"


class Interest(StrEnum):
    """How interested the customer is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Opportunity(Aggregate, Base):
    """A chance to sell something.

    Every step has a business day, which may lie in the past, but not before `last_step_on`, the day
    of the step before. A method checks everything before it changes anything: a refused step leaves
    the opportunity as it was.
    """

    label_zh = "商机"
    __tablename__ = "opportunities"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "external_ref"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "method_id"], ["methods.tenant_id", "methods.id"]),
        Index("ix_opportunities_created_at", "tenant_id", "created_at", "id"),
        Index("ix_opportunities_expected_close_on", "tenant_id", "expected_close_on", "id"),
        Index("ix_opportunities_expected_revenue", "tenant_id", "expected_revenue", "id"),
        Index("ix_opportunities_status", "tenant_id", "status", "created_at", "id"),
        Index("ix_opportunities_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index("ix_opportunities_owner", "tenant_id", "owner_id", "created_at", "id"),
        Index(
            "ix_opportunities_evaluator",
            "tenant_id",
            "evaluator_id",
            postgresql_where=text("evaluator_id IS NOT NULL"),
        ),
        Index("ix_opportunities_method", "tenant_id", "method_id", "status"),
    )

    number: Mapped[str]
    topic: Mapped[str]
    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    source: Mapped[str | None]
    lead_id: Mapped[UUID | None]
    external_ref: Mapped[str | None]
    interest: Mapped[str | None]
    need: Mapped[str | None]
    expected_close_on: Mapped[date | None]
    method_id: Mapped[UUID]
    status: Mapped[str]
    evaluator_id: Mapped[UUID | None]
    evaluation_round: Mapped[int]
    stage_code: Mapped[str | None]
    stage_name: Mapped[str | None]
    stage_position: Mapped[int | None]
    success_rate: Mapped[int | None]
    stage_entered_on: Mapped[date | None]
    expected_revenue: Mapped[Decimal]
    currency: Mapped[str]
    lines: Mapped[tuple[Line, ...]] = mapped_column(LinesColumn())
    opened_on: Mapped[date]
    last_step_on: Mapped[date]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]
    won_amount: Mapped[Decimal | None]

    @property
    def revenue(self) -> Money:
        """The expected revenue with its currency."""
        return Money(amount=self.expected_revenue, currency=self.currency)

    @property
    def agreed(self) -> Money | None:
        """The amount that was really agreed; only a won opportunity has one."""
        if self.won_amount is None:
            return None
        return Money(amount=self.won_amount, currency=self.currency)

    def expect(self, revenue: Money) -> None:
        """Expect this revenue; for an opportunity without product lines."""
        self.lines = ()
        self.expected_revenue, self.currency = revenue.amount, revenue.currency

    def ask_for(self, lines: tuple[Line, ...], currency: str) -> None:
        """Replace the product lines; the expected revenue is their sum. Raises `AmountTooLarge`."""
        self.expected_revenue = total(lines)
        self.lines, self.currency = lines, currency

    def hand_over(
        self, leaver: UUID, owner_id: UUID, department_id: UUID | None, *, evaluator_id: UUID
    ) -> None:
        """Take it from a leaver: ownership with its department, and a decision that is due (C4)."""
        if self.owner_id == leaver:
            self.owner_id, self.department_id = owner_id, department_id
        if self.evaluator_id == leaver:
            self.evaluator_id = evaluator_id

    def require_open(self) -> None:
        """Raise `OpportunityIsClosed` or `EvaluationHasFailed` if nothing more can be done."""
        if self.status in (Status.WON, Status.LOST):
            raise OpportunityIsClosed(number=self.number, status=self.status)
        if self.status == Status.EVALUATION_FAILED:
            raise EvaluationHasFailed(number=self.number)

    def _require(self, status: Status, otherwise: type[DomainError]) -> None:
        self.require_open()
        if self.status != status:
            raise otherwise(number=self.number, status=self.status)

    def submit(self, evaluator_id: UUID, on: date) -> None:
        """Ask a named evaluator for a decision.

        Raises `NotAwaitingSubmission`, `DateBeforePrevious`, or what `require_open` raises.
        """
        self._require(Status.NOT_EVALUATED, NotAwaitingSubmission)
        business_day.follows(on, self.last_step_on)
        self.status, self.evaluator_id, self.last_step_on = Status.IN_EVALUATION, evaluator_id, on
        self.evaluation_round += 1

    def require_evaluator(self, employee_id: UUID | None, scopes: frozenset[str]) -> None:
        """Raise `NotTheEvaluator` unless the caller is the named evaluator or may decide on all.

        The named evaluator is an employee; a caller's token says which employee it is. A holder of
        the scope `sales:opportunities:evaluate` may decide in the evaluator's place.
        """
        if EVALUATE_SCOPE not in scopes and (
            employee_id is None or employee_id != self.evaluator_id
        ):
            raise NotTheEvaluator(number=self.number, scope=EVALUATE_SCOPE)

    def require_in_evaluation(self) -> None:
        """Raise `NotInEvaluation`, or what `require_open` raises."""
        self._require(Status.IN_EVALUATION, NotInEvaluation)

    def evaluate(
        self, result: Result, on: date, *, next_evaluator_id: UUID | None, stages: Sequence[Stage]
    ) -> None:
        """Decide on the opportunity.

        Passing on keeps it in evaluation, with the next evaluator; rejecting gives it back to be
        submitted again; passing sets the first stage; failing ends everything. Raises
        `NotInEvaluation`, `NextEvaluatorMissing`, `NextEvaluatorNotWanted`, `DateBeforePrevious`.
        """
        self.require_in_evaluation()
        if result is Result.PASS_TO_NEXT and next_evaluator_id is None:
            raise NextEvaluatorMissing
        if result is not Result.PASS_TO_NEXT and next_evaluator_id is not None:
            raise NextEvaluatorNotWanted
        business_day.follows(on, self.last_step_on)
        self.last_step_on, self.evaluator_id = on, next_evaluator_id
        if result is Result.PASS_TO_NEXT:
            self.evaluation_round += 1
        elif result is Result.REJECT:
            self.status = Status.NOT_EVALUATED
        elif result is Result.FAIL:
            self.status = Status.EVALUATION_FAILED
        else:
            self.status = Status.IN_PROGRESS
            self._enter(stages, 1, on)

    def require_in_progress(self) -> int:
        """Return the position of the present stage.

        Raises `NotInProgress`, or what `require_open` raises.
        """
        self._require(Status.IN_PROGRESS, NotInProgress)
        return self.stage_position or 1

    def next_position(self, stages: Sequence[Stage], to_stage: str | None) -> int:
        """Return the position of the stage to promote to: the one named, or the next.

        Raises `LastStage`, `NotALaterStage`, or what `require_in_progress` raises.
        """
        position = self.require_in_progress()
        if position >= len(stages):
            raise LastStage(number=self.number, stage=self.stage_name)
        if to_stage is None:
            return position + 1
        for later, stage in enumerate(stages, start=1):
            if later > position and stage.code == to_stage:
                return later
        raise NotALaterStage(stage=to_stage, current=self.stage_code)

    def conditions_until(
        self, position: int, stages: Sequence[Stage], recorded: Mapping[str, Recorded]
    ) -> tuple[Condition, ...]:
        """Return what must be met to enter a stage: all conditions of the stages left or skipped.

        So a strict stage cannot be jumped over. `recorded` is by stage code.
        """
        return conditions_of(stages[self.require_in_progress() - 1 : position - 1], recorded)

    def promote(
        self,
        on: date,
        *,
        to_stage: str | None,
        stages: Sequence[Stage],
        recorded: Mapping[str, Recorded],
        confirmed: bool,
    ) -> None:
        """Leave the stage and enter the next one, or a later one that is named.

        Raises what `next_position` raises, `DateBeforePrevious`, `PromotionConditionsUnmet`, and
        `PromotionReminder` unless reminders are `confirmed`.
        """
        position = self.next_position(stages, to_stage)
        business_day.follows(on, self.last_step_on)
        require_met(self.conditions_until(position, stages, recorded), confirmed=confirmed)
        self.last_step_on = on
        self._enter(stages, position, on)

    def win(self, on: date, reason: str, amount: Money | None) -> None:
        """Win it, for the amount that was agreed (the expected revenue unless given). Final.

        Raises `CustomerNeeded`, `MixedCurrencies`, `DateBeforePrevious`, or what
        `require_in_progress` raises.
        """
        self.require_in_progress()
        if self.customer_id is None:
            raise CustomerNeeded(number=self.number)
        agreed = amount or self.revenue
        one_currency([agreed, self.revenue], self.currency)
        self._close(Status.WON, on, reason)
        self.won_amount = agreed.amount

    def lose(self, on: date, reason: str) -> None:
        """Lose it. Final. Raises `DateBeforePrevious`, or what `require_in_progress` raises."""
        self.require_in_progress()
        self._close(Status.LOST, on, reason)

    def _close(self, status: Status, on: date, reason: str) -> None:
        business_day.follows(on, self.last_step_on)
        self.status, self.closed_on, self.close_reason = status, on, reason
        self.last_step_on = on

    def _enter(self, stages: Sequence[Stage], position: int, on: date) -> None:
        stage = stages[position - 1]
        self.stage_code, self.stage_name = stage.code, stage.name
        self.stage_position, self.success_rate = position, stage.success_rate
        self.stage_entered_on = on


class Evaluation(TenantRow, Base):
    """One decision about an opportunity; `evaluator_id` was named, `decided_by` is a subject."""

    __tablename__ = "opportunity_evaluations"
    __table_args__ = (
        UniqueConstraint("tenant_id", "opportunity_id", "round"),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
    )

    opportunity_id: Mapped[UUID]
    round: Mapped[int]
    evaluator_id: Mapped[UUID]
    result: Mapped[str]
    next_evaluator_id: Mapped[UUID | None]
    comment: Mapped[str | None]
    decided_on: Mapped[date]
    decided_by: Mapped[str]


class StageEntry(TenantRow, Base):
    """An opportunity entered a stage. It left it when it entered the next one, or was closed."""

    __tablename__ = "opportunity_stages"
    __table_args__ = (
        UniqueConstraint("tenant_id", "opportunity_id", "position"),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
    )

    opportunity_id: Mapped[UUID]
    position: Mapped[int]
    code: Mapped[str]
    name: Mapped[str]
    success_rate: Mapped[int]
    planned_days: Mapped[int]
    entered_on: Mapped[date]
    entered_by: Mapped[str]
