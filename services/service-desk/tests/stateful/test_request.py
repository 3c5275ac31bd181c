"""Random lives of service requests at the API, against the rules of the text (README, life)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlalchemy import update

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore
from kehu_service_desk.requests.models import ServiceRequest

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
Make = Callable[..., Awaitable[dict[str, Any]]]
PATH = "/v1/requests"
FOLLOWERS = [str(uuid4()) for _ in range(2)]
HANDLERS = [str(uuid4()) for _ in range(3)]
NOBODY: dict[str, Any] = {
    "handled_on": None, "handled_by": None, "result": None, "closed_on": None, "resolution": None,
    "satisfied": None,
}  # fmt: skip

handlers = st.sampled_from(HANDLERS)


def today() -> date:
    """Return the business day; asked each time, for a life may run over midnight."""
    return clock.today(clock.now(), "Asia/Shanghai")


class RequestLife(ApiMachine):
    """Tries any command at any time: it does what the rules say, or is refused by one of them."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(far=st.integers(0, 5))
    def open(self, far: int) -> None:
        """It begins open, without a follower, and has come so far already."""
        made = self.wait(self.world.make_request())
        self.id, self.url = made["id"], f"{PATH}/{made['id']}"
        self.opened = today()
        self.facts: dict[str, Any] = NOBODY | {
            "status": "open", "follower_id": None, "handler_ids": [],
        }  # fmt: skip
        self.answers: dict[str, str] | None = None  # of the dispatch order under way
        self.orders: list[str] = []  # what became of each, oldest first
        self.steps: list[tuple[str, str | None, str]] = [("created", None, "open")]
        for _ in range(far):
            self.go_on()

    # -- what may be done

    @rule(follower=st.sampled_from(FOLLOWERS), stale=st.sampled_from([*[False] * 7, True]))
    def assign(self, follower: str, stale: bool) -> None:
        """To a follower, or another one, before it is dispatched."""
        refusals = self.unless({"open", "assigned"}, "request-not-assignable")
        done = self.done("assign", {"follower_id": follower}, refusals, stale=stale)
        if done and self.facts["follower_id"] != follower:
            self.step("assigned", status="assigned", follower_id=follower)

    @rule(named=st.lists(handlers, min_size=1, max_size=3, unique=True))
    def dispatch(self, named: list[str]) -> None:
        """To handlers; an order under way is withdrawn."""
        refusals = self.unless(
            {"assigned", "dispatching", "dispatched"}, "request-not-dispatchable"
        )
        if self.done("dispatch", {"handler_ids": named}, refusals):
            self.end_order("withdrawn")
            self.orders.append("open")
            self.answers = dict.fromkeys(named, "pending")
            self.step("dispatched", status="dispatching", handler_ids=named)

    @rule(handler=handlers)
    def accept(self, handler: str) -> None:
        """By a handler whom the order names, once."""
        if self.done("accept", {"handler_id": handler, "reason": "好"}, self.silent(handler)):
            assert self.answers is not None
            self.answers[handler] = "accepted"
            self.step("accepted", status="dispatched")

    @rule(handler=handlers)
    def refuse(self, handler: str) -> None:
        """The same; when all have refused, the request is back with its follower."""
        if self.done("refuse", {"handler_id": handler, "reason": "忙"}, self.silent(handler)):
            assert self.answers is not None
            self.answers[handler] = "refused"
            if set(self.answers.values()) == {"refused"}:
                self.end_order("refused")
                self.step("refused", status="assigned", handler_ids=[])
            else:
                self.step("refused")

    @rule(handler=handlers, day=st.sampled_from([None, 0, 0, 0, 0, -1, 2]))
    def handle(self, handler: str, day: int | None) -> None:
        """By a handler who accepted, not before the request came in, nor in the future."""
        refusals = self.unless({"dispatched"}, "request-not-dispatched")
        if self.answers is not None and handler not in self.answers:
            refusals.add("handler-not-named")
        elif self.answers is not None and self.answers[handler] != "accepted":
            refusals.add("handler-has-not-accepted")
        on = today() if day is None else self.opened + timedelta(days=day)
        if day == 2:
            refusals.add("date-in-future")
        if day == -1:
            refusals.add("date-before-previous")
        body = {"handler_id": handler, "result": "已修", "handled_on": str(on)}
        if day is None:
            del body["handled_on"]
        if self.done("handle", body, refusals):
            self.end_order("handled")
            self.step(
                "handled", status="handled", handled_on=str(on), handled_by=handler, result="已修"
            )

    @rule(satisfied=st.sampled_from([True, False, None]))
    def close(self, satisfied: bool | None) -> None:
        """With its resolution, once it is handled."""
        refusals = self.unless({"handled"}, "request-not-handled")
        if self.done("close", {"resolution": "好了", "satisfied": satisfied}, refusals):
            self.step(
                "closed", status="closed", closed_on=str(today()), resolution="好了",
                satisfied=satisfied,
            )  # fmt: skip

    @rule()
    def reopen(self) -> None:
        """Handled, or closed at most 14 days ago: back to its follower."""
        refusals = self.unless({"handled", "closed"}, "request-not-reopenable")
        closed = self.facts["closed_on"]
        if closed is not None and today() > date.fromisoformat(closed) + timedelta(days=14):
            refusals.add("reopen-too-late")
        if self.done("reopen", {"reason": "又坏了"}, refusals):
            self.step("reopened", **NOBODY | {"status": "assigned", "handler_ids": []})

    @rule()
    def go_on(self) -> None:
        """What usually comes next, so that lives get far."""
        status, named = self.facts["status"], [*(self.answers or {})]
        willing = [who for who, answer in (self.answers or {}).items() if answer == "accepted"]
        if status == "open":
            self.assign(FOLLOWERS[0], stale=False)
        elif status == "assigned":
            self.dispatch(HANDLERS[:2])
        elif status == "dispatching":
            self.accept(next(who for who in named if who not in self.refusers()))
        elif status == "dispatched":
            self.handle(willing[0], 0)
        elif status == "handled":
            self.close(True)

    @precondition(lambda self: self.facts["status"] == "closed")
    @rule(weeks=st.sampled_from([1, 3]))
    def weeks_pass(self, weeks: int) -> None:
        """The day it was closed lies that far back now."""
        self.facts["closed_on"] = str(today() - timedelta(weeks=weeks))
        self.wait(self.world.closed_on(self.id, date.fromisoformat(self.facts["closed_on"])))

    # -- what must be so

    @invariant()
    def is_as_the_rules_say(self) -> None:
        """The state follows from what was done; the version counts the changes."""
        response = self.wait(self.world.client.get(self.url))
        body = response.json()
        assert {name: body[name] for name in self.facts} == self.facts
        assert body["version"] == len(self.steps)
        assert response.headers["etag"] == f'"{len(self.steps)}"'

    def teardown(self) -> None:
        """In the end: history and orders add up, and every change has its event and audit entry."""
        if not hasattr(self, "id"):
            return
        client, tenant = self.world.client, self.world.tenant
        asked = {"limit": 200}
        steps = self.wait(client.get(f"{self.url}/history", params=asked)).json()["items"]
        numbers = list(range(1, len(self.steps) + 1))
        assert [step["version"] for step in steps] == numbers
        assert [
            (step["step"], step["status_before"], step["status_after"]) for step in steps
        ] == self.steps
        orders = self.wait(client.get(f"{self.url}/dispatch-orders", params=asked)).json()["items"]
        assert [order["status"] for order in reversed(orders)] == self.orders
        if self.answers is not None:
            answers = {one["handler_id"]: one["answer"] for one in orders[0]["handlers"]}
            assert answers == self.answers
        database = self.world.running.database
        events = [e for e in self.wait(emitted(database, tenant)) if e.key == self.id]
        assert [e.type for e in events] == [
            f"service-desk.request-{kind}.v1" for kind, *_ in self.steps
        ]
        assert [e.sequence for e in events] == numbers
        entries = [e for e in self.wait(audited(database, tenant)) if str(e.entity_id) == self.id]
        assert [entry.version for entry in entries] == numbers

    # -- how it is asked

    def unless(self, states: set[str], code: str) -> set[str]:
        """Return why it cannot be done in another state than these."""
        return set() if self.facts["status"] in states else {code}

    def silent(self, handler: str) -> set[str]:
        """Return why a handler cannot answer."""
        if self.answers is None:
            return {"no-dispatch-to-answer"}
        if handler not in self.answers:
            return {"handler-not-named"}
        return set() if self.answers[handler] == "pending" else {"dispatch-already-answered"}

    def refusers(self) -> set[str]:
        return {who for who, answer in (self.answers or {}).items() if answer == "refused"}

    def end_order(self, how: str) -> None:
        if self.answers is not None:
            self.orders[-1], self.answers = how, None

    def step(self, kind: str, **changes: Any) -> None:
        before = self.facts["status"]
        self.facts |= changes
        self.steps.append((kind, before, self.facts["status"]))

    def done(
        self, command: str, body: dict[str, Any], refusals: set[str], *, stale: bool = False
    ) -> bool:
        """Send a command; return whether it was done, which it is if nothing speaks against it."""
        headers = {"If-Match": f'"{len(self.steps) + 1}"'} if stale else {}
        if stale:
            refusals = refusals | {"version-conflict"}
        url = f"{self.url}/{command}"
        response = self.wait(self.world.client.post(url, json=body, headers=headers))
        code = self.outcome(f"POST {PATH}/{{request_id}}/{command}", response)
        assert code in refusals if refusals else code is None, (command, code, refusals)
        return code is None


class World:
    """What a life needs around it."""

    def __init__(
        self, running: RunningService, client: httpx.AsyncClient, tenant: str, make_request: Make
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.running, self.client, self.tenant = running, client, tenant
        self.document = running.app.openapi()
        self.make_request = make_request

    async def closed_on(self, request_id: str, day: date) -> None:
        """Let a request have been closed on that day."""
        context = Context(tenant_id=self.tenant, actor="tester")
        async with self.running.database.transaction(context) as session:
            await session.execute(
                update(ServiceRequest)
                .where(ServiceRequest.tenant_id == self.tenant)
                .where(ServiceRequest.id == UUID(request_id))
                .values(closed_on=day)
            )


async def test_whatever_is_tried_in_whatever_order(
    running: RunningService, client: httpx.AsyncClient, tenant: str, make_request: Make
) -> None:
    world = World(running, client, tenant, make_request)
    await explore(lambda: RequestLife(world), examples=25, steps=20)
