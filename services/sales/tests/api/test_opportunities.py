from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import count_queries, emitted
from kehu_kernel.testing.plans import planner
from kehu_kernel.testing.plugin import RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
IF_FIRST = {"If-Match": '"1"'}
PATH = "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")


def money(amount: str, currency: str = "CNY") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


class TestCreate:
    async def test_with_lines_expects_their_sum(
        self, make_opportunity: Make, make_product: Make, database: Database, tenant: str
    ) -> None:
        product = await make_product(name="GTX Pro")
        made = await make_opportunity(
            lines=[
                {"product_id": product["id"], "quantity": "2.5"},
                {"product_id": product["id"], "quantity": "1", "unit_price": money("79.99")},
            ],
            opened_on="2026-03-02",
        )
        assert made["expected_revenue"] == money("329.99")
        assert made["lines"][0] == {
            "product_id": product["id"],
            "product_name": "GTX Pro",
            "quantity": "2.5",
            "unit_price": money("100.00"),
            "typed": False,
            "amount": money("250.00"),
        }
        assert made["lines"][1]["typed"] is True
        event = (await emitted(database, tenant))[-1]
        shown = [
            {name: value for name, value in line.items() if name != "typed"}
            for line in made["lines"]
        ]
        assert event.data["lines"] == shown
        assert (event.data["effective_on"], event.data["opened_on"]) == ("2026-03-02",) * 2

    async def test_without_lines_takes_the_typed_revenue(self, make_opportunity: Make) -> None:
        made = await make_opportunity(expected_revenue=money("8000.00", "USD"))
        assert made["expected_revenue"] == money("8000.00", "USD")
        assert (await make_opportunity())["expected_revenue"] == money("0.00")

    async def test_starts_not_evaluated_by_the_default_method(
        self, make_opportunity: Make, make_method: Make
    ) -> None:
        method = await make_method()
        made = await make_opportunity()
        assert (made["status"], made["stage_code"]) == ("not_evaluated", None)
        assert (made["method_id"], made["opened_on"]) == (method["id"], TODAY.isoformat())

    async def test_numbers_are_gapless_by_year(
        self, client: httpx.AsyncClient, make_opportunity: Make
    ) -> None:
        await make_opportunity(opened_on="2016-10-20")
        await client.post(PATH, json={"topic": "x", "customer_id": str(uuid4())})
        second = await make_opportunity(opened_on="2016-10-19")
        other = await make_opportunity(opened_on="2017-01-01")
        assert (second["number"], other["number"]) == ("OPP-2016-000002", "OPP-2017-000001")

    async def test_without_any_method(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        assert problem(await client.post(PATH, json={"topic": "x"})) == (409, "no-default-method")

    async def test_refusals(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_product: Make,
        make_method: Make,
        make_customer: MakeCustomer,
        problem: ProblemOf,
    ) -> None:
        await make_opportunity(external_ref="lead:1")
        product, other = await make_product(), await make_product(list_price=money("1", "USD"))
        withdrawn, old = await make_product(), await make_method()
        for path in (f"/v1/products/{withdrawn['id']}", f"/v1/methods/{old['id']}"):
            await client.patch(path, json={"active": False}, headers=IF_FIRST)
        line = {"product_id": product["id"], "quantity": "1"}
        many = {"quantity": "9999999999", "unit_price": money("9999999999999")}
        cases: list[tuple[dict[str, Any], tuple[int, str]]] = [
            ({"customer_id": str(uuid4())}, (422, "unknown-customer")),
            ({"customer_id": await make_customer("former")}, (409, "customer-has-ended")),
            ({"lines": [line], "expected_revenue": money("1")}, (422, "revenue-is-sum-of-lines")),
            (
                {"lines": [line, {"product_id": other["id"], "quantity": "1"}]},
                (422, "mixed-currencies"),
            ),
            ({"lines": [line | {"product_id": str(uuid4())}]}, (422, "unknown-product")),
            ({"lines": [line | {"product_id": withdrawn["id"]}]}, (409, "product-withdrawn")),
            ({"lines": [line | many]}, (422, "amount-too-large")),
            ({"lines": [line | {"quantity": "0"}]}, (422, "invalid-request")),
            ({"method_id": str(uuid4())}, (422, "unknown-method")),
            ({"method_id": old["id"]}, (409, "method-withdrawn")),
            ({"opened_on": str(TODAY + timedelta(days=1))}, (422, "date-in-future")),
            ({"external_ref": "lead:1"}, (409, "external-reference-taken")),
            ({"interest": "burning"}, (422, "invalid-request")),
        ]
        for fields, expected in cases:
            response = await client.post(PATH, json={"topic": "x"} | fields)
            assert problem(response) == expected, fields

    async def test_costs_few_statements(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_product: Make,
        make_customer: MakeCustomer,
        database: Database,
    ) -> None:
        await make_opportunity()
        line = {"product_id": (await make_product())["id"], "quantity": "1"}
        body = {"topic": "x", "customer_id": await make_customer(), "lines": [line]}
        with count_queries(database) as queries:
            await client.post(PATH, json=body)
        # begin; customer, product, method; rules that assign what nobody owns; number; opportunity;
        # audit entry and event; commit
        assert len(queries) == 9, queries.statements


class TestChange:
    async def test_lines_replace_the_typed_revenue(
        self, client: httpx.AsyncClient, make_opportunity: Make, make_product: Make
    ) -> None:
        made = await make_opportunity(expected_revenue=money("8000.00"))
        line = {"product_id": (await make_product())["id"], "quantity": "3"}
        url = f"{PATH}/{made['id']}"
        changed = await client.patch(url, json={"lines": [line]}, headers=IF_FIRST)
        assert changed.json()["expected_revenue"] == money("300.00")
        cleared = await client.patch(url, json={"lines": []}, headers={"If-Match": '"2"'})
        assert cleared.json()["expected_revenue"] == money("300.00")
        assert cleared.json()["lines"] == []

    async def test_revenue_cannot_be_typed_over_lines(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_product: Make,
        problem: ProblemOf,
    ) -> None:
        line = {"product_id": (await make_product())["id"], "quantity": "3"}
        url = f"{PATH}/{(await make_opportunity(lines=[line]))['id']}"
        typed = {"expected_revenue": money("1.00")}
        response = await client.patch(url, json=typed, headers=IF_FIRST)
        assert problem(response) == (422, "revenue-is-sum-of-lines")
        response = await client.patch(url, json=typed | {"lines": []}, headers=IF_FIRST)
        assert response.json()["expected_revenue"] == money("1.00")

    async def test_keeps_a_product_that_was_withdrawn_meanwhile(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_product: Make,
        problem: ProblemOf,
    ) -> None:
        kept, other = await make_product(), await make_product()
        lines = [{"product_id": kept["id"], "quantity": "1"}]
        url = f"{PATH}/{(await make_opportunity(lines=lines))['id']}"
        for product in (kept, other):
            await client.patch(
                f"/v1/products/{product['id']}", json={"active": False}, headers=IF_FIRST
            )
        more = [{"product_id": kept["id"], "quantity": "5"}]
        response = await client.patch(url, json={"lines": more}, headers=IF_FIRST)
        assert response.json()["expected_revenue"] == money("500.00")
        new = [{"product_id": other["id"], "quantity": "5"}]
        response = await client.patch(url, json={"lines": new}, headers={"If-Match": '"2"'})
        assert problem(response) == (409, "product-withdrawn")

    async def test_of_the_customer(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        problem: ProblemOf,
    ) -> None:
        url = f"{PATH}/{(await make_opportunity())['id']}"
        for customer_id, expected in (
            (str(uuid4()), (422, "unknown-customer")),
            (await make_customer("former"), (409, "customer-has-ended")),
        ):
            response = await client.patch(url, json={"customer_id": customer_id}, headers=IF_FIRST)
            assert problem(response) == expected
        customer_id = await make_customer()
        response = await client.patch(url, json={"customer_id": customer_id}, headers=IF_FIRST)
        assert response.json()["customer_id"] == customer_id

    async def test_of_one_that_is_over(
        self, client: httpx.AsyncClient, make_in_progress: Make, problem: ProblemOf
    ) -> None:
        url = f"{PATH}/{(await make_in_progress())['id']}"
        lost = await client.post(
            f"{url}/lose",
            json={"closed_on": str(TODAY), "reason": "价格过高", "competitor_unknown": True},
        )
        response = await client.patch(
            url, json={"topic": "新"}, headers={"If-Match": lost.headers["etag"]}
        )
        assert problem(response) == (409, "opportunity-is-closed")


class TestList:
    @pytest.fixture
    async def three(
        self, make_opportunity: Make, make_in_progress: Make, make_product: Make
    ) -> dict[str, dict[str, Any]]:
        """A small, a large and a running opportunity."""
        line = {"product_id": (await make_product())["id"], "quantity": "7"}
        return {
            "small": await make_opportunity(
                topic="小型", expected_close_on="2026-05-01", external_ref="x:1"
            ),
            "large": await make_opportunity(
                topic="大型", lines=[line], expected_close_on="2026-06-01", owner_id=str(uuid4())
            ),
            "running": await make_in_progress(topic="进行 100%", lead_id=str(uuid4())),
        }

    async def test_filters(
        self, client: httpx.AsyncClient, three: dict[str, dict[str, Any]]
    ) -> None:
        small, large, running = three.values()
        for parameters, expected in (
            ({"status": "in_progress"}, ["running"]),
            ({"status": ["in_progress", "not_evaluated"]}, ["running", "large", "small"]),
            ({"stage_code": "understand"}, ["running"]),
            ({"owner_id": large["owner_id"]}, ["large"]),
            ({"customer_id": running["customer_id"]}, ["running"]),
            ({"product_id": large["lines"][0]["product_id"]}, ["large"]),
            ({"product_id": str(uuid4())}, []),
            ({"method_id": small["method_id"]}, ["running", "large", "small"]),
            ({"lead_id": running["lead_id"]}, ["running"]),
            ({"number": large["number"]}, ["large"]),
            ({"external_ref": "x:1"}, ["small"]),
            ({"q": "100%"}, ["running"]),
            ({"q": "型"}, ["large", "small"]),
            ({"expected_close_from": "2026-05-02"}, ["large"]),
            ({"expected_close_to": "2026-05-01"}, ["small"]),
            ({"sort": "expected_revenue"}, ["small", "running", "large"]),
            ({"sort": "-expected_revenue"}, ["large", "running", "small"]),
            ({"sort": "expected_close_on"}, ["small", "large", "running"]),
            ({"sort": "-expected_close_on"}, ["large", "small", "running"]),
            ({"sort": "number"}, ["small", "large", "running"]),
        ):
            items = (await client.get(PATH, params=parameters)).json()["items"]
            found = [name for item in items for name in three if three[name]["id"] == item["id"]]
            assert sorted(found) == sorted(expected), parameters
            if "sort" in parameters and "revenue" not in str(parameters):
                assert found == expected, parameters

    async def test_a_period_that_ends_before_it_starts_is_refused(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        period = {"expected_close_from": "2026-05-02", "expected_close_to": "2026-05-01"}
        refused = await client.get(PATH, params=period)
        assert problem(refused) == (422, "period-reversed")

    @pytest.mark.parametrize(
        "sort", ["created_at", "number", "expected_close_on", "expected_revenue"]
    )
    async def test_pages_in_every_order(
        self,
        client: httpx.AsyncClient,
        three: dict[str, dict[str, Any]],
        make_opportunity: Make,
        sort: str,
    ) -> None:
        for _ in range(3):
            await make_opportunity()
        for order in (sort, f"-{sort}"):
            whole = (await client.get(PATH, params={"sort": order})).json()["items"]
            seen: list[Any] = []
            parameters: dict[str, Any] = {"sort": order, "limit": 1}
            while parameters.get("cursor", "") is not None:
                page = (await client.get(PATH, params=parameters)).json()
                seen += page["items"]
                parameters["cursor"] = page["next_cursor"]
            assert seen == whole
            assert len(seen) == 6


@pytest.mark.parametrize(
    ("sort", "filters"),
    [
        ("created_at", {}),
        ("-created_at", {"status": "in_progress"}),
        ("-created_at", {"owner_id": str(UUID(int=7))}),
        ("expected_close_on", {}),
        ("expected_close_on", {"owner_id": str(UUID(int=7)), "status": "in_progress"}),
        ("expected_revenue", {}),
        ("-expected_close_on", {}),
        ("level", {}),
        ("-level", {}),
    ],
)
async def test_an_index_gives_a_page_in_its_order(
    sort: str,
    filters: dict[str, str],
    client: httpx.AsyncClient,
    database: Database,
    running: RunningService,
    cluster: Cluster,
    tenant: str,
) -> None:
    """Nothing is sorted: that would read all that is somebody's for a page of fifty."""
    with count_queries(database) as seen:
        await client.get(PATH, params={"sort": sort, **filters})
    (page,) = [one for one in seen.statements if "ORDER BY" in one]
    values = [UUID(one) if "-" in one else one for one in filters.values()]
    async with planner(cluster.superuser(running.settings.database_url), "kehu_app") as asking:
        plan = f"{await asking.plan(page, tenant, *values, 51)}"
    assert "Sort" not in plan, plan
    if len(filters) == 2:  # two conditions and an order: no other index has all three
        assert "ix_opportunities_owner_close" in plan, plan
