"""What can be done with the quote policy."""

from kehu_kernel.session import Session
from kehu_sales import policies
from kehu_sales.quote_policy import queries
from kehu_sales.quote_policy.models import QuotePolicy
from kehu_sales.quote_policy.schemas import QuotePolicyUpdate


async def change_policy(
    session: Session, data: QuotePolicyUpdate, *, expected_version: int
) -> QuotePolicy:
    """Change what the tenant has decided; the first change makes the row.

    Quotes on record stay as they are.
    """
    policy = await policies.lock(session, await queries.policy_of(session), expected_version)
    given = data.given()
    if data.limits is not None:
        given["limits"] = {one.role: str(one.discount_percent) for one in data.limits}
    for name, value in given.items():
        setattr(policy, name, value)
    return policies.keep(session, policy, given=bool(given))
