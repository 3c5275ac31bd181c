"""The API of the policy of credit checks."""

from fastapi import Response

from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_sales.credit_policy import queries, service
from kehu_sales.credit_policy.models import CreditCheckPolicy
from kehu_sales.credit_policy.schemas import CreditCheckPolicyRead, CreditCheckPolicyUpdate

routes = router("/v1/credit-check-policy", "credit checks")
READ = requires("sales:credit-check-policy:read")
WRITE = requires("sales:credit-check-policy:write")


@routes.get("", summary="Read the policy of credit checks", dependencies=[READ])
async def read_credit_check_policy(session: Session, response: Response) -> CreditCheckPolicyRead:
    """What the tenant has decided, or the defaults, with the ETag."""
    return _answer(await queries.policy_of(session), response)


@routes.patch("", summary="Change the policy of credit checks", dependencies=[WRITE])
async def change_credit_check_policy(
    data: CreditCheckPolicyUpdate, session: Session, version: ExpectedVersion, response: Response
) -> CreditCheckPolicyRead:
    """Change the policy; fields left out stay, and so do contracts on record."""
    policy = await service.change_policy(session, data, expected_version=version)
    return _answer(policy, response)


def _answer(policy: CreditCheckPolicy, response: Response) -> CreditCheckPolicyRead:
    set_etag(response, policy)
    return CreditCheckPolicyRead.of(policy)
