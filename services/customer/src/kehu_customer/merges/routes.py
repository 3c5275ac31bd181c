"""The merge API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.affiliations.errors import AffiliationsOverlap
from kehu_customer.custom_fields.errors import CustomValueTaken
from kehu_customer.customers.errors import (
    CustomerCodeTaken,
    CustomerHasEnded,
    CustomerMerged,
    ExternalReferenceTaken,
    ParentCycle,
)
from kehu_customer.merges import service
from kehu_customer.merges.errors import (
    AnonymousSurvivor,
    CreditOnRecord,
    KindsDiffer,
    MergedOn,
    MergeUndone,
    MergeWithItself,
    SourceNotMember,
    UnknownMember,
    UnmergeTooLate,
)
from kehu_customer.merges.models import Merge
from kehu_customer.merges.schemas import (
    MergeCreate,
    MergeFilters,
    MergeRead,
    MergeResult,
    MergeUndoing,
)
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import OptionalVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/merges", "merges")
READ = requires("customer:merges:read")
WRITE = requires("customer:merges:write")


@routes.post(
    "",
    summary="Merge customers",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses={
        status.HTTP_200_OK: {"model": MergeResult, "description": "What a merge would come to."},
        **problems(
            MergeWithItself,
            UnknownMember,
            CreditOnRecord,
            SourceNotMember,
            KindsDiffer,
            AnonymousSurvivor,
            CustomerMerged,
            CustomerHasEnded,
            ParentCycle,
        ),
    },
)
async def merge_customers(data: MergeCreate, session: Session, response: Response) -> MergeResult:
    """Make several records of one customer one; what hangs on them goes to the survivor.

    The others stay as records that lead to the survivor. With `dry_run` nothing is changed, and the
    answer shows what would be.
    """
    result = await service.merge_customers(session, data)
    if result.id is None:
        response.status_code = status.HTTP_200_OK
    else:
        response.headers["Location"] = f"/v1/merges/{result.id}"
        response.headers["ETag"] = f'"{result.version}"'
    return result


@routes.get("", summary="List merges", dependencies=[READ])
async def list_merges(
    session: Session, filters: Annotated[MergeFilters, Query()]
) -> Page[MergeRead]:
    """Merges that match all filters, a page at a time."""
    merges, cursor, count = await service.list_merges(session, filters)
    items = [MergeRead.of(merge) for merge in merges]
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/{merge_id}", summary="Read a merge", dependencies=[READ])
async def read_merge(merge_id: UUID, session: Session, response: Response) -> MergeRead:
    """One merge, with its ETag."""
    merge = await require(session, Merge, merge_id)
    set_etag(response, merge)
    return MergeRead.of(merge)


@routes.post(
    "/{merge_id}/undo",
    summary="Undo a merge",
    dependencies=[WRITE],
    responses=problems(
        MergeUndone,
        UnmergeTooLate,
        MergedOn,
        ParentCycle,
        CustomerCodeTaken,
        ExternalReferenceTaken,
        CustomValueTaken,
        AffiliationsOverlap,
    ),
)
async def undo_merge(
    merge_id: UUID,
    data: MergeUndoing,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> MergeResult:
    """Let the records be several again, each with what it had; what went on since stays."""
    result = await service.unmerge_customers(session, merge_id, data, expected_version=version)
    response.headers["ETag"] = f'"{result.version}"'
    return result
