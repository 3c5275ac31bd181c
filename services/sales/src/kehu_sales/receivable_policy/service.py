"""What can be done with the ages of receivables."""

from collections.abc import Sequence

from kehu_kernel.session import Session
from kehu_sales import policies
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

    Raises `AgesNotRising`.
    """
    policy = await policies.lock(
        session, await queries.policy_of(session, default), expected_version
    )
    if data.ages is not None:
        policy.age_by(data.ages)
    return policies.keep(session, policy, given=bool(data.given()))
