"""Which facts go along when customers are merged (C5)."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kehu_customer.archives.models import Fact
from kehu_customer.merges.facts import givers

SURVIVOR, *LOSERS = (UUID(int=number) for number in range(1, 5))
BIRTHDAY = UUID(int=100)


def fact(customer: UUID, definition: UUID, *, current: bool = True) -> Fact:
    ended = None if current else datetime(2026, 1, 1, tzinfo=UTC)
    return Fact(customer_id=customer, definition_id=definition, ended_at=ended)


def test_what_the_survivor_knows_itself_counts() -> None:
    known = [fact(SURVIVOR, BIRTHDAY), fact(LOSERS[0], BIRTHDAY)]
    assert givers(known, SURVIVOR, LOSERS) == {BIRTHDAY: None}


def test_what_it_does_not_know_comes_from_the_first_record_that_does() -> None:
    known = [
        fact(SURVIVOR, BIRTHDAY, current=False),  # was withdrawn
        fact(LOSERS[1], BIRTHDAY),
        fact(LOSERS[0], BIRTHDAY),
    ]
    assert givers(known, SURVIVOR, LOSERS) == {BIRTHDAY: LOSERS[0]}


def test_what_nobody_knows_any_more_stays_where_it_was_known() -> None:
    assert givers([fact(LOSERS[0], BIRTHDAY, current=False)], SURVIVOR, LOSERS) == {}


KNOWN = st.lists(
    st.tuples(
        st.sampled_from([SURVIVOR, *LOSERS]),
        st.sampled_from([UUID(int=100 + number) for number in range(3)]),
        st.booleans(),
    ),
    unique_by=lambda one: (one[0], one[1], one[2] or object()),
)


@given(KNOWN)
def test_nothing_gets_lost_and_nothing_is_known_twice(known: list[tuple[UUID, UUID, bool]]) -> None:
    facts = [fact(who, what, current=current) for who, what, current in known]
    come_from = givers(facts, SURVIVOR, LOSERS)
    after = [
        (SURVIVOR if one.customer_id == come_from.get(one.definition_id) else one.customer_id, one)
        for one in facts
    ]
    current = [(who, one.definition_id) for who, one in after if one.ended_at is None]
    assert len(set(current)) == len(current)
    assert {what for who, what in current if who == SURVIVOR} == {
        one.definition_id for one in facts if one.ended_at is None
    }
