"""What tests of collisions share: who works where, two that collide, and the round."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.collisions.worker import CollisionWork
from kehu_sales.directory.models import DepartmentRef, EmployeeRef

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
Login = Callable[[str, str], httpx.AsyncClient]
PATH = "/v1/collisions"
ZONE = "Asia/Shanghai"
FANG, LEI = str(UUID(int=71)), str(UUID(int=72))
EAST, WEST = str(UUID(int=81)), str(UUID(int=82))
OF_FANG = {"owner_id": FANG, "department_id": EAST}
OF_LEI = {"owner_id": LEI, "department_id": WEST}


@pytest.fixture
def login(client_for: ClientFor, tenant: str) -> Login:
    """A sales representative who is this employee, with this row scope."""

    def make(employee: str, row_scope: str) -> httpx.AsyncClient:
        return client_for(
            tenant,
            subject=employee,
            employee_id=employee,
            row_scope=row_scope,
            roles=["sales_representative"],
        )

    return make


@pytest.fixture
async def directory(worker_database: Database, tenant: str) -> None:
    """Fang (王芳) works in sales east, Lei (李雷) in sales west."""
    known = {"tenant_id": tenant, "sequence": 1}
    async with worker_database.worker_transaction() as session:
        for who, where, name in ((FANG, EAST, "华东销售部"), (LEI, WEST, "华西销售部")):
            session.add(DepartmentRef(id=UUID(where), code=name, name=name, **known))
            session.add(
                EmployeeRef(
                    id=UUID(who),
                    code=who,
                    name="X",
                    department_id=UUID(where),
                    active=True,
                    **known,
                )
            )


@pytest.fixture
def decide(client: httpx.AsyncClient) -> Callable[..., Awaitable[None]]:
    """Changes the tenant's rules about collisions."""

    async def make(**values: Any) -> None:
        etag = (await client.get("/v1/collision-policy")).headers["etag"]
        answer = await client.patch("/v1/collision-policy", json=values, headers={"If-Match": etag})
        assert answer.status_code == 200, answer.text

    return make


@pytest.fixture
async def pair(make_opportunity: Make, make_customer: MakeCustomer) -> list[dict[str, Any]]:
    """Two opportunities of one customer, Fang's and Lei's."""
    customer = await make_customer()
    return [await make_opportunity(customer_id=customer, **one) for one in (OF_FANG, OF_LEI)]


@pytest.fixture
async def collision(client: httpx.AsyncClient, pair: list[dict[str, Any]]) -> dict[str, Any]:
    """What Fang and Lei collide in."""
    (found,) = (await client.get(PATH)).json()["items"]
    assert {one["opportunity_id"] for one in found["sides"]} == {one["id"] for one in pair}
    collided: dict[str, Any] = found
    return collided


@pytest.fixture
def work(running: RunningService) -> Callable[[], Awaitable[None]]:
    """Lets the round go on until nothing is left."""
    worker = CollisionWork(running.databases, ZONE, lambda: None, batch=50)

    async def go_on() -> None:
        while await worker.work():
            pass

    return go_on
