"""What the sales service's tests share: the service, and things made through its API."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from sqlalchemy import select

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.process import Service
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.__main__ import SERVICE
from kehu_sales.customers.models import CustomerRef
from kehu_sales.directory.models import EmployeeRef

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]

STAGES = [
    {"code": "understand", "name": "了解情况", "planned_days": 7, "success_rate": 10},
    {
        "code": "pre-study",
        "name": "预研",
        "planned_days": 14,
        "success_rate": 30,
        "skippable": True,
    },
    {"code": "sign", "name": "签约", "planned_days": 10, "success_rate": 90},
]


@pytest.fixture(scope="session")
def service() -> Service:
    """The service under test."""
    return SERVICE


@pytest.fixture(scope="session")
def problem() -> ProblemOf:
    """Reads the status and code of a problem document: `problem(response) == (409, "...")`."""

    def status_and_code(response: httpx.Response) -> tuple[int, str]:
        assert response.headers["content-type"] == "application/problem+json", response.text
        return response.status_code, response.json()["code"]

    return status_and_code


def _maker(client: httpx.AsyncClient, path: str, defaults: Callable[[], dict[str, Any]]) -> Make:
    async def make(**fields: Any) -> dict[str, Any]:
        response = await client.post(path, json=defaults() | fields)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return make


def _code() -> str:
    return uuid4().hex[:10].upper()


@pytest.fixture
def make_customer(database: Database, context: Context) -> MakeCustomer:
    """Makes a customer known to sales, as its events would; returns the id."""

    async def make(state: str = "trade", name: str = "深圳华强系统集成有限公司") -> str:
        customer_id = uuid4()
        async with database.transaction(context) as session:
            session.add(CustomerRef(id=customer_id, name=name, state=state, sequence=1))
        return str(customer_id)

    return make


@pytest.fixture
def end_customer(database: Database, context: Context) -> Callable[[str], Awaitable[None]]:
    """Makes a customer former, as its event would."""

    async def end(customer_id: str) -> None:
        async with database.transaction(context) as session:
            customer = await session.get(CustomerRef, (context.tenant_id, UUID(customer_id)))
            customer.state, customer.sequence = "former", customer.sequence + 1

    return end


@pytest.fixture
def make_product(client: httpx.AsyncClient) -> Make:
    """Enters a product at 100.00 CNY through the API; fields may be given."""
    price = {"amount": "100.00", "currency": "CNY"}
    return _maker(
        client,
        "/v1/products",
        lambda: {"code": _code(), "name": "GTX Pro 工作站", "list_price": price},
    )


@pytest.fixture
def make_method(client: httpx.AsyncClient) -> Make:
    """Sets up a method of three stages without conditions; the first one is the default."""
    return _maker(
        client,
        "/v1/methods",
        lambda: {"code": _code(), "name": "大客户销售方法", "stages": STAGES},
    )


@pytest.fixture
def make_opportunity(client: httpx.AsyncClient, make_method: Make) -> Make:
    """Opens an opportunity, with a default method if there is none yet."""
    enter = _maker(client, "/v1/opportunities", lambda: {"topic": "工作站更新"})

    async def make(**fields: Any) -> dict[str, Any]:
        if not (await client.get("/v1/methods")).json()["items"]:
            await make_method()
        return await enter(**fields)

    return make


@pytest.fixture
def anybody(database: Database, context: Context) -> Callable[[], Awaitable[str]]:
    """The id of somebody who works here; of anybody, if nobody is known to."""

    async def find() -> str:
        async with database.transaction(context) as session:
            found = await session.scalar(
                select(EmployeeRef.id).where(
                    EmployeeRef.tenant_id == context.tenant_id, EmployeeRef.active
                )
            )
        return str(found or uuid4())

    return find


@pytest.fixture
def make_in_progress(
    client: httpx.AsyncClient,
    make_opportunity: Make,
    make_customer: MakeCustomer,
    anybody: Callable[[], Awaitable[str]],
) -> Make:
    """Opens an opportunity with a customer that passes its evaluation at once."""

    async def make(**fields: Any) -> dict[str, Any]:
        fields = {"customer_id": await make_customer()} | fields
        opened = await make_opportunity(**fields)
        url, on = f"/v1/opportunities/{opened['id']}", opened["opened_on"]
        await client.post(f"{url}/submit", json={"evaluator_id": await anybody(), "on": on})
        passed = await client.post(f"{url}/evaluate", json={"result": "pass", "on": on})
        assert passed.status_code == 200, passed.text
        in_progress: dict[str, Any] = passed.json()
        return in_progress

    return make


@pytest.fixture
def make_activity(client: httpx.AsyncClient) -> Make:
    """Records a visit through the API."""
    return _maker(client, "/v1/activities", lambda: {"kind": "visit", "topic": "拜访信息中心"})


@pytest.fixture
def make_task(client: httpx.AsyncClient, anybody: Callable[[], Awaitable[str]]) -> Make:
    """Gives out a task through the API, to somebody unless told otherwise."""
    enter = _maker(client, "/v1/tasks", lambda: {"topic": "编写方案"})

    async def make(**fields: Any) -> dict[str, Any]:
        if "assignee_id" not in fields:
            fields["assignee_id"] = await anybody()
        return await enter(**fields)

    return make


@pytest.fixture
def visit_body() -> dict[str, Any]:
    """A visit to be planned: in a week, at ten o'clock, without a customer."""
    day = clock.today(clock.now(), "Asia/Shanghai") + timedelta(days=7)
    return {
        "type": "new_customer",
        "purpose": "了解工作站的使用情况",
        "starts_at": f"{day}T10:00:00+08:00",
        "ends_at": f"{day}T10:45:00+08:00",
    }


