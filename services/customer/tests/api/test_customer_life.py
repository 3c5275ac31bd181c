"""A customer is promoted, ends, and goes from owner to owner."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted

NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"  # a constant: it becomes part of test names
Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


def today() -> date:
    return clock.today(clock.now(), "Asia/Shanghai")


TOMORROW = (today() + timedelta(days=2)).isoformat()  # two: the tests may run over midnight
IF_FIRST = {"If-Match": '"1"'}


@pytest.fixture
async def customer(make_customer: Make) -> dict[str, Any]:
    """A prospect."""
    return await make_customer(created_on="2026-03-16")


@pytest.fixture
async def url(customer: dict[str, Any]) -> str:
    """Its address."""
    return f"/v1/customers/{customer['id']}"


class TestPromote:
    async def test_a_prospect(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        url: str,
        database: Database,
        tenant: str,
    ) -> None:
        response = await client.post(f"{url}/promote", json={"on": "2026-04-08"})
        assert response.headers["etag"] == '"2"'
        body = response.json()
        assert (body["state"], body["promoted_on"]) == ("trade", "2026-04-08")
        entry = (await audited(database, tenant))[-1]
        assert entry.action == "customer.promoted"
        assert entry.changes == {
            "state": {"before": "prospect", "after": "trade"},
            "promoted_on": {"before": None, "after": "2026-04-08"},
        }
        event = (await emitted(database, tenant, "customer.customer-promoted.v1"))[-1]
        assert (event.key, event.sequence) == (customer["id"], 2)
        assert event.data["changed"] == ["promoted_on", "state"]
        assert (event.data["state"], event.data["promoted_on"]) == ("trade", "2026-04-08")

    async def test_today_unless_said(self, client: httpx.AsyncClient, url: str) -> None:
        body = (await client.post(f"{url}/promote", json={})).json()
        assert body["promoted_on"] == today().isoformat()

    async def test_a_second_time(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.post(f"{url}/promote", json={})
        response = await client.post(f"{url}/promote", json={})
        assert problem(response) == (409, "already-trade-customer")

    async def test_after_the_end(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.post(f"{url}/end", json={"reason": "公司已注销"})
        response = await client.post(f"{url}/promote", json={})
        assert problem(response) == (409, "customer-has-ended")

    @pytest.mark.parametrize(
        ("on", "code"), [(TOMORROW, "date-in-future"), ("2026-03-15", "date-before-previous")]
    )
    async def test_on_an_impossible_day(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf, on: str, code: str
    ) -> None:
        assert problem(await client.post(f"{url}/promote", json={"on": on})) == (422, code)
        assert (await client.get(url)).json()["state"] == "prospect"

    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.patch(url, json={"name": "新名称"}, headers=IF_FIRST)
        response = await client.post(f"{url}/promote", json={}, headers=IF_FIRST)
        assert problem(response) == (412, "version-conflict")


class TestEnd:
    async def test_with_a_reason(
        self,
        client: httpx.AsyncClient,
        url: str,
        database: Database,
        tenant: str,
    ) -> None:
        body = (
            await client.post(f"{url}/end", json={"reason": "公司已注销", "on": "2026-11-01"})
        ).json()
        assert (body["state"], body["ended_on"]) == ("former", "2026-11-01")
        assert body["end_reason"] == "公司已注销"
        assert (await audited(database, tenant))[-1].action == "customer.ended"
        event = (await emitted(database, tenant, "customer.customer-ended.v1"))[-1]
        assert event.data["end_reason"] == "公司已注销"

    @pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": None}])
    async def test_without_a_reason(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf, body: dict[str, Any]
    ) -> None:
        assert problem(await client.post(f"{url}/end", json=body)) == (422, "invalid-request")

    async def test_a_second_time(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.post(f"{url}/end", json={"reason": "公司已注销"})
        response = await client.post(f"{url}/end", json={"reason": "公司已注销"})
        assert problem(response) == (409, "customer-has-ended")

    async def test_before_the_promotion(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.post(f"{url}/promote", json={"on": "2026-04-08"})
        response = await client.post(f"{url}/end", json={"reason": "错误", "on": "2026-04-07"})
        assert problem(response) == (422, "date-before-previous")

    async def test_in_the_future(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        response = await client.post(f"{url}/end", json={"reason": "合同到期", "on": TOMORROW})
        assert problem(response) == (422, "date-in-future")


class TestHandOver:
    async def test_to_another_owner(
        self,
        client: httpx.AsyncClient,
        make_employee: Make,
        make_customer: Make,
        database: Database,
        tenant: str,
    ) -> None:
        first, second = await make_employee(), await make_employee()
        customer = await make_customer(owner_id=first["id"])
        response = await client.post(
            f"/v1/customers/{customer['id']}/hand-over",
            json={"owner_id": second["id"], "reason": "区域调整"},
        )
        body = response.json()
        assert body["owner_id"] == second["id"]
        assert body["department_id"] == second["department_id"]
        event = (await emitted(database, tenant, "customer.customer-handed-over.v1"))[-1]
        assert event.data["previous_owner_id"] == first["id"]
        assert event.data["owner_id"] == second["id"]
        assert event.data["reason"] == "区域调整"
        assert event.data["changed"] == ["department_id", "owner_id", "reason"]
        entry = (await audited(database, tenant))[-1]
        assert entry.action == "customer.handed-over"
        assert entry.changes["owner_id"] == {"before": first["id"], "after": second["id"]}

    async def test_into_the_public_pool(
        self, client: httpx.AsyncClient, make_employee: Make, make_customer: Make
    ) -> None:
        customer = await make_customer(owner_id=(await make_employee())["id"])
        response = await client.post(
            f"/v1/customers/{customer['id']}/hand-over", json={"owner_id": None}
        )
        assert (response.json()["owner_id"], response.json()["department_id"]) == (None, None)

    async def test_to_the_present_owner_changes_nothing(
        self,
        client: httpx.AsyncClient,
        make_employee: Make,
        make_customer: Make,
        database: Database,
        tenant: str,
    ) -> None:
        owner = await make_employee()
        customer = await make_customer(owner_id=owner["id"])
        response = await client.post(
            f"/v1/customers/{customer['id']}/hand-over",
            json={"owner_id": owner["id"], "reason": "误操作"},
        )
        assert response.json() == customer
        assert await emitted(database, tenant, "customer.customer-handed-over.v1") == []

    async def test_to_the_present_owner_who_has_moved(
        self,
        client: httpx.AsyncClient,
        make_department: Make,
        make_employee: Make,
        make_customer: Make,
        database: Database,
        tenant: str,
    ) -> None:
        owner, department = await make_employee(), await make_department()
        customer = await make_customer(owner_id=owner["id"])
        await client.patch(
            f"/v1/employees/{owner['id']}",
            json={"department_id": department["id"]},
            headers=IF_FIRST,
        )
        response = await client.post(
            f"/v1/customers/{customer['id']}/hand-over", json={"owner_id": owner["id"]}
        )
        assert response.json()["department_id"] == department["id"]
        event = (await emitted(database, tenant, "customer.customer-handed-over.v1"))[-1]
        assert event.data["changed"] == ["department_id"]

    async def test_to_somebody_unknown(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        response = await client.post(f"{url}/hand-over", json={"owner_id": NOBODY})
        assert problem(response) == (422, "unknown-owner")

    async def test_to_somebody_who_has_left(
        self, client: httpx.AsyncClient, url: str, make_employee: Make, problem: ProblemOf
    ) -> None:
        leaver = await make_employee()
        await client.post(f"/v1/employees/{leaver['id']}/leave", json={"reason": "退休"})
        response = await client.post(f"{url}/hand-over", json={"owner_id": leaver["id"]})
        assert problem(response) == (422, "unknown-owner")

    async def test_after_the_end(
        self, client: httpx.AsyncClient, url: str, make_employee: Make, problem: ProblemOf
    ) -> None:
        await client.post(f"{url}/end", json={"reason": "公司已注销"})
        owner = await make_employee()
        response = await client.post(f"{url}/hand-over", json={"owner_id": owner["id"]})
        assert problem(response) == (409, "customer-has-ended")
