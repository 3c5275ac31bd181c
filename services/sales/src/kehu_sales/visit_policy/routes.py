"""The visit policy API."""

from fastapi import Response

from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.problems import problems
from kehu_sales.visit_policy import queries, service
from kehu_sales.visit_policy.errors import (
    ChecklistCodesRepeat,
    LimitsContradict,
    TooManyVisitTypes,
)
from kehu_sales.visit_policy.models import VisitPolicy
from kehu_sales.visit_policy.schemas import VisitPolicyRead, VisitPolicyUpdate

routes = router("/v1/visit-policy", "visit policy")


@routes.get("", summary="Read the visit policy", dependencies=[requires("sales:visit-policy:read")])
async def read_visit_policy(session: Session, response: Response) -> VisitPolicyRead:
    """Types of visits with their checklists, and limits of the advice, with the ETag."""
    return _answer(await queries.policy_of(session), response)


@routes.patch(
    "",
    summary="Change the visit policy",
    dependencies=[requires("sales:visit-policy:write")],
    responses=problems(ChecklistCodesRepeat, TooManyVisitTypes, LimitsContradict),
)
async def change_visit_policy(
    data: VisitPolicyUpdate, session: Session, version: ExpectedVersion, response: Response
) -> VisitPolicyRead:
    """Put types of visits, and limits; what is left out stays, and so do visits on record."""
    policy = await service.change_policy(session, data, expected_version=version)
    return _answer(policy, response)


def _answer(policy: VisitPolicy, response: Response) -> VisitPolicyRead:
    set_etag(response, policy)
    return VisitPolicyRead.of(policy)
