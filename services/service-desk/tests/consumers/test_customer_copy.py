"""The local copy of customers, kept by the customer service's events."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx

from kehu_kernel.testing.customer_copies import CustomerCopies, merged, named
from kehu_kernel.testing.events import Deliver
from kehu_service_desk.consumers import fold
from kehu_service_desk.customers.models import CustomerRef

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


class TestCopies(CustomerCopies):
    """Those of this service."""

    fold = staticmethod(fold)
    copies = CustomerRef

    async def test_the_survivor_is_served_with_the_products_of_the_merged_record(
        self,
        client: httpx.AsyncClient,
        deliver: Deliver,
        make_file: Make,
        make_request: Make,
        problem: ProblemOf,
        tenant: str,
    ) -> None:
        loser, survivor, other = uuid4(), uuid4(), uuid4()
        await deliver(
            *(named(f"东方{n}", one, tenant, 1) for n, one in enumerate((loser, survivor, other)))
        )
        file = await make_file(customer_id=str(loser), register=True)
        request = await make_request(customer_id=str(loser))
        new = {"problem": "异响", "channel": "phone", "product_file_id": file["id"]}
        ours = new | {"customer_id": str(survivor)}
        answer = await client.post("/v1/requests", json=ours)
        assert problem(answer) == (409, "product-file-of-another-customer")
        await deliver(merged(loser, survivor, tenant, 2, "东方0"))

        answer = await client.post("/v1/requests", json=new | {"customer_id": str(loser)})
        assert problem(answer) == (409, "customer-merged")
        assert answer.json()["merged_into_id"] == str(survivor)
        assert answer.json()["detail"] == (
            f"东方0 was merged into 东方1 ({survivor}): use that customer."
        )
        another = {"customer_id": str(loser), "product_name": "工业服务器"}
        answer = await client.post("/v1/product-files", json=another)
        assert problem(answer) == (409, "customer-merged")
        answer = await client.post("/v1/requests", json=new | {"customer_id": str(other)})
        assert problem(answer) == (409, "product-file-of-another-customer")
        made = await client.post("/v1/requests", json=ours)
        assert made.status_code == 201, made.text

        async def found(path: str, customer: UUID) -> set[str]:
            answer = await client.get(f"/v1/{path}", params={"customer_id": str(customer)})
            return {one["id"] for one in answer.json()["items"]}

        for one in (loser, survivor):
            assert await found("requests", one) == {request["id"], made.json()["id"]}
            assert await found("product-files", one) == {file["id"]}
        await deliver(merged(loser, None, tenant, 3))
        assert await found("requests", loser) == {request["id"]}
        assert await found("requests", survivor) == {made.json()["id"]}
        assert await found("product-files", survivor) == set()
        for path, before in (("requests", request), ("product-files", file)):
            assert (await client.get(f"/v1/{path}/{before['id']}")).json() == before
