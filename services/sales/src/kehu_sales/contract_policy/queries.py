"""Reading the contract policy."""

from kehu_kernel.session import Session
from kehu_sales.contract_policy.models import DAYS_BEFORE_END, ContractPolicy
from kehu_sales.policies import decided


async def policy_of(session: Session) -> ContractPolicy:
    """Return what the tenant has decided; the default, as version 0, where it has not."""
    found = await decided(session, ContractPolicy)
    return found or ContractPolicy(version=0, remind_days_before_end=DAYS_BEFORE_END)
