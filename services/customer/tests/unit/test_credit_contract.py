"""What a contract of sales takes of the credit (C9)."""

from decimal import Decimal
from typing import Any

import pytest

from kehu_contracts import examples
from kehu_contracts.contracting import ContractApproved
from kehu_contracts.money import Money
from kehu_customer.credit_contracts.models import CreditContract, taken_by

SIGNED = ContractApproved.from_bytes(examples.load(ContractApproved.type)[0].data)


def contract(total: str = "100.00", collected: str = "30.00", **says: Any) -> ContractApproved:
    money = {
        name: Money(amount=Decimal(amount), currency="CNY")
        for name, amount in (("total", total), ("collected", collected))
    }
    return SIGNED.model_copy(update=money | says)


def test_in_force_it_takes_what_has_not_come_in() -> None:
    assert taken_by(contract()) == Decimal("70.00")
    assert taken_by(contract(collected="100.00")) == 0


@pytest.mark.parametrize(
    ("state", "taken"),
    [("draft", 0), ("in_approval", 70), ("approved", 70), ("fulfilled", 0), ("cancelled", 0)],
)
def test_from_its_submission_until_its_end(state: str, taken: int) -> None:
    assert taken_by(contract(state=state)) == taken


def test_paid_before_delivery_it_takes_nothing() -> None:
    assert taken_by(contract(on_account=False)) == 0


def test_amended_below_what_came_in_it_takes_nothing_and_gives_nothing() -> None:
    assert taken_by(contract(total="20.00")) == 0


def test_what_is_kept_follows_what_was_told_last() -> None:
    kept = CreditContract.of(contract(), 3)
    kept.follow(contract(collected="90.00", number="CON-2026-000099"), 4)
    assert (kept.sequence, kept.number, kept.taken) == (4, "CON-2026-000099", Decimal("10.00"))
