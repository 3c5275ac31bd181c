"""Random lives of visits at the API, against the rules of the texts (4 §2)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
MakeCustomer = Callable[..., Awaitable[str]]
VISITS = "/v1/visits"
STEPS = (
    "plan_anew", "submit", "approve", "reject", "check_in", "finish", "report", "refuse", "tick",
    "close", "cancel", *("get_on",) * 8,
)  # fmt: skip
AHEAD = {
    "planned": ("submit", "check_in"), "in_approval": ("approve", "approve"),
    "approved": ("check_in", "check_in"), "checked_in": ("finish", "finish"),
    "done": ("report", "refuse"), "reported": ("close", "tick"),
}  # fmt: skip
"""Two steps that each state waits for; steps at random alone seldom come to a report."""
TO_COME = {"planned", "in_approval", "approved"}
REPORTED = {"reported", "closed"}
STOPPED = "sales.customer-calling-stopped.v1"
"""Told beside the report, under its number."""


class VisitLife(ApiMachine):
    """Tries any step at any time: it does what the rules say, or is refused."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(kind=st.sampled_from(["new_customer", "existing_customer"]), trip=st.booleans())
    def plan(self, kind: str, trip: bool) -> None:
        """Visits to existing customers, and trips, need consent (L2528, L2620)."""
        body = self.world.body | {"type": kind, "business_trip": trip}
        made = self.wait(self.world.owner.post(VISITS, json=body)).json()
        self.id, self.url, self.state = made["id"], f"{VISITS}/{made['id']}", "planned"
        self.required = [one["code"] for one in made["checklist"] if one["required"]]
        self.needs_consent = kind == "existing_customer" or trip
        self.ticked = not self.required
        self.refusal: str | None = None

    @rule(step=st.sampled_from(STEPS), choice=st.booleans())
    def go_on(self, step: str, choice: bool) -> None:
        """One rule for all steps: Hypothesis leaves rules out of whole lives, not choices."""
        getattr(self, step)(choice)

    def get_on(self, choice: bool) -> None:
        getattr(self, AHEAD.get(self.state, ("cancel", "close"))[choice])(choice)

    def plan_anew(self, east: bool) -> None:
        """Another plan is consented to anew; the same one stays as it is."""
        place = "东门" if east else "西门"
        before = self.wait(self.world.owner.get(self.url)).json()
        refusals = self.not_in(TO_COME) if before["place"] != place else set()
        match = {"If-Match": f'"{before["version"]}"'}
        sent = self.world.owner.patch(self.url, json={"place": place}, headers=match)
        if self.told("PATCH", "", sent, refusals) and before["place"] != place:
            self.state = "planned"

    def submit(self, _: bool) -> None:
        """A plan is submitted once."""
        if self.step("submit", None, self.not_in({"planned"})):
            self.state = "in_approval"

    def approve(self, own: bool) -> None:
        self.decide("approve", own)

    def reject(self, own: bool) -> None:
        self.decide("reject", own)

    def decide(self, decision: str, own: bool) -> None:
        """Who visits does not consent to it."""
        refusals = self.not_in({"in_approval"}) or ({"own-plan"} if own else set())
        body = {"note": "请先电话预约"} if decision == "reject" else None
        if self.step(decision, body, refusals, by=None if own else self.world.boss):
            self.state = "approved" if decision == "approve" else "planned"

    def check_in(self, _: bool) -> None:
        """A visit that needs consent does not begin without."""
        refusals = self.not_in(TO_COME)
        if not refusals and self.needs_consent and self.state != "approved":
            refusals = {"consent-needed"}
        if self.step("check-in", {}, refusals or self.not_in({"planned", "approved"})):
            self.state = "checked_in"

    def finish(self, _: bool) -> None:
        """What has begun ends once."""
        if self.step("finish", {}, self.not_in({"checked_in"})):
            self.state = "done"

    def report(self, _: bool) -> None:
        self.hand_in(None)

    def refuse(self, firmly: bool) -> None:
        self.hand_in("firm" if firmly else "not_firm")

    def hand_in(self, refusal: str | None) -> None:
        """The report is handed in once, after the visit."""
        body: dict[str, Any] = {"summary": "考虑更换"}
        if refusal:
            body["refusal"] = {"degree": refusal, "reason": "cannot_afford"}
        if self.step("report", body, self.not_in({"done"})):
            self.state, self.refusal = "reported", refusal

    def tick(self, ticked: bool) -> None:
        """Items are ticked until the visit is closed or called off."""
        refusals = self.not_in(TO_COME | {"checked_in", "done", "reported"})
        if self.step("tick", {"items": self.required, "ticked": ticked}, refusals):
            self.ticked = ticked

    def close(self, _: bool) -> None:
        """What has to be done afterwards is done before it is closed (L2496-2498)."""
        refusals = self.not_in({"reported"})
        if not refusals and not self.ticked:
            refusals = {"checklist-incomplete"}
        if self.step("close", None, refusals):
            self.state = "closed"

    def cancel(self, _: bool) -> None:
        """A visit is called off before it begins."""
        if self.step("cancel", {"reason": "客户出差"}, self.not_in(TO_COME)):
            self.state = "cancelled"

    @invariant()
    def it_is_what_the_rules_say(self) -> None:
        """The visit agrees with the steps that were taken, and so does what came of it."""
        if not hasattr(self, "id"):
            return
        visit = self.wait(self.world.owner.get(self.url)).json()
        assert (visit["status"], visit["approval_needed"]) == (self.state, self.needs_consent)
        begun = self.state not in TO_COME | {"cancelled"}
        assert (visit["checked_in_at"] is not None) == begun
        assert (visit["report_due_at"] is not None) == (self.state in REPORTED | {"done"})
        assert (visit["activity_id"] is not None) == (self.state in REPORTED)
        assert visit["refusal_degree"] == self.refusal
        assert (visit["follow_up_task_id"] is not None) == (self.refusal == "not_firm")

    def teardown(self) -> None:
        """Every version is in the log, and was told."""
        if not hasattr(self, "id"):
            return
        version = self.wait(self.world.owner.get(self.url)).json()["version"]
        entries = self.wait(audited(self.world.database, self.world.tenant))
        mine = [one.version for one in entries if str(one.entity_id) == self.id]
        events = [one for one in self.wait(emitted(self.world.database, self.world.tenant))
                  if one.key == self.id]  # fmt: skip
        assert mine == [one.sequence for one in events if one.type != STOPPED]
        assert mine == list(range(1, version + 1))
        assert (STOPPED in {one.type for one in events}) == (self.refusal == "firm")

    # -- how

    def not_in(self, states: set[str]) -> set[str]:
        return set() if self.state in states else {"visit-not-in-state"}

    def step(
        self, name: str, body: Any, refusals: set[str], *, by: httpx.AsyncClient | None = None
    ) -> bool:
        sent = (by or self.world.owner).post(f"{self.url}/{name}", json=body)
        return self.told("POST", f"/{name}", sent, refusals)

    def told(
        self, method: str, name: str, sent: Awaitable[httpx.Response], refusals: set[str]
    ) -> bool:
        operation = f"{method} {VISITS}/{{visit_id}}{name}"
        code = self.outcome(operation, self.wait(sent))
        assert code in refusals if refusals else code is None, (operation, code, refusals)
        return code is None


class World:
    """Who visits, and who consents."""

    def __init__(
        self,
        owner: httpx.AsyncClient,
        boss: httpx.AsyncClient,
        database: Database,
        tenant: str,
        document: dict[str, Any],
        body: dict[str, Any],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.owner, self.boss, self.database, self.tenant = owner, boss, database, tenant
        self.document, self.body = document, body


async def test_whatever_is_tried_in_whatever_order(
    running: RunningService,
    client_for: ClientFor,
    tenant: str,
    make_customer: MakeCustomer,
    visit_body: dict[str, Any],
) -> None:
    me = str(uuid4())
    owner = client_for(tenant, subject="wang.fang", employee_id=me)
    boss = client_for(tenant, subject="li.na", employee_id=str(uuid4()))
    body = visit_body | {"customer_id": await make_customer(), "owner_id": me, "place": "东门"}
    world = World(owner, boss, running.database, tenant, running.app.openapi(), body)
    await explore(lambda: VisitLife(world), examples=10, steps=30)
