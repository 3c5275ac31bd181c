"""The API of leaving stages."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.http import CurrentActor, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.problems import problems
from kehu_sales.methods.errors import MethodWithdrawn, UnknownMethod, UnknownMethodVersion
from kehu_sales.opportunities.errors import (
    EvaluationHasFailed,
    FollowsAlready,
    NotALaterStage,
    NotInProgress,
    OpportunityInPool,
    OpportunityIsClosed,
    OverrideNotAllowed,
    PromotionConditionsUnmet,
    PromotionReminder,
    ReturnNotAllowed,
    StageEnteredByWinning,
    StageNotInVersion,
    StageNotSkippable,
)
from kehu_sales.opportunities.schemas import (
    OpportunityRead,
)
from kehu_sales.stages import service
from kehu_sales.stages.schemas import GateRead, MethodMove, StageReturn

routes = router("/v1/opportunities", "opportunities")
READ = requires("sales:opportunities:read")
WRITE = requires("sales:opportunities:write")
NOT_IN_STAGES = (OpportunityIsClosed, EvaluationHasFailed, OpportunityInPool, NotInProgress)
DATES = (DateInFuture, DateBeforePrevious)


@routes.get(
    "/{opportunity_id}/gate",
    summary="Read the gate before the next stage",
    dependencies=[READ],
    responses=problems(*NOT_IN_STAGES, NotALaterStage, StageEnteredByWinning, StageNotSkippable),
)
async def read_gate(
    opportunity_id: UUID,
    session: Session,
    today: Today,
    to_stage: Annotated[
        str | None, Query(max_length=200, description="A later stage; the next one if omitted.")
    ] = None,
) -> GateRead:
    """Every condition of the stage that is left, and of those that are skipped, needed and had."""
    opportunity, method, stages, recorded, target = await service.gate(
        session, opportunity_id, to_stage
    )
    asks = method.winning_asks
    return GateRead.of(opportunity, stages, recorded, target, today, winning_asks=asks)


@routes.post(
    "/{opportunity_id}/return-to-stage",
    summary="Return an opportunity to an earlier stage",
    dependencies=[WRITE],
    responses=problems(*NOT_IN_STAGES, ReturnNotAllowed, *DATES),
)
async def return_opportunity_to_stage(
    opportunity_id: UUID,
    data: StageReturn,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> OpportunityRead:
    """Go back where the stage allows it (`may_return_to`), for a reason that is kept."""
    opportunity = await service.return_to_stage(
        session, opportunity_id, data, today=today, expected_version=version
    )
    set_etag(response, opportunity)
    return OpportunityRead.of(opportunity)


@routes.post(
    "/{opportunity_id}/move-method",
    summary="Move an opportunity to another version of its method",
    dependencies=[WRITE],
    responses=problems(
        *NOT_IN_STAGES,
        UnknownMethod,
        MethodWithdrawn,
        UnknownMethodVersion,
        FollowsAlready,
        StageNotInVersion,
        StageNotSkippable,
        ReturnNotAllowed,
        OverrideNotAllowed,
        PromotionConditionsUnmet,
        PromotionReminder,
        *DATES,
    ),
)
async def move_opportunity_to_method(
    opportunity_id: UUID,
    data: MethodMove,
    session: Session,
    actor: CurrentActor,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> OpportunityRead:
    """Follow the newest version, or the one named, in the stage of the same code or a named one.

    Its days in the stage begin anew. To stay asks nothing; to get on by the way, or back, asks what
    a promotion or a return would, unless a holder of the scope `sales:opportunities:override` gives
    an `override_reason`.
    """
    opportunity = await service.move_method(
        session, opportunity_id, data, actor=actor, today=today, expected_version=version
    )
    set_etag(response, opportunity)
    return OpportunityRead.of(opportunity)
