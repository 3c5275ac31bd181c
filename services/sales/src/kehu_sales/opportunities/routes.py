"""The opportunity API."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture, PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.errors import DomainError, OutsideRowScope
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
from kehu_kernel.problems import language_of, problems
from kehu_sales.close_reasons.errors import UnknownCloseReason
from kehu_sales.collisions.errors import OpportunityCollides
from kehu_sales.collisions.routes import AllowedCollision, tell
from kehu_sales.competitors.errors import UnknownCompetitor
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_sales.directory.errors import STAFF, EmployeeHasLeft, UnknownEmployee
from kehu_sales.grading.errors import LevelNotGraded
from kehu_sales.lines import AmountTooLarge, MixedCurrencies
from kehu_sales.methods.errors import MethodWithdrawn, NoDefaultMethod, UnknownMethod
from kehu_sales.opportunities import batch, service
from kehu_sales.opportunities.batch_schemas import (
    BatchItem,
    BatchResult,
    ItemProblem,
    OpportunityBatch,
)
from kehu_sales.opportunities.errors import (
    CompetitorNeeded,
    CustomerNeeded,
    EvaluationHasFailed,
    ExternalReferenceTaken,
    LastStage,
    NextEvaluatorMissing,
    NextEvaluatorNotWanted,
    NotALaterStage,
    NotAwaitingSubmission,
    NotInEvaluation,
    NotInProgress,
    NotTheEvaluator,
    OpportunityInPool,
    OpportunityIsClosed,
    OverrideNotAllowed,
    PromotionConditionsUnmet,
    PromotionReminder,
    RevenueIsSumOfLines,
    StageEnteredByWinning,
    StageNotSkippable,
)
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.progress_schemas import (
    EvaluationHistory,
    EvaluationRead,
    PromotionPreview,
    StageEntryRead,
    StageHistory,
)
from kehu_sales.opportunities.schemas import (
    OpportunityCreate,
    OpportunityEvaluation,
    OpportunityFilters,
    OpportunityLoss,
    OpportunityPromotion,
    OpportunityRead,
    OpportunitySubmission,
    OpportunityUpdate,
    OpportunityWin,
)
from kehu_sales.products.errors import ProductWithdrawn, UnknownProduct

routes = router("/v1/opportunities", "opportunities")
READ = requires("sales:opportunities:read")
WRITE = requires("sales:opportunities:write")
OVER = (OpportunityIsClosed, EvaluationHasFailed)
NOT_NOW = (*OVER, OpportunityInPool)
DATES = (DateInFuture, DateBeforePrevious)
EVALUATOR = (UnknownEmployee, EmployeeHasLeft)
LINES = (UnknownProduct, ProductWithdrawn, MixedCurrencies, AmountTooLarge, RevenueIsSumOfLines)


async def _currency(request: Request) -> str:
    currency: str = request.app.state.settings.currency
    return currency


Currency = Annotated[str, Depends(_currency)]


@routes.post(
    "",
    summary="Create an opportunity",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        ExternalReferenceTaken,
        UnknownCustomer,
        CustomerMerged,
        CustomerHasEnded,
        UnknownMethod,
        MethodWithdrawn,
        NoDefaultMethod,
        UnknownCompetitor,
        *STAFF,
        DateInFuture,
        OpportunityCollides,
        OutsideRowScope,
        *LINES,
    ),
)
async def create_opportunity(
    data: OpportunityCreate,
    session: Session,
    actor: CurrentActor,
    today: Today,
    currency: Currency,
    allowed_collision: AllowedCollision,
    response: Response,
) -> OpportunityRead:
    """Open an opportunity. With product lines, their sum is the expected revenue.

    The header `Kehu-Collisions` names the collisions with what others work on, if there are any.
    """
    opportunity, found = await service.create_opportunity(
        session,
        data,
        today=today,
        currency=currency,
        reporter_id=actor.employee_id,
        allowed_collision=allowed_collision,
    )
    tell(response, found)
    response.headers["Location"] = f"/v1/opportunities/{opportunity.id}"
    return _answer(opportunity, response)


@routes.get(
    "",
    summary="List opportunities",
    dependencies=[READ],
    responses=problems(PeriodReversed, LevelNotGraded),
)
async def list_opportunities(
    session: Session, filters: Annotated[OpportunityFilters, Query()], today: Today
) -> Page[OpportunityRead]:
    """Opportunities that match all filters, a page at a time.

    `status=pooled` is the reserve pool; `overdue=true` is what stays in its stage too long.
    """
    opportunities, cursor, count = await service.list_opportunities(session, filters, today=today)
    return Page(
        items=[OpportunityRead.of(opportunity) for opportunity in opportunities],
        next_cursor=cursor,
        count=count,
    )


@routes.post("/batch", summary="Carry out many opportunity commands", dependencies=[WRITE])
async def run_opportunity_batch(
    data: OpportunityBatch,
    session: Session,
    actor: CurrentActor,
    today: Today,
    currency: Currency,
    request: Request,
) -> BatchResult:
    """Up to 500 commands in one transaction; a refused one undoes only itself.

    The answer is 200 with an item per command. Commands about the same opportunity are carried out
    in their order.
    """
    outcomes = await batch.run_batch(
        session, data.commands, batch.Circumstances(actor, today, currency)
    )
    language = language_of(request.headers.get("accept-language"))
    items = [_item(index, outcome, language) for index, outcome in enumerate(outcomes)]
    return BatchResult(items=items)


@routes.get("/{opportunity_id}", summary="Read an opportunity", dependencies=[READ])
async def read_opportunity(
    opportunity_id: UUID, session: Session, response: Response
) -> OpportunityRead:
    """One opportunity with its lines and its ETag."""
    return _answer(await require(session, Opportunity, opportunity_id), response)


@routes.patch(
    "/{opportunity_id}",
    summary="Change an opportunity",
    dependencies=[WRITE],
    responses=problems(
        *OVER,
        UnknownCustomer,
        CustomerMerged,
        CustomerHasEnded,
        UnknownCompetitor,
        *STAFF,
        *DATES,
        OpportunityCollides,
        OpportunityInPool,
        *LINES,
    ),
)
async def change_opportunity(
    opportunity_id: UUID,
    data: OpportunityUpdate,
    session: Session,
    today: Today,
    version: ExpectedVersion,
    allowed_collision: AllowedCollision,
    response: Response,
) -> OpportunityRead:
    """Change potential information and product lines, until it is won or lost."""
    opportunity, found = await service.change_opportunity(
        session,
        opportunity_id,
        data,
        today=today,
        expected_version=version,
        allowed_collision=allowed_collision,
    )
    tell(response, found)
    return _answer(opportunity, response)


@routes.post(
    "/{opportunity_id}/submit",
    summary="Submit an opportunity for evaluation",
    dependencies=[WRITE],
    responses=problems(*NOT_NOW, NotAwaitingSubmission, *EVALUATOR, *DATES),
)
async def submit_opportunity(
    opportunity_id: UUID,
    data: OpportunitySubmission,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> OpportunityRead:
    """Ask a named evaluator whether the opportunity is worth the effort."""
    opportunity = await service.submit_opportunity(
        session, opportunity_id, data, today=today, expected_version=version
    )
    return _answer(opportunity, response)


@routes.post(
    "/{opportunity_id}/evaluate",
    summary="Decide on an opportunity",
    dependencies=[WRITE],
    responses=problems(
        *NOT_NOW,
        NotInEvaluation,
        NotTheEvaluator,
        NextEvaluatorMissing,
        NextEvaluatorNotWanted,
        *EVALUATOR,
        *DATES,
    ),
)
async def evaluate_opportunity(
    opportunity_id: UUID,
    data: OpportunityEvaluation,
    session: Session,
    actor: CurrentActor,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> OpportunityRead:
    """Pass it, pass it to the next evaluator, reject it back to the submitter, or fail it.

    Only the named evaluator may decide (the `employee_id` of the token), or a holder of the scope
    `sales:opportunities:evaluate` in the evaluator's place.
    """
    opportunity = await service.evaluate_opportunity(
        session, opportunity_id, data, actor=actor, today=today, expected_version=version
    )
    return _answer(opportunity, response)


@routes.get(
    "/{opportunity_id}/evaluations",
    summary="List the decisions about an opportunity",
    dependencies=[READ],
)
async def list_evaluations(opportunity_id: UUID, session: Session) -> EvaluationHistory:
    """Every decision about the opportunity, oldest first."""
    evaluations = await service.list_evaluations(session, opportunity_id)
    return EvaluationHistory(items=[EvaluationRead.of(evaluation) for evaluation in evaluations])


@routes.get(
    "/{opportunity_id}/promotion",
    summary="Preview the promotion of an opportunity",
    dependencies=[READ],
    responses=problems(*NOT_NOW, NotInProgress),
)
async def preview_promotion(opportunity_id: UUID, session: Session) -> PromotionPreview:
    """The next stage, its success rate, and how the conditions of the present stage stand."""
    return PromotionPreview.of(*await service.preview_promotion(session, opportunity_id))


@routes.post(
    "/{opportunity_id}/promote",
    summary="Promote an opportunity to the next stage",
    dependencies=[WRITE],
    responses=problems(
        *NOT_NOW,
        NotInProgress,
        LastStage,
        NotALaterStage,
        StageEnteredByWinning,
        StageNotSkippable,
        OverrideNotAllowed,
        PromotionConditionsUnmet,
        PromotionReminder,
        *DATES,
    ),
)
async def promote_opportunity(
    opportunity_id: UUID,
    data: OpportunityPromotion,
    session: Session,
    actor: CurrentActor,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> OpportunityRead:
    """Leave the stage for the next one, or a later one that is named.

    Strict conditions must be met; `unmet` of the answer lists every one that is not. Unmet
    conditions that only remind are answered with `promotion-reminder`; repeat with
    `confirm_reminders` to promote anyway. A holder of the scope `sales:opportunities:override` may
    pass over all of them with an `override_reason`.
    """
    opportunity = await service.promote_opportunity(
        session, opportunity_id, data, actor=actor, today=today, expected_version=version
    )
    return _answer(opportunity, response)


@routes.get(
    "/{opportunity_id}/stages",
    summary="List the stages an opportunity has been in",
    dependencies=[READ],
)
async def list_stages(opportunity_id: UUID, session: Session, today: Today) -> StageHistory:
    """Every stage with planned and actual days, in the order they were entered."""
    stays = await service.list_stages(session, opportunity_id)
    return StageHistory(items=[StageEntryRead.of(*stay, today) for stay in stays])


@routes.post(
    "/{opportunity_id}/win",
    summary="Win an opportunity",
    dependencies=[WRITE],
    responses=problems(
        *NOT_NOW,
        NotInProgress,
        CustomerNeeded,
        CustomerMerged,
        CustomerHasEnded,
        MixedCurrencies,
        UnknownCloseReason,
        OverrideNotAllowed,
        PromotionConditionsUnmet,
        PromotionReminder,
        *DATES,
    ),
)
async def win_opportunity(
    opportunity_id: UUID,
    data: OpportunityWin,
    session: Session,
    actor: CurrentActor,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> OpportunityRead:
    """Close it as won, with day and reason. This is final.

    Where the method says so (`winning_asks`), the stage that is left asks for its conditions as it
    does for a promotion.
    """
    opportunity = await service.win_opportunity(
        session, opportunity_id, data, actor=actor, today=today, expected_version=version
    )
    return _answer(opportunity, response)


@routes.post(
    "/{opportunity_id}/lose",
    summary="Lose an opportunity",
    dependencies=[WRITE],
    responses=problems(
        *NOT_NOW, NotInProgress, CompetitorNeeded, UnknownCompetitor, UnknownCloseReason, *DATES
    ),
)
async def lose_opportunity(
    opportunity_id: UUID,
    data: OpportunityLoss,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> OpportunityRead:
    """Close it as lost, with day, reason and competitor. Only the reserve pool brings it back."""
    opportunity = await service.lose_opportunity(
        session, opportunity_id, data, today=today, expected_version=version
    )
    return _answer(opportunity, response)


def _answer(opportunity: Opportunity, response: Response) -> OpportunityRead:
    set_etag(response, opportunity)
    return OpportunityRead.of(opportunity)


def _item(index: int, outcome: batch.Outcome, language: str) -> BatchItem:
    failure = outcome.failure
    return BatchItem(
        index=index,
        status="failed" if failure else "ok",
        opportunity_id=outcome.opportunity_id,
        version=outcome.version,
        problem=_problem(failure, language) if failure else None,
    )


def _problem(failure: DomainError, language: str) -> ItemProblem:
    return ItemProblem(
        code=failure.code,
        status=failure.status,
        detail=failure.message(language),
        extra=failure.extra,
    )
