"""The local copy of customers, kept by the customer service's events."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx

from kehu_kernel.testing.customer_copies import CustomerCopies, merged, named
from kehu_kernel.testing.events import Deliver
from kehu_marketing.consumers import fold
from kehu_marketing.customers.models import CustomerRef

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


class TestCopies(CustomerCopies):
    """Those of this service."""

    fold = staticmethod(fold)
    copies = CustomerRef

    async def test_leads_of_a_merged_record_are_found_with_the_survivor_and_no_new_one_begins(
        self,
        client: httpx.AsyncClient,
        deliver: Deliver,
        make_lead: Make,
        problem: ProblemOf,
        tenant: str,
    ) -> None:
        loser, survivor = uuid4(), uuid4()
        await deliver(named("东方机械", loser, tenant, 1), named("东方集团", survivor, tenant, 1))
        theirs = await make_lead(customer_id=str(loser))
        ours = await make_lead(customer_id=str(survivor))
        await deliver(merged(loser, survivor, tenant, 2, "东方机械"))

        async def found(customer: UUID) -> set[str]:
            answer = await client.get("/v1/leads", params={"customer_id": str(customer)})
            return {one["id"] for one in answer.json()["items"]}

        for one in (loser, survivor):
            assert await found(one) == {theirs["id"], ours["id"]}
        body = {"topic": "二期", "source": "seminar", "customer_id": str(loser)}
        refused = await client.post("/v1/leads", json=body)
        assert problem(refused) == (409, "customer-merged")
        assert refused.json()["merged_into_id"] == str(survivor)
        url = f"/v1/leads/{ours['id']}"
        match = {"If-Match": f'"{ours["version"]}"'}
        refused = await client.patch(url, json={"customer_id": str(loser)}, headers=match)
        assert problem(refused) == (409, "customer-merged")
        await deliver(merged(loser, None, tenant, 3))
        assert await found(loser) == {theirs["id"]}
        assert await found(survivor) == {ours["id"]}
        assert (await client.get(f"/v1/leads/{theirs['id']}")).json() == theirs
