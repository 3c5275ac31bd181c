"""The API of the reserve pool. Its list is `GET /v1/opportunities?status=pooled`."""

from uuid import UUID

from fastapi import Response

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.http import OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.problems import problems
from kehu_sales.assignment.errors import NobodyToAssign
from kehu_sales.collisions.errors import OpportunityCollides
from kehu_sales.collisions.routes import AllowedCollision, tell
from kehu_sales.directory.errors import STAFF
from kehu_sales.opportunities.errors import (
    OpportunityInPool,
    OpportunityIsClosed,
    OpportunityNotInPool,
)
from kehu_sales.opportunities.schemas import (
    OpportunityRead,
)
from kehu_sales.pool import service
from kehu_sales.pool.schemas import PoolHistory, PoolMoveRead, PoolReturn, PoolTakeUp

routes = router("/v1/opportunities", "opportunities")
READ = requires("sales:opportunities:read")
WRITE = requires("sales:opportunities:write")
DATES = (DateInFuture, DateBeforePrevious)


@routes.post(
    "/{opportunity_id}/return-to-pool",
    summary="Put an opportunity into the reserve pool",
    dependencies=[WRITE],
    responses=problems(OpportunityIsClosed, OpportunityInPool, *DATES),
)
async def return_opportunity_to_pool(
    opportunity_id: UUID,
    data: PoolReturn,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> OpportunityRead:
    """From any state but won, also after a failed evaluation or a loss. It is potential again."""
    opportunity = await service.return_to_pool(
        session, opportunity_id, data, today=today, expected_version=version
    )
    set_etag(response, opportunity)
    return OpportunityRead.of(opportunity)


@routes.post(
    "/{opportunity_id}/take-up",
    summary="Take an opportunity up from the reserve pool",
    dependencies=[WRITE],
    responses=problems(OpportunityNotInPool, OpportunityCollides, NobodyToAssign, *STAFF, *DATES),
)
async def take_opportunity_up(
    opportunity_id: UUID,
    data: PoolTakeUp,
    session: Session,
    today: Today,
    version: OptionalVersion,
    allowed_collision: AllowedCollision,
    response: Response,
) -> OpportunityRead:
    """Give it to an owner, or to whom the rules of assignment find; it begins again."""
    opportunity, found = await service.take_up(
        session,
        opportunity_id,
        data,
        today=today,
        expected_version=version,
        allowed_collision=allowed_collision,
    )
    tell(response, found)
    set_etag(response, opportunity)
    return OpportunityRead.of(opportunity)


@routes.get(
    "/{opportunity_id}/pool-moves",
    summary="List the ways of an opportunity into the pool and out of it",
    dependencies=[READ],
)
async def list_pool_moves(opportunity_id: UUID, session: Session) -> PoolHistory:
    """Every move with its reason, and what the opportunity had been before."""
    moves = await service.list_moves(session, opportunity_id)
    return PoolHistory(items=[PoolMoveRead.of(move) for move in moves])
