"""What the marketing service's tests share: the service, leads made through its API, customers."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_contracts.customer import CustomerCreated
from kehu_contracts.examples import load
from kehu_kernel.db import Database
from kehu_kernel.process import Service
from kehu_kernel.testing.events import fact_of
from kehu_marketing.__main__ import SERVICE
from kehu_marketing.customers.service import record_customers

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Know = Callable[..., Awaitable[UUID]]


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
def make_lead(client: httpx.AsyncClient) -> Make:
    """Enters a lead through the API, with a typed customer and contact; fields may be given."""
    defaults = {
        "topic": "车间服务器更新需求",
        "source": "seminar",
        "customer_name": "苏州恒远精密机械有限公司",
        "contact_name": "赵立新",
    }

    async def make(**fields: Any) -> dict[str, Any]:
        response = await client.post("/v1/leads", json=defaults | fields)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return make


@pytest.fixture
def know_customer(worker_database: Database, tenant: str) -> Know:
    """Lets the service know a new customer, as if its event had arrived."""
    example = CustomerCreated.from_bytes(load(CustomerCreated.type)[0].data)

    async def know(**fields: Any) -> UUID:
        customer = example.model_copy(update={"customer_id": uuid4()} | fields)
        async with worker_database.worker_transaction() as session:
            await record_customers(session, [fact_of(customer, tenant, sequence=1)])
        return customer.customer_id

    return know
