"""Whatever is asked of a lead and its conversion, in whatever order, both stay possible ones."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kehu_kernel.context import Context
from kehu_kernel.errors import DomainError
from kehu_marketing.conversions.models import Conversion, ConversionState, Step
from kehu_marketing.leads.models import Lead, LeadStatus

CREATED = date(2026, 1, 10)
NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)
DAYS = st.integers(-3, 30).map(lambda days: CREATED + timedelta(days=days))
ERROR = {"code": "unknown-owner", "en": "No.", "zh": "不。"}
MINUTE = timedelta(minutes=1)


class LeadLife(RuleBasedStateMachine):
    """Disqualifies, reopens and converts one lead; a refusal must change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.lead = Lead(
            number="LEAD-1", status=LeadStatus.OPEN, created_on=CREATED, customer_name="恒远"
        )
        self.conversion = Conversion(tenant_id="t", lead_id=uuid4())
        self.conversion.state = ConversionState.FAILED
        self.done: list[Step] = []

    @rule(on=DAYS)
    def disqualify(self, on: date) -> None:
        before = self.lead.status
        try:
            self.lead.disqualify(on, "没有预算")
        except DomainError:
            assert self.lead.status == before
        else:
            assert before == LeadStatus.OPEN

    @rule()
    def reopen(self) -> None:
        with suppress(DomainError):
            self.lead.reopen()
            assert self.lead.status == LeadStatus.OPEN

    @rule()
    def convert(self) -> None:
        with suppress(DomainError):
            self.lead.begin_conversion()
            self.conversion.begin(Context(tenant_id="t", actor="zhang.min", now=NOW), "zh")
            self.done = []

    @precondition(lambda self: self.conversion.step is not None)
    @rule(claimed=st.booleans())
    def postpone(self, claimed: bool) -> None:
        if claimed:
            self.conversion.claim_id, self.conversion.claimed_until = uuid4(), NOW
        tries = self.conversion.attempts
        self.conversion.postpone(ERROR, now=NOW, wait=MINUTE)
        assert self.conversion.attempts == tries + 1
        assert self.conversion.next_attempt_at == NOW + MINUTE
        assert self.conversion.claim_id is None

    @precondition(lambda self: self.conversion.step is not None)
    @rule()
    def fail(self) -> None:
        self.conversion.fail(ERROR, now=NOW)
        self.lead.abandon_conversion(
            ERROR, customer_id=self.conversion.customer_id, contact_id=self.conversion.contact_id
        )

    @precondition(lambda self: self.conversion.step is not None)
    @rule()
    def do_the_next_step(self) -> None:
        step = self.conversion.step
        assert step is not None
        self.conversion.record(step, uuid4(), now=NOW, claim=MINUTE)
        self.done.append(step)
        if self.conversion.state == ConversionState.COMPLETED:
            assert self.conversion.customer_id is not None
            assert self.conversion.opportunity_id is not None
            self.lead.complete_conversion(
                customer_id=self.conversion.customer_id,
                contact_id=self.conversion.contact_id,
                opportunity_id=self.conversion.opportunity_id,
                on=CREATED,
            )

    @invariant()
    def the_two_tell_the_same(self) -> None:
        converting = self.lead.status == LeadStatus.CONVERTING
        assert converting == (self.conversion.step is not None)
        converted = self.lead.status == LeadStatus.CONVERTED
        assert converted == (self.conversion.state == ConversionState.COMPLETED)

    @invariant()
    def steps_are_done_in_order(self) -> None:
        assert self.done == list(Step)[: len(self.done)]

    @invariant()
    def only_a_conversion_that_goes_on_is_claimed(self) -> None:
        if self.conversion.step is None:
            assert self.conversion.claimed_until is None

    @invariant()
    def a_disqualified_lead_says_why(self) -> None:
        disqualified = self.lead.status == LeadStatus.DISQUALIFIED
        assert disqualified == (self.lead.disqualified_on is not None)
        assert disqualified == (self.lead.disqualified_reason is not None)


TestLeadLife = LeadLife.TestCase
TestLeadLife.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
