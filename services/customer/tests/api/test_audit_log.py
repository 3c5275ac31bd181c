"""Who changed what: the audit log of the customer service."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


class TestList:
    async def test_tells_the_story_of_a_customer_newest_first(
        self, client: httpx.AsyncClient, client_for: ClientFor, make_customer: Make, tenant: str
    ) -> None:
        customer = await make_customer(name="旧名称")
        await make_customer()
        url = f"/v1/customers/{customer['id']}"
        somebody = client_for(tenant, subject="li.wei")
        await somebody.patch(
            url,
            json={"name": "新名称"},
            headers={"If-Match": '"1"', "X-Request-Id": "r-2"},
        )
        await client.post(f"{url}/end", json={"reason": "公司已注销"})
        page = (
            await client.get(
                "/v1/audit-log", params={"entity_id": customer["id"], "count": "exact"}
            )
        ).json()
        assert page["count"] == 3
        story = [(entry["action"], entry["actor"], entry["version"]) for entry in page["items"]]
        assert story == [
            ("customer.ended", "tester", 3),
            ("customer.changed", "li.wei", 2),
            ("customer.created", "tester", 1),
        ]
        assert page["items"][1]["request_id"] == "r-2"
        assert page["items"][1]["changes"] == {"name": {"before": "旧名称", "after": "新名称"}}

    async def test_filters(
        self, client: httpx.AsyncClient, client_for: ClientFor, make_territory: Make, tenant: str
    ) -> None:
        await make_territory()
        somebody = client_for(tenant, subject="li.wei")
        await somebody.post(
            "/v1/customers",
            json={"kind": "person", "name": "张敏"},
            headers={"X-Request-Id": "r-9"},
        )
        for query in ({"entity": "customer"}, {"actor": "li.wei"}, {"request_id": "r-9"}):
            page = (await client.get("/v1/audit-log", params=query)).json()
            assert [entry["action"] for entry in page["items"]] == ["customer.created"], query

    async def test_without_the_right(
        self, client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        representative = client_for(tenant, roles=("sales_representative",))
        assert problem(await representative.get("/v1/audit-log")) == (403, "scope-missing")
