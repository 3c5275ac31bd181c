"""What can be done with the ages of receivables."""

from collections.abc import Sequence

from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.session import Session
from kehu_sales.receivable_policy import queries
from kehu_sales.receivable_policy.models import ReceivablePolicy
from kehu_sales.receivable_policy.schemas import ReceivablePolicyUpdate


async def change_policy(
    session: Session,
    data: ReceivablePolicyUpdate,
    *,
    default: Sequence[int],
    expected_version: int,
) -> ReceivablePolicy:
    """Change what the tenant has decided; the first change makes the row.

    Raises `AgesNotRising`. Of two first changes at once the database lets one win.
    """
    policy = await queries.policy_of(session, default)
    decided = policy.version > 0
    if decided:
        policy = await require(
            session, ReceivablePolicy, policy.id, lock=True, expected_version=expected_version
        )
    elif expected_version != 0:
        raise VersionConflict(current=0, expected=expected_version)
    if data.ages is not None:
        policy.age_by(data.ages)
    if decided:
        audit.changed(session, policy, "changed")
    elif data.given():
        audit.created(session, policy)
    return policy
