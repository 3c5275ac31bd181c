"""Commands that meet: one wins, the other is told, and no rule is broken between them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import httpx
import pytest

from kehu_customer.customers import service as customers
from kehu_customer.customers.models import CustomerKind
from kehu_customer.customers.schemas import CustomerCreate, CustomerEnding
from kehu_customer.employees import service as employees
from kehu_customer.employees.schemas import EmployeeLeaving
from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
IF_FIRST = {"If-Match": '"1"'}


def today() -> date:
    return clock.today(clock.now(), "Asia/Shanghai")


def statuses(responses: list[httpx.Response]) -> list[int]:
    return sorted(response.status_code for response in responses)


async def is_waiting(task: asyncio.Task[httpx.Response]) -> bool:
    """Whether a request still waits for a lock after time enough to finish without one."""
    _done, pending = await asyncio.wait([task], timeout=0.3)
    return task in pending


class TestSameCustomer:
    async def test_two_promotions(
        self, client: httpx.AsyncClient, make_customer: Make, database: Database, tenant: str
    ) -> None:
        customer = await make_customer()
        url = f"/v1/customers/{customer['id']}/promote"
        responses = await asyncio.gather(*(client.post(url, json={}) for _ in range(5)))
        assert statuses(responses) == [200, 409, 409, 409, 409]
        refusals = {r.json()["code"] for r in responses if r.status_code == 409}
        assert refusals == {"already-trade-customer"}
        assert len(await emitted(database, tenant, "customer.customer-promoted.v1")) == 1

    async def test_two_changes_of_the_same_version(
        self, client: httpx.AsyncClient, make_customer: Make
    ) -> None:
        url = f"/v1/customers/{(await make_customer())['id']}"
        responses = await asyncio.gather(
            *(client.patch(url, json={"name": name}, headers=IF_FIRST) for name in "ab")
        )
        assert statuses(responses) == [200, 412]

    async def test_promotion_and_end(self, client: httpx.AsyncClient, make_customer: Make) -> None:
        url = f"/v1/customers/{(await make_customer())['id']}"
        promoted, ended = await asyncio.gather(
            client.post(f"{url}/promote", json={}), client.post(f"{url}/end", json={"reason": "无"})
        )
        assert ended.status_code == 200
        assert promoted.status_code in (200, 409)
        body = (await client.get(url)).json()
        assert body["state"] == "former"
        assert (body["promoted_on"] is not None) == (promoted.status_code == 200)


class TestCircles:
    @pytest.mark.parametrize("what", ["customers", "departments", "employees"])
    async def test_two_changes_that_would_close_one(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_department: Make,
        make_employee: Make,
        what: str,
    ) -> None:
        make, field, code = {
            "customers": (make_customer, "parent_id", "parent-cycle"),
            "departments": (make_department, "parent_id", "department-cycle"),
            "employees": (make_employee, "manager_id", "manager-cycle"),
        }[what]
        first, second = await make(), await make()
        responses = await asyncio.gather(
            *(
                client.patch(f"/v1/{what}/{one['id']}", json={field: other["id"]}, headers=IF_FIRST)
                for one, other in ((first, second), (second, first))
            )
        )
        assert statuses(responses) == [200, 409]
        (refusal,) = (r.json()["code"] for r in responses if r.status_code == 409)
        assert refusal == code  # "concurrent-change": they waited for each other until a deadlock

    async def test_a_department_enters_a_branch_that_moves(
        self, client: httpx.AsyncClient, make_department: Make
    ) -> None:
        goal, branch = await make_department(), await make_department()
        moved, created = await asyncio.gather(
            client.patch(
                f"/v1/departments/{branch['id']}",
                json={"parent_id": goal["id"]},
                headers=IF_FIRST,
            ),
            client.post(
                "/v1/departments", json={"code": "NEW", "name": "新", "parent_id": branch["id"]}
            ),
        )
        assert (moved.status_code, created.status_code) == (200, 201)
        new = (await client.get(f"/v1/departments/{created.json()['id']}")).json()
        assert new["path"] == [goal["id"], branch["id"], new["id"]]


class TestPrimaryContact:
    async def test_several_first_contacts(
        self, client: httpx.AsyncClient, make_customer: Make, make_contact: Make
    ) -> None:
        customer = await make_customer()
        made = await asyncio.gather(*(make_contact(customer_id=customer["id"]) for _ in range(4)))
        assert sum(contact["is_primary"] for contact in made) == 1

    async def test_two_become_primary(
        self, client: httpx.AsyncClient, make_customer: Make, make_contact: Make
    ) -> None:
        customer = await make_customer()
        await make_contact(customer_id=customer["id"])
        others = [await make_contact(customer_id=customer["id"]) for _ in range(2)]
        responses = await asyncio.gather(
            *(
                client.patch(
                    f"/v1/contacts/{contact['id']}", json={"is_primary": True}, headers=IF_FIRST
                )
                for contact in others
            )
        )
        assert statuses(responses) == [200, 200]
        query = {"customer_id": customer["id"], "is_primary": "true"}
        page = (await client.get("/v1/contacts", params=query)).json()
        assert len(page["items"]) == 1

    async def test_a_contact_is_entered_while_the_customer_ends(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        database: Database,
        context: Context,
        problem: ProblemOf,
    ) -> None:
        customer = await make_customer()
        async with database.transaction(context) as session:
            await customers.end_customer(
                session,
                customer["id"],
                CustomerEnding(reason="无"),
                today=today(),
                expected_version=None,
            )
            await session.flush()
            body = {"customer_id": customer["id"], "name": "赵立新"}
            entering = asyncio.create_task(client.post("/v1/contacts", json=body))
            assert await is_waiting(entering)
        assert problem(await entering) == (409, "customer-has-ended")


class TestLeaving:
    async def test_while_getting_a_customer(
        self,
        client: httpx.AsyncClient,
        make_employee: Make,
        database: Database,
        context: Context,
        problem: ProblemOf,
    ) -> None:
        owner = await make_employee()
        async with database.transaction(context) as session:
            data = CustomerCreate(kind=CustomerKind.PERSON, name="张敏", owner_id=owner["id"])
            await customers.create_customer(session, data, today=today())
            await session.flush()
            leaving = asyncio.create_task(
                client.post(f"/v1/employees/{owner['id']}/leave", json={"reason": "退休"})
            )
            assert await is_waiting(leaving)
        assert problem(await leaving) == (409, "employee-owns-customers")

    async def test_a_customer_is_given_to_somebody_who_is_leaving(
        self,
        client: httpx.AsyncClient,
        make_employee: Make,
        database: Database,
        context: Context,
        problem: ProblemOf,
    ) -> None:
        owner = await make_employee()
        async with database.transaction(context) as session:
            await employees.record_employee_leaving(
                session,
                owner["id"],
                EmployeeLeaving(reason="退休"),
                today=today(),
                expected_version=None,
            )
            await session.flush()
            body = {"kind": "person", "name": "张敏", "owner_id": owner["id"]}
            giving = asyncio.create_task(client.post("/v1/customers", json=body))
            assert await is_waiting(giving)
        assert problem(await giving) == (422, "unknown-owner")
