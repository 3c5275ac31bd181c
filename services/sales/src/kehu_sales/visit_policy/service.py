"""What can be done with the visit policy."""

from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.session import Session
from kehu_sales.visit_policy import queries
from kehu_sales.visit_policy.models import VisitPolicy
from kehu_sales.visit_policy.schemas import VisitPolicyUpdate


async def change_policy(
    session: Session, data: VisitPolicyUpdate, *, expected_version: int
) -> VisitPolicy:
    """Change what the tenant has decided; the first change makes the row.

    Visits keep the checklist they were planned with. Raises `ChecklistCodesRepeat`,
    `TooManyVisitTypes`, `LimitsContradict`. Of two first changes at once the database lets one win.
    """
    policy = await queries.policy_of(session)
    decided = policy.version > 0
    if decided:
        policy = await require(
            session, VisitPolicy, policy.id, lock=True, expected_version=expected_version
        )
    elif expected_version != 0:
        raise VersionConflict(current=0, expected=expected_version)
    for one in data.types or ():
        policy.put_type(one.visit_type())
    if data.limits is not None:
        policy.limit(data.limits.given())
    if decided:
        audit.changed(session, policy, "changed")
    elif data.given():
        audit.created(session, policy)
    return policy
