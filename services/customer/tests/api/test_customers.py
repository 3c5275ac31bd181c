"""The customer API, beyond what every resource has in common."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_customer.customers.models import CustomerRole
from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries, emitted

NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"  # a constant: it becomes part of test names
Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


def today() -> date:
    return clock.today(clock.now(), "Asia/Shanghai")


TOMORROW = (today() + timedelta(days=2)).isoformat()  # two: the tests may run over midnight
IF_FIRST = {"If-Match": '"1"'}
EVERYTHING = {
    "kind": "organisation",
    "name": "深圳华强系统集成有限公司",
    "code": "C-0001",
    "external_ref": "crm-1",
    "roles": ["partner", "merchant", "partner"],
    "industry": "system integration",
    "country": "CN",
    "source": "referral",
    "founded_year": 1998,
    "employee_count": 420,
    "annual_revenue": {"amount": "1100.04", "currency": "CNY"},
    "created_on": "2026-03-16",
}


@pytest.fixture
async def customer(make_customer: Make) -> dict[str, Any]:
    """A prospect."""
    return await make_customer(created_on="2026-03-16")


@pytest.fixture
async def url(customer: dict[str, Any]) -> str:
    """Its address."""
    return f"/v1/customers/{customer['id']}"


class TestCreate:
    async def test_with_everything(self, client: httpx.AsyncClient, make_employee: Make) -> None:
        owner, parent = await make_employee(), {"kind": "organisation", "name": "母公司"}
        parent_id = (await client.post("/v1/customers", json=parent)).json()["id"]
        given = EVERYTHING | {"owner_id": owner["id"], "parent_id": parent_id}
        response = await client.post("/v1/customers", json=given)
        body = response.json()
        assert response.headers["location"] == f"/v1/customers/{body['id']}"
        assert response.headers["etag"] == '"1"'
        expected = given | {
            "roles": ["merchant", "partner"],
            "department_id": owner["department_id"],
            "state": "prospect",
            "value_grade": None,
        }
        assert {name: body[name] for name in expected} == expected

    async def test_with_the_least(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/customers", json={"kind": "person", "name": "张敏"})
        body = response.json()
        assert (body["roles"], body["owner_id"]) == (["consumer"], None)
        assert body["created_on"] == today().isoformat()

    @pytest.mark.parametrize(
        ("field", "code"),
        [("code", "customer-code-taken"), ("external_ref", "external-reference-taken")],
    )
    async def test_with_a_key_that_is_taken(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        problem: ProblemOf,
        database: Database,
        tenant: str,
        field: str,
        code: str,
    ) -> None:
        await make_customer(**{field: "K-1"})
        body = {"kind": "person", "name": "另一个", field: "K-1"}
        assert problem(await client.post("/v1/customers", json=body)) == (409, code)
        assert len(await emitted(database, tenant)) == 1

    async def test_the_same_key_in_another_tenant(
        self, client_for: Callable[[str], httpx.AsyncClient], make_customer: Make
    ) -> None:
        await make_customer(code="K-1")
        body = {"kind": "person", "name": "另一个", "code": "K-1"}
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert (await stranger.post("/v1/customers", json=body)).status_code == 201

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("parent_id", NOBODY, "unknown-parent"),
            ("owner_id", NOBODY, "unknown-owner"),
            ("created_on", TOMORROW, "date-in-future"),
        ],
    )
    async def test_refused(
        self, client: httpx.AsyncClient, problem: ProblemOf, field: str, value: str, code: str
    ) -> None:
        body = {"kind": "person", "name": "张敏", field: value}
        assert problem(await client.post("/v1/customers", json=body)) == (422, code)

    async def test_owned_by_somebody_who_has_left(
        self, client: httpx.AsyncClient, make_employee: Make, problem: ProblemOf
    ) -> None:
        owner = await make_employee()
        await client.post(f"/v1/employees/{owner['id']}/leave", json={"reason": "退休"})
        body = {"kind": "person", "name": "张敏", "owner_id": owner["id"]}
        assert problem(await client.post("/v1/customers", json=body)) == (422, "unknown-owner")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("kind", "robot"),
            ("roles", []),
            ("roles", ["king"]),
            ("founded_year", 0),
            ("employee_count", -1),
            ("annual_revenue", {"amount": "1.005", "currency": "CNY"}),
            ("annual_revenue", {"amount": "1.00"}),
            ("created_on", "2026-02-30"),
            ("state", "trade"),
            ("value_grade", "A"),
            ("department_id", NOBODY),
        ],
    )
    async def test_with_a_field_that_is_not_valid(
        self, client: httpx.AsyncClient, problem: ProblemOf, field: str, value: object
    ) -> None:
        body = {"kind": "person", "name": "张敏", field: value}
        response = await client.post("/v1/customers", json=body)
        assert problem(response) == (422, "invalid-request")
        assert response.json()["errors"][0]["pointer"].startswith(f"/{field}")

    async def test_in_all_roles_tells_the_later_ones_apart(
        self, client: httpx.AsyncClient, make_customer: Make, database: Database, tenant: str
    ) -> None:
        made = await make_customer(roles=[role.value for role in CustomerRole])
        assert made["roles"] == sorted(CustomerRole)
        data = (await emitted(database, tenant))[-1].data
        assert (len(data["roles"]), "public_body" in data["roles"]) == (8, True)
        assert data["further_roles"] == [
            "association", "community", "competitor", "intermediary", "media", "retailer",
            "wholesaler",
        ]  # fmt: skip
        found = await client.get("/v1/customers", params={"role": "competitor"})
        assert [one["id"] for one in found.json()["items"]] == [made["id"]]


class TestChange:
    async def test_several_fields(self, client: httpx.AsyncClient, make_customer: Make) -> None:
        customer = await make_customer(**EVERYTHING)
        changes = {
            "code": None,
            "roles": ["supplier"],
            "annual_revenue": {"amount": "2000.00", "currency": "USD"},
            "industry": "retail",
        }
        response = await client.patch(
            f"/v1/customers/{customer['id']}", json=changes, headers=IF_FIRST
        )
        assert response.json() == customer | changes | {
            "version": 2, "updated_at": response.json()["updated_at"]
        }  # fmt: skip

    async def test_revenue_is_cleared(self, client: httpx.AsyncClient, make_customer: Make) -> None:
        customer = await make_customer(**EVERYTHING)
        url = f"/v1/customers/{customer['id']}"
        await client.patch(url, json={"annual_revenue": None}, headers=IF_FIRST)
        assert (await client.get(url)).json()["annual_revenue"] is None

    async def test_code_that_is_taken(
        self, client: httpx.AsyncClient, url: str, make_customer: Make, problem: ProblemOf
    ) -> None:
        await make_customer(code="K-1")
        response = await client.patch(url, json={"code": "K-1"}, headers=IF_FIRST)
        assert problem(response) == (409, "customer-code-taken")

    async def test_parent_that_does_not_exist(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        response = await client.patch(url, json={"parent_id": NOBODY}, headers=IF_FIRST)
        assert problem(response) == (422, "unknown-parent")

    async def test_parent_that_closes_a_circle(
        self, client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
    ) -> None:
        top = await make_customer()
        middle = await make_customer(parent_id=top["id"])
        bottom = await make_customer(parent_id=middle["id"])
        for parent in (top, bottom):
            response = await client.patch(
                f"/v1/customers/{top['id']}", json={"parent_id": parent["id"]}, headers=IF_FIRST
            )
            assert problem(response) == (409, "parent-cycle")

    async def test_after_the_end(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.post(f"{url}/end", json={"reason": "公司已注销"})
        response = await client.patch(url, json={"name": "新"}, headers={"If-Match": '"2"'})
        assert problem(response) == (409, "customer-has-ended")

    async def test_in_chinese(self, client: httpx.AsyncClient, url: str) -> None:
        await client.post(f"{url}/end", json={"reason": "公司已注销"})
        response = await client.patch(
            url, json={"name": "新"}, headers={"If-Match": '"2"', "Accept-Language": "zh-CN"}
        )
        assert "业务关系已终止" in response.json()["detail"]


class TestCommands:
    @pytest.mark.parametrize(
        ("command", "body"),
        [("promote", {}), ("end", {"reason": "无"}), ("hand-over", {"owner_id": None})],
    )
    async def test_on_nothing(
        self, client: httpx.AsyncClient, problem: ProblemOf, command: str, body: dict[str, Any]
    ) -> None:
        response = await client.post(f"/v1/customers/{uuid4()}/{command}", json=body)
        assert problem(response) == (404, "not-found")

    @pytest.mark.parametrize("command", ["promote", "end", "hand-over"])
    async def test_with_an_unknown_field(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf, command: str
    ) -> None:
        response = await client.post(f"{url}/{command}", json={"colour": "red"})
        assert problem(response) == (422, "invalid-request")


class TestList:
    async def test_filters(
        self, client: httpx.AsyncClient, make_employee: Make, make_customer: Make
    ) -> None:
        owner = await make_employee()
        parent = await make_customer(name="集团")
        wanted = await make_customer(
            **EVERYTHING | {"owner_id": owner["id"], "parent_id": parent["id"]}
        )
        await client.post(f"/v1/customers/{wanted['id']}/promote", json={})
        await make_customer(kind="person", name="张敏")
        filters = {
            "state": "trade",
            "role": "merchant",
            "owner_id": owner["id"],
            "department_id": owner["department_id"],
            "parent_id": parent["id"],
            "industry": "system integration",
            "code": "C-0001",
            "external_ref": "crm-1",
            "name": "深圳华强系统集成有限公司",
            "q": "华强",
        }
        for query in (*({name: value} for name, value in filters.items()), filters):
            page = (await client.get("/v1/customers", params=query | {"count": "exact"})).json()
            assert [item["id"] for item in page["items"]] == [wanted["id"]], query
            assert page["count"] == 1
        nobody = (await client.get("/v1/customers", params=filters | {"kind": "person"})).json()
        assert nobody["items"] == []

    async def test_several_states(self, client: httpx.AsyncClient, make_customer: Make) -> None:
        ended = await make_customer(name="b")
        await client.post(f"/v1/customers/{ended['id']}/end", json={"reason": "无"})
        await make_customer(name="a")
        query = {"state": ["prospect", "former"]}
        page = (await client.get("/v1/customers", params=query)).json()
        assert [item["name"] for item in page["items"]] == ["a", "b"]

    async def test_newest_first(self, client: httpx.AsyncClient, make_customer: Make) -> None:
        made = [(await make_customer())["id"] for _ in range(3)]
        seen: list[str] = []
        query = {"sort": "-created_at", "limit": "2"}
        for _ in range(2):
            page = (await client.get("/v1/customers", params=query)).json()
            seen += [item["id"] for item in page["items"]]
            query["cursor"] = page["next_cursor"]
        assert seen == made[::-1]


@pytest.mark.parametrize("sort", ["name", "-name", "created_at", "-created_at"])
async def test_an_index_gives_a_page_in_its_order(
    sort: str, client: httpx.AsyncClient, database: Database, tenant: str
) -> None:
    """Nothing is sorted: that would read all customers of a tenant for a page of fifty."""
    with count_queries(database) as seen:
        await client.get("/v1/customers", params={"sort": sort, "state": "prospect"})
    (page,) = [one for one in seen.statements if "ORDER BY" in one]
    async with database.transaction(Context(tenant_id=tenant, actor="tester")) as session:
        await session.fetch("SET LOCAL enable_sort = off")
        plan = await session.fetch(f"EXPLAIN {page}", tenant, "prospect", 51)
    assert not [line for (line,) in plan if "Sort" in line], plan
