"""Random lives of two opportunities that collide, at the API, against the rules (S13)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore
from kehu_sales.collisions.worker import CollisionWork

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
COLLISIONS, OPPORTUNITIES = "/v1/collisions", "/v1/opportunities"
PEOPLE = (str(uuid4()), str(uuid4()))
TODAY = str(clock.today(clock.now(), "Asia/Shanghai"))
PASSED = """
    UPDATE collisions SET answer_due_on = DATE '2026-01-01'
    WHERE tenant_id = $1 AND id = $2 AND answer_due_on IS NOT NULL
"""
UNDECIDED = {"open", "claimed", "contested"}

side = st.sampled_from([0, 1])


class CollisionLife(ApiMachine):
    """Tries any step at any time: it does what the rules say, or is refused."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(
        on_yield=st.sampled_from(["hand_over", "pool"]),
        on_no_answer=st.sampled_from(["wait", "arbitrate", "claimant"]),
    )
    def enter(self, on_yield: str, on_no_answer: str) -> None:
        """Two people enter the same chance."""
        client = self.world.client
        etag = self.wait(client.get("/v1/collision-policy")).headers["etag"]
        decided = client.patch(
            "/v1/collision-policy",
            json={"on_yield": on_yield, "on_no_answer": on_no_answer},
            headers={"If-Match": etag},
        )
        assert self.wait(decided).status_code == 200
        self.pools, self.on_no_answer = on_yield == "pool", on_no_answer
        self.home, self.away = self.wait(self.world.customer()), self.wait(self.world.customer())
        self.ids = []
        for one in PEOPLE:
            made = self.wait(self.world.make(customer_id=self.home, owner_id=one))
            self.ids.append(made["id"])
        (found,) = self.found()
        self.url, self.id = f"{COLLISIONS}/{found['id']}", found["id"]
        self.state, self.claimant, self.kept = "open", None, None
        self.owners: list[str | None] = [*PEOPLE]
        self.at, self.status = [self.home, self.home], ["in_progress"] * 2

    @rule(one=side)
    def claim(self, one: int) -> None:
        """What nobody claims yet is claimed, for an opportunity that is open."""
        refusals = self.over() | self.closed(one)
        if self.state in ("claimed", "contested"):
            refusals |= {"already-claimed"}
        if self.speak("claim", refusals, opportunity_id=self.ids[one]):
            self.state, self.claimant = "claimed", one

    @rule(one=side)
    def contest(self, one: int) -> None:
        """The other side contests a claim."""
        refusals = self.over()
        if self.state in ("open", "contested"):
            refusals = {"not-claimed"}
        elif self.state == "claimed" and one == self.claimant:
            refusals = {"not-that-side"}
        if self.speak("contest", refusals, opportunity_id=self.ids[one]):
            self.state = "contested"

    @rule(one=side)
    def give_in(self, one: int) -> None:
        """Either side yields: the other one goes on alone."""
        refusals = self.over() | self.closed(0, 1)
        if self.speak("yield", refusals, opportunity_id=self.ids[one]):
            self.settle("yielded", 1 - one)

    @rule(one=side)
    def arbitrate(self, one: int) -> None:
        """Somebody decides who goes on."""
        if self.speak("arbitrate", self.over() | self.closed(0, 1), kept_id=self.ids[one]):
            self.settle("arbitrated", one)

    @rule()
    def dismiss(self) -> None:
        """Both go on."""
        if self.speak("dismiss", self.over()):
            self.state = "dismissed"

    @rule(one=side, home=st.booleans())
    def move(self, one: int, *, home: bool) -> None:
        """It turns out to be of another customer, or of the same one after all."""
        customer = self.home if home else self.away
        if self.change(one, customer_id=customer):
            self.at[one] = customer
            self.look()

    @rule(one=side, who=side)
    def hand(self, one: int, who: int) -> None:
        """Somebody else works on it, or the same person on both."""
        if self.change(one, owner_id=PEOPLE[who]):
            self.owners[one] = PEOPLE[who]
            self.look()

    @rule(one=side)
    def lose(self, one: int) -> None:
        """One is lost; that both are one chance is over as soon as the round has seen it."""
        if self.status[one] == "pooled":
            return
        body = {"closed_on": TODAY, "reason": "推迟", "competitor": "某公司"}
        url = f"{OPPORTUNITIES}/{self.ids[one]}/lose"
        code = self.outcome(
            f"POST {OPPORTUNITIES}/{{opportunity_id}}/lose",
            self.wait(self.world.client.post(url, json=body)),
        )
        assert code == (None if self.status[one] != "lost" else "opportunity-is-closed")
        self.status[one] = "lost"

    @rule()
    def go_round(self) -> None:
        """The round takes note of what is over, and of nothing else."""
        self.wait(self.world.go_round())
        if self.state in UNDECIDED and not self.collide():
            self.state = "lapsed"

    @rule()
    def wait_in_vain(self) -> None:
        """The day for the answer passes: what still collides is settled as the tenant decided."""
        self.wait(self.world.let_the_day_pass(self.id))
        self.go_round()
        if self.state == "claimed" and self.on_no_answer == "arbitrate":
            self.state = "contested"
        elif self.state == "claimed" and self.on_no_answer == "claimant":
            assert self.claimant is not None
            self.settle("yielded", self.claimant)

    @invariant()
    def it_is_what_the_rules_say(self) -> None:
        """Both opportunities are there, and the one collision of the two is as it should be."""
        if not hasattr(self, "id"):
            return
        for one, owner, status in zip(self.ids, self.owners, self.status, strict=True):
            now = self.wait(self.world.client.get(f"{OPPORTUNITIES}/{one}"))
            assert now.status_code == 200
            assert (now.json()["owner_id"], now.json()["status"]) == (owner, status)
        (found,) = self.found()
        assert (found["id"], found["state"]) == (self.id, self.state)
        keeps = {one["opportunity_id"] for one in found["sides"] if one["keeps"]}
        decided = self.state in ("yielded", "arbitrated")
        assert keeps == ({self.ids[self.kept]} if decided and self.kept is not None else set())
        assert (found["decided_on"] is None) == (self.state in UNDECIDED)
        if self.state in ("claimed", "contested"):
            (claims,) = (one["opportunity_id"] for one in found["sides"] if one["claims"])
            assert claims == self.ids[self.claimant or 0]

    def teardown(self) -> None:
        """Every version is in the log, and was told."""
        if not hasattr(self, "id"):
            return
        version = self.wait(self.world.client.get(self.url)).json()["version"]
        entries = self.wait(audited(self.world.database, self.world.tenant))
        mine = [one.version for one in entries if str(one.entity_id) == self.id]
        events = self.wait(emitted(self.world.database, self.world.tenant))
        assert mine == [one.sequence for one in events if one.key == self.id]
        assert mine == list(range(1, version + 1))

    # -- the rules, once more

    def collide(self) -> bool:
        return self.at[0] == self.at[1] and self.owners[0] != self.owners[1] and (
            self.status == ["in_progress"] * 2
        )  # fmt: skip

    def look(self) -> None:
        """Whatever changes is compared: what is decided stays decided."""
        if self.state in UNDECIDED and not self.collide():
            self.state = "lapsed"
        elif self.state == "lapsed" and self.collide():
            self.state, self.claimant = "open", None

    def settle(self, state: str, kept: int) -> None:
        self.state, self.kept = state, kept
        if self.pools:
            self.owners[1 - kept], self.status[1 - kept] = None, "pooled"
        else:
            self.owners[1 - kept] = self.owners[kept]

    def over(self) -> set[str]:
        return set() if self.state in UNDECIDED else {"collision-is-over"}

    def closed(self, *sides: int) -> set[str]:
        return {"opportunity-is-closed" for one in sides if self.status[one] == "lost"}

    # -- how

    def found(self) -> list[dict[str, Any]]:
        of = {"opportunity_id": self.ids[0]}
        items: list[dict[str, Any]] = self.wait(
            self.world.client.get(COLLISIONS, params=of)
        ).json()["items"]
        return items

    def speak(self, step: str, refusals: set[str], **body: str) -> bool:
        response = self.wait(
            self.world.client.post(f"{self.url}/{step}", json={"reason": "x"} | body)
        )
        code = self.outcome(f"POST {COLLISIONS}/{{collision_id}}/{step}", response)
        if refusals == set() or code is None:
            assert code is None, (step, code)
            assert refusals == set(), (step, refusals)
        else:
            also = {"opportunity-in-pool"} if "pooled" in self.status else set()
            assert code in refusals | also, (step, code, refusals)
        return code is None

    def change(self, one: int, **fields: str) -> bool:
        if self.status[one] == "pooled":
            return False
        url = f"{OPPORTUNITIES}/{self.ids[one]}"
        etag = self.wait(self.world.client.get(url)).headers["etag"]
        response = self.wait(self.world.client.patch(url, json=fields, headers={"If-Match": etag}))
        code = self.outcome(f"PATCH {OPPORTUNITIES}/{{opportunity_id}}", response)
        assert code == (None if self.status[one] != "lost" else "opportunity-is-closed")
        return code is None


class World:
    """What a life needs around it."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        tenant: str,
        customer: MakeCustomer,
        make: Make,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.client, self.database, self.tenant = client, running.database, tenant
        self.document = running.app.openapi()
        self.customer, self.make = customer, make
        self.work = CollisionWork(running.databases, "Asia/Shanghai", lambda: None, batch=50)

    async def let_the_day_pass(self, collision_id: str) -> None:
        async with self.database.transaction(Context(self.tenant, "clock")) as session:
            await session.fetch(PASSED, self.tenant, UUID(collision_id))

    async def go_round(self) -> None:
        while await self.work.work():
            pass


async def test_whatever_is_tried_in_whatever_order(
    running: RunningService,
    client: httpx.AsyncClient,
    tenant: str,
    make_in_progress: Make,
    make_customer: MakeCustomer,
) -> None:
    world = World(client, running, tenant, make_customer, make_in_progress)
    await explore(lambda: CollisionLife(world), examples=8, steps=14)
