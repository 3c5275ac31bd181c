"""Reading the ages of receivables."""

from collections.abc import Sequence

from kehu_kernel.session import Session
from kehu_sales.policies import decided
from kehu_sales.receivable_policy.models import ReceivablePolicy


async def policy_of(session: Session, default: Sequence[int]) -> ReceivablePolicy:
    """Return what the tenant has decided; the default, as version 0, where it has not."""
    found = await decided(session, ReceivablePolicy)
    return found or ReceivablePolicy(version=0, ages=list(default))
