"""What can be done with the contract policy."""

from kehu_kernel.session import Session
from kehu_sales import policies
from kehu_sales.contract_policy import queries
from kehu_sales.contract_policy.models import ContractPolicy
from kehu_sales.contract_policy.schemas import ContractPolicyUpdate


async def change_policy(
    session: Session, data: ContractPolicyUpdate, *, expected_version: int
) -> ContractPolicy:
    """Change what the tenant has decided; the first change makes the row.

    Ends that were told already are not told again.
    """
    policy = await policies.lock(session, await queries.policy_of(session), expected_version)
    given = data.given()
    for name, value in given.items():
        setattr(policy, name, value)
    return policies.keep(session, policy, given=bool(given))
