"""The API of the ages of receivables."""

from typing import Annotated

from fastapi import Depends, Request, Response

from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.problems import problems
from kehu_sales.receivable_policy import queries, service
from kehu_sales.receivable_policy.errors import AgesNotRising
from kehu_sales.receivable_policy.models import ReceivablePolicy
from kehu_sales.receivable_policy.schemas import ReceivablePolicyRead, ReceivablePolicyUpdate

routes = router("/v1/receivable-policy", "receivables")
READ = requires("sales:receivable-policy:read")
WRITE = requires("sales:receivable-policy:write")


async def _default(request: Request) -> tuple[int, ...]:
    ages: tuple[int, ...] = request.app.state.settings.receivable_ages
    return ages


DefaultAges = Annotated[tuple[int, ...], Depends(_default)]
"""What holds where a tenant has decided nothing."""


@routes.get("", summary="Read the ages of receivables", dependencies=[READ])
async def read_receivable_policy(
    session: Session, default: DefaultAges, response: Response
) -> ReceivablePolicyRead:
    """What the tenant has decided, or the default, with the ETag."""
    return _answer(await queries.policy_of(session, default), response)


@routes.patch(
    "",
    summary="Change the ages of receivables",
    dependencies=[WRITE],
    responses=problems(AgesNotRising),
)
async def change_receivable_policy(
    data: ReceivablePolicyUpdate,
    session: Session,
    version: ExpectedVersion,
    default: DefaultAges,
    response: Response,
) -> ReceivablePolicyRead:
    """Change the ages; what is open is told apart by them from now on."""
    policy = await service.change_policy(session, data, default=default, expected_version=version)
    return _answer(policy, response)


def _answer(policy: ReceivablePolicy, response: Response) -> ReceivablePolicyRead:
    set_etag(response, policy)
    return ReceivablePolicyRead.of(policy)
