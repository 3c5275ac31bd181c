"""Reading customer values."""

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Numeric, Select, and_, cast, func, select

from kehu_analytics.facts.models import CustomerFact
from kehu_analytics.facts.queries import in_department
from kehu_analytics.values.models import CustomerFigures, CustomerValue, ValuePublication
from kehu_analytics.values.schemas import PyramidFilters, ValueScope
from kehu_kernel.session import Session

SORT_COLUMNS = {"score": CustomerValue.score}
OF_CUSTOMER = and_(
    CustomerFact.tenant_id == CustomerValue.tenant_id, CustomerFact.id == CustomerValue.id
)
OF_FIGURES = and_(
    CustomerFigures.tenant_id == CustomerValue.tenant_id,
    CustomerFigures.customer_id == CustomerValue.id,
)


class Level(NamedTuple):
    """What the customers of one grade amount to."""

    grade: str
    customers: int
    won_amount: Decimal


def matching(tenant_id: str, scope: ValueScope) -> Select[CustomerValue]:
    """Return the query for the values that match all filters."""
    query = select(CustomerValue).join(CustomerFact, OF_CUSTOMER).where(*_within(tenant_id, scope))
    return query if scope.grade is None else query.where(CustomerValue.grade == scope.grade)


async def levels(session: Session, filters: PyramidFilters, currency: str) -> dict[str, Level]:
    """Return number of customers and won amount by grade."""
    won = cast(CustomerFigures.amounts[currency]["won"].astext, Numeric(18, 2))
    rows = await session.execute(
        select(CustomerValue.grade, func.count(), func.coalesce(func.sum(won), Decimal("0.00")))
        .join(CustomerFact, OF_CUSTOMER)
        .outerjoin(CustomerFigures, OF_FIGURES)
        .where(*_within(session.context.tenant_id, filters))
        .group_by(CustomerValue.grade)
    )
    return {row[0]: Level(*row) for row in rows}


async def version_of(session: Session, customer_id: UUID) -> int:
    """Return how many values of a customer were published."""
    version = await session.scalar(
        select(ValuePublication.version).where(
            ValuePublication.tenant_id == session.context.tenant_id,
            ValuePublication.customer_id == customer_id,
        )
    )
    return version or 0


def _within(tenant_id: str, scope: ValueScope | PyramidFilters) -> list[ColumnElement[bool]]:
    """Return the conditions that list and pyramid share: a level is as long as its list."""
    # What was merged counts with its survivor, and once only.
    conditions = [CustomerValue.tenant_id == tenant_id, CustomerFact.merged_into_id.is_(None)]
    if not scope.include_former:
        conditions.append(CustomerFact.state != "former")
    if scope.owner_id is not None:
        conditions.append(CustomerFact.owner_id == scope.owner_id)
    if scope.department_id is not None:
        conditions.append(in_department(CustomerFact.department_id, tenant_id, scope.department_id))
    return conditions
