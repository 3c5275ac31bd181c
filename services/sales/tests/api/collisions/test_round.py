"""The round finds what related customers, hands and days bring about later."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.after_rollout import walk_again
from kehu_sales.collisions.models import Collision
from kehu_sales.collisions.relations import ask_again
from kehu_sales.collisions.service import settle_unanswered
from kehu_sales.collisions.worker import tell_unanswered, walk_on
from kehu_sales.customers.models import CustomerRef, DuplicatePairRef
from kehu_sales.opportunities.models import Opportunity

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
PATH = "/v1/collisions"
OPPORTUNITIES = "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
FANG, LEI = str(UUID(int=71)), str(UUID(int=72))
EAST, WEST = str(UUID(int=81)), str(UUID(int=82))
OF_FANG = {"owner_id": FANG, "department_id": EAST}
OF_LEI = {"owner_id": LEI, "department_id": WEST}


async def states(client: httpx.AsyncClient) -> list[str]:
    return sorted(one["state"] for one in (await client.get(PATH)).json()["items"])


@pytest.fixture
async def late(
    client: httpx.AsyncClient,
    collision: dict[str, Any],
    pair: list[dict[str, Any]],
    database: Database,
    context: Context,
) -> dict[str, Any]:
    """What Fang claims, and Lei should have answered yesterday."""
    body = {"reason": "先报备", **as_side(pair[0])}
    claimed = await client.post(f"{PATH}/{collision['id']}/claim", json=body)
    async with database.transaction(context) as session:
        row = await session.get(Collision, (context.tenant_id, UUID(collision["id"])))
        row.answer_due_on = TODAY - timedelta(days=1)
    made: dict[str, Any] = claimed.json()
    return made


class TestRound:
    @pytest.mark.parametrize("relation", ["same", "parent", "sister", "duplicate"])
    async def test_relations_that_become_known_later(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        worker_database: Database,
        work: Callable[[], Awaitable[None]],
        tenant: str,
        relation: str,
    ) -> None:
        one, other, above = [await make_customer() for _ in range(3)]
        await make_opportunity(customer_id=one, **OF_FANG)
        await make_opportunity(customer_id=other, **OF_LEI)
        async with worker_database.worker_transaction() as session:
            first, second = [
                await session.get(CustomerRef, (tenant, UUID(who))) for who in (one, other)
            ]
            if relation == "same":
                second.merged_into_id = UUID(one)
            elif relation == "parent":
                second.parent_id = UUID(one)
            elif relation == "sister":
                first.parent_id = second.parent_id = UUID(above)
            else:
                session.add(
                    DuplicatePairRef(
                        tenant_id=tenant,
                        id=uuid4(),
                        first_id=UUID(one),
                        second_id=UUID(other),
                        suspected=True,
                        sequence=1,
                    )
                )
            await ask_again(session, {(tenant, UUID(other))})
        assert await states(client) == []
        await work()
        (found,) = (await client.get(PATH)).json()["items"]
        assert (found["state"], found["relation"]) == ("open", relation)

    async def test_a_late_answer_is_told_once(
        self,
        client: httpx.AsyncClient,
        decide: Callable[..., Awaitable[None]],
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        database: Database,
        context: Context,
        work: Callable[[], Awaitable[None]],
        tenant: str,
    ) -> None:
        body = {"reason": "先报备", **as_side(pair[0])}
        await client.post(f"{PATH}/{collision['id']}/claim", json=body)
        await work()
        told = "sales.collision-answer-overdue.v1"
        assert await emitted(database, tenant, told) == []
        async with database.transaction(context) as session:
            row = await session.get(Collision, (tenant, UUID(collision["id"])))
            row.answer_due_on = TODAY - timedelta(days=1)
        await work()
        await work()
        assert len(await emitted(database, tenant, told)) == 1
        for overdue, count in ((True, 1), (False, 0)):
            listed = await client.get(PATH, params={"overdue": overdue})
            assert len(listed.json()["items"]) == count

    @pytest.mark.parametrize(
        ("then", "state", "told"),
        [
            ("wait", "claimed", "answer-overdue"),
            ("arbitrate", "contested", "contested"),
            ("claimant", "yielded", "settled"),
        ],
        ids=["waits", "is-arbitrated", "is-the-claimants"],
    )
    async def test_what_nobody_answers_in_time(
        self,
        client: httpx.AsyncClient,
        decide: Callable[..., Awaitable[None]],
        late: dict[str, Any],
        work: Callable[[], Awaitable[None]],
        database: Database,
        tenant: str,
        *,
        then: str,
        state: str,
        told: str,
    ) -> None:
        await decide(on_no_answer=then)
        await work()
        found = (await client.get(f"{PATH}/{late['id']}")).json()
        assert found["state"] == state
        reason = found["contest_reason"] or found["decision_reason"]
        assert reason == (None if then == "wait" else "unanswered")
        events = [one.type for one in await emitted(database, tenant) if one.key == late["id"]]
        assert events.count("sales.collision-answer-overdue.v1") == 1
        assert events[-1] == f"sales.collision-{told}.v1"
        for side in late["sides"]:
            now = await client.get(f"{OPPORTUNITIES}/{side['opportunity_id']}")
            keeps = FANG if then == "claimant" else side["owner_id"]
            assert now.json()["owner_id"] == keeps

    async def test_what_was_late_before_the_tenant_decided_is_settled_too(
        self,
        client: httpx.AsyncClient,
        decide: Callable[..., Awaitable[None]],
        late: dict[str, Any],
        work: Callable[[], Awaitable[None]],
    ) -> None:
        await work()
        await decide(on_no_answer="claimant", on_yield="pool")
        await work()
        assert await states(client) == ["yielded"]
        (pooled,) = (await client.get(OPPORTUNITIES, params={"status": "pooled"})).json()["items"]
        moves = (await client.get(f"{OPPORTUNITIES}/{pooled['id']}/pool-moves")).json()["items"]
        assert [(one["reason"], one["owner_id"]) for one in moves] == [("unanswered", LEI)]

    async def test_what_an_erased_person_had_stays_and_keeps_nobody_else_waiting(
        self,
        client: httpx.AsyncClient,
        decide: Callable[..., Awaitable[None]],
        late: dict[str, Any],
        work: Callable[[], Awaitable[None]],
        database: Database,
        context: Context,
    ) -> None:
        await work()
        await decide(on_no_answer="claimant", on_yield="pool")
        erased = UUID(late["sides"][0]["opportunity_id"])
        async with database.transaction(context) as session:
            await session.fetch(
                "INSERT INTO erased_subjects (tenant_id, subject_id, erasure_id) VALUES ($1,$2,$3)",
                context.tenant_id, erased, uuid4(),
            )  # fmt: skip
        await work()
        assert await states(client) == ["claimed"]

    async def test_what_collides_no_more_is_not_given_away_for_want_of_an_answer(
        self,
        client: httpx.AsyncClient,
        decide: Callable[..., Awaitable[None]],
        late: dict[str, Any],
        database: Database,
        context: Context,
    ) -> None:
        await decide(on_no_answer="claimant", on_yield="pool")
        async with database.transaction(context) as session:
            await tell_unanswered(session, 50, today=TODAY)
        silent = next(one for one in late["sides"] if one["owner_id"] == LEI)["opportunity_id"]
        async with database.transaction(context) as session:
            row = await session.get(Opportunity, (context.tenant_id, UUID(silent)))
            row.owner_id = UUID(FANG)  # as a hand-over does: the round has to look at it again
        async with database.transaction(context) as session:
            assert await settle_unanswered(session, 50, today=TODAY) == 0
        now = (await client.get(f"{OPPORTUNITIES}/{silent}")).json()
        assert now["status"] == "not_evaluated"

    async def test_what_somebody_works_on_is_settled_by_the_next_round(
        self,
        decide: Callable[..., Awaitable[None]],
        late: dict[str, Any],
        database: Database,
        context: Context,
    ) -> None:
        await decide(on_no_answer="claimant")
        async with database.transaction(context) as session:
            await tell_unanswered(session, 50, today=TODAY)
        side = UUID(late["sides"][0]["opportunity_id"])
        lock = "SELECT FROM opportunities WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
        done = []
        async with database.transaction(context) as busy:
            await busy.fetch(lock, context.tenant_id, side)
            async with database.transaction(context) as session:
                done.append(await settle_unanswered(session, 50, today=TODAY))
        async with database.transaction(context) as session:
            done.append(await settle_unanswered(session, 50, today=TODAY))
        assert done == [0, 1]

    async def test_one_hand_is_no_collision(
        self,
        client: httpx.AsyncClient,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        work: Callable[[], Awaitable[None]],
    ) -> None:
        await client.patch(
            f"{OPPORTUNITIES}/{pair[1]['id']}",
            json={"owner_id": FANG},
            headers={"If-Match": '"1"'},
        )
        await work()
        lapsed = (await client.get(f"{PATH}/{collision['id']}")).json()
        assert (lapsed["state"], lapsed["decision_reason"]) == ("lapsed", "changed")


def as_side(opportunity: dict[str, Any]) -> dict[str, Any]:
    """Speak for this opportunity."""
    return {"opportunity_id": opportunity["id"]}


class TestWhatIsOpenAlready:
    @pytest.mark.parametrize(
        ("former", "now"),
        [
            ({"at_entry": "ignore"}, {"at_entry": "remind"}),
            ({"relations": []}, {"relations": ["same"]}),
        ],
        ids=["no-more-ignored", "more-related"],
    )
    async def test_is_found_once_the_rules_find_more(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        decide: Callable[..., Awaitable[None]],
        work: Callable[[], Awaitable[None]],
        *,
        former: dict[str, Any],
        now: dict[str, Any],
    ) -> None:
        await decide(**former)
        customer = await make_customer()
        for whose in (OF_FANG, OF_LEI):
            await make_opportunity(customer_id=customer, **whose)
        await work()
        assert await states(client) == []
        await decide(**now)
        await work()
        assert await states(client) == ["open"]

    async def test_what_an_old_process_entered_is_found_after_the_rollout(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        decide: Callable[..., Awaitable[None]],
        running: RunningService,
        database: Database,
        context: Context,
        work: Callable[[], Awaitable[None]],
    ) -> None:
        await decide(at_entry="ignore")
        customer = await make_customer()
        for whose in (OF_FANG, OF_LEI):
            await make_opportunity(customer_id=customer, **whose)
        async with database.transaction(context) as session:  # not by decision: no walk is noted
            await session.fetch("UPDATE collision_policies SET at_entry = 'remind'")
        await work()
        assert await states(client) == []
        for _ in range(2):
            assert await walk_again(running.databases) >= 1
            await work()
            assert await states(client) == ["open"]

    async def test_is_noted_lot_by_lot_and_behind_what_waits(
        self,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        decide: Callable[..., Awaitable[None]],
        database: Database,
        context: Context,
    ) -> None:
        await decide(within_days=1)
        customer = await make_customer()
        made = [await make_opportunity(customer_id=customer, **OF_FANG) for _ in range(5)]
        await make_opportunity(customer_id=customer)  # nobody's: it collides with nothing
        await decide(within_days=2)
        await decide(within_days=None)
        noted, seen = [], []
        for _ in range(5):
            async with database.transaction(context) as session:
                seen.append(await walk_on(session, 2, today=TODAY))
                rows = await session.fetch("SELECT id FROM collision_checks")
                noted.append(len(rows))
                if seen[-1] == 0:  # two wait: they have their turn
                    await session.fetch("DELETE FROM collision_checks")
        assert (seen, noted) == ([3, 0, 2, 0, 2], [2, 2, 2, 2, 1])
        async with database.transaction(context) as session:
            assert await walk_on(session, 2, today=TODAY) == 1  # the walk is over
            assert await session.fetch("SELECT id FROM collision_walks") == []
        assert len(made) == sum(noted[::2])

    async def test_is_not_looked_at_while_collisions_are_ignored(
        self, decide: Callable[..., Awaitable[None]], database: Database, context: Context
    ) -> None:
        await decide(at_entry="ignore")
        await decide(at_entry="ignore", within_days=900)
        async with database.transaction(context) as session:
            assert await session.fetch("SELECT id FROM collision_walks") == []

    async def test_is_not_looked_at_where_the_rules_find_less(
        self, decide: Callable[..., Awaitable[None]], database: Database, context: Context
    ) -> None:
        await decide(within_days=30)
        async with database.transaction(context) as session:
            assert await session.fetch("SELECT id FROM collision_walks") == []
