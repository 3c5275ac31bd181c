"""Quotes that are made from an opportunity: what they take over, and what they wait for (1.4)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Dead = Callable[[str], Awaitable[str]]
QUOTES, CONTRACTS, OPPORTUNITIES = "/v1/quotes", "/v1/contracts", "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
DEAD = {
    "lost": "opportunity-is-closed",
    "failed": "evaluation-has-failed",
    "pooled": "opportunity-in-pool",
}


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


async def done(answer: Awaitable[httpx.Response], status: int = 200) -> dict[str, Any]:
    """Return what a command answers, which must have gone well."""
    response = await answer
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


def codes(quote: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in quote["warnings"]]


class TestPrices:
    @pytest.fixture
    def quoted(
        self,
        make_product: Make,
        make_customer: MakeCustomer,
        make_approved_list: Make,
        make_opportunity: Make,
        make_quote: Make,
    ) -> Make:
        """Quotes for a customer who agreed on 90.00; the line of the opportunity may be given."""

        async def make(**line: Any) -> dict[str, Any]:
            product, customer = (await make_product())["id"], await make_customer()
            await make_approved_list(
                audience="customer",
                customer_id=customer,
                lines=[{"product_id": product, "price": "90.00"}],
            )
            opportunity = await make_opportunity(
                customer_id=customer,
                lines=[{"product_id": product, "quantity": "2"} | line],
                need="更换工作站",
            )
            return await make_quote(opportunity_id=opportunity["id"])

        return make

    async def test_of_lines_nobody_priced_are_those_the_customer_agreed_on(
        self, quoted: Make
    ) -> None:
        quote = await quoted()
        (line,) = quote["lines"]
        assert (line["unit_price"], line["base_price"]) == (cny("90.00"), cny("90.00"))
        assert line["given_by"].startswith("PRICE-")
        assert (line["typed"], quote["total"]) == (False, cny("180.00"))
        assert codes(quote) == ["solution-not-presented"]

    @pytest.mark.parametrize(
        ("price", "warned"),
        [
            ("95.00", ["dearer-than-list"]),
            ("90.00", []),
            ("85.00", ["over-limit", "cheaper-than-list"]),
        ],
    )
    async def test_that_were_typed_stay_and_one_hears_how_they_differ(
        self, quoted: Make, client: httpx.AsyncClient, price: str, warned: list[str]
    ) -> None:
        quote = await quoted(unit_price=cny(price))
        (line,) = quote["lines"]
        assert (line["unit_price"], line["typed"]) == (cny(price), True)
        assert codes(quote) == ["solution-not-presented", *warned]
        submitted = await client.post(f"{QUOTES}/{quote['id']}/submit")
        assert codes(submitted.json()) == codes(quote)

    async def test_of_lines_entered_before_this_was_known_stay(
        self, quoted: Make, make_quote: Make, database: Database, context: Context
    ) -> None:
        opportunity_id = (await quoted())["opportunity_id"]
        async with database.transaction(context) as session:
            await session.fetch(
                "UPDATE opportunities SET lines = jsonb_build_array(lines->0 #- '{typed}') "
                "WHERE id = $1",
                UUID(opportunity_id),
            )
        old = await make_quote(opportunity_id=opportunity_id)
        assert old["lines"][0]["unit_price"] == cny("100.00")
        assert codes(old) == ["solution-not-presented", "dearer-than-list"]


class TestOfAnOpportunityThatIsOver:
    @pytest.fixture
    async def opportunity(
        self, make_opportunity: Make, make_product: Make, make_customer: MakeCustomer
    ) -> dict[str, Any]:
        """An opportunity in evaluation, with a line."""
        line = {"product_id": (await make_product())["id"], "quantity": "2"}
        return await make_opportunity(customer_id=await make_customer(), lines=[line])

    @pytest.fixture
    def end(self, client: httpx.AsyncClient, opportunity: dict[str, Any]) -> Dead:
        """Ends the opportunity; returns the code that says so."""
        url = f"{OPPORTUNITIES}/{opportunity['id']}"

        async def let_it(how: str) -> str:
            if how != "pooled":
                await done(client.post(f"{url}/submit", json={"evaluator_id": str(uuid4())}))
                result = "fail" if how == "failed" else "pass"
                await done(client.post(f"{url}/evaluate", json={"result": result}))
            why = {"closed_on": f"{TODAY}", "reason": "价格过高", "competitor_unknown": True}
            if how == "lost":
                await done(client.post(f"{url}/lose", json=why))
            if how == "pooled":
                await done(client.post(f"{url}/return-to-pool", json={"reason": "无预算"}))
            return DEAD[how]

        return let_it

    @pytest.mark.parametrize("how", [*DEAD])
    async def test_no_quote_goes_on(
        self, client: httpx.AsyncClient, opportunity: dict[str, Any], make_quote: Make, end: Dead,
        problem: ProblemOf, how: str,
    ) -> None:  # fmt: skip
        quotes: list[str] = []
        for steps in ([], ["submit"], ["submit", "send"]):
            url = f"{QUOTES}/{(await make_quote(opportunity_id=opportunity['id']))['id']}"
            for step in steps:
                await done(client.post(f"{url}/{step}", json={}))
            quotes.append(url)
        draft, approved, sent = quotes
        code = await end(how)
        for url, step in (
            (draft, "submit"), (approved, "send"), (sent, "accept"), (sent, "revise"),
        ):  # fmt: skip
            refused = await client.post(f"{url}/{step}", json={})
            assert problem(refused) == (409, code), step
        await done(client.post(f"{sent}/reject", json={"reason": "价格过高"}))
        body = {"quote_id": approved.removeprefix(f"{QUOTES}/")}
        assert problem(await client.post(CONTRACTS, json=body)) == (409, code)

    async def test_a_quote_goes_on_when_it_was_taken_up_from_the_pool(
        self, client: httpx.AsyncClient, opportunity: dict[str, Any], make_quote: Make, end: Dead
    ) -> None:
        url = f"{QUOTES}/{(await make_quote(opportunity_id=opportunity['id']))['id']}"
        await end("lost")
        of = f"{OPPORTUNITIES}/{opportunity['id']}"
        await done(client.post(f"{of}/return-to-pool", json={"reason": "明年再谈"}))
        await done(client.post(f"{of}/take-up", json={"owner_id": str(uuid4())}))
        assert (await done(client.post(f"{url}/submit")))["state"] == "approved"

    async def test_no_contract_comes_into_force(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str,
        opportunity: dict[str, Any], make_contract: Make, end: Dead, problem: ProblemOf,
    ) -> None:  # fmt: skip
        chain = {"kind": "contract", "levels": [{"name": "总经理", "role": "administrator"}]}
        await done(client.post("/v1/approval-chains", json=chain), 201)
        line = {"product_id": opportunity["lines"][0]["product_id"], "quantity": "10"}
        of = {"opportunity_id": opportunity["id"], "lines": [line]}
        draft, waiting = await make_contract(**of), await make_contract(**of)
        await done(client.post(f"{CONTRACTS}/{waiting['id']}/submit"))
        code = await end("lost")
        refused = await client.post(f"{CONTRACTS}/{draft['id']}/submit")
        assert problem(refused) == (409, code)
        assert problem(await client.post(CONTRACTS, json=of)) == (409, code)
        asked = {"document_id": waiting["id"]}
        (approval,) = (await done(client.get("/v1/approvals", params=asked)))["items"]
        manager = client_for(tenant, subject="manager")
        answer = await manager.post(f"/v1/approvals/{approval['id']}/approve", json={})
        assert problem(answer) == (409, code)
        await done(manager.post(f"/v1/approvals/{approval['id']}/reject", json={"reason": "丢单"}))

    async def test_what_was_won_is_still_contracted(
        self, client: httpx.AsyncClient, make_in_progress: Make, make_product: Make,
        make_quote: Make, make_contract: Make,
    ) -> None:  # fmt: skip
        line = {"product_id": (await make_product())["id"], "quantity": "2"}
        opportunity = await make_in_progress(lines=[line])
        quote = await make_quote(opportunity_id=opportunity["id"])
        url = f"{OPPORTUNITIES}/{opportunity['id']}/win"
        await done(client.post(url, json={"closed_on": f"{TODAY}", "reason": "方案优"}))
        for step in ("submit", "send", "accept"):
            await done(client.post(f"{QUOTES}/{quote['id']}/{step}", json={}))
        contract = await make_contract(quote_id=quote["id"])
        await done(client.post(f"{CONTRACTS}/{contract['id']}/submit"))
