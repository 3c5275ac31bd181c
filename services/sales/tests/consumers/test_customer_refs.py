"""The local copy of customers, kept by the customer service's events."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.customer_copies import CustomerCopies, merged, named
from kehu_kernel.testing.events import Deliver, customer_changed, fact_of
from kehu_kernel.testing.plans import planner
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.consumers import fold
from kehu_sales.customers.models import CustomerRef
from kehu_sales.customers.queries import of_customer
from kehu_sales.quotes.models import Quote

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


class TestCopies(CustomerCopies):
    """Those of this service."""

    fold = staticmethod(fold)
    copies = CustomerRef

    async def test_a_customer_may_be_used_as_soon_as_it_is_known(
        self,
        client: httpx.AsyncClient,
        deliver: Deliver,
        make_method: Make,
        problem: ProblemOf,
        tenant: str,
    ) -> None:
        await make_method()
        customer = customer_changed(uuid4())
        body = {"topic": "工作站更新", "customer_id": str(customer.customer_id)}
        response = await client.post("/v1/opportunities", json=body)
        assert problem(response) == (422, "unknown-customer")
        assert "retry in a second" in response.json()["detail"]
        await deliver(fact_of(customer, f"{tenant}-x", sequence=1))
        response = await client.post("/v1/opportunities", json=body)
        assert problem(response) == (422, "unknown-customer")
        await deliver(fact_of(customer, tenant, sequence=1))
        assert (await client.post("/v1/opportunities", json=body)).status_code == 201
        former = customer.model_copy(update={"state": "former"})
        await deliver(fact_of(former, tenant, sequence=2))
        response = await client.post("/v1/opportunities", json=body)
        assert problem(response) == (409, "customer-has-ended")

    async def test_nothing_new_begins_with_a_merged_record_and_what_was_begun_goes_on(
        self,
        client: httpx.AsyncClient,
        deliver: Deliver,
        make_in_progress: Make,
        make_product: Make,
        problem: ProblemOf,
        tenant: str,
    ) -> None:
        loser, survivor = uuid4(), uuid4()
        await deliver(named("东方机械", loser, tenant, 1), named("东方集团", survivor, tenant, 1))
        line = {"product_id": (await make_product())["id"], "quantity": "2"}
        begun = await make_in_progress(customer_id=str(loser), lines=[line])
        await deliver(merged(loser, survivor, tenant, 2, "东方机械"))

        new = {"topic": "二期", "customer_id": str(loser)}
        for path, more in (("opportunities", {}), ("tasks", {}), ("activities", {"kind": "visit"})):
            refused = await client.post(
                f"/v1/{path}", json=new | more, headers={"Accept-Language": "zh"}
            )
            assert problem(refused) == (409, "customer-merged")
            assert refused.json()["merged_into_id"] == str(survivor)
            assert refused.json()["detail"] == (
                f"东方机械 已合并到 东方集团（{survivor}），请使用该客户。"
            )
        on = {"opportunity_id": begun["id"]}
        activity = await client.post("/v1/activities", json=on | {"kind": "visit", "topic": "走访"})
        task = await client.post("/v1/tasks", json=on | {"topic": "方案"})
        quote = await client.post("/v1/quotes", json=on)
        by_name = on | {"topic": "方案", "customer_id": str(survivor)}
        named_task = await client.post("/v1/tasks", json=by_name)
        for made in (activity, task, quote, named_task):
            assert made.status_code == 201, made.text
            assert made.json()["customer_id"] == str(survivor)
        url = f"/v1/opportunities/{begun['id']}"
        won = await client.post(
            f"{url}/win", json={"closed_on": begun["opened_on"], "reason": "价格"}
        )
        assert won.status_code == 200, won.text
        assert won.json()["customer_id"] == str(loser)

    async def test_lists_by_customer_find_what_was_entered_for_either_record(
        self, client: httpx.AsyncClient, deliver: Deliver, make_opportunity: Make, tenant: str
    ) -> None:
        loser, survivor, other = uuid4(), uuid4(), uuid4()
        await deliver(*(named("东方", one, tenant, 1) for one in (loser, survivor, other)))
        made = {one: await make_opportunity(customer_id=str(one)) for one in (loser, survivor)}
        await make_opportunity(customer_id=str(other))
        for path in ("tasks", "activities"):
            for one in (loser, survivor, other):
                body = {"topic": "走访", "customer_id": str(one), "kind": "visit"}
                body = body if path == "activities" else {k: body[k] for k in list(body)[:2]}
                assert (await client.post(f"/v1/{path}", json=body)).status_code == 201

        async def found(path: str, customer: UUID) -> list[str]:
            answer = await client.get(f"/v1/{path}", params={"customer_id": str(customer)})
            return [one["customer_id"] for one in answer.json()["items"]]

        before = {
            (path, one): await found(path, one)
            for path in ("opportunities", "tasks", "activities")
            for one in (loser, survivor, other)
        }
        await deliver(merged(loser, survivor, tenant, 2))
        for path in ("opportunities", "tasks", "activities"):
            for one in (loser, survivor):
                assert sorted(await found(path, one)) == sorted([str(loser), str(survivor)])
            assert await found(path, other) == [str(other)]
        await deliver(merged(loser, None, tenant, 3))
        assert {key: await found(*key) for key in before} == before
        for opportunity in made.values():
            now = await client.get(f"/v1/opportunities/{opportunity['id']}")
            assert now.json() == opportunity


async def test_what_names_a_customer_is_found_by_indexes(
    running: RunningService, cluster: Cluster, tenant: str
) -> None:
    """Also under row-level security, which keeps indexes from what the planner takes for leaky."""
    named = of_customer(Quote.customer_id, tenant, uuid4())
    query = select(Quote.id).where(Quote.tenant_id == tenant, named)
    sql = str(query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    async with planner(cluster.superuser(running.settings.database_url), "kehu_app") as large:
        assert await large.whole(sql) == set()
        sought = str(await large.sought(sql))
    assert "merged_into_id = " in sought, sought
    assert "customer_id = ANY" in sought, sought
