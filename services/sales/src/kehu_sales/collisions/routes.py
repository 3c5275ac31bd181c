"""The API of collisions, and of what a tenant has decided about them."""

import re
from typing import Annotated
from urllib.parse import unquote
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response

from kehu_kernel.auth import require_scopes, requires
from kehu_kernel.business_day import DateBeforePrevious, PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.errors import InvalidHeader, OutsideRowScope
from kehu_kernel.http import (
    CurrentActor,
    ExpectedVersion,
    OptionalVersion,
    Session,
    Today,
    router,
    set_etag,
)
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.collisions import queries, service
from kehu_sales.collisions.errors import (
    AlreadyClaimed,
    CollisionIsOver,
    CreditNotWhole,
    NotASide,
    NotClaimed,
    NotThatSide,
    NotTheOwner,
    SideNotNamed,
)
from kehu_sales.collisions.models import Collision, CollisionPolicy
from kehu_sales.collisions.schemas import (
    CollisionAnswer,
    CollisionArbitration,
    CollisionClaim,
    CollisionCounts,
    CollisionDismissal,
    CollisionFilters,
    CollisionPolicyRead,
    CollisionPolicyUpdate,
    CollisionRead,
    CountFilters,
)
from kehu_sales.directory.errors import UnknownEmployee
from kehu_sales.opportunities.errors import (
    EvaluationHasFailed,
    OpportunityInPool,
    OpportunityIsClosed,
)

routes = router("/v1/collisions", "collisions")
counts = router("/v1/collision-counts", "collisions")
policies = router("/v1/collision-policy", "collisions")
READ = requires("sales:collisions:read")
WRITE = requires("sales:collisions:write")
ARBITRATE = requires(service.ARBITRATE_SCOPE)
ALLOW = "sales:collisions:allow"
ALLOW_HEADER = "Kehu-Allow-Collision"
BROKEN_ENCODING = re.compile(r"%(?![0-9A-Fa-f]{2})")
LONGEST_REASON = 200
SPEAKING = (CollisionIsOver, NotASide, NotTheOwner, SideNotNamed)
GIVING_WAY = (OpportunityIsClosed, EvaluationHasFailed, OpportunityInPool)


async def _allowed_collision(
    request: Request,
    kehu_allow_collision: Annotated[
        str | None,
        Header(
            description="Enter the opportunity although it collides with another one: why, in "
            "UTF-8 or percent-encoded (a percent sign as %25), 200 characters at most. Needs the "
            "scope `sales:collisions:allow`; the reason is kept with the collision."
        ),
    ] = None,
) -> str | None:
    if kehu_allow_collision is None:
        return None
    require_scopes(request.state.actor, [ALLOW])
    reason = _decoded(_as_sent(kehu_allow_collision)).strip()
    if not reason or reason.lower() in {"true", "1", "yes"} or len(reason) > LONGEST_REASON:
        raise InvalidHeader(
            header=ALLOW_HEADER,
            why_en="say in words why both should be entered, in 200 characters at most",
            why_zh="请用不超过 200 个字符说明为何仍需录入",
        )
    return reason


def _decoded(header: str) -> str:
    try:
        if BROKEN_ENCODING.search(header) is None:
            return unquote(header, errors="strict")
    except UnicodeDecodeError:
        pass
    raise InvalidHeader(
        header=ALLOW_HEADER,
        why_en="encode the bytes of its UTF-8 as %XX, as encodeURIComponent does, a percent sign "
        "itself as %25",
        why_zh="请按 encodeURIComponent 的方式将 UTF-8 字节编码为 %XX，百分号本身编码为 %25",
    )


def _as_sent(header: str) -> str:
    """Return a header as UTF-8; the server takes its bytes for Latin-1."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


AllowedCollision = Annotated[str | None, Depends(_allowed_collision)]
"""Why a collision may be entered, if somebody said so. Raises `ScopeMissing`, `InvalidHeader`."""


def tell(response: Response, found: list[Collision]) -> None:
    """Name the collisions of an opportunity that was entered, in the header `Kehu-Collisions`."""
    if found:
        response.headers["Kehu-Collisions"] = ", ".join(sorted(one.number for one in found))


@routes.get("", summary="Report collisions", dependencies=[READ])
async def list_collisions(
    session: Session, filters: Annotated[CollisionFilters, Query()], today: Today
) -> Page[CollisionRead]:
    """Collisions that match all filters and have a side in the caller's sight, a page at a time."""
    found, cursor, count = await service.list_collisions(session, filters, today=today)
    return Page(items=found, next_cursor=cursor, count=count)


