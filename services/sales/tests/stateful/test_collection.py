"""Random lives of contracts and the money that comes in for them: the sums always agree (S10)."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel.testing.plugin import RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
Make = Callable[..., Awaitable[dict[str, Any]]]
CONTRACTS, RECEIPTS = "/v1/contracts", "/v1/receipts"
amounts = st.sampled_from(["0.01", "299.99", "300.00", "700.00", "1000.00"])
which = st.integers(0, 5)
WHY = {"reason": "试验"}


class Collection(ApiMachine):
    """Tries any step with the money of one contract at any time."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document
        self.receipts: list[str] = []

    @initialize()
    def agree(self) -> None:
        """A contract over 1000.00 is in force: 300.00 are due today, 700.00 later."""
        self.contract = self.wait(self.world.make_effective())
        self.url = f"{CONTRACTS}/{self.contract['id']}"

    @rule(amount=amounts, at_once=st.booleans())
    def receive(self, amount: str, at_once: bool) -> None:
        """Money comes in."""
        body: dict[str, Any] = {
            "customer_id": self.contract["customer_id"],
            "amount": {"amount": amount, "currency": "CNY"},
        }
        if not at_once:
            body["allocations"] = []
        made = self.wait(self.world.client.post(RECEIPTS, json=body))
        assert made.status_code == 201, made.text
        self.receipts.append(f"{RECEIPTS}/{made.json()['id']}")

    @rule(one=which, amount=amounts, position=st.integers(1, 2))
    def allocate(self, one: int, amount: str, position: int) -> None:
        """Some of it pays an instalment."""
        told = {"contract_id": self.contract["id"], "position": position, "amount": amount}
        self.step(one, "allocate", {"allocations": [told]})

    @rule(one=which)
    def allocate_the_rest(self, one: int) -> None:
        """All of it pays what is due first."""
        self.step(one, "allocate", {})

    @rule(one=which, position=st.integers(1, 2))
    def release(self, one: int, position: int) -> None:
        """It does not pay that instalment any more."""
        body = {"contract_id": self.contract["id"], "position": position} | WHY
        self.step(one, "release", body)

    @rule(one=which, amount=amounts)
    def refund(self, one: int, amount: str) -> None:
        """It is paid back."""
        self.step(one, "refund", {"amount": amount} | WHY)

    @rule(one=which)
    def reverse(self, one: int) -> None:
        """It was a mistake."""
        self.step(one, "reverse", WHY)

    @rule(command=st.sampled_from(["fulfil", "cancel"]))
    def end(self, command: str) -> None:
        """The contract ends, if the money says so."""
        before = self.state()
        body = WHY if command == "cancel" else {}
        operation = f"POST {CONTRACTS}/{{contract_id}}/{command}"
        code = self.outcome(
            operation, self.wait(self.world.client.post(f"{self.url}/{command}", json=body))
        )
        collected = Decimal(before["collected"]["amount"])
        whole = collected == Decimal(before["total"]["amount"])
        allowed = before["state"] == "approved" and (
            whole if command == "fulfil" else not collected
        )
        assert (code is None) == allowed, (command, code, before["state"], collected)

    @invariant()
    def the_sums_agree(self) -> None:
        """What receipts pay is what instalments and the contract have; nothing is below zero."""
        if not hasattr(self, "url"):
            return
        contract, paid = self.state(), [Decimal(0), Decimal(0)]
        for url in self.receipts:
            receipt = self.get(url)
            money = {
                name: Decimal(receipt[name]["amount"])
                for name in ("amount", "allocated", "refunded", "unallocated")
            }
            assert min(money.values()) >= 0
            if receipt["state"] == "recorded":
                assert money["amount"] == sum(money.values()) - money["amount"]
            pays = [
                one for one in self.get(f"{url}/allocations")["items"] if not one["released_on"]
            ]
            assert sum(Decimal(one["amount"]["amount"]) for one in pays) == money["allocated"]
            for one in pays:
                paid[one["position"] - 1] += Decimal(one["amount"]["amount"])
        assert Decimal(contract["collected"]["amount"]) == sum(paid)
        if contract["state"] == "approved":
            items = self.get(f"/v1/receivables?contract_id={contract['id']}")["items"]
            shown = {one["position"]: Decimal(one["open"]["amount"]) for one in items}
            due = [Decimal(300), Decimal(700)]
            expected = {
                n: whole - got
                for n, (whole, got) in enumerate(zip(due, paid, strict=True), 1)
                if whole > got
            }
            assert shown == expected

    # -- how

    def get(self, url: str) -> dict[str, Any]:
        found: dict[str, Any] = self.wait(self.world.client.get(url)).json()
        return found

    def state(self) -> dict[str, Any]:
        return self.get(self.url)

    def step(self, one: int, command: str, body: dict[str, Any]) -> None:
        if not self.receipts:
            return
        url = self.receipts[one % len(self.receipts)]
        response = self.wait(self.world.client.post(f"{url}/{command}", json=body))
        self.outcome(f"POST {RECEIPTS}/{{receipt_id}}/{command}", response)


class World:
    """What a life needs around it."""

    def __init__(self, client: httpx.AsyncClient, document: dict[str, Any], make: Make) -> None:
        self.loop = asyncio.get_running_loop()
        self.client, self.document, self.make_effective = client, document, make


async def test_whatever_is_paid_and_taken_back_the_sums_agree(
    running: RunningService, client: httpx.AsyncClient, make_effective: Make
) -> None:
    world = World(client, running.app.openapi(), make_effective)
    await explore(lambda: Collection(world), examples=6, steps=18)
