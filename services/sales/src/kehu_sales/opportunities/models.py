"""The opportunity, and the rules about its life (1.3, item 5; 4 §5)."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.money import Money
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.lines import one_currency
from kehu_sales.methods.stages import Stage
from kehu_sales.opportunities.errors import (
    AlreadyConfirmed,
    CompetitorNeeded,
    CustomerNeeded,
    NextEvaluatorMissing,
    NextEvaluatorNotWanted,
    NotAwaitingSubmission,
    NotInEvaluation,
    NotTheEvaluator,
    OpportunityIsClosed,
    OpportunityNotInPool,
)
from kehu_sales.opportunities.graded import Graded
from kehu_sales.opportunities.progress import Progress
from kehu_sales.opportunities.words import Confirmation, Result, Status

EVALUATE_SCOPE = "sales:opportunities:evaluate"


class Opportunity(Progress, Graded, Aggregate, Base):
    """A chance to sell something.

    Every step has a business day, which may lie in the past, but not before `last_step_on`, the day
    of the step before. A method checks everything before it changes anything: a refused step leaves
    the opportunity as it was. `moved_on` is the last day on which the work about idle ones has seen
    somebody turn to it, `idle_warned_on` when it was warned of, `idle_return_on` the day that the
    warning told (`idle`).
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
        Index(
            "ix_opportunities_open_customer",
            "tenant_id",
            "customer_id",
            "opened_on",
            postgresql_where=text("status IN ('not_evaluated', 'in_evaluation', 'in_progress')"),
        ),
        Index("ix_opportunities_owner", "tenant_id", "owner_id", "created_at", "id"),
        Index(
            "ix_opportunities_owner_close",
            "tenant_id",
            "owner_id",
            "status",
            "expected_close_on",
            "id",
        ),
        Index(
            "ix_opportunities_evaluator",
            "tenant_id",
            "evaluator_id",
            postgresql_where=text("evaluator_id IS NOT NULL"),
        ),
        Index("ix_opportunities_method", "tenant_id", "method_id", "status"),
        Index("ix_opportunities_stage", "tenant_id", "stage_code", "created_at", "id"),
        Index("ix_opportunities_department", "tenant_id", "department_id", "created_at", "id"),
        Index(
            "ix_opportunities_reporter",
            "tenant_id",
            "reported_by_id",
            "created_at",
            "id",
            postgresql_where=text("reported_by_id IS NOT NULL"),
        ),
        Index(
            "ix_opportunities_lead",
            "tenant_id",
            "lead_id",
            postgresql_where=text("lead_id IS NOT NULL"),
        ),
        Index(
            "ix_opportunities_competitor",
            "tenant_id",
            "competitor_id",
            "created_at",
            "id",
            postgresql_where=text("competitor_id IS NOT NULL"),
        ),
        Index(
            "ix_opportunities_stage_due",
            "tenant_id",
            "stage_due_on",
            "id",
            postgresql_where=text("status = 'in_progress'"),
        ),
        # Backwards an index has nulls first; lists have them last in both directions.
        Index(
            "ix_opportunities_latest_close",
            "tenant_id",
            text("expected_close_on DESC NULLS LAST"),
            text("id DESC"),
        ),
        Index("ix_opportunities_highest_level", "tenant_id", "level_rank", "id"),
        Index(
            "ix_opportunities_lowest_level",
            "tenant_id",
            text("level_rank DESC NULLS LAST"),
            text("id DESC"),
        ),
        Index(
            "ix_opportunities_of_level",
            "tenant_id",
            "level",
            "created_at",
            "id",
            postgresql_where=text("level IS NOT NULL"),
        ),
        Index(
            "ix_opportunities_graded",
            "tenant_id",
            "id",
            postgresql_where=text(
                "status = 'in_progress' "
                "OR status IN ('not_evaluated', 'in_evaluation') AND confirmed_on IS NOT NULL"
            ),
        ),
        Index(
            "ix_opportunities_handling_overdue",
            "handle_by_on",
            postgresql_where=text("handle_by_on IS NOT NULL AND NOT handling_overdue_told"),
        ),
        Index(
            "ix_opportunities_won",
            "tenant_id",
            "closed_on",
            postgresql_where=text("status = 'won'"),
        ),
        Index(
            "ix_opportunities_stage_untold",
            "tenant_id",
            "stage_due_on",
            postgresql_where=text("status = 'in_progress' AND NOT stage_overdue_told"),
        ),
        Index(
            "ix_opportunities_quiet",
            "tenant_id",
            "moved_on",
            "id",
            postgresql_where=text("status = 'in_progress' AND idle_warned_on IS NULL"),
        ),
        Index(
            "ix_opportunities_warned",
            "tenant_id",
            "idle_return_on",
            "id",
            postgresql_where=text("status = 'in_progress' AND idle_return_on IS NOT NULL"),
        ),
    )

    evaluator_id: Mapped[UUID | None]
    evaluation_round: Mapped[int]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]
    close_reason_code: Mapped[str | None]
    closed_by: Mapped[str | None]
    won_amount: Mapped[Decimal | None]
    # Sent with the row, or thousands that are entered at once would be read back for it.
    moved_on: Mapped[date] = mapped_column(
        default=date(2000, 1, 1), server_default=text("'2000-01-01'::date")
    )
    idle_warned_on: Mapped[date | None]
    idle_return_on: Mapped[date | None]

    @property
    def agreed(self) -> Money | None:
        """The amount that was really agreed; only a won opportunity has one."""
        if self.won_amount is None:
            return None
        return Money(amount=self.won_amount, currency=self.currency)

    def hand_over(
        self, leaver: UUID, owner_id: UUID, department_id: UUID | None, *, evaluator_id: UUID
    ) -> None:
        """Take it from a leaver: ownership with its department, and a decision that is due (C4)."""
        if self.owner_id == leaver:
            self.owner_id, self.department_id = owner_id, department_id
        if self.evaluator_id == leaver:
            self.evaluator_id = evaluator_id

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
        self,
        result: Result,
        on: date,
        *,
        next_evaluator_id: UUID | None,
        stages: Sequence[Stage],
        method_version: int = 1,
    ) -> None:
        """Decide on the opportunity.

        Passing on keeps it in evaluation, with the next evaluator; rejecting gives it back to be
        submitted again; passing sets the first stage of the method's newest version; failing ends
        everything but the way to the pool. Raises
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
            self.status, self.method_version = Status.IN_PROGRESS, method_version
            self._enter(stages, 1, on)

    def confirm(
        self,
        on: date,
        how: Confirmation,
        *,
        template_id: UUID | None = None,
        answers: dict[str, str] | None = None,
    ) -> None:
        """Confirm that it is effective (有效商机). It stays where it stands.

        Raises `AlreadyConfirmed`, `DateBeforePrevious`, or what `require_open` and
        `require_not_pooled` raise.
        """
        self.require_open()
        self.require_not_pooled()
        if self.confirmed_on is not None:
            raise AlreadyConfirmed(number=self.number)
        business_day.follows(on, self.opened_on)
        self.confirmed_on, self.confirmation = on, how
        self.confirmation_template_id, self.confirmation_answers = template_id, answers

    def win(
        self, on: date, reason: str, amount: Money | None, stages: Sequence[Stage] = ()
    ) -> bool:
        """Win it, for the amount that was agreed (the expected revenue if nothing was). Final.

        It enters the closing stage if its method has one; returns whether it has. Raises
        `CustomerNeeded`, `MixedCurrencies`, `DateBeforePrevious`, or what `require_in_progress`
        raises.
        """
        self.require_in_progress()
        if self.customer_id is None:
            raise CustomerNeeded(number=self.number)
        agreed = amount or self.revenue
        one_currency([agreed, self.revenue], self.currency)
        self._close(Status.WON, on, reason)
        self.won_amount = agreed.amount
        closing = bool(stages) and stages[-1].closing
        if closing:
            self._enter(stages, len(stages), on)
        return closing

    def lose(
        self,
        on: date,
        reason: str,
        *,
        competitor: str | None = None,
        competitor_id: UUID | None = None,
        none_known: bool = False,
    ) -> None:
        """Lose it, to a competitor: the one named now, or before, or expressly none that is known.

        Raises `CompetitorNeeded`, `DateBeforePrevious`, or what `require_in_progress` raises.
        """
        self.require_in_progress()
        named = competitor is not None or competitor_id is not None
        if named == none_known and (named or self.competitor is None):
            raise CompetitorNeeded
        self._close(Status.LOST, on, reason)
        if named or none_known:
            self.competitor, self.competitor_id = competitor, competitor_id

    def return_to_pool(self, on: date) -> None:
        """Put it into the reserve pool (商机资源储备), where it is potential again and nobody's.

        From any state but won: also what failed its evaluation, or was lost, is kept so. Raises
        `OpportunityIsClosed`, `OpportunityInPool`, `DateBeforePrevious`.
        """
        if self.status == Status.WON:
            raise OpportunityIsClosed(number=self.number, status=self.status)
        self.require_not_pooled()
        business_day.follows(on, self.last_step_on)
        if self.status == Status.IN_EVALUATION:
            self.evaluation_round -= 1  # rounds count decisions, and there was none
        self.status, self.last_step_on = Status.POOLED, on
        self.owner_id = self.department_id = self.evaluator_id = None
        self.stage_code = self.stage_name = self.stage_kind = None
        self.stage_position = self.success_rate = None
        self.stage_entered_on = self.stage_due_on = None
        self.stage_overdue_told = False
        self.idle_warned_on = self.idle_return_on = None
        self.closed_on = self.closed_by = self.close_reason = self.close_reason_code = None
        self.need_confirmed_on = self.feasibility_passed_on = self.solution_accepted_on = None
        self.confirmed_on = self.confirmation = None
        self.confirmation_template_id = self.confirmation_answers = None
        self.ungrade()

    def require_pooled(self) -> None:
        """Raise `OpportunityNotInPool` unless it lies in the reserve pool."""
        if self.status != Status.POOLED:
            raise OpportunityNotInPool(number=self.number, status=self.status)

    def take_up(self, on: date, owner_id: UUID | None, department_id: UUID | None) -> None:
        """Take it up from the pool: it begins again, not evaluated, with an owner.

        Raises `OpportunityNotInPool`, `DateBeforePrevious`.
        """
        self.require_pooled()
        business_day.follows(on, self.last_step_on)
        self.status, self.last_step_on = Status.NOT_EVALUATED, on
        self.owner_id, self.department_id = owner_id, department_id

    def _close(self, status: Status, on: date, reason: str) -> None:
        business_day.follows(on, self.last_step_on)
        self.status, self.closed_on, self.close_reason = status, on, reason
        self.last_step_on = on
        self.limit_handling(None)


class OpportunityTerms(Base):
    """What an opportunity is found by, as numbers: parts of its topic, products, whose it is.

    Beside it by what lists are ordered, so that of thousands that are found only a page is read. A
    hint and no truth: what is found is looked at again, under the caller's own policies. The
    database keeps it in the transaction of the opportunity (`opportunity_terms_of` and its
    triggers, revisions 2026112761 and 2026112851); an erasure blanks the topic, and so the terms.
    """

    __tablename__ = "opportunity_terms"
    __table_args__ = (Index("ix_opportunity_terms_terms", "terms", postgresql_using="gin"),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    opportunity_id: Mapped[UUID] = mapped_column(primary_key=True)
    terms: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    created_at: Mapped[datetime | None]
    number: Mapped[str | None]
    expected_close_on: Mapped[date | None]
    expected_revenue: Mapped[Decimal | None]
    level_rank: Mapped[int | None]
