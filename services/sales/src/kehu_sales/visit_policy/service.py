"""What can be done with the visit policy."""

from kehu_kernel.session import Session
from kehu_sales import policies
from kehu_sales.visit_policy import queries
from kehu_sales.visit_policy.models import VisitPolicy
from kehu_sales.visit_policy.schemas import VisitPolicyUpdate


async def change_policy(
    session: Session, data: VisitPolicyUpdate, *, expected_version: int
) -> VisitPolicy:
    """Change what the tenant has decided; the first change makes the row.

    Visits keep the checklist they were planned with. Raises `ChecklistCodesRepeat`,
    `TooManyVisitTypes`, `LimitsContradict`.
    """
    policy = await policies.lock(session, await queries.policy_of(session), expected_version)
    for one in data.types or ():
        policy.put_type(one.visit_type())
    if data.limits is not None:
        policy.limit(data.limits.given())
    return policies.keep(session, policy, given=bool(data.given()))
