"""Random lives of price lists at the API: one price at any time, from audited lists only (S6)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore
from kehu_sales.customers.models import CustomerRef

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
LISTS, APPROVALS, PRICES = "/v1/price-lists", "/v1/approvals", "/v1/prices"
LEVELS = [{"name": "销售经理审批", "role": "x"}, {"name": "总经理审批", "role": "y"}]
CHAIN = {"kind": "price_list", "own_allowed": True, "levels": LEVELS}
TODAY = clock.today(clock.now(), "Asia/Shanghai")
DAYS = (TODAY, TODAY + timedelta(days=5), TODAY + timedelta(days=11))
VALID = [(0, None), (0, 5), (-9, None), (5, 11), (-9, 10), (6, None), (-9, -1)]
"""First and last day, from today."""
AUDIENCES = ["everybody", "tier", "customer"]
"""The narrower, the more it counts."""
QUANTITIES = (1, 10, 12)
LIST_PRICE = "100.00"
STEPS = (
    *("get_on",) * 10, "enter", "copy", "price", "revalidate", "submit", "approve", "reject",
    "withdraw", "revoke", "grade",
)  # fmt: skip
AHEAD = {"draft": "submit", "in_approval": "approve", "approved": "copy"}
"""The way to several audited lists; steps at random alone seldom get there."""


@dataclass
class Listed:
    """A price list as the rules say it is."""

    id: str
    audience: str
    currency: str
    valid: tuple[date, date | None]
    lines: dict[int, str]
    state: str = "draft"
    approval: str | None = None
    level: int = 0

    @property
    def url(self) -> str:
        return f"{LISTS}/{self.id}"

    def offer(self, quantity: int, on: date) -> tuple[int, str] | None:
        """The break and price of so much on a day, if the list answers."""
        start, end = self.valid
        reached = [one for one in self.lines if one <= quantity]
        if self.state != "approved" or on < start or (end and end < on) or not reached:
            return None
        return max(reached), self.lines[max(reached)]


class PriceLife(ApiMachine):
    """Tries any step with up to four lists of one product, and asks its price after each."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(valid=st.sampled_from(VALID), audience=st.sampled_from(AUDIENCES))
    def begin(self, valid: tuple[int, int | None], audience: str) -> None:
        """A new product at its list price, two customers, and a list that is ready."""
        self.product = self.wait(self.world.make_product())["id"]
        self.customers = [self.wait(self.world.make_customer()) for _ in range(2)]
        self.graded = [False, False]
        self.grade(0)
        self.lists: list[Listed] = []
        self.asked = 0
        self.add(audience, valid, "CNY", {0: "90.00", 10: "80.00"})

    @rule(
        step=st.sampled_from(STEPS),
        which=st.integers(0, 3),
        valid=st.sampled_from(VALID),
        audience=st.sampled_from(AUDIENCES),
        price=st.sampled_from(["95.00", "70.00", "0.00", None]),
        breaks=st.sampled_from([0, 0, 10, 11]),
    )
    def go_on(
        self,
        step: str,
        which: int,
        valid: tuple[int, int | None],
        audience: str,
        price: str | None,
        breaks: int,
    ) -> None:
        """One rule for all steps: Hypothesis leaves rules out of whole lives, not choices."""
        one = self.lists[which % len(self.lists)]
        if step == "get_on":
            on_the_way = [one for one in self.lists if one.lines and one.state != "approved"]
            one = on_the_way[0] if on_the_way else one
            step = AHEAD[one.state]
        match step:
            case "enter" if len(self.lists) < 4:
                currency = "USD" if price == "0.00" else "CNY"
                self.add(audience, valid, currency, {breaks: price} if price else {})
            case "copy" if len(self.lists) < 4:
                self.add(one.audience, valid, one.currency, self.lines_of(one))
            case "price":
                self.price(one, breaks, price)
            case "revalidate":
                self.revalidate(one, valid)
            case "submit":
                self.submit(one)
            case "grade":
                self.grade(which % 2)
            case "approve" | "reject" | "withdraw" | "revoke" as decision:
                self.decide(one, decision)

    def add(
        self, audience: str, valid: tuple[int, int | None], currency: str, lines: dict[int, str]
    ) -> None:
        """A list is entered as a draft, such as the next version of another one."""
        start, end = self.days(valid)
        named = {
            "everybody": {}, "tier": {"audience_code": "A"},
            "customer": {"customer_id": self.customers[0]},
        }[audience]  # fmt: skip
        body = {
            "name": "价目表", "audience": audience, "currency": currency, "starts_on": str(start),
            "ends_on": str(end) if end else None,
        } | named  # fmt: skip
        made = self.wait(self.world.client.post(LISTS, json=body))
        assert self.outcome(f"POST {LISTS}", made) is None, made.text
        self.lists.append(Listed(made.json()["id"], audience, currency, (start, end), {}))
        for breaks, price in lines.items():
            self.price(self.lists[-1], breaks, price)

    def price(self, one: Listed, breaks: int, price: str | None) -> None:
        """Only a draft gets other prices."""
        line = {"product_id": self.product, "from_quantity": str(breaks), "price": price}
        sent = self.world.client.post(f"{one.url}/lines", json={"lines": [line]})
        if self.told(f"POST {LISTS}/{{price_list_id}}/lines", sent, self.unless_draft(one)):
            one.lines.pop(breaks, None)
            if price is not None:
                one.lines[breaks] = price

    def revalidate(self, one: Listed, valid: tuple[int, int | None]) -> None:
        """Only a draft ends on another day, or begins on one."""
        start, end = self.days(valid)
        body = {"starts_on": str(start), "ends_on": str(end) if end else None}
        etag = self.wait(self.world.client.get(one.url)).headers["etag"]
        sent = self.world.client.patch(one.url, json=body, headers={"If-Match": etag})
        if self.told(f"PATCH {LISTS}/{{price_list_id}}", sent, self.unless_draft(one)):
            one.valid = start, end

    def submit(self, one: Listed) -> None:
        """Only a draft with prices is submitted; the first level is asked, each time."""
        refusals = self.unless_draft(one) or (set() if one.lines else {"no-price-lines"})
        sent = self.world.client.post(f"{one.url}/submit")
        if self.told(f"POST {LISTS}/{{price_list_id}}/submit", sent, refusals):
            one.state, one.level = "in_approval", 1
            asked = {"document_id": one.id, "state": "waiting"}
            [found] = self.get(APPROVALS, asked)["items"]
            one.approval = found["id"]

    def decide(self, one: Listed, decision: str) -> None:
        """It is audited level by level (多级审核), and may be un-audited afterwards (反审核)."""
        if one.approval is None:
            return
        wanted = "approved" if decision == "revoke" else "in_approval"
        refusals = {"not-approved" if decision == "revoke" else "approval-is-over"}
        url = f"{APPROVALS}/{one.approval}/{decision}"
        sent = self.world.client.post(url, json={"reason": "试验"})
        operation = f"POST {APPROVALS}/{{approval_id}}/{decision}"
        if not self.told(operation, sent, set() if one.state == wanted else refusals):
            return
        one.level += 1
        if decision != "approve":
            one.state = "draft"
        elif one.level > len(LEVELS):
            one.state = "approved"

    def grade(self, which: int) -> None:
        """A customer gets the value grade that lists are for, or loses it."""
        self.graded[which] = not self.graded[which]
        grade = "A" if self.graded[which] else "B"
        self.wait(self.world.grade(self.customers[which], grade))

    @invariant()
    def one_price_is_the_answer(self) -> None:
        """Whoever asks on whichever day: the price of the best list that is audited and valid."""
        if not hasattr(self, "lists"):
            return
        self.asked += 1
        for place, customer in enumerate((0, 1, None)):
            on = DAYS[(self.asked + place) % len(DAYS)]  # each asks for each day in turn
            lines = [{"product_id": self.product, "quantity": f"{n}"} for n in QUANTITIES]
            body = {"lines": lines, "on": str(on)} | self.named(customer)
            answer = self.wait(self.world.client.post(PRICES, json=body))
            assert answer.status_code == 200, answer.text
            for quantity, got in zip(QUANTITIES, answer.json()["items"], strict=True):
                best, *beaten = self.offers(customer, quantity, on)
                assert shown(got["given_by"]) == best, (customer, quantity, on, got)
                assert got["price"] == {"amount": best[1], "currency": best[2]}
                assert [shown(other) for other in got["beaten"]] == beaten

    @invariant()
    def of_one_currency_there_is_one_price_or_none(self) -> None:
        """Nothing is converted: without a price in dollars there is no answer in dollars."""
        if not hasattr(self, "lists"):
            return
        asked = {"product_id": self.product, "quantity": "10", "on": str(TODAY), "currency": "USD"}
        sent = self.world.client.get(PRICES, params=asked | self.named(0))
        offers = [one for one in self.offers(0, 10, TODAY) if one[2] == "USD"]
        response = self.wait(sent)
        code = self.outcome(f"GET {PRICES}", response)
        assert code == (None if offers else "no-price-in-currency")
        if offers:
            assert shown(response.json()["given_by"]) == offers[0]

    def teardown(self) -> None:
        """A list has the prices it was given as a draft; every version is in the log, and told."""
        if not hasattr(self, "lists"):
            return
        entries = self.wait(audited(self.world.running.database, self.world.tenant))
        events = self.wait(emitted(self.world.running.database, self.world.tenant))
        for one in self.lists:
            now = self.get(one.url)
            assert (now["state"], now["line_count"]) == (one.state, len(one.lines))
            assert self.lines_of(one) == one.lines
            mine = [entry.version for entry in entries if str(entry.entity_id) == one.id]
            assert mine == [event.sequence for event in events if event.key == one.id]
            assert mine == list(range(1, now["version"] + 1))

    # -- the rules, once more

    def offers(
        self, customer: int | None, quantity: int, on: date
    ) -> list[tuple[str | None, str, str]]:
        """List, price and currency of what could hold, the best first: the list price is last."""
        found = []
        for number, one in enumerate(self.lists):
            offer = one.offer(quantity, on)
            for_them = {
                "everybody": True, "customer": customer == 0,
                "tier": customer is not None and self.graded[customer],
            }[one.audience]  # fmt: skip
            if offer and for_them:
                rank = AUDIENCES.index(one.audience), one.valid[0], number
                found.append((rank, (one.id, offer[1], one.currency)))
        ranked = [offer for _, offer in sorted(found, reverse=True)]
        return [*ranked, (None, LIST_PRICE, "CNY")]

    def unless_draft(self, one: Listed) -> set[str]:
        return set() if one.state == "draft" else {"price-list-is-fixed"}

    # -- how

    def days(self, valid: tuple[int, int | None]) -> tuple[date, date | None]:
        start, end = valid
        return TODAY + timedelta(start), None if end is None else TODAY + timedelta(end)

    def named(self, customer: int | None) -> dict[str, str]:
        return {} if customer is None else {"customer_id": self.customers[customer]}

    def lines_of(self, one: Listed) -> dict[int, str]:
        items = self.get(f"{one.url}/lines")["items"]
        return {int(Decimal(line["from_quantity"])): line["price"]["amount"] for line in items}

    def get(self, url: str, params: dict[str, str] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = self.wait(self.world.client.get(url, params=params)).json()
        return found

    def told(self, operation: str, sent: Awaitable[httpx.Response], refusals: set[str]) -> bool:
        code = self.outcome(operation, self.wait(sent))
        assert code in refusals if refusals else code is None, (operation, code, refusals)
        return code is None


def shown(offer: dict[str, Any]) -> tuple[str | None, str, str]:
    return offer["price_list_id"], offer["price"]["amount"], offer["price"]["currency"]


class World:
    """What a life needs around it."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        tenant: str,
        make_product: Make,
        make_customer: MakeCustomer,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.client, self.running, self.tenant = client, running, tenant
        self.document = running.app.openapi()
        self.make_product, self.make_customer = make_product, make_customer

    async def grade(self, customer_id: str, grade: str) -> None:
        """Make a customer's value grade what its event would say."""
        context = Context(tenant_id=self.tenant, actor="tester")
        async with self.running.database.transaction(context) as session:
            customer = await session.get(CustomerRef, (self.tenant, UUID(customer_id)))
            customer.value_grade, customer.sequence = grade, customer.sequence + 1


async def test_at_any_time_one_price_is_the_answer(
    running: RunningService,
    client: httpx.AsyncClient,
    tenant: str,
    make_product: Make,
    make_customer: MakeCustomer,
) -> None:
    assert (await client.post("/v1/approval-chains", json=CHAIN)).status_code == 201
    world = World(client, running, tenant, make_product, make_customer)
    await explore(lambda: PriceLife(world), examples=6, steps=20)
