"""Random lives of contracts whose amendments wait for consent while the contract goes on (S10)."""

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
Plan = list[tuple[int, Decimal]]
"""Day after today, and amount, of each instalment."""
CONTRACTS, APPROVALS, RECEIPTS = "/v1/contracts", "/v1/approvals", "/v1/receipts"
PROJECTS, DELIVERIES = "/v1/projects", "/v1/project-deliveries"
CHAIN = {
    "kind": "contract_amendment", "own_allowed": True, "levels": [{"name": "总经理", "role": "x"}]
}  # fmt: skip
TODAY = clock.today(clock.now(), "Asia/Shanghai")
WHY = {"reason": "试验"}
PLANS = [[300], [300, 200], "30/70", [600, 1], [], "as it is", "one too much"]
"""Instalments but for the last, which is the rest; or percentages."""
STEPS = (
    *("get_on",) * 9, *("approve",) * 5, "amend", "receive", "receive", "plan", "deliver",
    "reject", "withdraw", "revoke", "reverse", "take_back", "give_up", "fulfil", "cancel",
)  # fmt: skip


@dataclass
class Project:
    """What a project of the contract has planned and delivered, as the rules say."""

    url: str
    planned: int
    delivered: int = 0
    stands: bool = True
    deliveries: dict[str, int] = field(default_factory=dict)

    @property
    def takes(self) -> int:
        return self.planned if self.stands else self.delivered


