"""What the customer service's tests share: the service, and things made through its API."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from kehu_contracts.events import event_class
from kehu_customer.__main__ import SERVICE
from kehu_customer.segments.changes import note_changes
from kehu_customer.segments.worker import SegmentWork, Sizes
from kehu_kernel.process import Service
from kehu_kernel.testing.events import fact_of
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


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
def make_department(client: httpx.AsyncClient) -> Make:
    """Sets up a department through the API; fields may be given."""
    return _maker(client, "/v1/departments", lambda: {"code": _code(), "name": "销售部"})


@pytest.fixture
def make_territory(client: httpx.AsyncClient) -> Make:
    """Sets up a territory through the API."""
    return _maker(client, "/v1/territories", lambda: {"code": _code(), "name": "华东区"})


@pytest.fixture
def make_employee(client: httpx.AsyncClient, make_department: Make) -> Make:
    """Enters an employee through the API, in a new department unless one is given."""
    enter = _maker(client, "/v1/employees", lambda: {"code": _code(), "name": "王芳"})

    async def make(**fields: Any) -> dict[str, Any]:
        if "department_id" not in fields:
            fields["department_id"] = (await make_department())["id"]
        return await enter(**fields)

    return make


@pytest.fixture
def make_customer(client: httpx.AsyncClient) -> Make:
    """Enters a customer through the API, without an owner unless one is given."""
    return _maker(
        client,
        "/v1/customers",
        lambda: {"kind": "organisation", "name": f"苏州恒远精密机械有限公司 {_code()}"},
    )


@pytest.fixture
def make_contact(client: httpx.AsyncClient, make_customer: Make) -> Make:
    """Enters a contact through the API, of a new customer unless one is given."""
    enter = _maker(client, "/v1/contacts", lambda: {"name": "赵立新"})

    async def make(**fields: Any) -> dict[str, Any]:
        if "customer_id" not in fields:
            fields["customer_id"] = (await make_customer())["id"]
        return await enter(**fields)

    return make


@pytest.fixture
def make_scheme(client: httpx.AsyncClient) -> Make:
    """Sets up a classification scheme through the API, with the classes key and general."""
    classes = [
        {"code": "key", "name_zh": "关键客户", "name_en": "Key"},
        {"code": "general", "name_zh": "一般客户", "name_en": "General"},
    ]
    return _maker(
        client,
        "/v1/classification-schemes",
        lambda: {"code": _code(), "name_zh": "价值", "name_en": "Value", "classes": classes},
    )


@pytest.fixture
def make_point(client: httpx.AsyncClient, make_contact: Make) -> Make:
    """Enters a mobile phone through the API, of a new contact unless a party is given."""
    enter = _maker(
        client, "/v1/contact-points", lambda: {"kind": "mobile", "value": "138 0000 0000"}
    )

    async def make(**fields: Any) -> dict[str, Any]:
        if not fields.keys() & {"customer_id", "contact_id"}:
            fields["contact_id"] = (await make_contact())["id"]
        return await enter(**fields)

    return make


@pytest.fixture
async def customer(make_customer: Make) -> dict[str, Any]:
    """A prospect."""
    return await make_customer()


@pytest.fixture
async def scheme(make_scheme: Make) -> dict[str, Any]:
    """A scheme with the classes key and general, without rules."""
    return await make_scheme()


@pytest.fixture
def classify(
    client: httpx.AsyncClient, customer: dict[str, Any], scheme: dict[str, Any]
) -> Callable[..., Awaitable[httpx.Response]]:
    """Puts the customer into a class of the scheme, by hand."""

    async def classify(class_code: str = "key", **fields: Any) -> httpx.Response:
        body = {
            "customer_id": customer["id"],
            "scheme_id": scheme["id"],
            "class_code": class_code,
            "reason": "战略合作",
        }
        return await client.post("/v1/classifications", json=body | fields)

    return classify


@pytest.fixture
def make_segment(client: httpx.AsyncClient) -> Make:
    """Sets up a dynamic segment through the API; its rule is to be given."""
    names = {"name_zh": "钢铁客户", "name_en": "Steel"}
    return _maker(client, "/v1/segments", lambda: {"code": _code(), "kind": "dynamic"} | names)


@pytest.fixture
def make_list(client: httpx.AsyncClient) -> Make:
    """Sets up a static segment through the API."""
    names = {"name_zh": "贵宾名单", "name_en": "Guests"}
    return _maker(client, "/v1/segments", lambda: {"code": _code(), "kind": "static"} | names)


@pytest.fixture
def members(client: httpx.AsyncClient) -> Callable[[dict[str, Any]], Awaitable[set[str]]]:
    """Reads the ids of the customers in a segment."""

    async def read(segment: dict[str, Any]) -> set[str]:
        answer = await client.get(f"/v1/segments/{segment['id']}/members", params={"limit": 200})
        assert answer.status_code == 200, answer.text
        return {one["customer_id"] for one in answer.json()["items"]}

    return read


@pytest.fixture
def settle(running: RunningService, tenant: str) -> Callable[[], Awaitable[None]]:
    """Hands the new events of the tenant to the segments, and lets their worker work."""
    seen = 0

    async def go_on() -> None:
        nonlocal seen
        told = (await emitted(running.database, tenant))[seen:]
        seen += len(told)
        facts = [
            fact_of(event.from_bytes(orjson.dumps(one.data)), tenant, sequence=one.sequence)
            for one in told
            if (event := event_class(one.type)) is not None
        ]
        async with running.worker_database.worker_transaction() as session:
            await note_changes(session, facts, zone=running.settings.time_zone)
        work = SegmentWork(
            running.databases, running.settings.time_zone, lambda: None, sizes=Sizes(3, 2)
        )
        while await work.work():
            pass

    return go_on


@pytest.fixture
async def taste(client: httpx.AsyncClient) -> dict[str, Any]:
    """A custom field with the options mild and spicy."""
    options = [{"code": code, "name_zh": code, "name_en": code} for code in ("mild", "spicy")]
    names = {"code": "taste", "name_zh": "口味", "name_en": "Taste"}
    body = names | {"type": "multi_choice", "options": options}
    answer = await client.post("/v1/custom-fields", json=body)
    assert answer.status_code == 201, answer.text
    field: dict[str, Any] = answer.json()
    return field
