"""A worker may die at any moment: the next one ends with one customer, contact and opportunity."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

World = Any  # see conftest.py

MOMENTS = (
    "before commit", "after commit",  # the claim
    "before POST identity", "after POST identity",
    "before GET customer", "after GET customer",  # has anybody the typed name?
    "before POST customer", "after POST customer", "before commit", "after commit",
    "before GET customer", "after GET customer",  # has the customer such a contact?
    "before POST customer", "after POST customer", "before commit", "after commit",
    "before POST sales", "after POST sales", "before commit", "after commit",
)  # fmt: skip
"""Where a worker can die: around every request it sends, and around every commit."""

LONG = timedelta(minutes=5)


async def dies(world: World, moment: int, worker: Any = None) -> bool:
    """Let a worker work until the moment it is killed at; return whether it came that far."""
    world.death.expect(moment)
    try:
        await (worker or world.worker()).work()
    except world.death.Killed:
        return True
    except BaseExceptionGroup as group:
        if group.subgroup(world.death.Killed) is None:
            raise
        return True
    finally:
        world.death.expect(None)
    return False


async def test_these_are_all_the_moments(world: World) -> None:
    lead = await world.lead()
    await world.marketing.post(f"{lead}/convert")
    worker = world.worker()
    # Sales must know the customer for the whole conversion to be one run: tell it in between.
    world.wires["sales"].before = world.tell_sales
    world.death.expect(None)
    await worker.work()
    assert tuple(world.death.moments) == MOMENTS
    await world.assert_one_of_each(lead)


@pytest.mark.parametrize("moment", range(len(MOMENTS)), ids=lambda n: f"{n}-{MOMENTS[n]}")
async def test_killed_once(world: World, moment: int) -> None:
    world.wires["sales"].before = world.tell_sales
    lead = await world.lead()
    await world.marketing.post(f"{lead}/convert")
    assert await dies(world, moment)
    conversion = await world.converted(world.worker(), lead)
    assert (conversion["state"], conversion["attempts"]) == ("completed", 0)
    await world.assert_one_of_each(lead)


@pytest.mark.parametrize("moment", range(len(MOMENTS)), ids=lambda n: f"{n}-{MOMENTS[n]}")
async def test_killed_and_all_idempotency_keys_forgotten(world: World, moment: int) -> None:
    world.wires["sales"].before = world.tell_sales
    lead = await world.lead()
    await world.marketing.post(f"{lead}/convert")
    await dies(world, moment)
    await world.forget_idempotency_keys()
    await world.converted(world.worker(), lead)
    await world.assert_one_of_each(lead)


async def test_killed_again_and_again(world: World) -> None:
    world.wires["sales"].before = world.tell_sales
    lead = await world.lead()
    await world.marketing.post(f"{lead}/convert")
    deaths = 0
    # Every worker comes one moment further than its predecessor, if there is that much to do.
    for moment in range(len(MOMENTS)):
        deaths += await dies(world, moment)
    assert deaths >= 8
    await world.converted(world.worker(), lead)
    await world.assert_one_of_each(lead)


async def test_the_dead_ones_claim_is_respected_until_it_ends(world: World) -> None:
    lead = await world.lead()
    await world.marketing.post(f"{lead}/convert")
    assert await dies(world, MOMENTS.index("after POST customer"), world.worker(claim=LONG))
    assert await world.worker().work() == 0
    assert (await world.marketing.get(f"{lead}/conversion")).json()["state"] == "requested"


class TestTwoWorkers:
    async def test_never_share_a_conversion(self, world: World) -> None:
        leads = [await world.lead(customer_name=f"恒远 {n}") for n in range(4)]
        for lead in leads:
            await world.marketing.post(f"{lead}/convert")
        first, second = world.worker(claim=LONG), world.worker(claim=LONG)
        counts = await asyncio.gather(first.work(), second.work())
        assert sum(counts) == 4
        posts = [r for r in world.wires["customer"].requests if r.method == "POST"]
        keys = [r.headers["idempotency-key"] for r in posts if world.tenant in str(r.headers)]
        assert len(keys) == len(set(keys)) == 2 * 4

    async def test_on_one_conversion_do_no_harm(self, world: World) -> None:
        lead = await world.lead()
        await world.marketing.post(f"{lead}/convert")
        workers = [world.worker() for _ in range(3)]  # whose claims end at once
        for _ in range(6):
            await asyncio.gather(*(worker.work() for worker in workers))
            await world.deliver()
        await world.converted(workers[0], lead)
        await world.assert_one_of_each(lead)

    async def test_one_that_was_overtaken_changes_nothing(self, world: World) -> None:
        lead = await world.lead(owner_id="019364c2-7d5e-7000-8000-000000000001")  # nobody
        await world.marketing.post(f"{lead}/convert")
        held_up = asyncio.Event()
        world.wires["customer"].before = held_up.wait
        slow = asyncio.create_task(world.worker().work())
        await world.wires["customer"].reached.wait()
        world.wires["customer"].before = None
        # Meanwhile another worker fails, the lead is mended, and converted again.
        assert (await world.converted(world.worker(), lead))["state"] == "failed"
        response = await world.marketing.patch(
            lead,
            json={"owner_id": None, "customer_name": "另一家公司"},
            headers={"If-Match": (await world.marketing.get(lead)).headers["etag"]},
        )
        assert response.status_code == 200
        await world.marketing.post(f"{lead}/convert")
        held_up.set()
        await slow
        conversion = (await world.marketing.get(f"{lead}/conversion")).json()
        assert (conversion["state"], conversion["last_error"]) == ("requested", None)
        await world.converted(world.worker(), lead)
        await world.assert_one_of_each(lead)
        assert (await world.everything())["customers"][0]["name"] == "另一家公司"


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    plan=st.lists(
        st.one_of(
            st.integers(0, len(MOMENTS) - 1),
            st.sampled_from(["ask", "deliver", "forget", "two"]),
        ),
        max_size=8,
    )
)
async def test_whatever_happens_in_whatever_order(world: World, plan: list[int | str]) -> None:
    """Deaths anywhere, repeated requests, late events, lost keys, workers at the same time."""
    world = world.another()
    await world.prepare()
    lead = await world.lead()
    await world.marketing.post(f"{lead}/convert")
    for event in plan:
        if event == "ask":
            assert (await world.marketing.post(f"{lead}/convert")).status_code in (200, 202)
        elif event == "deliver":
            await world.deliver()
        elif event == "forget":
            await world.forget_idempotency_keys()
        elif event == "two":
            await asyncio.gather(world.worker().work(), world.worker().work())
        else:
            await dies(world, int(event))
    assert (await world.converted(world.worker(), lead))["state"] == "completed"
    assert (await world.marketing.post(f"{lead}/convert")).status_code == 200
    await world.assert_one_of_each(lead)
