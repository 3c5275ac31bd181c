"""Random lives of quotes and their approvals at the API, against the rules of the texts."""

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
Make = Callable[..., Awaitable[dict[str, Any]]]
QUOTES, APPROVALS = "/v1/quotes", "/v1/approvals"
WHO = ("rep", "reviewer", "boss", "manager")
BOSS = str(uuid4())
LEVELS = [{"name": "审核", "role": "reviewer"},
          {"name": "总经理", "employee_id": BOSS, "discount_from": "20"}]  # fmt: skip
APPROVERS = (("reviewer", "manager"), ("boss", "manager"))  # of each level

someone = st.sampled_from(WHO)


class QuoteLife(ApiMachine):
    """Tries any step at any time, by anybody: it does what the rules say, or is refused."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(off=st.sampled_from(["0", "19.99", "20"]))
    def draft(self, off: str) -> None:
        """It begins as a draft of the representative; the discount says who will be asked."""
        body = {"lines": [{"product_id": self.world.product, "quantity": "1"}],
                "discount_percent": off}  # fmt: skip
        made = self.wait(self.world.clients["rep"].post(QUOTES, json=body)).json()
        self.id, self.url = made["id"], f"{QUOTES}/{made['id']}"
        self.levels = 2 if off == "20" else 1
        self.state, self.approval, self.level = "draft", None, 0
        self.approval_state = "none"
        self.decisions: list[str] = []

    @rule()
    def submit(self) -> None:
        """Only a draft is submitted; each submission asks from the first level on."""
        if self.step(f"{QUOTES}/{{quote_id}}/submit", f"{self.url}/submit", "rep", None,
                     self.unless("draft")):  # fmt: skip
            found = self.wait(
                self.world.clients["rep"].get(
                    APPROVALS, params={"document_id": self.id, "state": "waiting"}
                )
            ).json()["items"]
            assert len(found) == 1
            self.approval, self.level = f"{APPROVALS}/{found[0]['id']}", 1
            self.state, self.approval_state, self.decisions = "in_approval", "waiting", []

    @rule(who=someone)
    def approve(self, who: str) -> None:
        """The approver of the level agrees, or a manager in their place; nobody for themselves."""
        if self.decide("approve", who, self.by_approver(who)):
            self.level += 1
            if self.level > self.levels:
                self.approval_state, self.state = "approved", "approved"

    @rule(who=someone)
    def reject(self, who: str) -> None:
        """It goes back as a draft."""
        if self.decide("reject", who, self.by_approver(who), reason="折扣过高"):
            self.approval_state, self.state = "rejected", "draft"

    @rule(who=someone)
    def withdraw(self, who: str) -> None:
        """Only who submitted it takes it back, while it waits."""
        refusals = set() if self.approval_state == "waiting" else {"approval-is-over"}
        if not refusals and who != "rep":
            refusals = {"not-the-submitter"}
        if self.decide("withdraw", who, refusals):
            self.approval_state, self.state = "withdrawn", "draft"

    @rule(who=someone)
    def revoke(self, who: str) -> None:
        """An approval is taken back by its last approver, not once the quote went out."""
        refusals: set[str] = set()
        if self.approval_state != "approved":
            refusals = {"not-approved"}
        elif who not in APPROVERS[self.levels - 1]:
            refusals = {"not-the-approver"}
        elif self.state != "approved":
            refusals = {"quote-is-out"}
        if self.decide("revoke", who, refusals, reason="价格有误"):
            self.approval_state, self.state = "revoked", "draft"

    @rule()
    def send(self) -> None:
        """Only an approved quote goes to the customer."""
        if self.step(f"{QUOTES}/{{quote_id}}/send", f"{self.url}/send", "rep", {},
                     self.unless("approved")):  # fmt: skip
            self.state = "sent"

    @rule()
    def cancel(self) -> None:
        """What is ours alone is given up; what waits is withdrawn first."""
        refusals = self.unless("draft", "approved")
        if self.step(f"{QUOTES}/{{quote_id}}/cancel", f"{self.url}/cancel", "rep",
                     {"reason": "客户项目取消"}, refusals):  # fmt: skip
            self.state = "cancelled"

    @rule(yes=st.booleans())
    def answer(self, yes: bool) -> None:
        """The customer answers what was sent."""
        command, body = ("accept", {}) if yes else ("reject", {"reason": "太贵"})
        if self.step(f"{QUOTES}/{{quote_id}}/{command}", f"{self.url}/{command}", "rep", body,
                     self.unless("sent")):  # fmt: skip
            self.state = "accepted" if yes else "rejected"

    @invariant()
    def it_is_what_the_rules_say(self) -> None:
        """The document, the approval and its history agree with the steps that were taken."""
        rep = self.world.clients["rep"]
        quote = self.wait(rep.get(self.url)).json()
        assert quote["state"] == self.state
        if self.approval is None:
            return
        approval = self.wait(rep.get(self.approval)).json()
        assert approval["state"] == self.approval_state
        assert (self.state == "in_approval") == (approval["state"] == "waiting")
        steps = self.wait(rep.get(f"{self.approval}/decisions")).json()["items"]
        assert [one["decision"] for one in steps] == self.decisions
        for who in WHO:
            waits = self.wait(
                self.world.clients[who].get(APPROVALS, params={"waiting_for": "me"})
            ).json()["items"]
            named = APPROVERS[self.level - 1][0] if approval["state"] == "waiting" else None
            assert (self.approval in {f"{APPROVALS}/{one['id']}" for one in waits}) == (
                who == named
            )

    def teardown(self) -> None:
        """Every version is in the log, and was told."""
        if not hasattr(self, "id"):
            return
        version = self.wait(self.world.clients["rep"].get(self.url)).json()["version"]
        entries = self.wait(audited(self.world.database, self.world.tenant))
        mine = [one.version for one in entries if str(one.entity_id) == self.id]
        events = self.wait(emitted(self.world.database, self.world.tenant))
        assert mine == [one.sequence for one in events if one.key == self.id]
        assert mine == list(range(1, version + 1))

    # -- how

    def unless(self, *states: str) -> set[str]:
        return set() if self.state in states else {"quote-not-ready"}

    def by_approver(self, who: str) -> set[str]:
        if self.approval_state != "waiting":
            return {"approval-is-over"}
        return set() if who in APPROVERS[self.level - 1] else {"not-the-approver"}

    def decide(self, command: str, who: str, refusals: set[str], **body: Any) -> bool:
        if self.approval is None:
            return False
        done = self.step(
            f"{APPROVALS}/{{approval_id}}/{command}", f"{self.approval}/{command}", who, body,
            refusals,
        )  # fmt: skip
        if done:
            self.decisions.append(command)
        return done

    def step(self, operation: str, url: str, who: str, body: Any, refusals: set[str]) -> bool:
        response = self.wait(self.world.clients[who].post(url, json=body))
        code = self.outcome(f"POST {operation}", response)
        assert code in refusals if refusals else code is None, (operation, who, code, refusals)
        return code is None


class World:
    """What a life needs around it."""

    def __init__(
        self,
        clients: dict[str, httpx.AsyncClient],
        database: Database,
        tenant: str,
        document: dict[str, Any],
        product: str,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.clients, self.database, self.tenant = clients, database, tenant
        self.document, self.product = document, product


async def test_whoever_tries_whatever_in_whatever_order(
    running: RunningService,
    client: httpx.AsyncClient,
    client_for: ClientFor,
    tenant: str,
    make_product: Make,
) -> None:
    await client.post("/v1/approval-chains", json={"kind": "quote", "levels": LEVELS})
    roles = {"rep": (), "reviewer": ("reviewer",), "boss": (), "manager": ("sales_manager",)}
    clients = {
        who: client_for(
            tenant, roles=("sales_representative", *roles[who]), subject=who,
            employee_id=BOSS if who == "boss" else str(uuid4()),
        )
        for who in WHO
    }  # fmt: skip
    product = (await make_product())["id"]
    world = World(clients, running.database, tenant, running.app.openapi(), product)
    await explore(lambda: QuoteLife(world), examples=6, steps=18)
