"""The API of changes of owner: who had which customer, and who got it."""

from typing import Annotated

from fastapi import Query

from kehu_customer.ownership import service
from kehu_customer.ownership.schemas import OwnerChangeFilters, OwnerChangeRead
from kehu_kernel.auth import requires
from kehu_kernel.http import Session, router
from kehu_kernel.pagination import Page

routes = router("/v1/owner-changes", "ownership")


@routes.get(
    "",
    summary="List changes of owner",
    dependencies=[requires("customer:customers:read")],
)
async def list_owner_changes(
    session: Session, filters: Annotated[OwnerChangeFilters, Query()]
) -> Page[OwnerChangeRead]:
    """Who got which customer from whom, when and why; a page at a time, newest first."""
    changes, cursor, count = await service.list_owner_changes(session, filters)
    return Page(
        items=[OwnerChangeRead.of(change) for change in changes],
        next_cursor=cursor,
        count=count,
    )
