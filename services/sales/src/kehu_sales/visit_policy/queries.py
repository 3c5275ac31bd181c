"""Reading the visit policy."""

from sqlalchemy import select

from kehu_kernel.session import Session
from kehu_sales.visit_policy.defaults import default_policy
from kehu_sales.visit_policy.models import VisitPolicy


async def policy_of(session: Session) -> VisitPolicy:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    query = select(VisitPolicy).where(VisitPolicy.tenant_id == session.context.tenant_id)
    decided: VisitPolicy | None = await session.scalar(query)
    return decided or default_policy()
