"""The steps of an opportunity's life, once everything they need is at hand.

No function here asks the database anything, so one command and a batch of hundreds take the same
decision. Each checks everything before it changes anything; then it writes history, audit entry
and event into the session.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from kehu_contracts.money import Money
from kehu_kernel import audit, business_day, outbox
from kehu_kernel.context import Actor
from kehu_kernel.session import Session
from kehu_sales.competitors.errors import UnknownCompetitor
from kehu_sales.competitors.models import Competitor
from kehu_sales.customers.models import CustomerRef
from kehu_sales.customers.service import current_customer, present_customer
from kehu_sales.directory.service import Staff
from kehu_sales.lines import Line, one_currency
from kehu_sales.methods.errors import NoDefaultMethod, UnknownMethod
from kehu_sales.methods.models import Method, MethodVersion
from kehu_sales.methods.stages import Stage
from kehu_sales.opportunities import events
from kehu_sales.opportunities.errors import ExternalReferenceTaken, RevenueIsSumOfLines
from kehu_sales.opportunities.history import WINNING, Evaluation, StageEntry
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.promotion import Recorded
from kehu_sales.opportunities.schemas import (
    LineInput,
    OpportunityCreate,
    OpportunityEvaluation,
    OpportunityLoss,
    OpportunityPromotion,
    OpportunitySubmission,
    OpportunityWin,
)
from kehu_sales.opportunities.words import Result, Status
from kehu_sales.products.errors import ProductWithdrawn, UnknownProduct
from kehu_sales.products.models import Product


@dataclass(frozen=True, slots=True)
class Known:
    """What was looked up before deciding, each by its id."""

    customers: dict[UUID, CustomerRef] = field(default_factory=dict)
    products: dict[UUID, Product] = field(default_factory=dict)
    methods: dict[UUID, Method] = field(default_factory=dict)
    competitors: dict[UUID, Competitor] = field(default_factory=dict)
    past_versions: Mapping[tuple[UUID, int], MethodVersion] = field(default_factory=dict)
    recorded: Mapping[UUID, Mapping[str, Recorded]] = field(default_factory=dict)
    staff: Staff = field(default_factory=lambda: Staff({}, anybody=False))
    taken_references: set[str] = field(default_factory=set)
    agreed: Mapping[UUID, Decimal] = field(default_factory=dict)
    reasons: set[tuple[str, str]] = field(default_factory=set)
    """Outcome and code of every reason of winning and losing in use."""

    def method(self, method_id: UUID | None) -> Method:
        """Return the method to follow, by default the default one.

        Raises `NoDefaultMethod`, `UnknownMethod`, `MethodWithdrawn`.
        """
        if method_id is None:
            for method in self.methods.values():
                if method.is_default:
                    return method
            raise NoDefaultMethod
        if method_id not in self.methods:
            raise UnknownMethod(id=method_id)
        self.methods[method_id].require_active()
        return self.methods[method_id]

    def require_competitor(self, competitor_id: UUID | None) -> None:
        """Raise `UnknownCompetitor` if one is named that has no file."""
        if competitor_id is not None and competitor_id not in self.competitors:
            raise UnknownCompetitor(id=competitor_id)

    def stages(self, opportunity: Opportunity) -> tuple[Stage, ...]:
        """Return the stages that an opportunity in progress follows."""
        return followed(opportunity, self.methods[opportunity.method_id], self.past_versions)


def followed(
    opportunity: Opportunity, method: Method, past: Mapping[tuple[UUID, int], MethodVersion]
) -> tuple[Stage, ...]:
    """Return the version of the method's stages that the opportunity began with, or moved to."""
    if is_newest(opportunity, method):
        return method.stages
    return past[opportunity.method_id, opportunity.method_version].stages


def is_newest(opportunity: Opportunity, method: Method) -> bool:
    """Whether the newest version of the stages counts; before it is in progress it always does."""
    in_stages = opportunity.stage_code is not None
    return not in_stages or opportunity.method_version == method.stages_version


def priced(
    wanted: Iterable[LineInput],
    products: Mapping[UUID, Product],
    currency: str,
    *,
    kept: Iterable[Line] = (),
) -> tuple[tuple[Line, ...], str]:
    """Return the lines with name and price of their products, and their one currency.

    Raises `UnknownProduct`, `ProductWithdrawn` (unless the document has the product already, in
    `kept`), `MixedCurrencies`.
    """
    already = {line.product_id for line in kept}
    lines, prices = [], []
    for line in wanted:
        product = products.get(line.product_id)
        if product is None:
            raise UnknownProduct(id=line.product_id)
        if not product.active and product.id not in already:
            raise ProductWithdrawn(name=product.name)
        price = line.unit_price or product.price
        prices.append(price)
        typed = line.unit_price is not None
        lines.append(Line(product.id, product.name, line.quantity, price.amount, typed))
    return tuple(lines), one_currency(prices, currency)


