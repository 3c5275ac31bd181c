"""Reading the quote policy."""

from sqlalchemy import select

from kehu_kernel.session import Session
from kehu_sales.quote_policy.models import DEFAULTS, QuotePolicy


async def policy_of(session: Session) -> QuotePolicy:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    query = select(QuotePolicy).where(QuotePolicy.tenant_id == session.context.tenant_id)
    decided: QuotePolicy | None = await session.scalar(query)
    return decided or QuotePolicy(version=0, **DEFAULTS)
