"""The quote policy API."""

from fastapi import Response

from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_sales.quote_policy import queries, service
from kehu_sales.quote_policy.models import QuotePolicy
from kehu_sales.quote_policy.schemas import QuotePolicyRead, QuotePolicyUpdate

routes = router("/v1/quote-policy", "quote policy")


@routes.get("", summary="Read the quote policy", dependencies=[requires("sales:quote-policy:read")])
async def read_quote_policy(session: Session, response: Response) -> QuotePolicyRead:
    """What the tenant has decided, or the defaults, with the ETag."""
    return _answer(await queries.policy_of(session), response)


@routes.patch(
    "", summary="Change the quote policy", dependencies=[requires("sales:quote-policy:write")]
)
async def change_quote_policy(
    data: QuotePolicyUpdate, session: Session, version: ExpectedVersion, response: Response
) -> QuotePolicyRead:
    """Change the policy; fields left out stay, and so do quotes on record."""
    policy = await service.change_policy(session, data, expected_version=version)
    return _answer(policy, response)


def _answer(policy: QuotePolicy, response: Response) -> QuotePolicyRead:
    set_etag(response, policy)
    return QuotePolicyRead.of(policy)