def prepare(
    data: OpportunityCreate,
    known: Known,
    *,
    today: date,
    currency: str,
    reporter_id: UUID | None = None,
) -> Opportunity:
    """Return the new opportunity, which has no number yet and is in no session.

    `currency` is the one of an opportunity without any amount; `reporter_id` who reports unless
    the data name somebody. Raises `RevenueIsSumOfLines`,
    `DateInFuture`, `ExternalReferenceTaken`, `UnknownCompetitor`, or what `current_customer`,
    `Staff.require`, `Staff.require_department`, `Known.method` and `priced` raise.
    """
    if data.lines and data.expected_revenue is not None:
        raise RevenueIsSumOfLines
    if data.customer_id is not None:
        current_customer(known.customers, data.customer_id)
    known.require_competitor(data.competitor_id)
    known.staff.require(data.owner_id)
    known.staff.require_department(data.department_id)
    if data.external_ref is not None and data.external_ref in known.taken_references:
        raise ExternalReferenceTaken
    opened_on = business_day.happened(data.opened_on, today)
    revenue = data.expected_revenue
    lines, currency = priced(data.lines, known.products, revenue.currency if revenue else currency)
    method = known.method(data.method_id)
    opportunity = Opportunity(
        topic=data.topic,
        customer_id=data.customer_id,
        contact_id=data.contact_id,
        owner_id=data.owner_id,
        department_id=data.department_id or known.staff.department_of(data.owner_id),
        source=data.source,
        lead_id=data.lead_id,
        external_ref=data.external_ref,
        interest=data.interest,
        need=data.need,
        expected_close_on=data.expected_close_on,
        method_id=method.id,
        method_version=method.stages_version,
        status=Status.NOT_EVALUATED,
        stage_overdue_told=False,
        handling_overdue_told=False,
        reported_by_id=data.reported_by_id or reporter_id,
        reporter_role=data.reporter_role,
        need_kind=data.need_kind,
        competitor=data.competitor,
        competitor_id=data.competitor_id,
        buying_committee=data.members(),
        evaluation_round=0,
        opened_on=opened_on,
        last_step_on=opened_on,
    )
    opportunity.ask_for(lines, currency)
    if revenue is not None:
        opportunity.expect(revenue)
    return opportunity


def enter(session: Session, opportunity: Opportunity, number: str) -> None:
    """Add a prepared opportunity under its number."""
    opportunity.number = number
    audit.created(session, opportunity)
    outbox.add(session, events.created(opportunity), sequence=opportunity.version)


def submit(
    session: Session,
    opportunity: Opportunity,
    data: OpportunitySubmission,
    staff: Staff,
    *,
    today: date,
) -> None:
    """Submit to a named evaluator, who works here.

    Raises `DateInFuture`, or what `Opportunity.submit` and `Staff.require` raise.
    """
    staff.require(data.evaluator_id)
    opportunity.submit(data.evaluator_id, business_day.happened(data.on, today))
    fields = audit.changed(session, opportunity, "submitted")
    event = events.submitted(opportunity, fields, evaluator_id=data.evaluator_id)
    outbox.add(session, event, sequence=opportunity.version)


def evaluate(
    session: Session,
    opportunity: Opportunity,
    data: OpportunityEvaluation,
    method: Method,
    staff: Staff,
    *,
    actor: Actor,
    today: date,
) -> None:
    """Decide in the evaluator's place or as the evaluator.

    Raises `NotTheEvaluator`, `DateInFuture`, or what `Opportunity.evaluate` and, for the next
    evaluator, `Staff.require` raise.
    """
    opportunity.require_in_evaluation()
    opportunity.require_evaluator(actor.employee_id, actor.scopes)
    staff.require(data.next_evaluator_id)
    evaluator_id, number = opportunity.evaluator_id, opportunity.evaluation_round
    on = business_day.happened(data.on, today)
    opportunity.evaluate(
        data.result,
        on,
        next_evaluator_id=data.next_evaluator_id,
        stages=method.stages,
        method_version=method.stages_version,
    )
    decision = Evaluation(
        opportunity_id=opportunity.id,
        round=number,
        evaluator_id=evaluator_id,
        result=data.result,
        next_evaluator_id=data.next_evaluator_id,
        comment=data.comment,
        decided_on=on,
        decided_by=session.context.actor,
    )
    session.add(decision)
    if data.result is Result.PASS:
        add_entry(session, opportunity, method.stages, "evaluation")
    fields = audit.changed(
        session, opportunity, "evaluated", result=(None, data.result), comment=(None, data.comment)
    )
    event = events.evaluated(
        opportunity, fields, result=data.result, evaluator_id=decision.evaluator_id
    )
    outbox.add(session, event, sequence=opportunity.version)


