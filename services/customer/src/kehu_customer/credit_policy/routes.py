"""The credit policy API."""

from fastapi import Response

from kehu_customer.credit_policy import queries, service
from kehu_customer.credit_policy.errors import ReportMonthsContradict, ThresholdsContradict
from kehu_customer.credit_policy.models import CreditPolicy
from kehu_customer.credit_policy.schemas import CreditPolicyRead, CreditPolicyUpdate
from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.problems import problems

routes = router("/v1/credit-policy", "credit policy")


@routes.get("", summary="Read the credit policy", dependencies=[requires("customer:credit:read")])
async def read_credit_policy(session: Session, response: Response) -> CreditPolicyRead:
    """What the tenant has decided, or the defaults of the texts, with the ETag."""
    return _answer(await queries.policy_of(session), response)


@routes.patch(
    "",
    summary="Change the credit policy",
    dependencies=[requires("customer:credit:approve")],
    responses=problems(ReportMonthsContradict, ThresholdsContradict),
)
async def change_credit_policy(
    data: CreditPolicyUpdate, session: Session, version: ExpectedVersion, response: Response
) -> CreditPolicyRead:
    """Change the policy; fields left out stay, and so do reports and limits on record."""
    policy = await service.change_policy(session, data, expected_version=version)
    return _answer(policy, response)


def _answer(policy: CreditPolicy, response: Response) -> CreditPolicyRead:
    set_etag(response, policy)
    return CreditPolicyRead.of(policy)
