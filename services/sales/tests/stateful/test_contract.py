"""Random lives of contracts, from the draft to the end, at the API, against the rules (S10)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
Plan = list[tuple[int, str, int]]
"""Day after today, whether amount or percent, and how much, of each instalment."""
QUOTES, CONTRACTS, APPROVALS = "/v1/quotes", "/v1/contracts", "/v1/approvals"
RECEIPTS, PROJECTS, DELIVERIES = "/v1/receipts", "/v1/projects", "/v1/project-deliveries"
CHAIN = {"kind": "contract", "own_allowed": True, "levels": [{"name": "法务", "role": "x"}]}
TODAY = clock.today(clock.now(), "Asia/Shanghai")
WHY = {"reason": "试验"}
PLANS: list[Plan] = [
    [(0, "percent", 30), (30, "percent", 70)], [(0, "amount", 100), (30, "amount", 200)],
    [(0, "amount", 100), (30, "amount", 100)], [(-1, "amount", 100), (30, "amount", 200)],
    [(0, "percent", 30), (30, "percent", 60)], [(0, "amount", 90), (30, "percent", 70)], [],
]  # fmt: skip
"""The first two add up, at least of 300.00."""
STEPS = (
    *("get_on",) * 14, "plan", "order", "sign", "submit", "approve", "reject", "withdraw", "revoke",
    "receive", "allocate", "release", "reverse", "deliver", "take_back", "call_off", "fulfil",
    "cancel", "cancel", "again", "unquote",
)  # fmt: skip
AHEAD = {
    "draft": ("submit",) * 3, "in_approval": ("approve",) * 3,
    "approved": ("deliver", "receive", "fulfil"), "fulfilled": ("reverse", "release", "deliver"),
    "cancelled": ("again",) * 3,
}  # fmt: skip
"""What each state waits for; steps at random alone seldom get to money and goods."""


@dataclass
class Receipt:
    """Money that came in, and what it pays: amounts by contract and instalment."""

    url: str
    amount: Decimal
    pays: dict[tuple[str, int], Decimal] = field(default_factory=dict)

    @property
    def left(self) -> Decimal:
        return self.amount - sum(self.pays.values())


class ContractLife(ApiMachine):
    """Tries any step at any time: it does what the rules say, or is refused."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(quoted=st.booleans(), plan=st.sampled_from(PLANS[:2]))
    def begin(self, quoted: bool, plan: Plan) -> None:
        """Three pieces at 100.00 are drafted, of an approved quote or free."""
        self.customer = self.wait(self.world.make_customer())
        self.product = self.wait(self.world.make_product())["id"]
        self.quote = ""
        if quoted:
            made = self.post(QUOTES, {"customer_id": self.customer, "lines": self.lines(3)})
            self.quote = f"{QUOTES}/{made.json()['id']}"
            assert self.post(f"{self.quote}/submit").json()["state"] == "approved"
        self.approved_quote = quoted
        self.contracts: list[str] = []
        self.receipts: list[Receipt] = []
        self.planned = 0
        self.delivered: list[tuple[str, str]] = []
        self.state = "cancelled"
        self.again(plan)

    @rule(
        step=st.sampled_from(STEPS),
        plan=st.sampled_from(PLANS),
        amount=st.sampled_from([300, 100, 50, 500]),
        which=st.integers(0, 2),
        day=st.sampled_from([0, -5, 1]),
    )
    def go_on(self, step: str, plan: Plan, amount: int, which: int, day: int) -> None:
        """One rule for all steps: Hypothesis leaves rules out of whole lives, not choices."""
        if step == "get_on":
            step, plan = self.ahead(which, plan)
        match step:
            case "plan" | "order" | "sign" as what:
                self.draw_up(what, plan, amount // 50, day)
            case "receive":
                self.receive(Decimal(amount))
            case "allocate" | "release" | "reverse" as back if self.receipts:
                getattr(self, back)(self.receipts[which % len(self.receipts)], which + 1)
            case "again":
                self.again(plan)
            case "approve" | "reject" | "withdraw" | "revoke" as decision:
                self.decide(decision)
            case "fulfil" | "cancel" as end:
                self.end(end)
            case "submit" | "deliver" | "take_back" | "call_off" | "unquote" as other:
                getattr(self, other)()

    def ahead(self, which: int, plan: Plan) -> tuple[str, Plan]:
        """What the state waits for, and with which plan; a plan that does not add up is mended."""
        if self.state == "draft" and self.not_payable:
            return "plan", PLANS[0]
        return AHEAD[self.state][which], plan

    def again(self, plan: Plan) -> None:
        """A quote has one contract at a time; it may be pushed down again after a cancellation."""
        if self.state != "cancelled" and not self.quote:
            return
        refusals = self.wrong(plan)
        source: dict[str, Any] = {"lines": self.lines(3), "customer_id": self.customer}
        if self.quote:
            source = {"quote_id": self.quote.split("/")[-1]}
            if not self.approved_quote:
                refusals = {"quote-not-approved"}
            elif self.state != "cancelled":
                refusals = {"quote-has-contract"}
        answer = self.post(CONTRACTS, source | {"instalments": sent(plan)})
        if self.told(f"POST {CONTRACTS}", answer, refusals):
            self.id = answer.json()["id"]
            self.contracts.append(self.id)
            self.state, self.quantity, self.plan, self.signed = "draft", 3, plan, 0
            self.planned, self.delivered = 0, []
            self.approval, self.agreed = "", False
            if self.quote:
                self.draw_up("order", plan, 5, 0)  # which is refused

    def draw_up(self, what: str, plan: Plan, quantity: int, day: int) -> None:
        """A draft gets another plan, other lines unless they were quoted, or another signing."""
        if what == "plan":
            if self.change({"instalments": sent(plan)}, self.wrong(plan)):
                self.plan = plan
        elif what == "order":
            bound = {"lines-of-the-quote"} if self.quote else set()
            if self.change({"lines": self.lines(quantity)}, bound):
                self.quantity = quantity
        elif self.change({"signed_on": on(day)}, {"date-in-future"} if day > 0 else set()):
            self.signed = day

    def change(self, said: dict[str, Any], refusals: set[str]) -> bool:
        """Only a draft changes."""
        if self.state != "draft":
            refusals = {"contract-not-ready"}
        etag = self.wait(self.world.client.get(self.url)).headers["etag"]
        headers = {"If-Match": etag}
        answer = self.wait(self.world.client.patch(self.url, json=said, headers=headers))
        return self.told(f"PATCH {CONTRACTS}/{{contract_id}}", answer, refusals)

    def submit(self) -> None:
        """The plan makes the total to the cent, and nothing is due before the signing."""
        refusals = self.not_payable if self.state == "draft" else {"contract-not-ready"}
        if self.step("submit", None, refusals):
            self.state = "in_approval"
            asked = {"document_id": self.id, "state": "waiting"}
            found = self.wait(self.world.client.get(APPROVALS, params=asked)).json()["items"]
            self.approval = f"{APPROVALS}/{found[0]['id']}"

    def decide(self, decision: str) -> None:
        """What waits is decided once; what was in force is never un-approved."""
        if not self.approval:
            return
        refusals: set[str] = set()
        if decision == "revoke":
            refusals = {"contract-in-force"} if self.agreed else {"not-approved"}
        elif self.state != "in_approval":
            refusals = {"approval-is-over"}
        answer = self.post(f"{self.approval}/{decision}", WHY)
        if self.told(f"POST {APPROVALS}/{{approval_id}}/{decision}", answer, refusals):
            self.agreed = decision == "approve"
            self.state = "approved" if self.agreed else "draft"

    def receive(self, amount: Decimal) -> None:
        """Money for the contract pays what is due first; what is left over stays on the receipt."""
        money = {"amount": f"{amount}", "currency": "CNY"}
        body = {"customer_id": self.customer, "amount": money, "contract_id": self.id}
        answer = self.post(RECEIPTS, body)
        if self.told(f"POST {RECEIPTS}", answer, self.unless("approved")):
            self.receipts.append(Receipt(f"{RECEIPTS}/{answer.json()['id']}", amount))
            self.pay(self.receipts[-1])

    def allocate(self, receipt: Receipt, _: int) -> None:
        """What is left over pays later, also the next contract."""
        answer = self.post(f"{receipt.url}/allocate", {"contract_id": self.id})
        operation = f"POST {RECEIPTS}/{{receipt_id}}/allocate"
        if self.told(operation, answer, self.unless("approved")):
            self.pay(receipt)

    def release(self, receipt: Receipt, position: int) -> None:
        """What it pays of an instalment is left over again."""
        body = WHY | {"contract_id": self.id, "position": position}
        refusals = set() if (self.id, position) in receipt.pays else {"nothing-allocated"}
        answer = self.post(f"{receipt.url}/release", body)
        if self.told(f"POST {RECEIPTS}/{{receipt_id}}/release", answer, refusals):
            del receipt.pays[self.id, position]
            self.reopen()

    def reverse(self, receipt: Receipt, _: int) -> None:
        """It was a mistake: all that it paid is open again."""
        answer = self.post(f"{receipt.url}/reverse", WHY)
        if self.told(f"POST {RECEIPTS}/{{receipt_id}}/reverse", answer, set()):
            self.receipts.remove(receipt)
            self.reopen()

    def deliver(self) -> None:
        """A project delivers one piece of what is in force, and never more than was agreed."""
        refusals = set()
        if self.state not in ("approved", "fulfilled"):
            refusals = {"contract-not-effective"}
        elif self.planned == self.quantity:
            refusals = {"more-than-contract"}
        body = {"topic": "交付", "contract_id": self.id, "lines": self.lines(1)}
        answer = self.post(PROJECTS, body)
        if self.told(f"POST {PROJECTS}", answer, refusals):
            self.planned += 1
            project = f"{PROJECTS}/{answer.json()['id']}"
            piece = {"lines": [{"line_number": 1, "quantity": "1"}]}
            for command, said in (("submit", None), ("execute", {}), ("deliver", piece)):
                answer = self.post(f"{project}/{command}", said)
                assert answer.status_code == 200, answer.text
            self.delivered.append((project, f"{DELIVERIES}/{answer.json()['id']}"))
            self.end("cancel")  # which is refused from now on

    def take_back(self) -> None:
        """Goods come back; their project is still open."""
        if self.delivered:
            _, delivery = self.delivered.pop()
            operation = f"POST {DELIVERIES}/{{delivery_id}}/reverse"
            assert self.told(operation, self.post(f"{delivery}/reverse", WHY), set())
            self.end("cancel")  # as the project is open

    def call_off(self) -> None:
        """Goods come back, and their project is given up."""
        if self.delivered:
            project, _ = self.delivered[-1]
            self.take_back()
            operation = f"POST {PROJECTS}/{{project_id}}/cancel"
            assert self.told(operation, self.post(f"{project}/cancel", WHY), set())
            self.planned -= 1

    def end(self, command: str) -> None:
        """It is fulfilled when all money is in, cancelled while neither money nor goods are."""
        if command == "fulfil":
            refusals = self.unless("approved")
            if not refusals and self.collected < self.total:
                refusals = {"contract-not-collected"}
        else:
            refusals = self.unless("draft", "approved")
            if not refusals and self.collected:
                refusals.add("contract-has-receipts")
            if not refusals and self.planned:
                goods = "contract-has-deliveries" if self.delivered else "contract-has-projects"
                refusals.add(goods)
        if self.step(command, WHY if command == "cancel" else {}, refusals):
            self.state = "cancelled" if command == "cancel" else "fulfilled"

    def unquote(self) -> None:
        """A quote is not taken back under its contract; without one it is, and offered again."""
        if not self.quote:
            return
        if not self.approved_quote:
            assert self.post(f"{self.quote}/submit").json()["state"] == "approved"
            self.approved_quote = True
            return
        asked = {"document_id": self.quote.split("/")[-1], "state": "approved"}
        [found] = self.wait(self.world.client.get(APPROVALS, params=asked)).json()["items"]
        answer = self.post(f"{APPROVALS}/{found['id']}/revoke", WHY)
        refusals = set() if self.state == "cancelled" else {"quote-is-out"}
        if self.told(f"POST {APPROVALS}/{{approval_id}}/revoke", answer, refusals):
            self.approved_quote = False

    @invariant()
    def the_sums_agree(self) -> None:
        """Total, plan, what came in, and the quote agree with the steps that were taken."""
        if not hasattr(self, "id"):
            return
        now = self.get(self.url)
        assert now["state"] == self.state
        assert Decimal(now["total"]["amount"]) == self.total
        assert [Decimal(one["amount"]["amount"]) for one in now["instalments"]] == self.shares
        assert Decimal(now["collected"]["amount"]) == self.collected <= self.total
        shown = self.get(f"/v1/receivables?contract_id={self.id}")["items"]
        due = dict(self.open) if self.state == "approved" else {}
        assert {one["position"]: Decimal(one["open"]["amount"]) for one in shown} == due
        for receipt in self.receipts:
            told = self.get(receipt.url)
            assert Decimal(told["unallocated"]["amount"]) == receipt.left >= 0
        if self.quote:
            named = None if self.state == "cancelled" else self.id
            assert self.get(self.quote)["contract_id"] == named

    def teardown(self) -> None:
        """Every version of every contract is in the log, and was told."""
        if not hasattr(self, "id"):
            return
        entries = self.wait(audited(self.world.database, self.world.tenant))
        events = self.wait(emitted(self.world.database, self.world.tenant))
        for one in self.contracts:
            version = self.get(f"{CONTRACTS}/{one}")["version"]
            mine = [entry.version for entry in entries if str(entry.entity_id) == one]
            assert mine == [event.sequence for event in events if event.key == one]
            assert mine == list(range(1, version + 1))

    # -- the rules, once more

    @property
    def total(self) -> Decimal:
        return Decimal(100 * self.quantity)

    @property
    def shares(self) -> list[Decimal]:
        return [
            self.total * much / 100 if kind == "percent" else Decimal(much)
            for _, kind, much in self.plan
        ]

    @property
    def not_payable(self) -> set[str]:
        """Why the plan of a draft cannot be agreed to."""
        found = {"plan-does-not-add-up"} if sum(self.shares) != self.total else set()
        early = any(day < self.signed for day, _, _ in self.plan)
        return found | ({"due-before-signing"} if early else set())

    @property
    def collected(self) -> Decimal:
        pays = [amount for one in self.receipts for amount in one.pays.items()]
        return sum((amount for (whom, _), amount in pays if whom == self.id), Decimal(0))

    @property
    def open(self) -> list[tuple[int, Decimal]]:
        """What is still due of each instalment, those due first at the front."""
        left = []
        for position, share in enumerate(self.shares, 1):
            paid = sum(one.pays.get((self.id, position), Decimal(0)) for one in self.receipts)
            left += [(position, share - paid)] if share > paid else []
        return left

    def pay(self, receipt: Receipt) -> None:
        for position, due in self.open:
            amount = min(due, receipt.left)
            if amount:
                key = self.id, position
                receipt.pays[key] = receipt.pays.get(key, Decimal(0)) + amount

    def reopen(self) -> None:
        if self.state == "fulfilled" and self.collected < self.total:
            self.state = "approved"

    def wrong(self, plan: Plan) -> set[str]:
        kinds = {kind for _, kind, _ in plan}
        if len(kinds) > 1:
            return {"amount-or-percent"}
        if kinds == {"percent"} and sum(much for *_, much in plan) != 100:
            return {"percents-do-not-add-up"}
        return set()

    def unless(self, *states: str) -> set[str]:
        return set() if self.state in states else {"contract-not-ready"}

    # -- how

    @property
    def url(self) -> str:
        return f"{CONTRACTS}/{self.id}"

    def lines(self, quantity: int) -> list[dict[str, str]]:
        return [{"product_id": self.product, "quantity": f"{quantity}"}]

    def get(self, url: str) -> dict[str, Any]:
        found: dict[str, Any] = self.wait(self.world.client.get(url)).json()
        return found

    def post(self, url: str, body: Any = None) -> httpx.Response:
        return self.wait(self.world.client.post(url, json=body))

    def step(self, command: str, body: Any, refusals: set[str]) -> bool:
        answer = self.post(f"{self.url}/{command}", body)
        return self.told(f"POST {CONTRACTS}/{{contract_id}}/{command}", answer, refusals)

    def told(self, operation: str, response: httpx.Response, refusals: set[str]) -> bool:
        code = self.outcome(operation, response)
        assert code in refusals if refusals else code is None, (operation, code, refusals)
        return code is None


def on(day: int) -> str:
    return f"{TODAY + timedelta(days=day)}"


def sent(plan: Plan) -> list[dict[str, str]]:
    return [{"due_on": on(day), kind: f"{much}"} for day, kind, much in plan]


class World:
    """What a life needs around it."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        database: Database,
        tenant: str,
        document: dict[str, Any],
        make: tuple[MakeCustomer, Make],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.client, self.database, self.tenant = client, database, tenant
        self.document = document
        self.make_customer, self.make_product = make


async def test_whatever_is_tried_in_whatever_order(
    running: RunningService,
    client: httpx.AsyncClient,
    tenant: str,
    make_method: Make,
    make_customer: MakeCustomer,
    make_product: Make,
) -> None:
    await make_method()
    assert (await client.post("/v1/approval-chains", json=CHAIN)).status_code == 201
    make = make_customer, make_product
    world = World(client, running.database, tenant, running.app.openapi(), make)
    await explore(lambda: ContractLife(world), examples=8, steps=18)
