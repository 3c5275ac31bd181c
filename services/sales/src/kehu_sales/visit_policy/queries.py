"""Reading the visit policy."""

from kehu_kernel.session import Session
from kehu_sales.policies import decided
from kehu_sales.visit_policy.defaults import default_policy
from kehu_sales.visit_policy.models import VisitPolicy


async def policy_of(session: Session) -> VisitPolicy:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    return await decided(session, VisitPolicy) or default_policy()
