"""Reading the ages of receivables."""

from collections.abc import Sequence

from sqlalchemy import select

from kehu_kernel.session import Session
from kehu_sales.receivable_policy.models import ReceivablePolicy


async def policy_of(session: Session, default: Sequence[int]) -> ReceivablePolicy:
    """Return what the tenant has decided; the default, as version 0, where it has not."""
    query = select(ReceivablePolicy).where(ReceivablePolicy.tenant_id == session.context.tenant_id)
    decided: ReceivablePolicy | None = await session.scalar(query)
    return decided or ReceivablePolicy(version=0, ages=list(default))
