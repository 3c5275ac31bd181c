"""The API of the rule of idle opportunities."""

from fastapi import Response

from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, Session, Today, router, set_etag
from kehu_kernel.problems import problems
from kehu_sales.idle import queries, service
from kehu_sales.idle.errors import WarningTooEarly
from kehu_sales.idle.models import IdlePolicy
from kehu_sales.idle.schemas import IdlePolicyRead, IdlePolicyUpdate

routes = router("/v1/idle-policy", "opportunities")
READ = requires("sales:idle-policy:read")
WRITE = requires("sales:idle-policy:write")


@routes.get("", summary="Read the rule of idle opportunities", dependencies=[READ])
async def read_idle_policy(session: Session, response: Response) -> IdlePolicyRead:
    """What the tenant has decided, or the default, with the ETag."""
    return _answer(await queries.policy_of(session), response)


@routes.patch(
    "",
    summary="Change the rule of idle opportunities",
    dependencies=[WRITE],
    responses=problems(WarningTooEarly),
)
async def change_idle_policy(
    data: IdlePolicyUpdate,
    session: Session,
    today: Today,
    version: ExpectedVersion,
    response: Response,
) -> IdlePolicyRead:
    """Change the rule; what was warned of before is warned of again, under the new one."""
    policy = await service.change_policy(session, data, today=today, expected_version=version)
    return _answer(policy, response)


def _answer(policy: IdlePolicy, response: Response) -> IdlePolicyRead:
    set_etag(response, policy)
    return IdlePolicyRead.of(policy)
