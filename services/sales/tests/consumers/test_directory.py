"""The local copy of the company's directory, kept by the customer service's events (C4)."""

from uuid import UUID, uuid4

from sqlalchemy import select

from kehu_contracts.customer import DepartmentChanged, EmployeeChanged, TerritoryChanged
from kehu_kernel.db import Database
from kehu_kernel.testing.events import RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.observe import count_queries
from kehu_sales.consumers import fold
from kehu_sales.directory.models import DepartmentRef, EmployeeRef, TerritoryRef


def employee(who: UUID, department: UUID, *, active: bool = True) -> EmployeeChanged:
    return EmployeeChanged(
        employee_id=who,
        code="E7",
        name="王芳",
        department_id=department,
        manager_id=None,
        territory_id=None,
        active=active,
        changed=["active"],
    )


async def test_newest_facts_win_whatever_their_order(
    worker_database: Database, tenant: str
) -> None:
    deliver = deliveries(fold, worker_database, RecordedDeadLetters())
    east, fang, north = uuid4(), uuid4(), uuid4()
    department = DepartmentChanged(
        department_id=east, code="E", name="华东", parent_id=None, path=[east], changed=["name"]
    )
    territory = TerritoryChanged(territory_id=north, code="N", name="华北", changed=["name"])
    await deliver(
        fact_of(employee(fang, east, active=False), tenant, sequence=2),
        fact_of(department, tenant, sequence=1),
        fact_of(territory, tenant, sequence=1),
    )
    with count_queries(worker_database) as seen:
        await deliver(fact_of(employee(fang, east), tenant, sequence=1))
    async with worker_database.worker_transaction() as session:
        for model, name in ((DepartmentRef, "华东"), (EmployeeRef, "王芳"), (TerritoryRef, "华北")):
            (row,) = await session.scalars(select(model).where(model.tenant_id == tenant))
            assert row.name == name
            assert getattr(row, "active", False) is False
    assert len([one for one in seen.statements if "employee_refs" in one]) == 1
