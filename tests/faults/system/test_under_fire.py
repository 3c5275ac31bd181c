"""Under load and under fire, nothing acknowledged is lost and nothing happens twice.

Each test is a campaign of some kinds of faults, from a fixed seed; `SEED=...` takes another one.
People work all the while. After the last fault everything has to settle within two minutes, and
the whole history is compared with databases, topics and projections.
"""

import os
from collections.abc import Sequence

import pytest

from faults import world
from faults.campaign import campaign
from faults.faults import KAFKA_WIRE, POSTGRES_WIRE, WIRES
from faults.stage import BROKER, POSTGRES, SPLIT, Stage

SEED = int(os.environ.get("SEED") or 20261122)
WORKERS = [f"{slug}-{part}" for slug in SPLIT for part in ("relay", "consume")]
SERVICES = [*SPLIT, "service-desk", "marketing"]

pytestmark = [pytest.mark.durability, pytest.mark.timeout(420)]


async def under_fire(
    stage: Stage, number: int, kinds: Sequence[tuple[str, str]], *, seconds: float, every: float
) -> None:
    seed = SEED + number
    report = await campaign(stage, seed=seed, seconds=seconds, kinds=kinds, every=every)
    again = f"The same again: SEED={SEED} make test-faults"
    assert not report.violations, f"{report}\n{again}"
    assert report.strikes, "no fault was carried out"


async def test_processes_are_killed_and_frozen(stage: Stage) -> None:
    kinds = [("kill", part) for part in [*SERVICES, *WORKERS]]
    kinds += [("freeze", part) for part in [*SPLIT, *WORKERS]]
    await under_fire(stage, 1, kinds, seconds=30, every=2.0)


async def test_servers_are_killed(stage: Stage) -> None:
    async with world.database(stage, "customer") as connection:  # or a kill might lose commits
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        assert await connection.fetchval("SHOW fsync") == "on"
    kinds = [("kill", POSTGRES), ("kill", BROKER), ("freeze", BROKER)]
    await under_fire(stage, 2, kinds, seconds=35, every=6.0)


async def test_the_network_misbehaves(stage: Stage) -> None:
    kinds = [(fault, wire) for fault in WIRES for wire in (KAFKA_WIRE, POSTGRES_WIRE)]
    await under_fire(stage, 3, kinds, seconds=35, every=4.0)


async def test_members_come_and_go_and_two_relays_run(stage: Stage) -> None:
    kinds = [("second", part) for part in WORKERS]
    await under_fire(stage, 4, kinds, seconds=30, every=3.0)


async def test_everything_at_once(stage: Stage) -> None:
    kinds = [("kill", part) for part in [POSTGRES, BROKER, *SERVICES, *WORKERS]]
    kinds += [("freeze", part) for part in [BROKER, *WORKERS]]
    kinds += [("second", part) for part in WORKERS]
    kinds += [(fault, wire) for fault in WIRES for wire in (KAFKA_WIRE, POSTGRES_WIRE)]
    await under_fire(stage, 5, kinds, seconds=30, every=2.0)
