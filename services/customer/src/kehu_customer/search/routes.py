"""The API of search."""

from typing import Annotated

from fastapi import Query

from kehu_customer.search import service
from kehu_customer.search.schemas import SearchParams, SearchResult
from kehu_kernel.auth import requires
from kehu_kernel.http import Session, router

routes = router("/v1/search", "search")


@routes.get(
    "",
    summary="Search customers and contacts",
    dependencies=[requires("customer:customers:read")],
)
async def search(session: Session, asked: Annotated[SearchParams, Query()]) -> SearchResult:
    """Who is meant by what was typed, the surest first, with the reason in both languages.

    Contacts are looked into with `customer:contacts:read`, numbers and addresses with
    `customer:contact-points:read`. What changed is found within a second, usually.
    """
    return await service.search(session, asked)
