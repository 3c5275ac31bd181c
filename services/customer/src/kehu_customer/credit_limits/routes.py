"""The credit limit API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.credit.errors import CreditCurrencyDiffers
from kehu_customer.credit_limits import service
from kehu_customer.credit_limits.errors import (
    LimitBelowUsed,
    LimitPeriodOver,
    LimitTaken,
    NotHeadCompany,
)
from kehu_customer.credit_limits.models import CreditLimit
from kehu_customer.credit_limits.schemas import (
    CreditLimitAdjustment,
    CreditLimitChangeFilters,
    CreditLimitChangeRead,
    CreditLimitCreate,
    CreditLimitFilters,
    CreditLimitRead,
)
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1", "credit limits")
READ = requires("customer:credit:read")
APPROVE = requires("customer:credit:approve")
PATH = "/credit-limits"


@routes.post(
    PATH,
    summary="Create a credit limit",
    status_code=status.HTTP_201_CREATED,
    dependencies=[APPROVE],
    responses=problems(
        UnknownCustomer,
        CustomerHasEnded,
        NotHeadCompany,
        CreditCurrencyDiffers,
        LimitTaken,
        LimitPeriodOver,
        LimitBelowUsed,
    ),
)
async def grant_limit(
    data: CreditLimitCreate, session: Session, today: Today, response: Response
) -> CreditLimitRead:
    """Grant a head company, with all its branches, a limit for a fiscal year."""
    limit = await service.grant_limit(session, data, today=today)
    response.headers["Location"] = f"/v1{PATH}/{limit.id}"
    return _answer(limit, response)


@routes.get(PATH, summary="List credit limits", dependencies=[READ])
async def list_limits(
    session: Session, filters: Annotated[CreditLimitFilters, Query()]
) -> Page[CreditLimitRead]:
    """Limits of all years that match all filters, a page at a time, the latest first."""
    limits, cursor, count = await service.list_limits(session, filters)
    return Page(
        items=[CreditLimitRead.of(limit) for limit in limits], next_cursor=cursor, count=count
    )


@routes.get("/credit-limit-changes", summary="List changes of credit limits", dependencies=[READ])
async def list_limit_changes(
    session: Session, filters: Annotated[CreditLimitChangeFilters, Query()]
) -> Page[CreditLimitChangeRead]:
    """The history of limits: who put them from what to what, when and why."""
    changes, cursor, count = await service.list_changes(session, filters)
    return Page(
        items=[CreditLimitChangeRead.of(change) for change in changes],
        next_cursor=cursor,
        count=count,
    )


@routes.get(PATH + "/{credit_limit_id}", summary="Read a credit limit", dependencies=[READ])
async def read_limit(
    credit_limit_id: UUID, session: Session, response: Response
) -> CreditLimitRead:
    """One limit, with its ETag."""
    return _answer(await require(session, CreditLimit, credit_limit_id), response)


@routes.post(
    PATH + "/{credit_limit_id}/adjust",
    summary="Adjust a credit limit",
    dependencies=[APPROVE],
    responses=problems(CreditCurrencyDiffers, LimitPeriodOver, LimitBelowUsed),
)
async def adjust_limit(
    credit_limit_id: UUID,
    data: CreditLimitAdjustment,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> CreditLimitRead:
    """Raise or lower a limit, with the reason; below what is used only by override."""
    limit = await service.adjust_limit(
        session, credit_limit_id, data, today=today, expected_version=version
    )
    return _answer(limit, response)


def _answer(limit: CreditLimit, response: Response) -> CreditLimitRead:
    set_etag(response, limit)
    return CreditLimitRead.of(limit)
