"""Random lives of opportunities at the API, against the rules of the text (README, Invariants)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
Make = Callable[..., Awaitable[dict[str, Any]]]
PATH = "/v1/opportunities"
ONE = f"{PATH}/{{opportunity_id}}"
STAGES = [  # code, what must be recorded before it is left: (control, activities)
    ("understand", ("remind", 1)),
    ("pre-study", ("strict", 1)),
    ("offer", ("none", 1)),
    ("sign", ("none", 0)),
]
CODES = [code for code, _ in STAGES]
BACK = {"offer": ["understand"], "sign": ["pre-study", "offer"]}
METHOD = [
    {
        "code": code, "name": code, "planned_days": 7, "success_rate": 20 * place,
        "skippable": code != "offer", "may_return_to": BACK.get(code, []),
        "conditions": {"control": control, "activities": activities},
    }
    for place, (code, (control, activities)) in enumerate(STAGES, start=1)
]  # fmt: skip
EMPLOYEES = {"first": str(uuid4()), "second": str(uuid4())}
CLOSED = {"won": "opportunity-is-closed", "lost": "opportunity-is-closed"}
OVER = CLOSED | {"evaluation_failed": "evaluation-has-failed"}
NOT_NOW = OVER | {"pooled": "opportunity-in-pool"}
SELLING = {"draft": "submit", "approved": "send", "sent": "accept"}
SOLD = {"submit": "approved", "send": "sent", "accept": "accepted"}

# Days after the step before (one may lie before it), today, or a day that has not come.
days = st.sampled_from([*[0] * 6, 1, 3, None, -1, "later"])
rarely = st.sampled_from([*[False] * 7, True])
decisions = st.sampled_from(
    [*[("pass", None)] * 4, ("pass_to_next", "first"), ("pass_to_next", "second"),
     ("reject", None), ("fail", None), ("pass_to_next", None), ("pass", "first")]
)  # fmt: skip


def today() -> date:
    """Return the business day; asked each time, for a life may run over midnight."""
    return clock.today(clock.now(), "Asia/Shanghai")


class OpportunityLife(ApiMachine):
    """Tries any command at any time: it does what the rules say, or is refused by one of them."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(with_customer=st.sampled_from([True, True, False]), far=st.integers(0, 4))
    def open(self, with_customer: bool, far: int) -> None:
        """It begins not evaluated, expecting some revenue; and has come so far already."""
        self.customer = self.wait(self.world.make_customer()) if with_customer else None
        self.customer_is_former = False
        self.last_step = today() - timedelta(days=40)
        made = self.wait(
            self.world.make_opportunity(
                customer_id=self.customer,
                opened_on=str(self.last_step),
                expected_revenue={"amount": "1000.00", "currency": "CNY"},
            )
        )
        self.url = f"{PATH}/{made['id']}"
        self.id = made["id"]
        self.facts: dict[str, Any] = {
            "status": "not_evaluated", "evaluator_id": None, "stage_code": None,
            "customer_id": self.customer, "topic": made["topic"], "closed_on": None,
            "expected_revenue": {"amount": "1000.00", "currency": "CNY"}, "won_amount": None,
        }  # fmt: skip
        self.events = ["created"]
        self.decisions: list[tuple[str, str]] = []
        self.stages: list[tuple[str, str]] = []
        self.exits: list[str] = []
        self.activities: dict[str | None, int] = {}
        line = {"product_id": self.world.product, "quantity": "1"}
        body = {"opportunity_id": self.id, "lines": [line]}
        quote = self.wait(self.world.clients["manager"].post("/v1/quotes", json=body)).json()
        self.quote, self.quote_state = f"/v1/quotes/{quote['id']}", "draft"
        for _ in range(far):
            self.go_on()

    # -- what may be done

    @rule(evaluator=st.sampled_from([*EMPLOYEES]), day=days, stale=rarely)
    def submit(self, evaluator: str, day: Any, stale: bool) -> None:
        """Only what is not evaluated is submitted, to a named evaluator."""
        on, refusals = self.day(day)
        refusals |= self.unless("not_evaluated", "not-awaiting-submission")
        body = {"evaluator_id": EMPLOYEES[evaluator], "on": on}
        if self.done("submit", body, refusals, stale=stale):
            self.happened(on, "submitted")
            self.facts |= {"status": "in_evaluation", "evaluator_id": EMPLOYEES[evaluator]}

    @rule(decision=decisions, who=st.sampled_from(["first", "second", "manager"]), day=days)
    def evaluate(self, decision: tuple[str, str | None], who: str, day: Any) -> None:
        """The named evaluator decides, or a manager; only passing on names the next one."""
        result, following = decision
        on, refusals = self.day(day)
        refusals |= self.unless("in_evaluation", "not-in-evaluation")
        evaluator = self.facts["evaluator_id"]
        if who != "manager" and EMPLOYEES[who] != evaluator:
            refusals.add("not-the-evaluator")
        if result == "pass_to_next" and following is None:
            refusals.add("next-evaluator-missing")
        if result != "pass_to_next" and following is not None:
            refusals.add("next-evaluator-not-wanted")
        body = {"result": result, "on": on}
        if following is not None:
            body["next_evaluator_id"] = EMPLOYEES[following]
        if not self.done("evaluate", body, refusals, who=who):
            return
        self.happened(on, "evaluated")
        self.decisions.append((evaluator, result))
        self.facts["evaluator_id"] = EMPLOYEES[following] if following else None
        self.facts["status"] = {
            "pass": "in_progress", "pass_to_next": "in_evaluation",
            "reject": "not_evaluated", "fail": "evaluation_failed",
        }[result]  # fmt: skip
        if result == "pass":
            self.enter(CODES[0])

    @rule(to_stage=st.sampled_from([None, None, None, *CODES]), confirm=st.booleans(), day=days)
    def promote(self, to_stage: str | None, confirm: bool, day: Any) -> None:
        """To a later stage, if every stage that is left or skipped has what it asks for."""
        on, refusals = self.day(day)
        refusals |= self.unless("in_progress", "not-in-progress")
        place = CODES.index(self.facts["stage_code"]) if self.facts["stage_code"] else 0
        target = place + 1 if to_stage is None else CODES.index(to_stage)
        if place == len(CODES) - 1:
            refusals.add("last-stage")
        if to_stage is not None and target <= place:
            refusals.add("not-a-later-stage")
        if "offer" in CODES[place + 1 : target]:
            refusals.add("stage-not-skippable")
        for code, (control, activities) in STAGES[place:target]:
            if self.activities.get(code, 0) < activities:
                if control == "strict":
                    refusals.add("promotion-conditions-unmet")
                if control == "remind" and not confirm:
                    refusals.add("promotion-reminder")
        body = {"on": on, "to_stage": to_stage, "confirm_reminders": confirm}
        if self.done("promote", body, refusals):
            self.happened(on, "stage-entered")
            self.enter(CODES[target])

    @rule(
        day=days,
        amount=st.sampled_from([None, ("900.00", "CNY"), ("900.00", "USD")]),
        confirm=st.booleans(),
    )
    def win(self, day: Any, amount: tuple[str, str] | None, confirm: bool) -> None:
        """In any stage that has what it asks for, with a customer who still is one, in the currency
        that was expected.
        """
        on, refusals = self.day(day, needed=True)
        refusals |= self.unless("in_progress", "not-in-progress")
        if self.facts["customer_id"] is None:
            refusals.add("customer-needed")
        elif self.customer_is_former:
            refusals.add("customer-has-ended")
        agreed = self.facts["expected_revenue"]
        if amount is not None:
            agreed = {"amount": amount[0], "currency": amount[1]}
            if amount[1] != self.facts["expected_revenue"]["currency"]:
                refusals.add("mixed-currencies")
        if self.facts["status"] == "in_progress":
            control, activities = dict(STAGES)[self.facts["stage_code"]]
            if self.activities.get(self.facts["stage_code"], 0) < activities:
                if control == "strict":
                    refusals.add("promotion-conditions-unmet")
                if control == "remind" and not confirm:
                    refusals.add("promotion-reminder")
        body = {
            "closed_on": on, "reason": "方案优", "amount": agreed if amount else None,
            "confirm_reminders": confirm,
        }  # fmt: skip
        if self.done("win", body, refusals):
            self.happened(on, "won")
            self.facts |= {"status": "won", "closed_on": on, "won_amount": agreed}

    @rule(day=days, said=st.sampled_from([*[{"competitor_unknown": True}] * 3, {}]))
    def lose(self, day: Any, said: dict[str, Any]) -> None:
        """In any stage, to a competitor or expressly to none that is known."""
        on, refusals = self.day(day, needed=True)
        refusals |= self.unless("in_progress", "not-in-progress")
        if not said:
            refusals.add("competitor-needed")
        if self.done("lose", {"closed_on": on, "reason": "价格过高"} | said, refusals):
            self.happened(on, "lost")
            self.facts |= {"status": "lost", "closed_on": on}

    @rule(day=days)
    def return_to_pool(self, day: Any) -> None:
        """From anywhere but won: what was lost or failed comes back no other way."""
        on, refusals = self.day(day)
        if self.facts["status"] == "won":
            refusals.add("opportunity-is-closed")
        if self.facts["status"] == "pooled":
            refusals.add("opportunity-in-pool")
        if self.done("return-to-pool", {"reason": "无预算", "on": on}, refusals):
            self.happened(on, "pooled")
            self.leave(self.facts["closed_on"] or str(self.last_step))
            self.facts |= {
                "status": "pooled", "evaluator_id": None, "stage_code": None, "closed_on": None,
            }  # fmt: skip

    @rule(day=days)
    def take_up(self, day: Any) -> None:
        """Only from the pool; it begins again."""
        on, refusals = self.day(day)
        if self.facts["status"] != "pooled":
            refusals.add("opportunity-not-in-pool")
        body = {"owner_id": EMPLOYEES["first"], "on": on}
        if self.done("take-up", body, refusals):
            self.happened(on, "taken-up")
            self.facts["status"] = "not_evaluated"

    @rule(to_stage=st.sampled_from(CODES), day=days)
    def return_to_stage(self, to_stage: str, day: Any) -> None:
        """Only where the stage allows it."""
        on, refusals = self.day(day)
        refusals |= self.unless("in_progress", "not-in-progress")
        if to_stage not in BACK.get(self.facts["stage_code"], []):
            refusals.add("return-not-allowed")
        body = {"to_stage": to_stage, "reason": "需求变更", "on": on}
        if self.done("return-to-stage", body, refusals):
            self.happened(on, "stage-entered")
            self.enter(to_stage)

    @rule(
        change=st.sampled_from(
            [{"topic": "一"}, {"topic": "二"}, {"customer_id": None},
             {"expected_revenue": {"amount": "2000.00", "currency": "USD"}},
             {"expected_revenue": {"amount": "3000.00", "currency": "CNY"}}]
        ),
        stale=rarely,
    )  # fmt: skip
    def change(self, change: dict[str, Any], stale: bool) -> None:
        """Anything about the potential, until it is over; what is the same already is no change."""
        refusals = {OVER[self.facts["status"]]} if self.facts["status"] in OVER else set()
        if self.done("", change, refusals, stale=stale, method="PATCH"):
            if self.facts != self.facts | change:
                self.events.append("changed")
            self.facts |= change

    @rule()
    def record_activity(self) -> None:
        """It counts for the stage the opportunity is in."""
        refusals = {OVER[self.facts["status"]]} if self.facts["status"] in OVER else set()
        if self.facts["customer_id"] is not None and self.customer_is_former:
            refusals.add("customer-has-ended")
        body = {"kind": "visit", "topic": "拜访", "opportunity_id": self.id}
        response = self.wait(self.world.clients["manager"].post("/v1/activities", json=body))
        if self.judge("POST /v1/activities", response, refusals):
            stage = self.facts["stage_code"]
            assert response.json()["stage_code"] == stage
            self.activities[stage] = self.activities.get(stage, 0) + 1

    @rule(repeat=st.integers(1, 3))
    def sell(self, repeat: int) -> None:
        """A quote goes on while the opportunity lives, or was won; from lost only by the pool."""
        for _ in range(repeat):
            step = SELLING.get(self.quote_state)
            if step is None:
                return
            status = self.facts["status"]
            refusals = {NOT_NOW[status]} if status in NOT_NOW and status != "won" else set()
            if step == "submit" and self.customer_is_former:
                refusals.add("customer-has-ended")
            response = self.wait(
                self.world.clients["manager"].post(f"{self.quote}/{step}", json={})
            )
            if self.judge(f"POST /v1/quotes/{{quote_id}}/{step}", response, refusals):
                self.quote_state = SOLD[step]
                assert response.json()["state"] == self.quote_state

    @rule()
    def go_on(self) -> None:
        """What usually comes next, so that lives get far."""
        status = self.facts["status"]
        if status == "not_evaluated":
            self.submit("first", 0, stale=False)
        elif status == "in_evaluation":
            self.evaluate(("pass", None), "manager", 0)
        elif status == "in_progress" and self.facts["stage_code"] != CODES[-1]:
            self.record_activity()
            self.promote(None, confirm=True, day=0)

    @rule()
    def customer_leaves(self) -> None:
        """The relation with the customer ends, which its event tells."""
        if self.customer is not None and not self.customer_is_former:
            self.wait(self.world.end_customer(self.customer))
            self.customer_is_former = True

    # -- what must be so

    @invariant()
    def is_as_the_rules_say(self) -> None:
        """The state follows from what was done; the version counts the changes."""
        response = self.wait(self.world.clients["manager"].get(self.url))
        body = response.json()
        assert {name: body[name] for name in self.facts} == self.facts
        assert body["version"] == len(self.events)
        assert response.headers["etag"] == f'"{len(self.events)}"'

    def teardown(self) -> None:
        """In the end: the histories add up, and every change has its event and audit entry."""
        if not hasattr(self, "id"):
            return
        manager = self.world.clients["manager"]
        rounds = self.wait(manager.get(f"{self.url}/evaluations")).json()["items"]
        assert [(one["evaluator_id"], one["result"]) for one in rounds] == self.decisions
        assert [one["round"] for one in rounds] == list(range(1, len(rounds) + 1))
        stages = self.wait(manager.get(f"{self.url}/stages")).json()["items"]
        assert [(one["code"], one["entered_on"]) for one in stages] == self.stages
        assert [one["left_on"] for one in stages] == self.left()
        database, tenant = self.world.database, self.world.tenant
        events = [e for e in self.wait(emitted(database, tenant)) if e.key == self.id]
        numbers = list(range(1, len(self.events) + 1))
        assert [e.type for e in events] == [f"sales.opportunity-{e}.v1" for e in self.events]
        assert [e.sequence for e in events] == numbers
        entries = [e for e in self.wait(audited(database, tenant)) if str(e.entity_id) == self.id]
        assert [entry.version for entry in entries] == numbers

    # -- how it is asked

    def day(self, day: Any, *, needed: bool = False) -> tuple[str | None, set[str]]:
        """Return the day of a step, and why it cannot be."""
        if day is None:
            return (str(today()) if needed else None), set()
        if day == "later":
            return str(today() + timedelta(days=2)), {"date-in-future"}
        on = self.last_step + timedelta(days=day)
        if on > today():
            return str(on), {"date-in-future"}
        return str(on), {"date-before-previous"} if day < 0 else set()

    def unless(self, status: str, code: str) -> set[str]:
        """Return why it cannot be done in another state than this one."""
        present = self.facts["status"]
        return set() if present == status else {NOT_NOW.get(present, code)}

    def happened(self, on: str | None, event: str) -> None:
        self.last_step = date.fromisoformat(on) if on else today()
        self.events.append(event)

    def enter(self, stage: str) -> None:
        self.leave(str(self.last_step))
        self.facts["stage_code"] = stage
        self.stages.append((stage, str(self.last_step)))

    def leave(self, on: str) -> None:
        """Note the day the present stage is left, if it is in one."""
        if len(self.exits) < len(self.stages):
            self.exits.append(on)

    def left(self) -> list[str | None]:
        """Return the day each stage was left; the last may not be."""
        open_one = len(self.exits) < len(self.stages)
        return [*self.exits, *([self.facts["closed_on"]] if open_one else [])]

    def done(
        self,
        command: str,
        body: dict[str, Any],
        refusals: set[str],
        *,
        who: str = "manager",
        stale: bool = False,
        method: str = "POST",
    ) -> bool:
        """Send a command; return whether it was done, which it is if nothing speaks against it."""
        version = len(self.events) + (1 if stale else 0)
        headers = {"If-Match": f'"{version}"'} if stale or method == "PATCH" else {}
        if stale:
            refusals = refusals | {"version-conflict"}
        suffix = f"/{command}" if command else ""
        url = self.url + suffix
        client = self.world.clients[who]
        response = self.wait(client.request(method, url, json=body, headers=headers))
        return self.judge(f"{method} {ONE}{suffix}", response, refusals)

    def judge(self, operation: str, response: httpx.Response, refusals: set[str]) -> bool:
        code = self.outcome(operation, response)
        assert code in refusals if refusals else code is None, (operation, code, refusals)
        return code is None


