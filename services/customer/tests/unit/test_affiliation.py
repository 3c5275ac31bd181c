"""The rules about a person's place at a customer, and about going to another one."""

from datetime import date
from typing import Any

import pytest

from kehu_customer.affiliations.errors import AffiliationHasEnded, MainAffiliation
from kehu_customer.affiliations.models import Affiliation
from kehu_customer.contacts.models import Contact
from kehu_kernel import ids
from kehu_kernel.business_day import DateBeforePrevious

STARTED, LATER = date(2026, 3, 1), date(2026, 5, 6)


def an_affiliation(**fields: Any) -> Affiliation:
    return Affiliation(**{"is_main": False, "started_on": STARTED} | fields)


class TestEnd:
    def test_keeps_the_day_and_the_reason(self) -> None:
        affiliation = an_affiliation()
        affiliation.end(LATER, "退休")
        assert (affiliation.ended_on, affiliation.end_reason) == (LATER, "退休")

    def test_on_the_first_day(self) -> None:
        affiliation = an_affiliation()
        affiliation.end(STARTED, None)
        assert affiliation.ended_on == STARTED

    def test_before_it_started(self) -> None:
        with pytest.raises(DateBeforePrevious):
            an_affiliation().end(date(2026, 2, 28), None)

    def test_twice(self) -> None:
        affiliation = an_affiliation()
        affiliation.end(LATER, None)
        with pytest.raises(AffiliationHasEnded):
            affiliation.end(LATER, None)


class TestMain:
    def test_changes_with_the_contact_only(self) -> None:
        an_affiliation().require_secondary()
        with pytest.raises(MainAffiliation):
            an_affiliation(is_main=True).require_secondary()


class TestMove:
    def test_takes_nothing_of_the_place_before_along(self) -> None:
        contact = Contact(
            name="赵立新", customer_id=ids.new_id(), title="采购总监", active=False,
            is_primary=False, mobile="138 0000 0000",
        )  # fmt: skip
        goal = ids.new_id()
        contact.move(goal, {"title": None, "buying_role": "handler"}, primary=True)
        assert (contact.customer_id, contact.active, contact.is_primary) == (goal, True, True)
        assert (contact.title, contact.buying_role) == (None, "handler")
        assert contact.mobile == "138 0000 0000"
