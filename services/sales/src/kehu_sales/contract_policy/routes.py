"""The contract policy API."""

from fastapi import Response

from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_sales.contract_policy import queries, service
from kehu_sales.contract_policy.models import ContractPolicy
from kehu_sales.contract_policy.schemas import ContractPolicyRead, ContractPolicyUpdate

routes = router("/v1/contract-policy", "contracts")
READ = requires("sales:contract-policy:read")
WRITE = requires("sales:contract-policy:write")


@routes.get("", summary="Read the contract policy", dependencies=[READ])
async def read_contract_policy(session: Session, response: Response) -> ContractPolicyRead:
    """What the tenant has decided, or the default, with the ETag."""
    return _answer(await queries.policy_of(session), response)


@routes.patch("", summary="Change the contract policy", dependencies=[WRITE])
async def change_contract_policy(
    data: ContractPolicyUpdate, session: Session, version: ExpectedVersion, response: Response
) -> ContractPolicyRead:
    """Change the policy; contracts whose end was told already are not told again."""
    policy = await service.change_policy(session, data, expected_version=version)
    return _answer(policy, response)


def _answer(policy: ContractPolicy, response: Response) -> ContractPolicyRead:
    set_etag(response, policy)
    return ContractPolicyRead.of(policy)
