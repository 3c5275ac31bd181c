"""What can be done with scoring. Whatever changes a value calculates all customers anew."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from kehu_analytics.scoring import defaults, queries
from kehu_analytics.scoring.errors import (
    CurrencyNotMeant,
    GradeCodeTwice,
    GradesMissing,
    ScoringOptionsMissing,
)
from kehu_analytics.scoring.models import (
    MONEY,
    Dimension,
    GradeScheme,
    ModelState,
    ScoringOption,
    ValueModel,
    check_scale,
    check_weights,
)
from kehu_analytics.scoring.schemas import (
    GradeSchemePut,
    ScoringOptionFilters,
    ScoringOptionPut,
    ValueModelCreate,
    ValueModelFilters,
    ValueModelUpdate,
    stored,
    stored_weights,
)
from kehu_analytics.values.calculation import lock_scoring, revalue_all
from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.errors import IfMatchRequired, NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def put_option(
    session: Session,
    dimension: Dimension,
    data: ScoringOptionPut,
    *,
    default_currency: str,
    expected_version: int | None,
) -> ScoringOption:
    """Set up the intervals of a dimension, or replace them (then a version is expected).

    Raises what `check_scale` raises, `CurrencyNotMeant`, `IfMatchRequired`.
    """
    check_scale(data.intervals)
    if dimension not in MONEY and data.currency is not None:
        raise CurrencyNotMeant(dimension=dimension.value)
    currency = (data.currency or default_currency) if dimension in MONEY else None
    await lock_scoring(session)
    option = await queries.find_option(session, dimension)
    if option is None:
        option = ScoringOption(
            dimension=dimension.value, currency=currency, intervals=stored(data.intervals)
        )
        audit.created(session, option)
        return option
    if expected_version is None:
        raise IfMatchRequired
    await require(session, ScoringOption, option.id, lock=True, expected_version=expected_version)
    option.currency, option.intervals = currency, stored(data.intervals)
    if audit.changed(session, option, "changed"):
        await revalue_all(session)
    return option


async def put_grades(
    session: Session, data: GradeSchemePut, *, expected_version: int | None
) -> GradeScheme:
    """Set up the value grades, or replace them (then a version is expected).

    Raises what `check_scale` raises, `GradeCodeTwice`, `IfMatchRequired`.
    """
    check_scale(data.grades)
    (code, times), *_ = Counter(grade.code for grade in data.grades).most_common(1)
    if times > 1:
        raise GradeCodeTwice(grade=code)
    await lock_scoring(session)
    scheme = await queries.find_grades(session)
    if scheme is None:
        scheme = GradeScheme(grades=stored(data.grades))
        audit.created(session, scheme)
        return scheme
    if expected_version is None:
        raise IfMatchRequired
    await require(session, GradeScheme, scheme.id, lock=True, expected_version=expected_version)
    scheme.grades = stored(data.grades)
    if audit.changed(session, scheme, "changed"):
        await revalue_all(session)
    return scheme


async def create_model(session: Session, data: ValueModelCreate) -> ValueModel:
    """Make a draft of a value model. Raises `WeightsNotHundred`."""
    check_weights(data.weights.values())
    model = ValueModel(name=data.name, weights=stored_weights(data.weights), state=ModelState.DRAFT)
    audit.created(session, model)
    return model


async def change_model(
    session: Session, model_id: UUID, data: ValueModelUpdate, *, expected_version: int
) -> ValueModel:
    """Change a draft. Raises `ValueModelNotDraft`, `WeightsNotHundred`."""
    model = await require(
        session, ValueModel, model_id, lock=True, expected_version=expected_version
    )
    model.require_draft()
    if data.weights is not None:
        check_weights(data.weights.values())
        model.weights = stored_weights(data.weights)
    if data.name is not None:
        model.name = data.name
    audit.changed(session, model, "changed")
    return model


async def activate_model(
    session: Session, model_id: UUID, *, expected_version: int | None
) -> ValueModel:
    """Put a model into force instead of the active one, and value all customers by it.

    Raises `ValueModelActive`, `ScoringOptionsMissing`, `GradesMissing`.
    """
    await lock_scoring(session)
    model = await require(
        session, ValueModel, model_id, lock=True, expected_version=expected_version
    )
    await _require_complete(session, model)
    active = await queries.find_active(session)
    if active is not None and active is not model:
        active.retire()
        audit.changed(session, active, "retired")
        await session.flush()  # the unique index lets one be active: first this one goes
    model.activate(session.context.now)
    audit.changed(session, model, "activated")
    await revalue_all(session)
    return model


async def set_up_defaults(
    session: Session, *, currency: str
) -> tuple[Sequence[ScoringOption], GradeScheme, ValueModel]:
    """Set up the default scheme where the tenant has nothing of its own; what is there stays.

    The default model is only made when no model is active. Returns all options, the grades and the
    active model.
    """
    await lock_scoring(session)
    present = {
        option.dimension: option
        for option in await session.scalars(queries.options(session.context.tenant_id))
    }
    for dimension, intervals in defaults.OPTIONS.items():
        if dimension not in present:
            present[dimension] = ScoringOption(
                dimension=dimension.value,
                currency=currency if dimension in MONEY else None,
                intervals=intervals,
            )
            audit.created(session, present[dimension])
    grades = await queries.find_grades(session)
    if grades is None:
        grades = GradeScheme(grades=defaults.GRADES)
        audit.created(session, grades)
    model = await queries.find_active(session)
    if model is None:
        model = await _default_model(session)
        await revalue_all(session)
    return [present[name] for name in sorted(present)], grades, model


async def _default_model(session: Session) -> ValueModel:
    model: ValueModel | None = await session.scalar(
        select(ValueModel).where(
            ValueModel.tenant_id == session.context.tenant_id,
            ValueModel.name == defaults.MODEL_NAME,
        )
    )
    if model is None:
        model = ValueModel(
            name=defaults.MODEL_NAME, weights=dict(defaults.WEIGHTS), state=ModelState.DRAFT
        )
        audit.created(session, model)
        await session.flush()
    await _require_complete(session, model)
    model.activate(session.context.now)
    audit.changed(session, model, "activated")
    return model


async def read_option(session: Session, dimension: Dimension) -> ScoringOption:
    """Return the scoring options of a dimension. Raises `NotFound`."""
    option = await queries.find_option(session, dimension)
    if option is None:
        raise NotFound.of(ScoringOption, dimension.value)
    return option


async def read_grades(session: Session) -> GradeScheme:
    """Return the value grades. Raises `NotFound` before they are set up."""
    scheme = await queries.find_grades(session)
    if scheme is None:
        raise NotFound.of(GradeScheme, session.context.tenant_id)
    return scheme


async def list_options(
    session: Session, filters: ScoringOptionFilters
) -> tuple[list[ScoringOption], str | None, int | None]:
    """Return one page of the scoring options."""
    return await paginate(
        session,
        queries.options(session.context.tenant_id),
        filters,
        sort=filters.sort,
        columns=queries.OPTION_SORT_COLUMNS,
        tie_breaker=ScoringOption.id,
    )


async def list_models(
    session: Session, filters: ValueModelFilters
) -> tuple[list[ValueModel], str | None, int | None]:
    """Return one page of the value models that match."""
    return await paginate(
        session,
        queries.models(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.MODEL_SORT_COLUMNS,
        tie_breaker=ValueModel.id,
    )


async def _require_complete(session: Session, model: ValueModel) -> None:
    """Refuse a model by which some customer could not be valued."""
    present = await session.scalars(
        select(ScoringOption.dimension).where(ScoringOption.tenant_id == session.context.tenant_id)
    )
    missing = sorted(model.weights.keys() - set(present))
    if missing:
        raise ScoringOptionsMissing(dimensions=missing, extra={"dimensions": missing})
    if await queries.find_grades(session) is None:
        raise GradesMissing