@counts.get(
    "",
    summary="Count collisions by department",
    dependencies=[READ],
    responses=problems(PeriodReversed),
)
async def count_collisions(
    session: Session, filters: Annotated[CountFilters, Query()]
) -> CollisionCounts:
    """How many collisions each department has a part in, by state."""
    return await service.count_collisions(session, filters)


@routes.get("/{collision_id}", summary="Read a collision", dependencies=[READ])
async def read_collision(collision_id: UUID, session: Session, response: Response) -> CollisionRead:
    """One collision with both sides, as far as the caller sees them, and its ETag."""
    return await _answer(session, await require(session, Collision, collision_id), response)


@routes.post(
    "/{collision_id}/claim",
    summary="Claim a chance",
    dependencies=[WRITE],
    responses=problems(*SPEAKING, AlreadyClaimed, OpportunityIsClosed, EvaluationHasFailed),
)
async def claim_collision(
    collision_id: UUID,
    data: CollisionClaim,
    session: Session,
    actor: CurrentActor,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> CollisionRead:
    """Say why the chance is one's own; the other side yields or contests by `answer_due_on`."""
    collision = await service.claim(
        session, collision_id, data, actor=actor, today=today, expected_version=version
    )
    return await _answer(session, collision, response)


@routes.post(
    "/{collision_id}/contest",
    summary="Contest a claim",
    dependencies=[WRITE],
    responses=problems(*SPEAKING, NotClaimed, NotThatSide),
)
async def contest_collision(
    collision_id: UUID,
    data: CollisionAnswer,
    session: Session,
    actor: CurrentActor,
    version: OptionalVersion,
    response: Response,
) -> CollisionRead:
    """Answer the other side's claim with no; somebody has to arbitrate then."""
    collision = await service.contest(
        session, collision_id, data, actor=actor, expected_version=version
    )
    return await _answer(session, collision, response)


@routes.post(
    "/{collision_id}/yield",
    summary="Yield to the other side",
    dependencies=[WRITE],
    responses=problems(*SPEAKING, *GIVING_WAY, DateBeforePrevious),
)
async def yield_collision(
    collision_id: UUID,
    data: CollisionAnswer,
    session: Session,
    actor: CurrentActor,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> CollisionRead:
    """Give way: one's own opportunity goes to the other side's owner, or to the reserve pool."""
    collision = await service.yield_(
        session, collision_id, data, actor=actor, today=today, expected_version=version
    )
    return await _answer(session, collision, response)


@routes.post(
    "/{collision_id}/arbitrate",
    summary="Arbitrate",
    dependencies=[ARBITRATE],
    responses=problems(
        CollisionIsOver,
        NotASide,
        CreditNotWhole,
        UnknownEmployee,
        OutsideRowScope,
        *GIVING_WAY,
        DateBeforePrevious,
    ),
)
async def arbitrate_collision(
    collision_id: UUID,
    data: CollisionArbitration,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> CollisionRead:
    """Decide which side goes on, and whose merit it is; who decides sees both sides."""
    collision = await service.arbitrate(
        session, collision_id, data, today=today, expected_version=version
    )
    return await _answer(session, collision, response)


@routes.post(
    "/{collision_id}/dismiss",
    summary="Dismiss a collision",
    dependencies=[ARBITRATE],
    responses=problems(CollisionIsOver, OutsideRowScope),
)
async def dismiss_collision(
    collision_id: UUID,
    data: CollisionDismissal,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> CollisionRead:
    """Decide that they are two chances: both go on, and do not come up again."""
    collision = await service.dismiss(
        session, collision_id, data, today=today, expected_version=version
    )
    return await _answer(session, collision, response)


@policies.get("", summary="Read the rules about collisions", dependencies=[READ])
async def read_collision_policy(session: Session, response: Response) -> CollisionPolicyRead:
    """What the tenant has decided, or the defaults, with the ETag."""
    return _policy(await queries.policy_of(session), response)


@policies.patch("", summary="Change the rules about collisions", dependencies=[ARBITRATE])
async def change_collision_policy(
    data: CollisionPolicyUpdate, session: Session, version: ExpectedVersion, response: Response
) -> CollisionPolicyRead:
    """Change the rules; fields left out stay, and so do collisions on record."""
    policy = await service.change_policy(session, data, expected_version=version)
    return _policy(policy, response)


async def _answer(session: Session, collision: Collision, response: Response) -> CollisionRead:
    await session.flush()  # also what was given away, and is out of sight from now on
    await session.see_rows_in_scope()
    set_etag(response, collision)
    return (await service.show(session, [collision]))[0]


def _policy(policy: CollisionPolicy, response: Response) -> CollisionPolicyRead:
    set_etag(response, policy)
    return CollisionPolicyRead.of(policy)
