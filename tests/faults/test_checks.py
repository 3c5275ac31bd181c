"""The checks find what they are for, and nothing in a true history."""

from dataclasses import replace
from uuid import UUID

import pytest

from faults.checks import (
    Published,
    Written,
    acknowledged_but_missing,
    altered_events,
    changed_bytes,
    changes_without_their_event,
    effects_not_once,
    foreign_rows,
    invented_events,
    lost_events,
    out_of_order,
    sequence_violations,
)


def event(sequence: int, *, offset: int | None = None, key: str = "a") -> Published:
    return Published(
        topic="topic",
        partition=0,
        offset=sequence if offset is None else offset,
        key=key,
        tenant_id="t",
        event_id=UUID(int=sequence + 1000 * ord(key)),
        type="customer.customer-changed.v1",
        sequence=sequence,
        headers=(("ce_sequence", str(sequence).encode()),),
        value=b"{}",
    )


def row(sequence: int) -> Written:
    one = event(sequence)
    return Written(
        one.topic, one.key, one.tenant_id, one.event_id, one.type, one.sequence, one.value
    )


ROWS = [row(1), row(2), row(3)]
TRUE = [event(1), event(2), event(1, offset=3), event(2, offset=4), event(3, offset=5)]
"""With a repetition, as after a crash of the relay."""


def test_a_true_history_has_no_violation() -> None:
    assert lost_events(ROWS, TRUE) == []
    assert invented_events(ROWS, TRUE) == []
    assert altered_events(ROWS, TRUE) == []
    assert sequence_violations(TRUE) == []
    assert changed_bytes(TRUE) == []
    assert changes_without_their_event([("t", "a", n) for n in (1, 2, 3)], ROWS) == []
    assert effects_not_once([1, 2], [2, 1]) == []
    assert acknowledged_but_missing([1], [1, 2]) == []
    assert foreign_rows("t", [("t", "x")]) == []


def test_an_event_that_never_came_is_lost() -> None:
    assert lost_events(ROWS, [event(1), event(3)]) == [f"lost: {row(2)}"]


def test_an_event_that_nobody_committed_is_invented() -> None:
    assert len(invented_events(ROWS, [*TRUE, event(4, offset=9)])) == 1


@pytest.mark.parametrize("change", [{"value": b"[]"}, {"key": "b"}, {"sequence": 9}])
def test_an_event_that_says_something_else_is_altered(change: dict[str, object]) -> None:
    assert len(altered_events(ROWS, [replace(event(1), **change)])) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sequence", "violations"),
    [
        ([1, 3, 2], ["gap", "inversion"]),
        ([2, 1], ["gap", "inversion"]),
        ([1, 2, 4], ["gap"]),
        ([2], ["gap"]),
    ],
)
def test_gaps_and_inversions_are_found(sequence: list[int], violations: list[str]) -> None:
    history = [event(number, offset=place) for place, number in enumerate(sequence)]
    assert [one.split(":")[0] for one in sequence_violations(history)] == violations


def test_two_events_of_one_version_are_an_inversion() -> None:
    second = replace(event(1, offset=2), event_id=UUID(int=7))
    assert [one.split(":")[0] for one in sequence_violations([event(1), second])] == ["inversion"]


def test_order_is_per_aggregate() -> None:
    assert sequence_violations([event(1), event(1, key="b", offset=2), event(2, offset=3)]) == []


def test_an_aggregate_in_two_partitions_is_found() -> None:
    assert len(sequence_violations([event(1), replace(event(2), partition=1)])) == 1


@pytest.mark.parametrize("change", [{"value": b"[]"}, {"key": "b"}, {"headers": ()}])
def test_a_repetition_with_other_bytes_is_found(change: dict[str, object]) -> None:
    repeated = replace(event(1, offset=9), **change)  # type: ignore[arg-type]
    assert len(changed_bytes([*TRUE, repeated])) == 1


def test_a_change_has_exactly_one_event() -> None:
    changes = [("t", "a", 1), ("t", "a", 2)]
    assert changes_without_their_event(changes, [row(1)]) == ["0 events: a#2 (tenant t)"]
    twice = [row(1), row(2), replace(row(2), event_id=UUID(int=7))]
    assert changes_without_their_event(changes, twice) == ["2 events: a#2 (tenant t)"]
    assert len(changes_without_their_event(changes, ROWS)) == 1


def test_an_effect_is_had_once() -> None:
    assert effects_not_once([1, 2], [2, 2, 3]) == [
        "no effect: 1",
        "2 effects: 2",
        "effect of nothing: 3",
    ]


def test_effects_follow_the_order_of_their_causes() -> None:
    assert out_of_order([("a", 1), ("b", 1), ("a", 2)]) == []
    assert out_of_order([("a", 1), ("a", 1)]) == ["inversion: a goes from 1 to 1"]
    assert [one.split(":")[0] for one in out_of_order([("a", 2), ("a", 1)])] == ["gap", "inversion"]


def test_an_acknowledged_write_is_there() -> None:
    assert acknowledged_but_missing([1, 2], [1]) == ["acknowledged, not there: 2"]


def test_nobody_is_given_what_belongs_to_others() -> None:
    assert foreign_rows("t", [("t", 1), ("u", 2)]) == ["tenant t was given 2 of tenant u"]
