"""Reading the credit policy."""

from sqlalchemy import select

from kehu_customer.credit_policy.models import DEFAULTS, CreditPolicy
from kehu_kernel.session import Session


async def policy_of(session: Session) -> CreditPolicy:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    query = select(CreditPolicy).where(CreditPolicy.tenant_id == session.context.tenant_id)
    decided = await session.scalar(query)
    return decided or CreditPolicy(version=0, **DEFAULTS)
