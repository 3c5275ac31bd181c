"""Quotes in one currency and with tax, and quotes that are given up or put right (1.4; S7)."""

import base64
import re
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from kehu_kernel.context import Context
from kehu_kernel.db import Database, require
from kehu_kernel.testing.observe import audited, emitted
from kehu_sales.quotes.models import Quote

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
QUOTES, PRICES = "/v1/quotes", "/v1/prices"
ESCAPED = re.compile(rb"\\([0-7]{3})")
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.S)


def money(amount: str, currency: str = "CNY") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


async def done(answer: Awaitable[httpx.Response], status: int = 200) -> dict[str, Any]:
    """Return what a command answers, which must have gone well."""
    response = await answer
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


def words_of(pdf: bytes) -> bytes:
    """Return what the pages of a PDF say, UTF-16, as they are written."""
    pages = (zlib.decompress(base64.a85decode(one.strip()[:-2])) for one in STREAM.findall(pdf)
             if one.strip().endswith(b"~>"))  # fmt: skip
    return ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), b"".join(pages))


@pytest.fixture
def free(client: httpx.AsyncClient) -> Callable[..., Awaitable[httpx.Response]]:
    """Drafts a free quote of two units of a product."""

    async def make(product: dict[str, Any], **fields: Any) -> httpx.Response:
        line = {"product_id": product["id"], "quantity": "2"} | fields.pop("line", {})
        return await client.post(QUOTES, json={"lines": [line]} | fields)

    return make


class TestTax:
    async def test_a_list_without_tax_is_quoted_with_it(
        self, client: httpx.AsyncClient, free: Callable[..., Awaitable[httpx.Response]],
        make_product: Make, make_approved_list: Make,
    ) -> None:  # fmt: skip
        product = await make_product(unit="台", tax_rate="13", floor_price=money("100.00"))
        lines = [{"product_id": product["id"], "price": "90.00"}]
        await make_approved_list(audience="everybody", tax_included=False, lines=lines)
        quote = await done(free(product), 201)
        (line,) = quote["lines"]
        assert (line["unit_price"], line["base_price"]) == (money("101.70"), money("101.70"))
        assert (line["unit"], line["tax_rate"], line["tax_included"]) == ("台", "13.00", True)
        assert quote["total"] == money("203.40")
        assert quote["warnings"] == [], "90.00 without tax is not below the floor with tax"
        product_url = f"/v1/products/{product['id']}"
        await done(client.patch(product_url, json={"tax_rate": "9"}, headers={"If-Match": '"1"'}))
        kept = await done(client.get(f"{QUOTES}/{quote['id']}"))
        assert kept["lines"][0]["tax_rate"] == "13.00"

    async def test_without_a_rate_nothing_is_guessed(
        self, free: Callable[..., Awaitable[httpx.Response]], make_product: Make,
        make_approved_list: Make, problem: ProblemOf,
    ) -> None:  # fmt: skip
        product = await make_product()
        lines = [{"product_id": product["id"], "price": "90.00"}]
        await make_approved_list(audience="everybody", tax_included=False, lines=lines)
        assert problem(await free(product)) == (422, "tax-rate-unknown")

    async def test_a_typed_price_needs_no_rate_but_somebody_looks(
        self, client: httpx.AsyncClient, free: Callable[..., Awaitable[httpx.Response]],
        make_product: Make, make_approved_list: Make,
    ) -> None:  # fmt: skip
        product = await make_product()
        lines = [{"product_id": product["id"], "price": "90.00"}]
        await make_approved_list(audience="everybody", tax_included=False, lines=lines)
        quote = await done(free(product, line={"unit_price": money("95.00")}), 201)
        assert quote["lines"][0]["base_price"] is None
        assert "over-limit" in [one["code"] for one in quote["warnings"]]
        submitted = await done(client.post(f"{QUOTES}/{quote['id']}/submit"))
        assert submitted["state"] == "in_approval"

    async def test_stays_as_it_was_priced_when_it_is_submitted(
        self, client: httpx.AsyncClient, free: Callable[..., Awaitable[httpx.Response]],
        make_product: Make,
    ) -> None:  # fmt: skip
        product = await make_product(unit="台", tax_rate="13")
        quote = await done(free(product), 201)
        changes = {"unit": "箱", "tax_rate": "9"}
        url = f"/v1/products/{product['id']}"
        await done(client.patch(url, json=changes, headers={"If-Match": '"1"'}))
        submitted = await done(client.post(f"{QUOTES}/{quote['id']}/submit"))
        assert submitted["lines"] == quote["lines"]

    async def test_nothing_is_said_of_it_where_lines_of_before_do_not_say(
        self, client: httpx.AsyncClient, free: Callable[..., Awaitable[httpx.Response]],
        make_product: Make, database: Database, context: Context,
    ) -> None:  # fmt: skip
        quote = await done(free(await make_product(unit="台", tax_rate="13")), 201)
        async with database.transaction(context) as session:
            kept = await require(session, Quote, UUID(quote["id"]))
            kept.lines = tuple(
                replace(line, unit=None, tax_rate=None, tax_included=None) for line in kept.lines
            )
        submitted = await done(client.post(f"{QUOTES}/{quote['id']}/submit"))
        (line,) = submitted["lines"]
        assert (line["unit"], line["tax_rate"], line["tax_included"]) == (None, None, None)
        printed = await client.get(f"{QUOTES}/{quote['id']}/pdf")
        assert "include tax".encode("utf-16-be") not in words_of(printed.content)

    @pytest.mark.parametrize(("language", "said"), [("zh", "含税"), ("en", "include tax")])
    async def test_unit_and_rate_are_on_paper(
        self, client: httpx.AsyncClient, free: Callable[..., Awaitable[httpx.Response]],
        make_product: Make, language: str, said: str,
    ) -> None:  # fmt: skip
        product = await make_product(unit="台", tax_rate="13", days_per_unit="30")
        quote = await done(free(product, discount_percent="10"), 201)
        url = f"{QUOTES}/{quote['id']}/pdf"
        printed = await client.get(url, headers={"Accept-Language": language})
        words = words_of(printed.content)
        for text in (said, "台", "13 %", "3.00"):  # 90.00 for thirty days
            assert text.encode("utf-16-be") in words, text


