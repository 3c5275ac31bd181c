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
from kehu_kernel.testing.observe import audited, count_queries, emitted

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