def promote(
    session: Session,
    opportunity: Opportunity,
    data: OpportunityPromotion,
    stages: tuple[Stage, ...],
    recorded: Mapping[str, Recorded],
    *,
    actor: Actor,
    today: date,
) -> None:
    """Leave the stage for a later one, or override what is unmet, for a reason that is kept.

    Raises `OverrideNotAllowed`, `DateInFuture`, or what `Opportunity.promote` raises.
    """
    reason = data.override_reason
    if reason is not None:
        opportunity.require_may_override(actor.scopes)
    on = business_day.happened(data.on, today)
    left = opportunity.stay_until(on)
    overridden = opportunity.promote(
        on,
        to_stage=data.to_stage,
        stages=stages,
        recorded=recorded,
        confirmed=data.confirm_reminders,
        overridden=reason is not None,
    )
    kept = reason if overridden else None
    add_entry(session, opportunity, stages, "promotion", override_reason=kept)
    told = {"override_reason": (None, kept)}
    fields = audit.changed(session, opportunity, "promoted", **told)
    event = events.stage_entered(opportunity, fields, "promotion", left, override_reason=kept)
    outbox.add(session, event, sequence=opportunity.version)


def win(
    session: Session,
    opportunity: Opportunity,
    data: OpportunityWin,
    known: Known,
    *,
    actor: Actor,
    today: date,
) -> None:
    """Win it, with its customer. A method may ask for the conditions of the stage that is left.

    Raises `OverrideNotAllowed`, `CustomerHasEnded`, or what `Opportunity.require_winnable` and
    `Opportunity.win` raise.
    """
    opportunity.require_in_progress()
    reason, overridden = data.override_reason, False
    if reason is not None:
        opportunity.require_may_override(actor.scopes)
    if opportunity.customer_id is not None:
        present_customer(known.customers, opportunity.customer_id)
    stages = known.stages(opportunity)
    if known.methods[opportunity.method_id].winning_asks:
        overridden = opportunity.require_winnable(
            stages,
            known.recorded.get(opportunity.id, {}),
            confirmed=data.confirm_reminders,
            overridden=reason is not None,
        )
    on = business_day.happened(data.closed_on, today)
    amount: Money | None = data.amount
    if amount is None and opportunity.id in known.agreed:
        amount = Money(amount=known.agreed[opportunity.id], currency=opportunity.currency)
    closing = opportunity.win(on, data.reason, amount, stages)
    opportunity.close_reason_code, opportunity.closed_by = data.reason_code, session.context.actor
    kept = reason if overridden else None
    if closing:
        add_entry(session, opportunity, stages, WINNING, override_reason=kept)
    fields = audit.changed(session, opportunity, "won", override_reason=(None, kept))
    agreed = opportunity.agreed or opportunity.revenue
    event = events.won(opportunity, fields, agreed, override_reason=kept)
    outbox.add(session, event, sequence=opportunity.version)


def lose(session: Session, opportunity: Opportunity, data: OpportunityLoss, *, today: date) -> None:
    """Lose it. Raises `DateInFuture` or what `Opportunity.lose` raises."""
    opportunity.lose(
        business_day.happened(data.closed_on, today),
        data.reason,
        competitor=data.competitor,
        competitor_id=data.competitor_id,
        none_known=data.competitor_unknown,
    )
    opportunity.close_reason_code, opportunity.closed_by = data.reason_code, session.context.actor
    fields = audit.changed(session, opportunity, "lost")
    outbox.add(session, events.lost(opportunity, fields), sequence=opportunity.version)


def add_entry(
    session: Session,
    opportunity: Opportunity,
    stages: tuple[Stage, ...],
    manner: str,
    *,
    reason: str | None = None,
    override_reason: str | None = None,
) -> None:
    """Add the stage that was just entered to the history; call it before the version advances."""
    position = opportunity.stage_position or 1
    stage = stages[position - 1]
    entry = StageEntry(
        opportunity_id=opportunity.id,
        opportunity_version=opportunity.version + 1,
        position=position,
        code=stage.code,
        name=stage.name,
        success_rate=stage.success_rate,
        planned_days=stage.planned_days,
        entered_on=opportunity.last_step_on,
        entered_by=session.context.actor,
        manner=manner,
        reason=reason,
        override_reason=override_reason,
    )
    session.add(entry)
