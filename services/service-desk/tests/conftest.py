"""What the service desk's tests share: the service, its customers, and things made at its API."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import ids
from kehu_kernel.db import Database
from kehu_kernel.process import Service
from kehu_kernel.testing.events import customer_changed, fact_of
from kehu_service_desk.__main__ import SERVICE
from kehu_service_desk.customers.service import record_customers

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Send = Callable[..., Awaitable[httpx.Response]]
Belonging = Callable[[dict[str, Any]], Awaitable[list[dict[str, Any]]]]

HANDLER = str(uuid4())
BO = "019364c2-7d5e-7000-8000-0000000000b0"  # the tests' name for a handler they name themselves
BODIES: dict[str, dict[str, Any]] = {
    "assign": {"follower_id": str(uuid4())},
    "dispatch": {"handler_ids": [BO]},
    "accept": {"handler_id": BO, "reason": "好"},
    "refuse": {"handler_id": BO, "reason": "忙"},
    "handle": {"handler_id": BO, "result": "已修"},
    "close": {"resolution": "已修"},
    "reopen": {"reason": "又坏了"},
}


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


@pytest.fixture
def make_customer(worker_database: Database, tenant: str) -> MakeCustomer:
    """Lets the service hear of a customer; returns its id."""

    async def make(*, state: str = "trade", name: str = "苏州恒远精密机械有限公司") -> str:
        customer = customer_changed(ids.new_id(), name=name).model_copy(update={"state": state})
        async with worker_database.worker_transaction() as session:
            await record_customers(session, [fact_of(customer, tenant, sequence=1)])
        return str(customer.customer_id)

    return make


@pytest.fixture
def make_file(client: httpx.AsyncClient, make_customer: MakeCustomer) -> Make:
    """Enters a product file through the API, of a new customer unless one is given."""

    async def make(**fields: Any) -> dict[str, Any]:
        if "customer_id" not in fields:
            fields["customer_id"] = await make_customer()
        body = {"product_name": "GTX Pro 工业服务器"} | fields
        response = await client.post("/v1/product-files", json=body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return make


@pytest.fixture
def make_request(client: httpx.AsyncClient, make_customer: MakeCustomer) -> Make:
    """Enters a service request through the API, and takes it as far as `status` says.

    It is dispatched to `handler_ids`, of whom the first accepts and does the work.
    """

    async def make(
        *, status: str = "open", handler_ids: tuple[str, ...] = (HANDLER,), **fields: Any
    ) -> dict[str, Any]:
        if "customer_id" not in fields:
            fields["customer_id"] = await make_customer()
        body = {"problem": "服务器开机后风扇异响", "channel": "phone"} | fields
        response = await client.post("/v1/requests", json=body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        steps: dict[str, tuple[str, dict[str, Any]]] = {
            "assigned": ("assign", {"follower_id": str(uuid4())}),
            "dispatching": ("dispatch", {"handler_ids": list(handler_ids)}),
            "dispatched": ("accept", {"handler_id": handler_ids[0], "reason": "下午可上门"}),
            "handled": ("handle", {"handler_id": handler_ids[0], "result": "更换散热风扇"}),
            "closed": ("close", {"resolution": "故障已排除", "satisfied": True}),
        }
        for reached, (command, data) in steps.items():
            if made["status"] == status:
                break
            response = await client.post(f"/v1/requests/{made['id']}/{command}", json=data)
            assert response.status_code == 200, response.text
            made = response.json()
            assert made["status"] == reached
        return made

    return make


@pytest.fixture
def handler() -> str:
    """The handler to whom `make_request` dispatches."""
    return HANDLER


@pytest.fixture
def send(client: httpx.AsyncClient) -> Send:
    """Sends a command about a request; fields of its body may differ from the usual ones."""

    async def post(
        request: dict[str, Any],
        command: str,
        *,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> httpx.Response:
        url = f"/v1/requests/{request['id']}/{command}"
        return await client.post(url, json=BODIES[command] | fields, headers=headers)

    return post


@pytest.fixture
def history(client: httpx.AsyncClient) -> Belonging:
    """Reads the steps of a request."""
    return _reader(client, "history")


@pytest.fixture
def orders(client: httpx.AsyncClient) -> Belonging:
    """Reads the dispatch orders of a request."""
    return _reader(client, "dispatch-orders")


def _reader(client: httpx.AsyncClient, what: str) -> Belonging:
    async def read(request: dict[str, Any]) -> list[dict[str, Any]]:
        response = await client.get(f"/v1/requests/{request['id']}/{what}")
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    return read
