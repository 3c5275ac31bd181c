"""What can be done with the policy of credit checks."""

from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.session import Session
from kehu_sales.credit_policy import queries
from kehu_sales.credit_policy.models import CreditCheckPolicy
from kehu_sales.credit_policy.schemas import CreditCheckPolicyUpdate


async def change_policy(
    session: Session, data: CreditCheckPolicyUpdate, *, expected_version: int
) -> CreditCheckPolicy:
    """Change what the tenant has decided; the first change makes the row.

    Contracts on record stay as they are. Of two first changes at once the database lets one win.
    """
    policy = await queries.policy_of(session)
    decided = policy.version > 0
    if decided:
        policy = await require(
            session, CreditCheckPolicy, policy.id, lock=True, expected_version=expected_version
        )
    elif expected_version != 0:
        raise VersionConflict(current=0, expected=expected_version)
    given = data.given()
    for name, value in given.items():
        setattr(policy, name, value)
    if decided:
        audit.changed(session, policy, "changed")
    elif given:
        audit.created(session, policy)
    return policy
