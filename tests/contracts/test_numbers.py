"""Marketing takes the numbers and addresses that the customer service takes, and no others."""

import pytest
from pydantic import TypeAdapter

from kehu_customer.contact_points import normal
from kehu_customer.contacts import schemas as of_contacts
from kehu_kernel.errors import DomainError
from kehu_marketing.leads import numbers
from kehu_marketing.leads import schemas as of_leads

PHONES = (
    "138 0000 0000", "+86 138-0000-0000", "008613800000000", "(0512) 6280-0000 x12", "030 901820",
    "(+49) 30 901820", "62 800", "8888 6666", "110", "12", "1" * 30, "+999 1234567",
    "+1 202 555 0143",
    "call me", "+", "2125551234", "400-820-8820", "6123 4567", "0", "00", "+86", "86 138 0000 0000",
)  # fmt: skip
EMAILS = (
    "zhao@example.com", "Zhao.Lixin+crm@Example.COM", "a@b.cn", "zhao", "zhao@", "@example.com",
    "zhao@example..com", ".zhao@example.com", "zhao.@example.com", "zhao@-example.com",
    "zhao@example", "赵@例子.cn", "a" * 65 + "@example.com", "zhao@" + "e" * 64 + ".com",
)  # fmt: skip


def takes(rule: object, *typed: str) -> bool:
    """Tell whether a rule raises nothing."""
    try:
        rule(*typed)  # type: ignore[operator]
    except (DomainError, ValueError):
        return False
    return True


@pytest.mark.parametrize("region", ["CN", "DE", "US", "SG"])
def test_phones(region: str) -> None:
    ours = {one: takes(numbers.require_phone, one, region) for one in PHONES}
    assert ours == {one: takes(normal.phone, one, region) for one in PHONES}
    assert {*ours.values()} == {True, False}


def test_emails() -> None:
    ours = {one: takes(numbers.require_email, one) for one in EMAILS}
    assert ours == {one: takes(normal.email, one) for one in EMAILS}
    assert {*ours.values()} == {True, False}


@pytest.mark.parametrize("kind", ["Phone", "Email"])
def test_their_characters(kind: str) -> None:
    lead, contact = (TypeAdapter(getattr(of, kind)) for of in (of_leads, of_contacts))
    for typed in (*PHONES, *EMAILS):
        assert takes(lead.validate_python, typed) == takes(contact.validate_python, typed), typed
