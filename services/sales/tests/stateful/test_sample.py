"""Random lives of samples at the API, against the rules of the texts (1.3, item 5)."""

import asyncio
from collections.abc import Awaitable, Callable
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
SAMPLES, APPROVALS = "/v1/samples", "/v1/approvals"
CHAIN = {"kind": "sample", "own_allowed": True, "levels": [{"name": "主管", "role": "boss"}]}
HAD = {"delivered", "returned", "kept"}


class SampleLife(ApiMachine):
    """Tries any step at any time: it does what the rules say, or is refused."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize()
    def ask(self) -> None:
        """It begins by waiting for the one level of the chain."""
        body = {"opportunity_id": self.world.opportunity,
                "lines": [{"product_id": self.world.product, "quantity": "1"}]}  # fmt: skip
        made = self.wait(self.world.client.post(SAMPLES, json=body)).json()
        self.id, self.url, self.state = made["id"], f"{SAMPLES}/{made['id']}", made["state"]
        assert self.state == "requested"
        found = self.wait(self.world.client.get(APPROVALS, params={"document_id": self.id})).json()[
            "items"
        ]
        self.approval, self.approval_state = f"{APPROVALS}/{found[0]['id']}", "waiting"

    @rule(decision=st.sampled_from(["approve", "reject", "withdraw", "revoke"]))
    def decide(self, decision: str) -> None:
        """What waits is decided once; an approval is taken back until the samples are out."""
        refusals: set[str] = set()
        if decision == "revoke":
            if self.approval_state != "approved":
                refusals = {"not-approved"}
            elif self.state != "approved":
                refusals = {"sample-is-out"}
        elif self.approval_state != "waiting":
            refusals = {"approval-is-over"}
        operation = f"{APPROVALS}/{{approval_id}}/{decision}"
        if self.step(operation, f"{self.approval}/{decision}", {"reason": "x"}, refusals):
            self.approval_state, self.state = {
                "approve": ("approved", "approved"), "reject": ("rejected", "rejected"),
                "withdraw": ("withdrawn", "cancelled"), "revoke": ("revoked", "rejected"),
            }[decision]  # fmt: skip

    @rule(step=st.sampled_from(["deliver", "cancel", "return", "keep"]))
    def go_on(self, step: str) -> None:
        """Approved samples are delivered or cancelled; delivered ones come back or are kept."""
        needed = "approved" if step in ("deliver", "cancel") else "delivered"
        refusals = set() if self.state == needed else {"sample-not-ready"}
        body = {"reason": "x"} if step == "cancel" else {}
        operation = f"{SAMPLES}/{{sample_id}}/{step}"
        if self.step(operation, f"{self.url}/{step}", body, refusals):
            self.state = {"deliver": "delivered", "cancel": "cancelled", "return": "returned",
                          "keep": "kept"}[step]  # fmt: skip

    @invariant()
    def it_is_what_the_rules_say(self) -> None:
        """The request and its approval agree with the steps that were taken."""
        if not hasattr(self, "id"):
            return
        sample = self.wait(self.world.client.get(self.url)).json()
        assert sample["state"] == self.state
        assert (sample["delivered_on"] is not None) == (self.state in HAD)
        assert (sample["stage_code"] is not None) == (self.state in HAD)
        approval = self.wait(self.world.client.get(self.approval)).json()
        assert approval["state"] == self.approval_state

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

    # -- how

    def step(self, operation: str, url: str, body: Any, refusals: set[str]) -> bool:
        response = self.wait(self.world.client.post(url, json=body))
        code = self.outcome(f"POST {operation}", response)
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
        of: dict[str, str],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.client, self.database, self.tenant = client, database, tenant
        self.document, self.product, self.opportunity = document, of["product"], of["opportunity"]


async def test_whatever_is_tried_in_whatever_order(
    running: RunningService,
    client: httpx.AsyncClient,
    tenant: str,
    make_product: Make,
    make_in_progress: Make,
) -> None:
    assert (await client.post("/v1/approval-chains", json=CHAIN)).status_code == 201
    of = {
        "product": (await make_product())["id"],
        "opportunity": (await make_in_progress())["id"],
    }
    world = World(client, running.database, tenant, running.app.openapi(), of)
    await explore(lambda: SampleLife(world), examples=6, steps=12)
