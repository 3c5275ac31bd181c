"""What can be done with the policy of credit checks."""

from kehu_kernel.session import Session
from kehu_sales import policies
from kehu_sales.credit_policy import queries
from kehu_sales.credit_policy.models import CreditCheckPolicy
from kehu_sales.credit_policy.schemas import CreditCheckPolicyUpdate


async def change_policy(
    session: Session, data: CreditCheckPolicyUpdate, *, expected_version: int
) -> CreditCheckPolicy:
    """Change what the tenant has decided; the first change makes the row.

    Contracts on record stay as they are.
    """
    policy = await policies.lock(session, await queries.policy_of(session), expected_version)
    given = data.given()
    for name, value in given.items():
        setattr(policy, name, value)
    return policies.keep(session, policy, given=bool(given))
