"""Reading the quote policy."""

from kehu_kernel.session import Session
from kehu_sales.policies import decided
from kehu_sales.quote_policy.models import DEFAULTS, QuotePolicy


async def policy_of(session: Session) -> QuotePolicy:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    return await decided(session, QuotePolicy) or QuotePolicy(version=0, **DEFAULTS)
