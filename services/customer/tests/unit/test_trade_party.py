"""Who plays which part when a customer trades."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_customer.trade_parties.errors import OwnTradeParty, TradePartyHasEnded
from kehu_customer.trade_parties.models import TradeParty, TradeRole, played_by
from kehu_kernel import ids
from kehu_kernel.business_day import DateBeforePrevious

CUSTOMER, PARENT, BRANCH = ids.new_id(), ids.new_id(), ids.new_id()


def a_party(role: TradeRole, party_id: UUID, *, is_default: bool = True) -> TradeParty:
    return TradeParty(
        customer_id=CUSTOMER, party_id=party_id, role=role, is_default=is_default,
        started_on=date(2026, 5, 6),
    )  # fmt: skip


def test_the_customer_plays_what_nobody_else_plays() -> None:
    assert played_by(CUSTOMER, []) == dict.fromkeys(TradeRole, CUSTOMER)


def test_the_parent_company_pays_and_a_branch_uses() -> None:
    parties = [
        a_party(TradeRole.PAYER, PARENT),
        a_party(TradeRole.USER, BRANCH),
        a_party(TradeRole.USER, PARENT, is_default=False),
    ]
    assert played_by(CUSTOMER, parties) == {
        TradeRole.USER: BRANCH,
        TradeRole.BUYER: CUSTOMER,
        TradeRole.PAYER: PARENT,
        TradeRole.FINAL_RECIPIENT: CUSTOMER,
    }


@given(st.lists(st.tuples(st.sampled_from(TradeRole), st.booleans()), max_size=8))
def test_each_part_is_always_played_by_exactly_one(others: list[tuple[TradeRole, bool]]) -> None:
    parties = [a_party(role, PARENT, is_default=default) for role, default in others]
    parts = played_by(CUSTOMER, parties)
    by_default = {role for role, default in others if default}
    assert {role for role, party in parts.items() if party == PARENT} == by_default
    assert set(parts) == set(TradeRole)


def test_a_customer_is_no_other_party_of_its_own() -> None:
    with pytest.raises(OwnTradeParty):
        a_party(TradeRole.PAYER, CUSTOMER).require_other()


def test_the_end_takes_the_default_away() -> None:
    party = a_party(TradeRole.PAYER, PARENT)
    party.end(date(2026, 6, 30))
    assert (party.ended_on, party.is_default) == (date(2026, 6, 30), False)
    with pytest.raises(TradePartyHasEnded):
        party.end(date(2026, 6, 30))


def test_no_end_before_the_start() -> None:
    with pytest.raises(DateBeforePrevious):
        a_party(TradeRole.PAYER, PARENT).end(date(2026, 5, 5))
