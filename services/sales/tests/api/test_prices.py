"""Products with floor prices, price lists, and the one price they give (S6)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_contracts.classification import CustomerClassified, CustomerClassRemoved
from kehu_contracts.segment import CustomerEnteredSegment, CustomerLeftSegment
from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.events import (
    Deliver,
    RecordedDeadLetters,
    customer_changed,
    deliveries,
    fact_of,
)
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor
from kehu_sales.consumers import fold

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
LISTS = "/v1/price-lists"


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


@pytest.fixture
def deliver(worker_database: Database) -> Deliver:
    """Hands facts to the service as its consumer does, in one batch."""
    return deliveries(fold, worker_database, RecordedDeadLetters())


class TestFloorPrices:
    async def test_are_for_those_entitled(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str, make_product: Make,
        problem: ProblemOf, database: Database,
    ) -> None:  # fmt: skip
        made = await make_product(
            floor_price=cny("80.00"), tax_rate="13", days_per_unit="30", origin="agency",
            category="工作站",
        )  # fmt: skip
        assert made["floor_price"] == cny("80.00")
        rep = client_for(tenant, roles=("sales_representative",))
        seen = (await rep.get(f"/v1/products/{made['id']}")).json()
        assert seen == made | {"floor_price": None}
        assert (await rep.get("/v1/products", params={"origin": "agency"})).json()["items"] == [
            seen
        ]
        event = (await emitted(database, tenant))[-1].data
        assert "floor_price" not in event
        assert (event["tax_rate"], event["days_per_unit"]) == ("13.00", "30")
        writer = client_for(tenant, roles=(), scope="sales:products:write sales:products:read")
        url, first = f"/v1/products/{made['id']}", {"If-Match": '"1"'}
        change = await writer.patch(url, json={"floor_price": None}, headers=first)
        assert problem(change) == (403, "scope-missing")
        assert (await writer.patch(url, json={"name": "新"}, headers=first)).status_code == 200
        assert (await client.get(url)).json()["floor_price"] == cny("80.00")

    @pytest.mark.parametrize(
        ("floor", "code"),
        [(cny("100.01"), "floor-above-price"),
         ({"amount": "1.00", "currency": "USD"}, "floor-in-another-currency")],
        ids=["above", "currency"],
    )  # fmt: skip
    async def test_refused(
        self, client: httpx.AsyncClient, make_product: Make, problem: ProblemOf,
        floor: dict[str, str], code: str,
    ) -> None:  # fmt: skip
        url = f"/v1/products/{(await make_product())['id']}"
        response = await client.patch(url, json={"floor_price": floor}, headers={"If-Match": '"1"'})
        assert problem(response) == (422, code)


class TestPriceLists:
    async def test_are_drafted_priced_and_approved(
        self, client: httpx.AsyncClient, make_price_list: Make, make_product: Make,
        database: Database, tenant: str, problem: ProblemOf,
    ) -> None:  # fmt: skip
        one, two = (await make_product())["id"], (await make_product())["id"]
        year = clock.today(clock.now(), "Asia/Shanghai").year
        made = await make_price_list(
            lines=[{"product_id": one, "price": "90.00"},
                   {"product_id": one, "from_quantity": "10", "price": "85.00"},
                   {"product_id": two, "price": "50"}]
        )  # fmt: skip
        assert (made["number"], made["state"], made["line_count"]) == (
            f"PRICE-{year}-000001", "draft", 3
        )  # fmt: skip
        url = f"{LISTS}/{made['id']}"
        lines = [{"product_id": one, "from_quantity": "10", "price": None},
                 {"product_id": two, "price": "45.00"}]  # fmt: skip
        again = await client.post(
            f"{url}/lines", json={"lines": lines}, headers={"If-Match": '"2"'}
        )
        assert again.json()["line_count"] == 2
        listed = (await client.get(f"{url}/lines")).json()["items"]
        assert {(line["product_id"], line["price"]["amount"]) for line in listed} == {
            (one, "90.00"), (two, "45.00")
        }  # fmt: skip
        entry = (await audited(database, tenant))[-1]
        assert entry.action == "price-list.priced"
        assert entry.changes["prices"]["after"] == {f"{two}>=0": "45.00"}
        await client.post(f"{url}/submit")
        types = [event.type for event in await emitted(database, tenant)]
        assert types[-2:] == ["sales.approval-requested.v1", "sales.price-list-approved.v1"]
        for body, path in (({"name": "新"}, url), ({"lines": lines}, f"{url}/lines")):
            method = "PATCH" if path == url else "POST"
            response = await client.request(method, path, json=body, headers={"If-Match": '"4"'})
            assert problem(response) == (409, "price-list-is-fixed")

    async def test_unapproved_are_drafts_again_and_do_not_answer(
        self, client: httpx.AsyncClient, make_approved_list: Make, make_product: Make
    ) -> None:
        product = (await make_product())["id"]
        made = await make_approved_list(lines=[{"product_id": product, "price": "70.00"}])
        asked = {"product_id": product, "quantity": "1"}
        assert (await client.get("/v1/prices", params=asked)).json()["price"] == cny("70.00")
        found = await client.get("/v1/approvals", params={"document_id": made["id"]})
        approval = found.json()["items"][0]
        back = await client.post(
            f"/v1/approvals/{approval['id']}/revoke", json={"reason": "价格有误"}
        )
        assert back.json()["state"] == "revoked"
        assert (await client.get(f"{LISTS}/{made['id']}")).json()["state"] == "draft"
        assert (await client.get("/v1/prices", params=asked)).json()["price"] == cny("100.00")
        decisions = await client.get(f"/v1/approvals/{approval['id']}/decisions")
        assert [one["reason"] for one in decisions.json()["items"]] == ["价格有误"]

    @pytest.mark.parametrize(
        ("fields", "code"),
        [({"audience": "customer"}, "audience-unclear"),
         ({"audience": "tier"}, "audience-unclear"),
         ({"audience_code": "A"}, "audience-unclear"),
         ({"audience": "customer", "customer_id": str(UUID(int=1))}, "unknown-customer"),
         ({"ends_on": "2025-12-31"}, "period-reversed")],
        ids=["nobody", "no-grade", "too-much", "stranger", "reversed"],
    )  # fmt: skip
    async def test_refused(
        self, client: httpx.AsyncClient, problem: ProblemOf, fields: dict[str, str], code: str
    ) -> None:
        body = {"name": "表", "audience": "everybody", "starts_on": "2026-01-01"}
        assert problem(await client.post(LISTS, json=body | fields)) == (422, code)

    async def test_prices_refused(
        self, client: httpx.AsyncClient, make_price_list: Make, make_product: Make,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        url, product = f"{LISTS}/{(await make_price_list())['id']}", (await make_product())["id"]
        assert problem(await client.post(f"{url}/submit")) == (409, "no-price-lines")
        line = {"product_id": product, "price": "1.00"}
        for lines, code in (
            ([line, line | {"from_quantity": "0.0"}], "line-repeats"),
            ([line | {"product_id": str(uuid4())}], "unknown-product"),
        ):
            response = await client.post(
                f"{url}/lines", json={"lines": lines}, headers={"If-Match": '"1"'}
            )
            assert problem(response) == (422, code)


class TestOnePrice:
    async def test_and_the_rule_that_gave_it(
        self, client: httpx.AsyncClient, make_approved_list: Make, make_product: Make,
        make_customer: MakeCustomer, tenant: str, deliver: Deliver,
    ) -> None:  # fmt: skip
        product = (await make_product(days_per_unit="30", tax_rate="13"))["id"]
        customer = await make_customer()
        for n, (audience, price) in enumerate(
            [({"audience": "customer", "customer_id": customer}, "450.00"),
             ({"audience": "everybody"}, "90.00")]
        ):  # fmt: skip
            await make_approved_list(
                name=f"表{n}", lines=[{"product_id": product, "price": price}], **audience
            )
        asked = {"product_id": product, "quantity": "2", "customer_id": customer}
        answer = (await client.get("/v1/prices", params=asked)).json()
        assert (answer["price"], answer["amount"]) == (cny("450.00"), cny("900.00"))
        assert answer["per_day"] == cny("15.00")
        assert (answer["given_by"]["rule"], answer["given_by"]["name"]) == ("customer", "表0")
        assert [one["rule"] for one in answer["beaten"]] == ["everybody", "list_price"]
        body = {"customer_id": customer, "lines": [{"product_id": product, "quantity": "2"}]}
        assert (await client.post("/v1/prices", json=body)).json() == {"items": [answer]}
        del asked["customer_id"]
        answer = (await client.get("/v1/prices", params=asked)).json()
        assert answer["given_by"]["rule"] == "everybody"

    async def test_of_the_highest_break_on_a_day_of_the_list(
        self, client: httpx.AsyncClient, make_approved_list: Make, make_product: Make
    ) -> None:
        product = (await make_product())["id"]
        await make_approved_list(
            ends_on="2026-06-30",
            lines=[{"product_id": product, "from_quantity": quantity, "price": price}
                   for quantity, price in (("2", "95.00"), ("10", "90.00"))],
        )  # fmt: skip
        for quantity, on, expected in (
            ("1.9999", "2026-06-30", "100.00"), ("2", "2026-06-30", "95.00"),
            ("9.9999", "2026-01-01", "95.00"), ("10", "2026-01-01", "90.00"),
            ("10", "2025-12-31", "100.00"), ("10", "2026-07-01", "100.00"),
        ):  # fmt: skip
            asked = {"product_id": product, "quantity": quantity, "on": on}
            answer = (await client.get("/v1/prices", params=asked)).json()
            assert answer["price"] == cny(expected), asked

    async def test_of_grade_segment_and_class_as_events_tell(
        self, client: httpx.AsyncClient, make_approved_list: Make, make_product: Make,
        tenant: str, deliver: Deliver,
    ) -> None:  # fmt: skip
        product, customer, segment = (await make_product())["id"], uuid4(), uuid4()
        state = customer_changed(customer).model_copy(update={"value_grade": "A"})
        await deliver(fact_of(state, tenant, sequence=1))
        for fields, price in (
            ({"audience": "tier", "audience_code": "A"}, "90.00"),
            ({"audience": "tier", "audience_code": "B"}, "1.00"),
            ({"audience": "class", "audience_code": "abc/A", "starts_on": "2026-02-01"}, "85.00"),
            ({"audience": "segment", "segment_id": str(segment)}, "80.00"),
        ):
            await make_approved_list(lines=[{"product_id": product, "price": price}], **fields)

        async def price() -> str:
            asked = {"product_id": product, "quantity": "1", "customer_id": str(customer)}
            answer = (await client.get("/v1/prices", params=asked)).json()
            found: str = answer["price"]["amount"]
            return found

        assert await price() == "90.00"
        classified: dict[str, Any] = {
            "classification_id": uuid4(), "customer_id": customer, "scheme_id": uuid4(),
            "scheme_code": "abc", "class_code": "A", "manner": "rule", "reason": None,
            "effective_at": clock.now(),
        }  # fmt: skip
        member: dict[str, Any] = {
            "membership_id": uuid4(), "segment_id": segment, "segment_code": "vip",
            "name_zh": "重点", "name_en": "VIP", "rule_version": 1, "customer_id": customer,
            "reason": "rule", "facts": [], "at": clock.now(),
        }  # fmt: skip
        await deliver(fact_of(CustomerClassified(**classified), tenant, sequence=1))
        assert await price() == "85.00"
        await deliver(fact_of(CustomerEnteredSegment(**member), tenant, sequence=1))
        assert await price() == "80.00"
        await deliver(fact_of(CustomerLeftSegment(**member), tenant, sequence=2))
        assert await price() == "85.00"
        gone = {"ended_at": clock.now(), "end_reason": None, "next_class_code": None}
        await deliver(fact_of(CustomerClassRemoved(**classified, **gone), tenant, sequence=2))
        assert await price() == "90.00"

    async def test_of_a_merged_record_is_its_survivors(
        self, client: httpx.AsyncClient, make_approved_list: Make, make_product: Make,
        tenant: str, deliver: Deliver,
    ) -> None:  # fmt: skip
        product, loser, survivor = (await make_product())["id"], uuid4(), uuid4()
        await deliver(fact_of(customer_changed(loser), tenant, sequence=1))
        await deliver(fact_of(customer_changed(survivor), tenant, sequence=1))
        await make_approved_list(
            audience="customer", customer_id=str(loser),
            lines=[{"product_id": product, "price": "66.00"}],
        )  # fmt: skip
        merged = customer_changed(loser).model_copy(
            update={"merged_into_id": survivor, "state": "former"}
        )
        await deliver(fact_of(merged, tenant, sequence=2))
        for customer in (loser, survivor):
            asked = {"product_id": product, "quantity": "1", "customer_id": str(customer)}
            answer = (await client.get("/v1/prices", params=asked)).json()
            assert answer["price"] == cny("66.00")

    async def test_costs_one_look_at_the_lists_however_many_are_asked(
        self, client: httpx.AsyncClient, make_approved_list: Make, make_product: Make,
        make_customer: MakeCustomer, database: Database,
    ) -> None:  # fmt: skip
        products = [(await make_product())["id"] for _ in range(3)]
        await make_approved_list(lines=[{"product_id": one, "price": "9.00"} for one in products])
        customer = await make_customer()
        lines = [{"product_id": one, "quantity": "1"} for one in products]
        for body in ({"lines": lines[:1]}, {"lines": lines}):
            with count_queries(database) as queries:
                await client.post("/v1/prices", json=body | {"customer_id": customer})
            assert len(queries) == 6, "begin, customer, products, plan once, prices, end"

    @pytest.mark.parametrize("what", ["product_id", "customer_id"])
    async def test_of_nobody_knows_what(
        self, client: httpx.AsyncClient, make_product: Make, problem: ProblemOf, what: str
    ) -> None:
        asked = {"product_id": (await make_product())["id"], "quantity": "1"}
        response = await client.get("/v1/prices", params=asked | {what: str(uuid4())})
        assert problem(response) == (422, f"unknown-{what.removesuffix('_id')}")
