"""Reading the policy of credit checks."""

from kehu_kernel.session import Session
from kehu_sales.credit_policy.models import DEFAULTS, CreditCheckPolicy
from kehu_sales.policies import decided


async def policy_of(session: Session) -> CreditCheckPolicy:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    return await decided(session, CreditCheckPolicy) or CreditCheckPolicy(version=0, **DEFAULTS)
