"""Reading what customers are scored by."""

from sqlalchemy import Select, select

from kehu_analytics.scoring.models import GradeScheme, ModelState, ScoringOption, ValueModel
from kehu_analytics.scoring.schemas import ValueModelFilters
from kehu_kernel.pagination import one_of
from kehu_kernel.session import Session

OPTION_SORT_COLUMNS = {"dimension": ScoringOption.dimension}
MODEL_SORT_COLUMNS = {"created_at": ValueModel.created_at, "name": ValueModel.name}


def options(tenant_id: str) -> Select[ScoringOption]:
    """Return the query for all scoring options."""
    return select(ScoringOption).where(ScoringOption.tenant_id == tenant_id)


def models(tenant_id: str, filters: ValueModelFilters) -> Select[ValueModel]:
    """Return the query for the value models that match."""
    query = select(ValueModel).where(ValueModel.tenant_id == tenant_id)
    if filters.state:
        query = query.where(one_of(ValueModel.state, filters.state))
    return query


async def find_option(session: Session, dimension: str) -> ScoringOption | None:
    """Return the scoring options of a dimension, if they are set up."""
    query = options(session.context.tenant_id).where(ScoringOption.dimension == dimension)
    found: ScoringOption | None = await session.scalar(query)
    return found


async def find_grades(session: Session) -> GradeScheme | None:
    """Return the tenant's grades, if they are set up."""
    query = select(GradeScheme).where(GradeScheme.tenant_id == session.context.tenant_id)
    found: GradeScheme | None = await session.scalar(query)
    return found


async def find_active(session: Session) -> ValueModel | None:
    """Return the active value model, if there is one."""
    query = select(ValueModel).where(
        ValueModel.tenant_id == session.context.tenant_id,
        ValueModel.state == ModelState.ACTIVE,
    )
    found: ValueModel | None = await session.scalar(query)
    return found
