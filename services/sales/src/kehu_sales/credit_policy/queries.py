"""Reading the policy of credit checks."""

from sqlalchemy import select

from kehu_kernel.session import Session
from kehu_sales.credit_policy.models import DEFAULTS, CreditCheckPolicy


async def policy_of(session: Session) -> CreditCheckPolicy:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    query = select(CreditCheckPolicy).where(
        CreditCheckPolicy.tenant_id == session.context.tenant_id
    )
    decided: CreditCheckPolicy | None = await session.scalar(query)
    return decided or CreditCheckPolicy(version=0, **DEFAULTS)
