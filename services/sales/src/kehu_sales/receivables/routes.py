"""The receivable API."""

from typing import Annotated

from fastapi import Depends, Query

from kehu_kernel.auth import requires
from kehu_kernel.http import Session, Today, router
from kehu_kernel.pagination import Page
from kehu_sales.receivable_policy.queries import policy_of
from kehu_sales.receivable_policy.routes import DefaultAges
from kehu_sales.receivables import service
from kehu_sales.receivables.schemas import (
    AgeList,
    AgeQuestion,
    ReceivableFilters,
    ReceivableRead,
)

routes = router("/v1/receivables", "receivables")
ages = router("/v1/receivable-ages", "receivables")
READ = requires("sales:contracts:read")


async def _bounds(session: Session, default: DefaultAges) -> tuple[int, ...]:
    return tuple((await policy_of(session, default)).ages)


Bounds = Annotated[tuple[int, ...], Depends(_bounds)]


@routes.get("", summary="List receivables", dependencies=[READ])
async def list_receivables(
    session: Session, filters: Annotated[ReceivableFilters, Query()], today: Today, bounds: Bounds
) -> Page[ReceivableRead]:
    """Open instalments of contracts in force with their age and what to do, due first."""
    found, cursor, count = await service.list_receivables(
        session, filters, today=today, bounds=bounds
    )
    return Page(items=found, next_cursor=cursor, count=count)


@ages.get("", summary="Add receivables up by age", dependencies=[READ])
async def add_up_receivables(
    session: Session, question: Annotated[AgeQuestion, Query()], today: Today, bounds: Bounds
) -> AgeList:
    """What each customer owes in each currency, by age; who owes most comes first."""
    return AgeList(items=await service.add_up(session, question, today=today, bounds=bounds))