class World:
    """What a life needs around it."""

    def __init__(
        self,
        clients: dict[str, httpx.AsyncClient],
        database: Database,
        tenant: str,
        document: dict[str, Any],
        make_customer: Callable[..., Awaitable[str]],
        end_customer: Callable[[str], Awaitable[None]],
        make_opportunity: Make,
        product: str,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.clients, self.database, self.tenant = clients, database, tenant
        self.document = document
        self.make_customer, self.end_customer = make_customer, end_customer
        self.make_opportunity, self.product = make_opportunity, product


async def test_whatever_is_tried_in_whatever_order(
    running: RunningService,
    client: httpx.AsyncClient,
    client_for: ClientFor,
    tenant: str,
    make_customer: Callable[..., Awaitable[str]],
    end_customer: Callable[[str], Awaitable[None]],
    make_method: Make,
    make_opportunity: Make,
) -> None:
    await make_method(stages=METHOD)
    price = {"amount": "100.00", "currency": "CNY"}
    product = {"code": "GTX", "name": "工作站", "list_price": price}
    made = await client.post("/v1/products", json=product)
    clients = {
        who: client_for(tenant, roles=("sales_representative",), employee_id=employee, subject=who)
        for who, employee in EMPLOYEES.items()
    } | {"manager": client}
    world = World(
        clients, running.database, tenant, running.app.openapi(), make_customer, end_customer,
        make_opportunity, made.json()["id"],
    )  # fmt: skip
    await explore(lambda: OpportunityLife(world), examples=25, steps=20)
