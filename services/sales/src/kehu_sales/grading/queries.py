"""Reading grading schemes and assessments."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from kehu_kernel.session import Session
from kehu_sales.db import among
from kehu_sales.grading.errors import LevelNotGraded
from kehu_sales.grading.models import (
    GradingScheme,
    GradingSchemeVersion,
    OpportunityAssessment,
)
from kehu_sales.grading.scheme import DEFAULTS, LARGEST_RATIO


async def scheme_in_force(session: Session, *, lock: bool = False) -> GradingScheme | None:
    """Return the tenant's scheme; None where none was ever put in force.

    `lock` keeps anybody from changing it until the transaction ends.
    """
    query = select(GradingScheme).where(GradingScheme.tenant_id == session.context.tenant_id)
    if lock:
        query = query.with_for_update(read=True)
    found: GradingScheme | None = await session.scalar(query)
    return found


async def scheme_or_default(session: Session, *, currency: str) -> GradingScheme:
    """Return the tenant's scheme; the defaults, as version 0, where it has none.

    Amounts of the defaults are in `currency`.
    """
    return await scheme_in_force(session) or GradingScheme(
        version=0, content={**DEFAULTS, "currency": currency}, largest_ratio=LARGEST_RATIO
    )


async def past_schemes(session: Session) -> list[GradingSchemeVersion]:
    """Return the schemes that were in force before, the newest first."""
    return await session.scalars(
        select(GradingSchemeVersion)
        .where(GradingSchemeVersion.tenant_id == session.context.tenant_id)
        .order_by(GradingSchemeVersion.number.desc())
        .limit(200)
    )


async def require_level(session: Session, code: str) -> None:
    """Refuse a level that no opportunity can be of. Raises `LevelNotGraded`, naming the levels.

    Those of schemes that were in force before still stand on opportunities closed then.
    """
    in_force = await scheme_in_force(session)
    contents = [in_force.content if in_force else DEFAULTS]
    contents += [one.content for one in await past_schemes(session)]
    levels = dict.fromkeys(one["code"] for content in contents for one in content["levels"])
    if code not in levels:
        raise LevelNotGraded(level=code, levels=", ".join(levels))


async def assessments_of(
    session: Session, opportunity_ids: Collection[UUID], *, lock: bool = False
) -> dict[UUID, OpportunityAssessment]:
    """Return the assessments of these opportunities, by the opportunity's id.

    `lock` has whoever marks them stale wait, so that no mark is written over. Everybody locks the
    scheme before assessments, and these in the order of the opportunities' ids.
    """
    query = select(OpportunityAssessment).where(
        OpportunityAssessment.tenant_id == session.context.tenant_id,
        among(OpportunityAssessment.opportunity_id, opportunity_ids),
    )
    if lock:
        query = query.order_by(OpportunityAssessment.opportunity_id)
        query = query.with_for_update(key_share=True)
    return {row.opportunity_id: row for row in await session.scalars(query)}