class AmendedLife(ApiMachine):
    """Tries any step at any time: it does what the rules say, or is refused."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize()
    def agree(self) -> None:
        """Ten pieces at 100.00 are agreed to, 300.00 due today and 700.00 later; by percent."""
        contract = self.wait(self.world.make_effective())
        self.id, self.url = contract["id"], f"{CONTRACTS}/{contract['id']}"
        self.customer, self.product = contract["customer_id"], contract["lines"][0]["product_id"]
        self.state, self.quantity, self.by_percent = "approved", 10, True
        self.plan: Plan = [(0, Decimal(300)), (30, Decimal(700))]
        self.kept = [(self.quantity, self.plan)]
        self.proposed: tuple[int, Plan, bool] | None = None
        self.approval, self.approval_state = "", "none"
        self.fates: list[str] = []
        self.receipts: dict[str, tuple[int, Decimal]] = {}
        self.projects: list[Project] = []

    @rule(
        step=st.sampled_from(STEPS),
        quantity=st.sampled_from([12, 6, 8, 3, 10]),
        plan=st.sampled_from(PLANS),
        day=st.sampled_from([0, 0, 1]),
        which=st.integers(0, 2),
        amount=st.sampled_from(["all", "0.01", "300.00"]),
    )
    def go_on(
        self, step: str, quantity: int, plan: str | list[int], day: int, which: int, amount: str
    ) -> None:
        """One rule for all steps: Hypothesis leaves rules out of whole lives, not choices."""
        if step == "get_on":  # or hardly anything would happen while one waits
            step = ("receive", "receive", "plan")[which] if self.proposed else "amend"
            which = min(self.open, default=1) - 1
        match step:
            case "amend":
                self.amend(quantity, plan, day)
            case "approve" | "reject" | "withdraw" | "revoke":
                self.decide(step)
            case "receive":
                self.receive(which + 1, amount)
            case "reverse" if self.receipts:
                self.reverse(sorted(self.receipts)[which % len(self.receipts)])
            case "plan" if len(self.projects) < 2:
                self.plan_project(7)
            case "deliver" | "take_back" | "give_up" if self.projects:
                getattr(self, step)(self.projects[which % len(self.projects)], quantity // 3)
            case "fulfil" | "cancel" as end if which == 2:  # or lives would be short
                self.end(end)

    def amend(self, quantity: int, wanted: str | list[int], day: int) -> None:
        """What adds up and takes nothing away is proposed; nothing changes before the consent."""
        total = Decimal(100 * quantity)
        plan, sent = self.drawn(wanted, total, day)
        refusals: set[str] = set()
        if self.state != "approved":
            refusals = {"contract-not-ready"}
        elif self.proposed:
            refusals = {"contract-being-amended"}
        else:
            by_percent = wanted == "30/70" or (wanted == "as it is" and self.by_percent)
            proposed = quantity, plan, by_percent
            if proposed == (self.quantity, self.plan, self.by_percent):
                refusals = {"nothing-amended"}
            elif sum(share for _, share in plan) != total:
                refusals = {"plan-does-not-add-up"}
            refusals |= self.taken_away(quantity, plan)
        body = WHY | {"lines": [{"product_id": self.product, "quantity": f"{quantity}"}]} | sent
        answer = self.post(f"{self.url}/amend", body)
        if self.told(f"POST {CONTRACTS}/{{contract_id}}/amend", answer, refusals):
            assert answer.json()["state"] == "in_approval"
            self.proposed, self.approval_state = proposed, "waiting"
            self.fates.append("in_approval")
            [found] = self.get(f"{APPROVALS}?document_id={answer.json()['id']}")["items"]
            self.approval = f"{APPROVALS}/{found['id']}"
            for command in ("cancel", "fulfil"):  # which are refused meanwhile
                self.end(command)

    def decide(self, decision: str) -> None:
        """What happened meanwhile counts: consent is refused to what takes it away."""
        if not self.approval:
            return
        refusals: set[str] = set()
        if decision == "revoke":
            refusals = {
                "amendment-in-force" if self.approval_state == "approved" else "not-approved"
            }
        elif self.proposed is None:
            refusals = {"approval-is-over"}
        elif decision == "approve":
            refusals = self.taken_away(*self.proposed[:2])
        answer = self.post(f"{self.approval}/{decision}", WHY)
        if not self.told(f"POST {APPROVALS}/{{approval_id}}/{decision}", answer, refusals):
            return
        assert self.proposed is not None
        self.approval_state = self.fates[-1] = {
            "approve": "approved", "reject": "rejected", "withdraw": "withdrawn"
        }[decision]  # fmt: skip
        if decision == "approve":
            self.quantity, self.plan, self.by_percent = self.proposed
            self.kept.append((self.quantity, self.plan))
        self.proposed = None

    def receive(self, position: int, wanted: str) -> None:
        """Money comes in by the plan that holds, never more than is due of an instalment."""
        due = self.plan[position - 1][1] if position <= len(self.plan) else Decimal(1)
        left = due - self.paid.get(position, Decimal(0))
        amount = max(left, Decimal(1)) if wanted == "all" else Decimal(wanted)
        refusals: set[str] = set()
        if self.state != "approved":
            refusals = {"contract-not-ready"}
        elif position > len(self.plan):
            refusals = {"unknown-instalment"}
        elif amount > left:
            refusals = {"instalment-overpaid"}
        pays = {"contract_id": self.id, "position": position, "amount": f"{amount}"}
        money = {"amount": f"{amount}", "currency": "CNY"}
        body = {"customer_id": self.customer, "amount": money, "allocations": [pays]}
        answer = self.post(RECEIPTS, body)
        if self.told(f"POST {RECEIPTS}", answer, refusals):
            self.receipts[f"{RECEIPTS}/{answer.json()['id']}"] = position, amount

    def reverse(self, receipt: str) -> None:
        """A receipt was a mistake: what it paid is open again, also of a fulfilled contract."""
        answer = self.post(f"{receipt}/reverse", WHY)
        if self.told(f"POST {RECEIPTS}/{{receipt_id}}/reverse", answer, set()):
            del self.receipts[receipt]
            self.state = "approved"

    def plan_project(self, quantity: int) -> None:
        """A project takes of what is agreed, whatever is proposed."""
        refusals: set[str] = set()
        if self.state not in ("approved", "fulfilled"):
            refusals = {"contract-not-effective"}
        elif quantity > self.quantity - self.planned:
            refusals = {"more-than-contract"}
        line = {"product_id": self.product, "quantity": f"{quantity}"}
        answer = self.post(PROJECTS, {"topic": "交付", "contract_id": self.id, "lines": [line]})
        if self.told(f"POST {PROJECTS}", answer, refusals):
            url = f"{PROJECTS}/{answer.json()['id']}"
            self.projects.append(Project(url, quantity))
            for command in ("submit", "execute"):
                assert self.post(f"{url}/{command}", {}).status_code == 200

    def deliver(self, project: Project, quantity: int) -> None:
        """What a project has open is delivered."""
        refusals = set() if project.stands else {"project-not-ready"}
        if not refusals and quantity > project.planned - project.delivered:
            refusals = {"over-delivery"}
        body = {"lines": [{"line_number": 1, "quantity": f"{quantity}"}]}
        answer = self.post(f"{project.url}/deliver", body)
        if self.told(f"POST {PROJECTS}/{{project_id}}/deliver", answer, refusals):
            project.deliveries[f"{DELIVERIES}/{answer.json()['id']}"] = quantity
            project.delivered += quantity

    def take_back(self, project: Project, _: int) -> None:
        """Goods come back, also after the project was given up."""
        if project.deliveries:
            url, quantity = project.deliveries.popitem()
            operation = f"POST {DELIVERIES}/{{delivery_id}}/reverse"
            assert self.told(operation, self.post(f"{url}/reverse", WHY), set())
            project.delivered -= quantity

    def give_up(self, project: Project, _: int) -> None:
        """A project that is given up takes only what it has delivered."""
        refusals = set() if project.stands else {"project-not-ready"}
        answer = self.post(f"{project.url}/cancel", WHY)
        if self.told(f"POST {PROJECTS}/{{project_id}}/cancel", answer, refusals):
            project.stands = False

    def end(self, command: str) -> None:
        """It ends when all money is in, or while neither money nor goods are; and not meanwhile."""
        paid = sum(self.paid.values())
        refusals = {"contract-being-amended"} if self.proposed else set()
        if self.state != "approved":
            refusals = {"contract-not-ready"}
        elif command == "fulfil" and paid < 100 * self.quantity:
            refusals.add("contract-not-collected")
        elif command == "cancel":
            refusals |= {"contract-has-receipts"} if paid else set()
            if any(one.delivered for one in self.projects):
                refusals.add("contract-has-deliveries")
            elif any(one.stands for one in self.projects):
                refusals.add("contract-has-projects")
        body = WHY if command == "cancel" else {}
        operation = f"POST {CONTRACTS}/{{contract_id}}/{command}"
        if self.told(operation, self.post(f"{self.url}/{command}", body), refusals):
            self.state = "cancelled" if command == "cancel" else "fulfilled"

    @invariant()
    def it_says_what_was_agreed_to_last(self) -> None:
        """The sums agree, instalments hold what came in, and every version is kept."""
        if not hasattr(self, "projects"):
            return
        now, total = self.get(self.url), Decimal(100 * self.quantity)
        assert (now["state"], now["revision"]) == (self.state, len(self.kept))
        assert Decimal(now["total"]["amount"]) == sum(share for _, share in self.plan) == total
        assert planned(now) == self.plan
        assert Decimal(now["collected"]["amount"]) == sum(self.paid.values())
        assert all(self.plan[place - 1][1] >= paid for place, paid in self.paid.items())
        items = self.get(f"/v1/receivables?contract_id={self.id}")["items"]
        assert {one["position"]: Decimal(one["open"]["amount"]) for one in items} == self.open
        versions = self.get(f"{self.url}/revisions")["items"]
        assert [(int(Decimal(one["lines"][0]["quantity"])), planned(one)) for one in versions] == (
            self.kept
        )
        told = self.get(f"/v1/contract-amendments?contract_id={self.id}&sort=created_at")["items"]
        assert [one["state"] for one in told] == self.fates

    def teardown(self) -> None:
        """Every version is in the log, and was told."""
        if not hasattr(self, "projects"):
            return
        version = self.get(self.url)["version"]
        entries = self.wait(audited(self.world.database, self.world.tenant))
        mine = [one.version for one in entries if str(one.entity_id) == self.id]
        events = self.wait(emitted(self.world.database, self.world.tenant))
        assert mine == [one.sequence for one in events if one.key == self.id]
        assert mine == list(range(1, version + 1))

    # -- the rules, once more

    @property
    def paid(self) -> dict[int, Decimal]:
        """What came in for each instalment."""
        found: dict[int, Decimal] = {}
        for position, amount in self.receipts.values():
            found[position] = found.get(position, Decimal(0)) + amount
        return found

    @property
    def open(self) -> dict[int, Decimal]:
        """What is still due of each instalment while the contract is in force."""
        if self.state != "approved":
            return {}
        left = {
            place: share - self.paid.get(place, Decimal(0))
            for place, (_, share) in enumerate(self.plan, 1)
        }
        return {place: amount for place, amount in left.items() if amount}

    @property
    def planned(self) -> int:
        return sum(one.takes for one in self.projects)

    def taken_away(self, quantity: int, plan: Plan) -> set[str]:
        """Why an amendment is refused: money that came in, or pieces that are planned."""
        found = set()
        if 100 * quantity < sum(self.paid.values()):
            found.add("total-below-collected")
        for position, paid in self.paid.items():
            share = plan[position - 1] if position <= len(plan) else None
            if share is None or share[1] < paid:
                found.add("instalment-below-collected")
            elif paid == self.plan[position - 1][1] and share != self.plan[position - 1]:
                found.add("paid-instalment-changed")
        if quantity < self.planned:
            found.add("amendment-below-planned")
        return found

    def drawn(
        self, wanted: str | list[int], total: Decimal, day: int
    ) -> tuple[Plan, dict[str, Any]]:
        """The plan that would hold, and what is sent of it."""
        if wanted == "as it is":
            if not self.by_percent:
                return self.plan, {}
            first, last = (on for on, _ in self.plan)
            return [(first, total * 3 / 10), (last, total * 7 / 10)], {}
        if wanted == "30/70":
            plan = [(0, total * 3 / 10), (30 + day, total * 7 / 10)]
            sent = [{"due_on": on(plan[0][0]), "percent": "30"},
                    {"due_on": on(plan[1][0]), "percent": "70"}]  # fmt: skip
            return plan, {"instalments": sent}
        parts = [Decimal(part) for part in wanted] if isinstance(wanted, list) else [Decimal(300)]
        rest = max(total - sum(parts), Decimal(1)) + (wanted == "one too much")
        plan = [(30 * place + day * place, part) for place, part in enumerate([*parts, rest])]
        return plan, {"instalments": [{"due_on": on(due), "amount": f"{n}"} for due, n in plan]}

    # -- how

    def get(self, url: str) -> dict[str, Any]:
        found: dict[str, Any] = self.wait(self.world.client.get(url)).json()
        return found

    def post(self, url: str, body: dict[str, Any]) -> httpx.Response:
        return self.wait(self.world.client.post(url, json=body))

    def told(self, operation: str, response: httpx.Response, refusals: set[str]) -> bool:
        code = self.outcome(operation, response)
        assert code in refusals if refusals else code is None, (operation, code, refusals)
        return code is None


def on(day: int) -> str:
    return f"{TODAY + timedelta(days=day)}"


def planned(version: dict[str, Any]) -> Plan:
    """The plan that a contract, or a version of it, shows."""
    days = {on(day): day for day in range(100)}
    return [
        (days[one["due_on"]], Decimal(one["amount"]["amount"])) for one in version["instalments"]
    ]


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


async def test_whatever_happens_while_an_amendment_waits(
    running: RunningService,
    client: httpx.AsyncClient,
    tenant: str,
    make_method: Make,
    make_effective: Make,
) -> None:
    await make_method()
    assert (await client.post("/v1/approval-chains", json=CHAIN)).status_code == 201
    world = World(client, running.database, tenant, running.app.openapi(), make_effective)
    await explore(lambda: AmendedLife(world), examples=8, steps=20)
