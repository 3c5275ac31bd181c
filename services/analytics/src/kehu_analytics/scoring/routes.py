"""The scoring API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, status

from kehu_analytics.scoring import service
from kehu_analytics.scoring.errors import (
    CurrencyNotMeant,
    GradeCodeTwice,
    GradesMissing,
    ScaleGap,
    ScaleNotOpen,
    ScaleOverlap,
    ScaleStepEmpty,
    ScoringOptionsMissing,
    ValueModelActive,
    ValueModelNameTaken,
    ValueModelNotDraft,
    WeightsNotHundred,
)
from kehu_analytics.scoring.models import Dimension, ValueModel
from kehu_analytics.scoring.schemas import (
    DefaultsSetUp,
    DimensionRead,
    GradeSchemePut,
    GradeSchemeRead,
    ScoringOptionFilters,
    ScoringOptionPut,
    ScoringOptionRead,
    ScoringRead,
    ValueModelCreate,
    ValueModelFilters,
    ValueModelRead,
    ValueModelUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.errors import IfMatchRequired, NotFound, VersionConflict
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1", "scoring")
READ = requires("analytics:models:read")
WRITE = requires("analytics:models:write")
SCALE = (ScaleNotOpen, ScaleStepEmpty, ScaleGap, ScaleOverlap)


@routes.get("/dimensions", summary="List dimensions", dependencies=[READ])
async def list_dimensions() -> list[DimensionRead]:
    """Everything a customer can be scored by."""
    return [DimensionRead.of(dimension) for dimension in Dimension]


@routes.get("/scoring-options", summary="List scoring options", dependencies=[READ])
async def list_scoring_options(
    session: Session, filters: Annotated[ScoringOptionFilters, Query()]
) -> Page[ScoringOptionRead]:
    """The dimensions that are set up, with their intervals."""
    options, cursor, count = await service.list_options(session, filters)
    return Page(
        items=[ScoringOptionRead.of(option) for option in options], next_cursor=cursor, count=count
    )


@routes.get("/scoring-options/{dimension}", summary="Read scoring options", dependencies=[READ])
async def read_scoring_option(
    dimension: Dimension, session: Session, response: Response
) -> ScoringOptionRead:
    """The intervals of one dimension, with their ETag."""
    option = await service.read_option(session, dimension)
    set_etag(response, option)
    return ScoringOptionRead.of(option)


@routes.put(
    "/scoring-options/{dimension}",
    summary="Set up scoring options",
    dependencies=[WRITE],
    responses=problems(*SCALE, CurrencyNotMeant, IfMatchRequired, VersionConflict),
)
async def put_scoring_option(
    dimension: Dimension,
    data: ScoringOptionPut,
    session: Session,
    request: Request,
    version: OptionalVersion,
    response: Response,
) -> ScoringOptionRead:
    """Set or replace the intervals of a dimension; to replace them, send `If-Match`.

    If the active model weighs the dimension, all customers are valued anew.
    """
    option = await service.put_option(
        session,
        dimension,
        data,
        default_currency=request.app.state.settings.currency,
        expected_version=version,
    )
    set_etag(response, option)
    return ScoringOptionRead.of(option)


@routes.get(
    "/value-grades",
    summary="Read the value grades",
    dependencies=[READ],
    responses=problems(NotFound),
)
async def read_value_grades(session: Session, response: Response) -> GradeSchemeRead:
    """The tenant's grades, from the lowest to the highest."""
    scheme = await service.read_grades(session)
    set_etag(response, scheme)
    return GradeSchemeRead.of(scheme)


@routes.put(
    "/value-grades",
    summary="Set up the value grades",
    dependencies=[WRITE],
    responses=problems(*SCALE, GradeCodeTwice, IfMatchRequired, VersionConflict),
)
async def put_value_grades(
    data: GradeSchemePut, session: Session, version: OptionalVersion, response: Response
) -> GradeSchemeRead:
    """Set or replace all grades; to replace them, send `If-Match`. Customers are graded anew."""
    scheme = await service.put_grades(session, data, expected_version=version)
    set_etag(response, scheme)
    return GradeSchemeRead.of(scheme)


@routes.post(
    "/value-models",
    summary="Create a value model",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(ValueModelNameTaken, WeightsNotHundred),
)
async def create_value_model(
    data: ValueModelCreate, session: Session, response: Response
) -> ValueModelRead:
    """Make a draft: weights over dimensions that add up to 100 percent."""
    model = await service.create_model(session, data)
    response.headers["Location"] = f"/v1/value-models/{model.id}"
    return _answer(model, response)


@routes.get("/value-models", summary="List value models", dependencies=[READ])
async def list_value_models(
    session: Session, filters: Annotated[ValueModelFilters, Query()]
) -> Page[ValueModelRead]:
    """Value models that match, a page at a time."""
    models, cursor, count = await service.list_models(session, filters)
    return Page(
        items=[ValueModelRead.of(model) for model in models], next_cursor=cursor, count=count
    )


@routes.get("/value-models/{model_id}", summary="Read a value model", dependencies=[READ])
async def read_value_model(model_id: UUID, session: Session, response: Response) -> ValueModelRead:
    """One value model, with its ETag."""
    return _answer(await require(session, ValueModel, model_id), response)


@routes.patch(
    "/value-models/{model_id}",
    summary="Change a draft",
    dependencies=[WRITE],
    responses=problems(ValueModelNameTaken, ValueModelNotDraft, WeightsNotHundred),
)
async def change_value_model(
    model_id: UUID,
    data: ValueModelUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> ValueModelRead:
    """Change name or weights of a model that was never in force."""
    model = await service.change_model(session, model_id, data, expected_version=version)
    return _answer(model, response)


@routes.post(
    "/value-models/{model_id}/activate",
    summary="Activate a value model",
    dependencies=[WRITE],
    responses=problems(ValueModelActive, ScoringOptionsMissing, GradesMissing),
)
async def activate_value_model(
    model_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> ValueModelRead:
    """Put the model into force; the one before retires, and all customers are valued anew."""
    model = await service.activate_model(session, model_id, expected_version=version)
    return _answer(model, response)


@routes.post(
    "/values/defaults",
    summary="Set up the default scheme",
    dependencies=[WRITE],
    responses=problems(ScoringOptionsMissing, ValueModelActive),
)
async def set_up_defaults(data: DefaultsSetUp, session: Session, request: Request) -> ScoringRead:
    """Start with the ABC method: options, grades and an active model, to be adapted later.

    What the tenant has set up stays as it is; a second call changes nothing.
    """
    currency = data.currency or request.app.state.settings.currency
    options, grades, model = await service.set_up_defaults(session, currency=currency)
    return ScoringRead(
        options=[ScoringOptionRead.of(option) for option in options],
        grades=GradeSchemeRead.of(grades),
        model=ValueModelRead.of(model),
    )


def _answer(model: ValueModel, response: Response) -> ValueModelRead:
    set_etag(response, model)
    return ValueModelRead.of(model)
