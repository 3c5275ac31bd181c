"""What can be done with the credit policy."""

from kehu_customer.credit_policy import queries
from kehu_customer.credit_policy.models import CreditPolicy
from kehu_customer.credit_policy.schemas import CreditPolicyUpdate
from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.session import Session


async def change_policy(
    session: Session, data: CreditPolicyUpdate, *, expected_version: int
) -> CreditPolicy:
    """Change what the tenant has decided; the first change makes the row.

    Reports and limits on record stay as they are. Raises `ReportMonthsContradict`,
    `ThresholdsContradict`. Of two first changes at once the database lets one win.
    """
    policy = await queries.policy_of(session)
    decided = policy.version > 0
    if decided:
        policy = await require(
            session, CreditPolicy, policy.id, lock=True, expected_version=expected_version
        )
    elif expected_version != 0:
        raise VersionConflict(current=0, expected=expected_version)
    given = data.given()
    given.pop("thresholds", None)
    policy.decide(given)
    for one in data.thresholds or ():
        policy.set_thresholds(one.ratio, one.bounds())
    if decided:
        audit.changed(session, policy, "changed")
    elif data.given():
        audit.created(session, policy)
    return policy
