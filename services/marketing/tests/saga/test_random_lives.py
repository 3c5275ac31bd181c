"""Random lives of leads at the API, with workers that die, against the rules of the text (README).

The lead starts without customer, contact and opportunity; however often it is converted, mended,
given up and taken up again, it never becomes two of any.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel import clock
from kehu_kernel.testing.stateful import ApiMachine, explore

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
World = Any  # see conftest.py
ONE = "/v1/leads/{lead_id}"
NOBODY = str(uuid4())
NOTHING = [{"product_id": str(uuid4()), "quantity": "1"}]
MOMENTS = st.one_of(st.integers(0, 7), st.integers(0, 23))
"""Around which request or commit a worker dies: few come far, for there is less left to do."""


class LeadLife(ApiMachine):
    """Tries any command at any time, and works, in every way that may go wrong."""

    def __init__(self, world: World, document: dict[str, Any]) -> None:
        super().__init__()
        self.world, self.document = world, document
        self.loop = world.loop

    @initialize(fault=st.sampled_from([{}, {"owner_id": NOBODY}, {"interests": NOTHING}]))
    def enter(self, fault: dict[str, Any]) -> None:
        """It begins open, with a customer and a contact that are only named; asked to convert."""
        self.world = self.world.another()
        self.wait(self.world.prepare())
        self.url = self.wait(self.world.lead())
        self.status = "open"
        self.events = ["created"]
        self.fields: dict[str, Any] = {"topic": "车间服务器更新需求", "owner_id": None}
        self.interests: list[dict[str, Any]] = []
        self.reason: str | None = None
        self.outcome_expected: str | None = None
        if fault:
            self.change(fault, stale=False)
        self.convert()

    # -- what may be asked

    @rule(
        change=st.sampled_from(
            [{"topic": "一"}, {"topic": "二"}, {"owner_id": NOBODY}, {"owner_id": None},
             {"interests": NOTHING}, {"interests": []}]
        ),
        stale=st.sampled_from([*[False] * 7, True]),
    )  # fmt: skip
    def change(self, change: dict[str, Any], stale: bool) -> None:
        """Only an open lead changes; what is the same already is no change."""
        refusals = self.unless("open", "lead-not-open")
        if not self.done("PATCH", "", change, refusals, stale=stale):
            return
        known = self.fields | {"interests": self.interests}
        if known != known | change:
            self.events.append("changed")
        self.interests = change.get("interests", self.interests)
        self.fields |= {name: value for name, value in change.items() if name != "interests"}

    @rule(day=st.sampled_from([None, None, -1, 2]))
    def disqualify(self, day: int | None) -> None:
        """Only an open lead is given up, not in the future, nor before it was entered."""
        refusals = self.unless("open", "lead-not-open")
        body: dict[str, Any] = {"reason": "没有预算"}
        if day is not None:
            today = clock.today(clock.now(), "Asia/Shanghai")
            body["on"] = str(today + timedelta(days=day))
            refusals.add("date-in-future" if day > 0 else "date-before-previous")
        if self.done("POST", "/disqualify", body, refusals):
            self.status = "disqualified"
            self.events.append("changed")

    @rule()
    def reopen(self) -> None:
        """Only what was given up is taken up again."""
        refusals = self.unless("disqualified", "lead-not-disqualified")
        if self.done("POST", "/reopen", None, refusals):
            self.status = "open"
            self.events.append("changed")

    @rule()
    def convert(self) -> None:
        """An open lead; asking again, while it goes on or when it is done, changes nothing."""
        refusals = {"lead-not-open"} if self.status == "disqualified" else set()
        if self.done("POST", "/convert", None, refusals) and self.status == "open":
            self.status, self.reason = "converting", None
            self.events.append("changed")
            customers = self.wait(self.world.everything())["customers"]
            self.outcome_expected = None
            if self.fields["owner_id"] == NOBODY and not customers:
                self.outcome_expected = "unknown-owner"
            elif self.interests:
                self.outcome_expected = "unknown-product"

    # -- what may happen meanwhile

    @rule(down=st.sampled_from([None, None, None, "customer", "sales", "identity"]))
    def work(self, down: str | None) -> None:
        """A worker goes on, perhaps while a service does not answer."""
        if down is not None:
            self.world.wires[down].cut = True
        self.wait(self.world.worker().work())
        if down is not None:
            self.world.wires[down].cut = False
        self.watch()

    @rule()
    def two_workers(self) -> None:
        """Two workers at the same time, whose claims end at once."""

        async def both() -> None:
            await asyncio.gather(self.world.worker().work(), self.world.worker().work())

        self.wait(both())
        self.watch()

    @rule(moment=MOMENTS)
    def worker_dies(self, moment: int) -> None:
        """A worker ends in the middle of something."""

        async def die() -> None:
            self.world.death.expect(moment)
            try:
                await self.world.worker().work()
            except BaseExceptionGroup as group:
                if group.subgroup(self.world.death.Killed) is None:
                    raise
            except self.world.death.Killed:
                pass
            finally:
                self.world.death.expect(None)

        self.wait(die())
        self.watch()

    @rule()
    def events_arrive(self) -> None:
        """Sales and marketing hear of the customer."""
        self.wait(self.world.deliver())

    @rule()
    def keys_are_forgotten(self) -> None:
        """The other services have forgotten every idempotency key."""
        self.wait(self.world.forget_idempotency_keys())

    @rule()
    def all_goes_well(self) -> None:
        """Everybody answers, for as long as it takes: the conversion ends."""
        if self.status == "converting":
            self.wait(self.world.converted(self.world.worker(), self.url))
            self.watch()
            assert self.status != "converting"

    # -- what must be so

    @invariant()
    def is_as_the_rules_say(self) -> None:
        """The state follows from what was done; the version counts the changes."""
        response = self.wait(self.world.marketing.get(self.url))
        body = response.json()
        assert (body["status"], body["version"]) == (self.status, len(self.events))
        assert response.headers["etag"] == f'"{len(self.events)}"'
        assert (body["last_error"] or {}).get("code") == self.reason
        assert {name: body[name] for name in self.fields} == self.fields
        assert bool(body["opportunity_id"]) == (self.status == "converted")

    def teardown(self) -> None:
        """In the end: every change has its event, and a converted lead one of each."""
        if not hasattr(self, "url"):
            return
        told = self.wait(self.world.told())
        assert [one.type for one in told] == [f"marketing.lead-{one}.v1" for one in self.events]
        assert [one.sequence for one in told] == list(range(1, len(self.events) + 1))
        if self.status == "converted":
            self.wait(self.world.assert_one_of_each(self.url))

    # -- how it is asked

    def watch(self) -> None:
        """See whether the conversion has ended in the way the rules say; never two of anything."""
        found = self.wait(self.world.everything())
        assert max(len(items) for items in found.values()) <= 1, found
        if self.status != "converting":
            return
        status = self.wait(self.world.marketing.get(self.url)).json()["status"]
        if status != "converting":
            failed = self.outcome_expected is not None
            self.status, self.reason = ("open" if failed else "converted"), self.outcome_expected
            self.events.append("changed" if failed else "converted")

    def unless(self, status: str, code: str) -> set[str]:
        """Return why it cannot be done in another state than this one."""
        return set() if self.status == status else {code}

    def done(
        self,
        method: str,
        command: str,
        body: dict[str, Any] | None,
        refusals: set[str],
        *,
        stale: bool = False,
    ) -> bool:
        """Send a command; return whether it was done, which it is if nothing speaks against it."""
        version = len(self.events) + (1 if stale else 0)
        headers = {"If-Match": f'"{version}"'} if method == "PATCH" else {}
        if stale:
            refusals = refusals | {"version-conflict"}
        response: httpx.Response = self.wait(
            self.world.marketing.request(method, self.url + command, json=body, headers=headers)
        )
        code = self.outcome(f"{method} {ONE}{command}", response)
        assert code in refusals if refusals else code is None, (command, code, refusals)
        return code is None


async def test_whatever_is_tried_in_whatever_order(world: World) -> None:
    world.loop = asyncio.get_running_loop()
    document = world.services["marketing"].app.openapi()
    await explore(lambda: LeadLife(world, document), examples=15, steps=15)
