"""Random lives of a competitor's file at the API: only a draft changes (S9)."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
FILES, APPROVALS = "/v1/competitors", "/v1/approvals"
CHAIN = {"kind": "competitor", "own_allowed": True, "levels": [{"name": "市场部", "role": "x"}]}


class FileLife(ApiMachine):
    """Tries any step at any time: it does what the rules say, or is refused."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize()
    def enter(self) -> None:
        """It begins as a draft that nobody was asked about."""
        self.said: dict[str, Any] = {"name": f"对手 {uuid4()}", "weaknesses": None}
        made = self.wait(self.world.client.post(FILES, json={"name": self.said["name"]})).json()
        self.id, self.url = made["id"], f"{FILES}/{made['id']}"
        self.state, self.approvals, self.newest = "draft", 0, "none"

    @rule(said=st.sampled_from(["交付慢", "价格高", "服务差"]))
    def change(self, said: str) -> None:
        """Only a draft is changed."""
        etag = self.wait(self.world.client.get(self.url)).headers["etag"]
        response = self.wait(
            self.world.client.patch(self.url, json={"weaknesses": said}, headers={"If-Match": etag})
        )
        if self.done(f"PATCH {FILES}/{{competitor_id}}", response, self.unless_draft()):
            self.said["weaknesses"] = said

    @rule()
    def submit(self) -> None:
        """Only a draft is audited, anew each time."""
        response = self.wait(self.world.client.post(f"{self.url}/submit"))
        if self.done(f"POST {FILES}/{{competitor_id}}/submit", response, self.unless_draft()):
            self.state, self.newest = "in_approval", "waiting"
            self.approvals += 1

    @rule(decision=st.sampled_from(["approve", "reject", "withdraw", "revoke"]))
    def decide(self, decision: str) -> None:
        """What waits is decided once; what was agreed to may be taken back (反审核)."""
        if not self.approvals:
            return
        wanted = "approved" if decision == "revoke" else "waiting"
        refusals = {"not-approved" if decision == "revoke" else "approval-is-over"}
        url = f"{APPROVALS}/{self.asked()[-1]['id']}/{decision}"
        response = self.wait(self.world.client.post(url, json={"reason": "x"}))
        operation = f"POST {APPROVALS}/{{approval_id}}/{decision}"
        if self.done(operation, response, set() if self.newest == wanted else refusals):
            self.newest = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn",
                           "revoke": "revoked"}[decision]  # fmt: skip
            self.state = "approved" if decision == "approve" else "draft"

    @invariant()
    def it_is_what_the_rules_say(self) -> None:
        """The file says what was last written of a draft, and is as far as its newest audit."""
        if not hasattr(self, "id"):
            return
        now = self.wait(self.world.client.get(self.url)).json()
        assert now["state"] == self.state
        assert {name: now[name] for name in self.said} == self.said
        asked = self.asked()
        assert len(asked) == self.approvals
        waiting = [one["state"] for one in asked if one["state"] == "waiting"]
        assert len(waiting) == (self.state == "in_approval")

    def teardown(self) -> None:
        """Every version is in the log, and was told."""
        if not hasattr(self, "id"):
            return
        version = self.wait(self.world.client.get(self.url)).json()["version"]
        entries = self.wait(audited(self.world.running.database, self.world.tenant))
        mine = [one.version for one in entries if str(one.entity_id) == self.id]
        events = self.wait(emitted(self.world.running.database, self.world.tenant))
        assert mine == [one.sequence for one in events if one.key == self.id]
        assert mine == list(range(1, version + 1))

    # -- how

    def unless_draft(self) -> set[str]:
        return set() if self.state == "draft" else {"competitor-is-fixed"}

    def asked(self) -> list[dict[str, Any]]:
        found = self.wait(self.world.client.get(APPROVALS, params={"document_id": self.id})).json()
        items: list[dict[str, Any]] = found["items"]
        return sorted(items, key=lambda one: one["created_at"])

    def done(self, operation: str, response: httpx.Response, refusals: set[str]) -> bool:
        code = self.outcome(operation, response)
        assert code in refusals if refusals else code is None, (operation, code, refusals)
        return code is None


class World:
    """What a life needs around it."""

    def __init__(self, client: httpx.AsyncClient, running: RunningService, tenant: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.client, self.running, self.tenant = client, running, tenant
        self.document = running.app.openapi()


async def test_whatever_is_tried_in_whatever_order(
    running: RunningService, client: httpx.AsyncClient, tenant: str
) -> None:
    assert (await client.post("/v1/approval-chains", json=CHAIN)).status_code == 201
    world = World(client, running, tenant)
    await explore(lambda: FileLife(world), examples=6, steps=14)
