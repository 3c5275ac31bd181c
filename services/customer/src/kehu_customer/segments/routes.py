"""The API of segments."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, status

from kehu_customer.customers.errors import CustomerMerged
from kehu_customer.segments import service
from kehu_customer.segments.errors import (
    SegmentCodeTaken,
    SegmentIsArchived,
    SegmentKeptByRule,
    SegmentNeedsRule,
    SegmentRuleInvalid,
    UnknownCustomers,
)
from kehu_customer.segments.models import Segment
from kehu_customer.segments.schemas import (
    ListChange,
    ListChanged,
    MemberFilters,
    MemberRead,
    Preview,
    PreviewAsked,
    SegmentCreate,
    SegmentDefaults,
    SegmentFilters,
    SegmentRead,
    SegmentsOfCustomer,
    SegmentUpdate,
)
from kehu_customer.segments.service import Limits
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1", "segments")
READ = requires("customer:segments:read")
WRITE = requires("customer:segments:write")


@routes.post(
    "/segments",
    summary="Create a segment",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(SegmentCodeTaken, SegmentNeedsRule, SegmentRuleInvalid),
)
async def create_segment(
    data: SegmentCreate, session: Session, today: Today, request: Request, response: Response
) -> SegmentRead:
    """Set up a segment, kept by a rule or by hand.

    The customers that the rule means enter one after the other, as long as `computing` says so.
    """
    segment = await service.create_segment(session, data, today=today, limits=_limits(request))
    response.headers["Location"] = f"/v1/segments/{segment.id}"
    return await _answer(session, segment, response)


@routes.post(
    "/segment-defaults",
    summary="Install the segments of the texts",
    dependencies=[WRITE],
)
async def install_default_segments(
    session: Session, today: Today, request: Request
) -> SegmentDefaults:
    """Set up every segment of the texts that is not there; those that are stay as they are."""
    return await service.install_defaults(session, today=today, limits=_limits(request))


@routes.post(
    "/segment-previews",
    summary="Try a rule",
    dependencies=[READ],
    responses=problems(SegmentRuleInvalid),
)
async def preview(data: PreviewAsked, session: Session, today: Today, request: Request) -> Preview:
    """How many customers a rule means now, and some of them; nothing is kept."""
    return await service.preview(session, data, today=today, limits=_limits(request))


@routes.get("/segments", summary="List segments", dependencies=[READ])
async def list_segments(
    session: Session, filters: Annotated[SegmentFilters, Query()]
) -> Page[SegmentRead]:
    """Segments that match all filters, a page at a time."""
    items, cursor, count = await service.list_segments(session, filters)
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/segments/{segment_id}", summary="Read a segment", dependencies=[READ])
async def read_segment(segment_id: UUID, session: Session, response: Response) -> SegmentRead:
    """One segment, with its ETag, its size, and how far its rule has looked at customers."""
    return await _answer(session, await require(session, Segment, segment_id), response)


@routes.patch(
    "/segments/{segment_id}",
    summary="Change a segment",
    dependencies=[WRITE],
    responses=problems(SegmentCodeTaken, SegmentIsArchived, SegmentNeedsRule, SegmentRuleInvalid),
)
async def change_segment(
    segment_id: UUID,
    data: SegmentUpdate,
    session: Session,
    today: Today,
    request: Request,
    version: ExpectedVersion,
    response: Response,
) -> SegmentRead:
    """Change a segment; fields left out stay. Another rule looks at every customer anew."""
    segment = await service.change_segment(
        session, segment_id, data, today=today, expected_version=version, limits=_limits(request)
    )
    return await _answer(session, segment, response)


@routes.post(
    "/segments/{segment_id}/archive",
    summary="Archive a segment",
    dependencies=[WRITE],
    responses=problems(SegmentIsArchived),
)
async def archive_segment(
    segment_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> SegmentRead:
    """Stop using a segment: its members stay as they are, nobody enters or leaves any more."""
    segment = await service.archive_segment(session, segment_id, expected_version=version)
    return await _answer(session, segment, response)


@routes.get(
    "/segments/{segment_id}/members", summary="List members of a segment", dependencies=[READ]
)
async def list_members(
    segment_id: UUID, session: Session, filters: Annotated[MemberFilters, Query()]
) -> Page[MemberRead]:
    """Customers that are in the segment now, as far as the caller may see them."""
    members, cursor, count = await service.list_members(session, segment_id, filters)
    return Page(items=[MemberRead.of(one) for one in members], next_cursor=cursor, count=count)


@routes.post(
    "/segments/{segment_id}/add",
    summary="Put customers on a list",
    dependencies=[WRITE],
    responses=problems(SegmentIsArchived, SegmentKeptByRule, UnknownCustomers, CustomerMerged),
)
async def put_on_list(segment_id: UUID, data: ListChange, session: Session) -> ListChanged:
    """Put customers into a static segment; to do it twice changes nothing."""
    return await service.put_on_list(session, segment_id, data)


@routes.post(
    "/segments/{segment_id}/remove",
    summary="Take customers off a list",
    dependencies=[WRITE],
    responses=problems(SegmentIsArchived, SegmentKeptByRule, UnknownCustomers),
)
async def take_off_list(segment_id: UUID, data: ListChange, session: Session) -> ListChanged:
    """Take customers out of a static segment; to do it twice changes nothing."""
    return await service.take_off_list(session, segment_id, data)


@routes.get(
    "/customers/{customer_id}/segments",
    summary="List the segments a customer is in",
    dependencies=[READ],
)
async def list_segments_of_customer(customer_id: UUID, session: Session) -> SegmentsOfCustomer:
    """Segments in use that the customer is in now, since when, and why it entered."""
    return await service.segments_of(session, customer_id)


def _limits(request: Request) -> Limits:
    settings = request.app.state.settings
    return Limits(
        deepest=settings.segment_max_depth,
        largest=settings.segment_max_conditions,
        counted=settings.segment_preview_limit,
    )


async def _answer(session: Session, segment: Segment, response: Response) -> SegmentRead:
    set_etag(response, segment)
    return await service.show(session, segment)
