"""Reading what customers are scored by."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from kehu_analytics.scoring.models import GradeScheme, ModelState, ScoringOption, ValueModel
from kehu_analytics.scoring.schemas import ValueModelFilters
from kehu_kernel.context import context_of

OPTION_SORT_COLUMNS = {"dimension": ScoringOption.dimension}
MODEL_SORT_COLUMNS = {"created_at": ValueModel.created_at, "name": ValueModel.name}


def options(tenant_id: str) -> Select[ScoringOption]:
    """Return the query for all scoring options."""
    return select(ScoringOption).where(ScoringOption.tenant_id == tenant_id)


def models(tenant_id: str, filters: ValueModelFilters) -> Select[ValueModel]:
    """Return the query for the value models that match."""
    query = select(ValueModel).where(ValueModel.tenant_id == tenant_id)
    if filters.state:
        query = query.where(ValueModel.state.in_(filters.state))
    return query


async def find_option(session: AsyncSession, dimension: str) -> ScoringOption | None:
    """Return the scoring options of a dimension, if they are set up."""
    query = options(context_of(session).tenant_id).where(ScoringOption.dimension == dimension)
    found: ScoringOption | None = await session.scalar(query)
    return found


async def find_grades(session: AsyncSession) -> GradeScheme | None:
    """Return the tenant's grades, if they are set up."""
    query = select(GradeScheme).where(GradeScheme.tenant_id == context_of(session).tenant_id)
    found: GradeScheme | None = await session.scalar(query)
    return found


async def find_active(session: AsyncSession) -> ValueModel | None:
    """Return the active value model, if there is one."""
    query = select(ValueModel).where(
        ValueModel.tenant_id == context_of(session).tenant_id,
        ValueModel.state == ModelState.ACTIVE,
    )
    found: ValueModel | None = await session.scalar(query)
    return found