@pytest.fixture
def make_visit(
    client: httpx.AsyncClient, make_customer: MakeCustomer, visit_body: dict[str, Any]
) -> Make:
    """Plans a visit through the API, to a new customer unless one is given."""
    enter = _maker(client, "/v1/visits", lambda: visit_body)

    async def make(**fields: Any) -> dict[str, Any]:
        if "customer_id" not in fields:
            fields["customer_id"] = await make_customer()
        return await enter(**fields)

    return make


@pytest.fixture
def make_quote(client: httpx.AsyncClient, make_opportunity: Make, make_product: Make) -> Make:
    """Makes a quote through the API, of a new opportunity with one line unless one is given."""
    enter = _maker(client, "/v1/quotes", dict)

    async def make(**fields: Any) -> dict[str, Any]:
        if "opportunity_id" not in fields:
            line = {"product_id": (await make_product())["id"], "quantity": "2"}
            fields["opportunity_id"] = (await make_opportunity(lines=[line]))["id"]
        return await enter(**fields)

    return make


@pytest.fixture
def make_sample(client: httpx.AsyncClient, make_in_progress: Make, make_product: Make) -> Make:
    """Asks for two pieces of a product, for a new opportunity in progress unless one is given."""
    enter = _maker(client, "/v1/samples", dict)

    async def make(**fields: Any) -> dict[str, Any]:
        if "opportunity_id" not in fields:
            fields["opportunity_id"] = (await make_in_progress())["id"]
        if "lines" not in fields:
            fields["lines"] = [{"product_id": (await make_product())["id"], "quantity": "2"}]
        return await enter(**fields)

    return make


@pytest.fixture
def make_contract(
    client: httpx.AsyncClient, make_customer: MakeCustomer, make_product: Make
) -> Make:
    """Drafts a contract through the API: ten units at 100.00, to be paid in two instalments."""
    today = clock.today(clock.now(), "Asia/Shanghai")
    plan = [
        {"due_on": f"{today}", "percent": "30"},
        {"due_on": f"{today + timedelta(days=30)}", "percent": "70"},
    ]
    enter = _maker(client, "/v1/contracts", lambda: {"instalments": plan})

    async def make(**fields: Any) -> dict[str, Any]:
        if "quote_id" not in fields:
            if "lines" not in fields:
                line = {"product_id": (await make_product())["id"], "quantity": "10"}
                fields["lines"] = [line]
            if "customer_id" not in fields and "opportunity_id" not in fields:
                fields["customer_id"] = await make_customer()
        return await enter(**fields)

    return make


