"""Reading facts: names for ids, and the departments below one."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from kehu_analytics.facts.models import CustomerFact, DepartmentFact, EmployeeFact
from kehu_kernel.session import Session

Named = type[CustomerFact] | type[DepartmentFact] | type[EmployeeFact]


async def names(
    session: Session, model: Named, ids: Iterable[UUID | None]
) -> dict[UUID | None, str]:
    """Return the names of customers, departments or employees, as far as they are known."""
    wanted = {row_id for row_id in ids if row_id is not None}
    if not wanted:
        return {}
    rows = await session.execute(
        select(model.id, model.name).where(
            model.tenant_id == session.context.tenant_id, model.id.in_(wanted)
        )
    )
    return dict(rows.all())


def in_department(
    column: InstrumentedAttribute[Any], tenant_id: str, department_id: UUID
) -> ColumnElement[bool]:
    """Return the condition that a department is the given one or lies below it."""
    below = select(DepartmentFact.id).where(
        DepartmentFact.tenant_id == tenant_id, DepartmentFact.path.contains([department_id])
    )
    return or_(column == department_id, column.in_(below))
