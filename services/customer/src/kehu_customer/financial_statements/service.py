"""What can be done with financial statements."""

from datetime import date
from uuid import UUID

from kehu_customer.credit.subjects import lock_subject
from kehu_customer.customers.models import Customer
from kehu_customer.financial_statements import events, queries
from kehu_customer.financial_statements.models import FinancialStatement
from kehu_customer.financial_statements.schemas import (
    StatementCreate,
    StatementFilters,
    StatementUpdate,
)
from kehu_kernel import audit, business_day, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def record_statement(
    session: Session, data: StatementCreate, *, today: date
) -> FinancialStatement:
    """Enter the figures of a period.

    Raises `UnknownCustomer`, `CustomerHasEnded`, `PeriodBackwards`, `DateInFuture`; the database
    refuses a second statement of a period.
    """
    await lock_subject(session, data.customer_id)
    statement = FinancialStatement(id=ids.new_id(), **data.model_dump())
    business_day.happened(statement.ends_on, today)
    statement.require_period()
    audit.created(session, statement)
    outbox.add(session, events.recorded(statement), sequence=statement.version)
    return statement


async def change_statement(
    session: Session, statement_id: UUID, data: StatementUpdate, *, expected_version: int
) -> FinancialStatement:
    """Correct figures. Raises `CustomerHasEnded`."""
    found = await require(session, FinancialStatement, statement_id)
    customer = await require(session, Customer, found.customer_id, lock=True)
    statement = await require(
        session, FinancialStatement, statement_id, lock=True, expected_version=expected_version
    )
    customer.require_current()
    for name, value in data.given().items():
        setattr(statement, name, value)
    fields = audit.changed(session, statement, "changed")
    if fields:
        outbox.add(session, events.changed(statement, fields), sequence=statement.version)
    return statement


async def list_statements(
    session: Session, filters: StatementFilters
) -> tuple[list[FinancialStatement], str | None, int | None]:
    """Return one page of the statements that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=FinancialStatement.id,
    )
