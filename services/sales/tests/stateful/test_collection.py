"""Random lives of contracts, amended and paid: the sums always agree (S10)."""

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
plans = st.sampled_from([[], [300], [300, 1], [600, 400], [1, 299, 700]])
"""Instalments but for the last, which is the rest."""
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
        self.agreed = [self.contract["instalments"]]

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

    @rule(one=which, amount=amounts, position=st.integers(1, 3))
    def allocate(self, one: int, amount: str, position: int) -> None:
        """Some of it pays an instalment."""
        told = {"contract_id": self.contract["id"], "position": position, "amount": amount}
        self.step(one, "allocate", {"allocations": [told]})

    @rule(one=which)
    def allocate_the_rest(self, one: int) -> None:
        """All of it pays what is due first."""
        self.step(one, "allocate", {})

    @rule(one=which, position=st.integers(1, 3))
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

    @rule(plan=plans, quantity=st.sampled_from(["3", "10", "12"]))
    def amend(self, plan: list[int], quantity: str) -> None:
        """The contract is over more or less, and paid in other parts."""
        before, product = self.state(), self.contract["lines"][0]["product_id"]
        total = Decimal(quantity) * 100
        parts = [Decimal(part) for part in plan]
        shares = [*parts, total - sum(parts)]
        if shares[-1] <= 0:
            return
        body = WHY | {
            "lines": [{"product_id": product, "quantity": quantity}],
            "instalments": [
                {"due_on": before["instalments"][0]["due_on"], "amount": f"{share}"}
                for share in shares
            ],
        }
        paid = self.paid()
        made = self.wait(self.world.client.post(f"{self.url}/amend", json=body))
        code = self.outcome(f"POST {CONTRACTS}/{{contract_id}}/amend", made)
        after = self.state()
        assert after["revision"] == before["revision"] + (code is None), code
        if code is None:
            assert before["state"] == "approved"
            assert all(position <= len(shares) for position in paid)
            assert all(shares[position - 1] >= got for position, got in paid.items())
            assert Decimal(after["total"]["amount"]) == total
            self.agreed.append(after["instalments"])
        else:
            assert after == before

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
        contract = self.state()
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
        paid = self.paid()
        assert Decimal(contract["collected"]["amount"]) == sum(paid.values())
        due = {x["position"]: Decimal(x["amount"]["amount"]) for x in contract["instalments"]}
        assert sum(due.values()) == Decimal(contract["total"]["amount"])
        if contract["state"] == "approved":
            items = self.get(f"/v1/receivables?contract_id={contract['id']}")["items"]
            shown = {one["position"]: Decimal(one["open"]["amount"]) for one in items}
            left = {n: whole - paid.get(n, Decimal(0)) for n, whole in due.items()}
            assert shown == {n: open_ for n, open_ in left.items() if open_}
        kept = self.get(f"{self.url}/revisions")["items"]
        assert [one["revision"] for one in kept] == [*range(1, len(self.agreed) + 1)]
        assert [one["instalments"] for one in kept] == self.agreed

    # -- how

    def paid(self) -> dict[int, Decimal]:
        """What receipts pay of each instalment."""
        found: dict[int, Decimal] = {}
        for url in self.receipts:
            for one in self.get(f"{url}/allocations")["items"]:
                if not one["released_on"]:
                    amount = Decimal(one["amount"]["amount"])
                    found[one["position"]] = found.get(one["position"], Decimal(0)) + amount
        return found

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
