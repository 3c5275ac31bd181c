"""The rules about one lead, named after the situation."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import uuid4

import pytest

from kehu_kernel.business_day import DateBeforePrevious
from kehu_marketing.leads.errors import (
    ContactWithoutCustomer,
    CustomerMissing,
    LeadNotDisqualified,
    LeadNotOpen,
)
from kehu_marketing.leads.models import Lead, LeadStatus
from kehu_marketing.leads.sources import LABELS, LeadSource

DAY = date(2026, 3, 14)
ERROR = {"code": "unknown-owner", "en": "No.", "zh": "不。"}
NOT_OPEN = [LeadStatus.CONVERTING, LeadStatus.CONVERTED, LeadStatus.DISQUALIFIED]


def lead(status: LeadStatus = LeadStatus.OPEN) -> Lead:
    return Lead(number="LEAD-2026-000042", status=status, created_on=DAY, customer_name="恒远")


class TestRequireOpen:
    def test_an_open_lead(self) -> None:
        lead().require_open()

    @pytest.mark.parametrize("status", NOT_OPEN)
    @pytest.mark.parametrize(
        "command",
        [Lead.require_open, Lead.begin_conversion, lambda one: one.disqualify(DAY, "没有预算")],
    )
    def test_any_other(self, status: LeadStatus, command: Callable[[Lead], None]) -> None:
        one = lead(status)
        with pytest.raises(LeadNotOpen, match=f"LEAD-2026-000042 is {status}"):
            command(one)
        assert one.status == status


class TestRequireParties:
    def test_with_nobody(self) -> None:
        with pytest.raises(CustomerMissing):
            Lead(customer_id=None, customer_name=None).require_parties()

    def test_with_a_picked_contact_of_a_typed_customer(self) -> None:
        with pytest.raises(ContactWithoutCustomer):
            Lead(customer_name="恒远", contact_id=uuid4()).require_parties()

    def test_with_both_picked_or_both_typed(self) -> None:
        Lead(customer_id=uuid4(), contact_id=uuid4()).require_parties()
        Lead(customer_name="恒远", contact_name="赵立新").require_parties()


class TestDisqualify:
    def test_on_the_day_it_was_entered(self) -> None:
        one = lead()
        one.disqualify(DAY, "没有预算")
        assert (one.status, one.disqualified_on) == (LeadStatus.DISQUALIFIED, DAY)
        assert one.disqualified_reason == "没有预算"

    def test_before_it_was_entered(self) -> None:
        one = lead()
        with pytest.raises(DateBeforePrevious):
            one.disqualify(DAY - timedelta(days=1), "没有预算")
        assert one.status == LeadStatus.OPEN


class TestReopen:
    def test_a_disqualified_lead(self) -> None:
        one = lead()
        one.disqualify(DAY, "没有预算")
        one.reopen()
        assert (one.status, one.disqualified_on) == (LeadStatus.OPEN, None)
        assert one.disqualified_reason is None

    @pytest.mark.parametrize(
        "status", [LeadStatus.OPEN, LeadStatus.CONVERTING, LeadStatus.CONVERTED]
    )
    def test_any_other(self, status: LeadStatus) -> None:
        with pytest.raises(LeadNotDisqualified):
            lead(status).reopen()


class TestConversion:
    def test_that_completes(self) -> None:
        one, customer, contact, opportunity = lead(), uuid4(), uuid4(), uuid4()
        one.begin_conversion()
        one.complete_conversion(
            customer_id=customer, contact_id=contact, opportunity_id=opportunity, on=DAY
        )
        assert (one.status, one.converted_on) == (LeadStatus.CONVERTED, DAY)
        assert (one.customer_id, one.contact_id) == (customer, contact)
        assert one.opportunity_id == opportunity

    def test_that_fails_keeps_what_was_found(self) -> None:
        one, customer = lead(), uuid4()
        one.begin_conversion()
        one.abandon_conversion(ERROR, customer_id=customer, contact_id=None)
        assert (one.status, one.last_error) == (LeadStatus.OPEN, ERROR)
        assert (one.customer_id, one.contact_id) == (customer, None)

    def test_that_fails_at_once_keeps_what_was_picked(self) -> None:
        one = lead()
        one.customer_id = picked = uuid4()
        one.begin_conversion()
        one.abandon_conversion(ERROR, customer_id=None, contact_id=None)
        assert one.customer_id == picked

    def test_that_begins_again_forgets_the_old_failure(self) -> None:
        one = lead()
        one.last_error = ERROR
        one.begin_conversion()
        assert one.status == LeadStatus.CONVERTING
        assert one.last_error is None


class TestSources:
    def test_thirteen_and_any_other_have_both_names(self) -> None:
        assert set(LABELS) == set(LeadSource)
        assert len(LeadSource) == 13 + 1
        assert len({label for pair in LABELS.values() for label in pair}) == 2 * 14
        assert LeadSource.DIRECT_MAIL.label("zh") == "直接邮寄信件"
        assert LeadSource.DIRECT_MAIL.label("en") == "Direct mail"
