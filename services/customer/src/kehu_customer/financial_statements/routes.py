"""The API of financial statements."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.credit_policy.queries import policy_of
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_customer.financial_statements import service
from kehu_customer.financial_statements.errors import PeriodBackwards, StatementTaken
from kehu_customer.financial_statements.models import FinancialStatement
from kehu_customer.financial_statements.schemas import (
    RatiosRead,
    StatementCreate,
    StatementFilters,
    StatementRead,
    StatementUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/financial-statements", "financial statements")
READ = requires("customer:credit:read")
WRITE = requires("customer:credit:write")


@routes.post(
    "",
    summary="Create a financial statement",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        UnknownCustomer, CustomerHasEnded, PeriodBackwards, DateInFuture, StatementTaken
    ),
)
async def record_statement(
    data: StatementCreate, session: Session, today: Today, response: Response
) -> StatementRead:
    """Enter the figures of a customer's balance sheet; those not known are left out."""
    statement = await service.record_statement(session, data, today=today)
    response.headers["Location"] = f"/v1/financial-statements/{statement.id}"
    return _answer(statement, response)


@routes.get("", summary="List financial statements", dependencies=[READ])
async def list_statements(
    session: Session, filters: Annotated[StatementFilters, Query()]
) -> Page[StatementRead]:
    """Statements that match all filters, a page at a time, the latest period first."""
    statements, cursor, count = await service.list_statements(session, filters)
    return Page(
        items=[StatementRead.of(statement) for statement in statements],
        next_cursor=cursor,
        count=count,
    )


@routes.get("/{financial_statement_id}", summary="Read a financial statement", dependencies=[READ])
async def read_statement(
    financial_statement_id: UUID, session: Session, response: Response
) -> StatementRead:
    """One statement, with its ETag."""
    return _answer(await require(session, FinancialStatement, financial_statement_id), response)


@routes.get(
    "/{financial_statement_id}/ratios",
    summary="Read the ratios of a financial statement",
    dependencies=[READ],
)
async def read_ratios(financial_statement_id: UUID, session: Session) -> RatiosRead:
    """Every ratio with its verdict by the thresholds of the credit policy, or why it has none."""
    statement = await require(session, FinancialStatement, financial_statement_id)
    return RatiosRead.of(statement, await policy_of(session))


@routes.patch(
    "/{financial_statement_id}",
    summary="Change a financial statement",
    dependencies=[WRITE],
    responses=problems(CustomerHasEnded),
)
async def change_statement(
    financial_statement_id: UUID,
    data: StatementUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> StatementRead:
    """Correct a statement; fields left out stay, the audit log keeps what stood there."""
    statement = await service.change_statement(
        session, financial_statement_id, data, expected_version=version
    )
    return _answer(statement, response)


def _answer(statement: FinancialStatement, response: Response) -> StatementRead:
    set_etag(response, statement)
    return StatementRead.of(statement)