@pytest.fixture
def make_effective(client: httpx.AsyncClient, make_contract: Make) -> Make:
    """Drafts a contract and submits it; without a chain it is in force at once."""

    async def make(**fields: Any) -> dict[str, Any]:
        made = await make_contract(**fields)
        response = await client.post(f"/v1/contracts/{made['id']}/submit")
        assert response.json()["state"] == "approved", response.text
        effective: dict[str, Any] = response.json()
        return effective

    return make


@pytest.fixture
def make_price_list(client: httpx.AsyncClient) -> Make:
    """Enters a price list for everybody, a draft, with the prices that are given."""
    enter = _maker(
        client,
        "/v1/price-lists",
        lambda: {"name": "标准价目表", "audience": "everybody", "starts_on": "2026-01-01"},
    )

    async def make(*, lines: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
        made = await enter(**fields)
        if lines:
            response = await client.post(
                f"/v1/price-lists/{made['id']}/lines",
                json={"lines": lines},
                headers={"If-Match": '"1"'},
            )
            assert response.status_code == 200, response.text
            made = response.json()
        return made

    return make


@pytest.fixture
def make_approved_list(client: httpx.AsyncClient, make_price_list: Make) -> Make:
    """Enters a price list and submits it; without a chain it is approved at once."""

    async def make(**fields: Any) -> dict[str, Any]:
        made = await make_price_list(**fields)
        response = await client.post(f"/v1/price-lists/{made['id']}/submit")
        assert response.json()["state"] == "approved", response.text
        approved: dict[str, Any] = response.json()
        return approved

    return make


@pytest.fixture
def project_body(
    client: httpx.AsyncClient, make_customer: MakeCustomer, make_method: Make, make_product: Make
) -> Callable[[], Awaitable[dict[str, Any]]]:
    """A project of a new customer, with six pieces of a product to deliver."""

    async def body() -> dict[str, Any]:
        if not (await client.get("/v1/methods")).json()["items"]:
            await make_method()
        line = {"product_id": (await make_product())["id"], "quantity": "6"}
        return {"topic": "工作站交付", "customer_id": await make_customer(), "lines": [line]}

    return body


@pytest.fixture
def make_project(
    client: httpx.AsyncClient, project_body: Callable[[], Awaitable[dict[str, Any]]]
) -> Make:
    """Drafts a project through the API."""

    async def make(**fields: Any) -> dict[str, Any]:
        return await _maker(client, "/v1/projects", dict)(**await project_body() | fields)

    return make


@pytest.fixture
def make_executing(client: httpx.AsyncClient, make_project: Make) -> Make:
    """Drafts a project that is approved at once and carried out since thirty days."""

    async def make(**fields: Any) -> dict[str, Any]:
        url = f"/v1/projects/{(await make_project(**fields))['id']}"
        await client.post(f"{url}/submit")
        on = clock.today(clock.now(), "Asia/Shanghai") - timedelta(days=30)
        begun = await client.post(f"{url}/execute", json={"on": str(on)})
        assert begun.status_code == 200, begun.text
        project: dict[str, Any] = begun.json()
        return project

    return make


@pytest.fixture
def make_delivered(client: httpx.AsyncClient, make_executing: Make) -> Make:
    """Delivers one piece of a project that is carried out; returns the delivery."""

    async def make(**fields: Any) -> dict[str, Any]:
        project = await make_executing(**fields)
        response = await client.post(
            f"/v1/projects/{project['id']}/deliver",
            json={"lines": [{"line_number": 1, "quantity": "1"}]},
        )
        assert response.status_code == 200, response.text
        delivery: dict[str, Any] = response.json()
        return delivery

    return make


@pytest.fixture
def age(running: RunningService, cluster: Cluster) -> Callable[..., Awaitable[None]]:
    """Has what was done with something be done so many days before."""

    async def back(what: dict[str, Any], *, days: int) -> None:
        connection = await asyncpg.connect(cluster.superuser(running.settings.database_url))
        await connection.execute("SET session_replication_role = replica")  # it is append-only
        await connection.execute(
            "UPDATE audit_log SET at = at - make_interval(days => $2) WHERE entity_id = $1",
            UUID(what["id"]), days,
        )  # fmt: skip
        await connection.close()

    return back
