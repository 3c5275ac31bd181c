"""Random lives of a project of a contract at the API: no order of calls breaks a rule or a sum."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
Make = Callable[..., Awaitable[dict[str, Any]]]
PROJECTS, DELIVERIES = "/v1/projects", "/v1/project-deliveries"
CODES = ("understand", "pre-study", "sign")
AGREED = 10
quantities = st.integers(1, 6)


class ProjectLife(ApiMachine):
    """Tries any step at any time: it does what the rules say, or is refused."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(planned=st.integers(1, AGREED))
    def draft(self, planned: int) -> None:
        """It begins as a draft of part of a new contract of ten pieces."""
        contract = self.wait(self.world.make_effective())
        self.contract = contract["id"]
        self.product = contract["lines"][0]["product_id"]
        made = self.wait(self.world.client.post(PROJECTS, json=self.body(planned)))
        assert made.status_code == 201, made.text
        self.url = f"{PROJECTS}/{made.json()['id']}"
        self.planned, self.elsewhere = planned, 0
        self.state, self.ended, self.summary = "draft", 0, False
        self.delivered = self.given_up = 0
        self.deliveries: dict[str, tuple[int, bool]] = {}

    @rule()
    def submit(self) -> None:
        """Only a draft is submitted; nobody is asked."""
        if self.step("submit", None, self.unless("draft")):
            self.state = "approved"

    @rule()
    def execute(self) -> None:
        """Only what is approved is carried out."""
        if self.step("execute", {}, self.unless("approved")):
            self.state = "executing"

    @rule(guess=st.sampled_from([*CODES, None]))
    def promote(self, guess: str | None) -> None:
        """One stage after the other; the next one has to be named."""
        refusals = self.unless("executing")
        following = CODES[self.ended + 1] if self.ended + 1 < len(CODES) else None
        if not refusals and self.ended == len(CODES):
            refusals = {"no-stage-left"}
        elif not refusals and guess != following:
            refusals = {"not-the-next-stage"}
        if self.step("promote", {"next_stage": guess}, refusals):
            self.ended += 1

    @rule(quantity=quantities)
    def deliver(self, quantity: int) -> None:
        """What is open can be delivered."""
        refusals = self.unless("executing")
        if not refusals and quantity > self.open:
            refusals = {"over-delivery"}
        body = {"lines": [{"line_number": 1, "quantity": str(quantity)}]}
        response = self.step("deliver", body, refusals)
        if response:
            self.delivered += quantity
            self.deliveries[response.json()["id"]] = (quantity, True)

    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        """A delivery is taken back once; one of a closed project is given up then."""
        if not self.deliveries:
            return
        which = data.draw(st.sampled_from(sorted(self.deliveries)))
        quantity, stands = self.deliveries[which]
        refusals = set() if stands else {"delivery-is-reversed"}
        url = f"{DELIVERIES}/{which}/reverse"
        response = self.wait(self.world.client.post(url, json={"reason": "退货"}))
        if self.answered(f"POST {DELIVERIES}/{{delivery_id}}/reverse", response, refusals):
            self.delivered -= quantity
            self.given_up += quantity if self.state == "closed" else 0
            self.deliveries[which] = (quantity, False)

    @rule(quantity=quantities)
    def give_up(self, quantity: int) -> None:
        """What is open can be given up."""
        refusals = set() if self.state in ("approved", "executing") else {"project-not-ready"}
        if not refusals and quantity > self.open:
            refusals = {"over-delivery"} if self.open else {"nothing-open-of-line"}
        body = {"line_number": 1, "quantity": str(quantity), "reason": "客户缩减"}
        if self.step("give-up", body, refusals):
            self.given_up += quantity

    @rule()
    def summarise(self) -> None:
        """A summary is written any time before the end."""
        refusals = {"project-not-ready"} if self.state in ("closed", "cancelled") else set()
        etag = self.wait(self.world.client.get(self.url)).headers["etag"]
        change = {"summary": "按期完成"}
        response = self.wait(
            self.world.client.patch(self.url, json=change, headers={"If-Match": etag})
        )
        if self.answered(f"PATCH {PROJECTS}/{{project_id}}", response, refusals):
            self.summary = True

    @rule()
    def close(self) -> None:
        """Only with a summary, every stage over and nothing open."""
        refusals = self.unless("executing")
        finished = self.summary and self.ended == len(CODES) and not self.open
        if not refusals and not finished:
            refusals = {"project-not-finished"}
        if self.step("close", {}, refusals):
            self.state = "closed"

    @rule()
    def cancel(self) -> None:
        """It is given up at any time before the end; rarely, or lives would be short."""
        self.tries = getattr(self, "tries", 0) + 1
        if self.tries < 3:
            return
        refusals = {"project-not-ready"} if self.state in ("closed", "cancelled") else set()
        if self.step("cancel", {"reason": "客户取消"}, refusals):
            self.state = "cancelled"

    @rule(quantity=quantities)
    def plan_elsewhere(self, quantity: int) -> None:
        """Another project of the contract gets what is left, and never more."""
        stands = self.delivered if self.state == "cancelled" else self.planned - self.given_up
        left = AGREED - stands - self.elsewhere
        response = self.wait(self.world.client.post(PROJECTS, json=self.body(quantity)))
        refusals = {"more-than-contract"} if quantity > left else set()
        if self.answered(f"POST {PROJECTS}", response, refusals):
            self.elsewhere += quantity

    @invariant()
    def it_is_what_the_rules_say(self) -> None:
        """State, stages and sums agree with the steps that were taken."""
        project = self.wait(self.world.client.get(self.url)).json()
        assert project["state"] == self.state
        assert [one["ended_on"] is not None for one in project["stages"]] == [
            place < self.ended for place in range(len(CODES))
        ]
        assert project["percent_complete"] == 100 * self.ended // len(CODES)
        [line] = project["lines"]
        told = [Decimal(line[name]) for name in ("quantity", "delivered", "given_up", "open")]
        assert told == [self.planned, self.delivered, self.given_up, self.open]
        page = self.wait(
            self.world.client.get(DELIVERIES, params={"contract_id": self.contract, "limit": 100})
        ).json()["items"]
        standing = {one["id"] for one in page if one["state"] == "delivered"}
        assert standing == {one for one, (_, stands) in self.deliveries.items() if stands}

    def teardown(self) -> None:
        """Every version is in the log, and was told."""
        if not hasattr(self, "url"):
            return
        project = self.wait(self.world.client.get(self.url)).json()
        entries = self.wait(audited(self.world.database, self.world.tenant))
        mine = [one.version for one in entries if str(one.entity_id) == project["id"]]
        events = self.wait(emitted(self.world.database, self.world.tenant))
        assert mine == [one.sequence for one in events if one.key == project["id"]]
        assert mine == list(range(1, project["version"] + 1))

    # -- how

    @property
    def open(self) -> int:
        return self.planned - self.delivered - self.given_up

    def body(self, quantity: int) -> dict[str, Any]:
        line = {"product_id": self.product, "quantity": str(quantity)}
        return {"topic": "交付", "contract_id": self.contract, "lines": [line]}

    def unless(self, state: str) -> set[str]:
        return set() if self.state == state else {"project-not-ready"}

    def step(self, command: str, body: Any, refusals: set[str]) -> httpx.Response | None:
        response = self.wait(self.world.client.post(f"{self.url}/{command}", json=body))
        done = self.answered(f"POST {PROJECTS}/{{project_id}}/{command}", response, refusals)
        return response if done else None

    def answered(self, operation: str, response: httpx.Response, refusals: set[str]) -> bool:
        code = self.outcome(operation, response)
        assert code in refusals if refusals else code is None, (operation, code, refusals)
        return code is None


class World:
    """What a life needs around it."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        database: Database,
        tenant: str,
        document: dict[str, Any],
        make_effective: Make,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.client, self.database, self.tenant = client, database, tenant
        self.document, self.make_effective = document, make_effective


async def test_whatever_is_tried_in_whatever_order(
    running: RunningService,
    client: httpx.AsyncClient,
    tenant: str,
    make_method: Make,
    make_effective: Make,
) -> None:
    await make_method()
    world = World(client, running.database, tenant, running.app.openapi(), make_effective)
    await explore(lambda: ProjectLife(world), examples=8, steps=20)