class TestCurrency:
    async def test_of_two_lists_the_one_in_it_answers(
        self, client: httpx.AsyncClient, free: Callable[..., Awaitable[httpx.Response]],
        make_product: Make, make_approved_list: Make, make_customer: MakeCustomer,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        product, customer = await make_product(), await make_customer()
        await make_approved_list(
            audience="customer", customer_id=customer, currency="USD",
            lines=[{"product_id": product["id"], "price": "13.00"}],
        )  # fmt: skip
        asked = {"product_id": product["id"], "quantity": "2", "customer_id": customer}
        assert (await done(client.get(PRICES, params=asked)))["price"] == money("13.00", "USD")
        yuan = await done(client.get(PRICES, params=asked | {"currency": "CNY"}))
        assert (yuan["price"], yuan["given_by"]["rule"]) == (money("100.00"), "list_price")
        none = await client.get(PRICES, params=asked | {"currency": "EUR"})
        assert problem(none) == (422, "no-price-in-currency")
        line = {"product_id": product["id"], "quantity": "2"}
        many = {"customer_id": customer, "currency": "CNY", "lines": [line]}
        assert (await done(client.post(PRICES, json=many)))["items"] == [yuan]

        dollars = await done(free(product, customer_id=customer), 201)
        quote = await done(free(product, customer_id=customer, currency="CNY"), 201)
        assert (dollars["total"], quote["total"]) == (money("26.00", "USD"), money("200.00"))
        changed = await client.patch(
            f"{QUOTES}/{quote['id']}",
            json={"lines": [line | {"quantity": "3"}]},
            headers={"If-Match": '"1"'},
        )
        assert changed.json()["total"] == money("300.00")
        refused = await free(product, customer_id=customer, currency="EUR")
        assert problem(refused) == (422, "no-price-in-currency")

    async def test_lines_whose_best_prices_differ_in_it_say_what_to_do(
        self, client: httpx.AsyncClient, make_product: Make, problem: ProblemOf
    ) -> None:
        products = await make_product(), await make_product(list_price=money("9.00", "USD"))
        lines = [{"product_id": one["id"], "quantity": "1"} for one in products]
        refused = await client.post(QUOTES, json={"lines": lines})
        assert problem(refused) == (422, "mixed-currencies")
        assert "Name the currency" in refused.json()["detail"]
        told = await client.post(QUOTES, json={"lines": lines}, headers={"Accept-Language": "zh"})
        assert told.json()["detail"].endswith("此处有 CNY, USD。请指定币种。")

    async def test_a_price_typed_in_another_is_refused(
        self, client: httpx.AsyncClient, free: Callable[..., Awaitable[httpx.Response]],
        make_product: Make, make_contract: Make, make_opportunity: Make, problem: ProblemOf,
    ) -> None:  # fmt: skip
        product = await make_product()
        mixed, current = (422, "mixed-currencies"), {"If-Match": '"1"'}
        yuan = {"unit_price": money("95.00")}
        assert problem(await free(product, line=yuan, currency="USD")) == mixed
        quote, contract = await done(free(product, line=yuan), 201), await make_contract()
        dollars = {"product_id": product["id"], "quantity": "2", "unit_price": money("9.00", "USD")}
        for url in (f"{QUOTES}/{quote['id']}", f"/v1/contracts/{contract['id']}"):
            changed = await client.patch(url, json={"lines": [dollars]}, headers=current)
            assert problem(changed) == mixed, url
        opportunity = (await make_opportunity(lines=[dollars]))["id"]
        asked = {"opportunity_id": opportunity, "currency": "CNY"}
        refused = await client.post(QUOTES, json=asked)
        assert problem(refused) == mixed
        assert "Name the currency" not in refused.json()["detail"]  # they did


class TestMistakes:
    async def test_in_an_approved_quote_are_put_right_in_a_new_version(
        self, client: httpx.AsyncClient, make_quote: Make, make_contract: Make, problem: ProblemOf
    ) -> None:
        url = f"{QUOTES}/{(await make_quote())['id']}"
        await done(client.post(f"{url}/submit"))
        second = await done(client.post(f"{url}/revise"))
        assert (second["revision"], second["state"]) == (2, "draft")
        assert (await done(client.get(url)))["state"] == "superseded"
        assert problem(await client.post(f"{url}/send", json={})) == (409, "quote-not-ready")

    async def test_given_up_with_a_reason_for_good(
        self, client: httpx.AsyncClient, make_quote: Make, database: Database, tenant: str,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        quote = await make_quote()
        url = f"{QUOTES}/{quote['id']}"
        assert problem(await client.post(f"{url}/cancel", json={})) == (422, "invalid-request")
        why = {"reason": "客户项目取消"}
        cancelled = await done(client.post(f"{url}/cancel", json=why))
        assert (cancelled["state"], cancelled["close_reason"]) == ("cancelled", why["reason"])
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.data["state"]) == ("sales.quote-cancelled.v1", "cancelled")
        assert event.data["root_id"] is None
        assert (await audited(database, tenant))[-1].action == "quote.cancelled"
        for step in ("submit", "revise", "cancel"):
            refused = await client.post(f"{url}/{step}", json=why if step == "cancel" else None)
            assert problem(refused) == (409, "quote-not-ready"), step
        listed = await done(client.get(QUOTES, params={"state": "cancelled"}))
        assert [one["id"] for one in listed["items"]] == [quote["id"]]

    async def test_a_cancelled_revision_does_not_lose_the_offer_the_customer_holds(
        self, client: httpx.AsyncClient, make_quote: Make
    ) -> None:
        first = await make_quote()
        await done(client.post(f"{QUOTES}/{first['id']}/submit"))
        await done(client.post(f"{QUOTES}/{first['id']}/send", json={}))
        second = await done(client.post(f"{QUOTES}/{first['id']}/revise"))
        await done(client.post(f"{QUOTES}/{second['id']}/cancel", json={"reason": "改错了"}))
        third = await done(client.post(f"{QUOTES}/{second['id']}/revise"))
        assert (third["revision"], third["state"]) == (3, "draft")
        assert (third["lines"], third["root_id"]) == (first["lines"], first["id"])
        assert (await done(client.get(f"{QUOTES}/{second['id']}")))["state"] == "cancelled"

    async def test_are_not_given_up_before_the_day_of_the_quote(
        self, client: httpx.AsyncClient, make_quote: Make, problem: ProblemOf
    ) -> None:
        quote = await make_quote()
        before = date.fromisoformat(quote["quoted_on"]) - timedelta(days=1)
        why = {"reason": "客户项目取消", "on": f"{before}"}
        refused = await client.post(f"{QUOTES}/{quote['id']}/cancel", json=why)
        assert problem(refused) == (422, "date-before-previous")
