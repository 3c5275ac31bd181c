"""Faults come from the seed alone, and every kind has its turn."""

import random
from collections import Counter

from faults.campaign import settled
from faults.faults import FAULTS, KAFKA_WIRE, POSTGRES_WIRE, plan, targets_of

PARTS = ["postgres", "broker", "gateway", "sales", "sales-relay", "sales-consume"]
KINDS = [(fault, target) for fault in FAULTS for target in targets_of(fault, PARTS)]


def test_the_same_seed_gives_the_same_plan() -> None:
    plans = [
        plan(random.Random(seed), 60, KINDS, every=2, longest={KAFKA_WIRE: 60})
        for seed in (7, 7, 8)
    ]
    assert plans[0] == plans[1] != plans[2]


def test_every_kind_occurs_before_any_occurs_again() -> None:
    strikes = plan(random.Random(1), 1000, KINDS, every=1, longest={})
    times = Counter((strike.fault, strike.target) for strike in strikes)
    assert set(times) == set(KINDS)
    assert max(times.values()) - min(times.values()) <= 1


def test_moments_and_durations_are_bounded() -> None:
    strikes = plan(random.Random(1), 100, KINDS, every=1, longest={POSTGRES_WIRE: 3})
    assert all(0 <= strike.at < 100 for strike in strikes)
    assert all(strike.hold <= 10 for strike in strikes)
    assert all(strike.hold <= 3 for strike in strikes if strike.target == POSTGRES_WIRE)


def test_without_kinds_nothing_goes_wrong() -> None:
    assert plan(random.Random(1), 100, [], every=1, longest={}) == []


def test_the_gateway_is_left_alone() -> None:
    assert not any(target == "gateway" for _, target in KINDS)


async def test_settling_ends_when_nothing_is_open_twice() -> None:
    looks = iter([["x"], [], ["y"], [], []])

    async def look() -> list[str]:
        return next(looks)

    assert await settled(look, lambda _line: None, within=60) == []
    assert list(looks) == []


async def test_what_never_settles_is_told() -> None:
    async def look() -> list[str]:
        return ["one event is not sent"]

    assert await settled(look, lambda _line: None, within=0.1) == ["one event is not sent"]
