"""The API of the public pool."""

from uuid import UUID

from fastapi import Request, Response

from kehu_customer.custom_fields.queries import hidden_from_caller
from kehu_customer.customers.errors import AnonymousCustomer, CustomerHasEnded, UnknownOwner
from kehu_customer.customers.models import Customer
from kehu_customer.customers.schemas import CustomerRead
from kehu_customer.public_pool import service
from kehu_customer.public_pool.errors import (
    AlreadyYours,
    CallerIsNoEmployee,
    NotInPool,
    NotTheOwner,
    PoolLimitReached,
    ReturnedLately,
)
from kehu_customer.public_pool.models import PoolRules
from kehu_customer.public_pool.schemas import (
    CustomerReturn,
    PoolRulesPut,
    PoolRulesRead,
    Protection,
    RecycleResult,
    RecycleRun,
)
from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.problems import problems

routes = router("/v1", "ownership")
CUSTOMERS_READ = requires("customer:customers:read")
CUSTOMERS_WRITE = requires("customer:customers:write")
READ = requires("customer:pool:read")
WRITE = requires("customer:pool:write")


@routes.post(
    "/customers/{customer_id}/claim",
    summary="Claim a customer from the public pool",
    dependencies=[CUSTOMERS_WRITE],
    responses=problems(
        CallerIsNoEmployee,
        AlreadyYours,
        NotInPool,
        CustomerHasEnded,
        AnonymousCustomer,
        UnknownOwner,
        PoolLimitReached,
        ReturnedLately,
    ),
)
async def claim_customer(
    customer_id: UUID, session: Session, today: Today, request: Request, response: Response
) -> CustomerRead:
    """Look after a customer that nobody looks after; of two who claim at once one gets it."""
    customer = await service.claim_customer(session, customer_id, today=today, zone=_zone(request))
    return await _answer(session, customer, response)


@routes.post(
    "/customers/{customer_id}/return",
    summary="Return a customer to the public pool",
    dependencies=[CUSTOMERS_WRITE],
    responses=problems(NotTheOwner, CustomerHasEnded),
)
async def return_customer(
    customer_id: UUID,
    data: CustomerReturn,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> CustomerRead:
    """Stop looking after a customer, with a reason; others may claim it."""
    customer = await service.return_customer(session, customer_id, data, expected_version=version)
    return await _answer(session, customer, response)


@routes.get(
    "/customers/{customer_id}/protection",
    summary="Read how long the owner keeps a customer",
    dependencies=[CUSTOMERS_READ],
)
async def read_protection(customer_id: UUID, session: Session, request: Request) -> Protection:
    """Since when the owner has it, the last contact, and until when it is not taken back."""
    return await service.read_protection(session, customer_id, zone=_zone(request))


@routes.post(
    "/public-pool/recycle",
    summary="Take back customers whose owners do not turn to them",
    dependencies=[WRITE],
)
async def recycle(
    data: RecycleRun, session: Session, today: Today, request: Request
) -> RecycleResult:
    """Look at the next lot of customers with owners; repeat until `next_after` ends."""
    return await service.recycle(session, data, today=today, zone=_zone(request))


@routes.get("/pool-rules", summary="Read the rules of the public pool", dependencies=[READ])
async def read_pool_rules(session: Session, response: Response) -> PoolRulesRead:
    """What the tenant has decided, or the defaults, with the ETag."""
    return _rules(*await service.read_rules(session, None), response)


@routes.put("/pool-rules", summary="Decide on the rules of the public pool", dependencies=[WRITE])
async def put_pool_rules(
    data: PoolRulesPut, session: Session, version: ExpectedVersion, response: Response
) -> PoolRulesRead:
    """Replace the rules that hold where no department has its own."""
    rules = await service.put_rules(session, None, data, expected_version=version)
    return _rules(rules, rules.version, response)


@routes.get(
    "/departments/{department_id}/pool-rules",
    summary="Read the rules of the public pool in a department",
    dependencies=[READ],
)
async def read_department_pool_rules(
    department_id: UUID, session: Session, response: Response
) -> PoolRulesRead:
    """Its own, or the nearest ones above it, then the tenant's; inherited ones are version 0."""
    return _rules(*await service.read_rules(session, department_id), response)


@routes.put(
    "/departments/{department_id}/pool-rules",
    summary="Decide on the rules of the public pool in a department",
    dependencies=[WRITE],
)
async def put_department_pool_rules(
    department_id: UUID,
    data: PoolRulesPut,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> PoolRulesRead:
    """Replace the rules of a department, and of those below it without their own."""
    rules = await service.put_rules(session, department_id, data, expected_version=version)
    return _rules(rules, rules.version, response)


def _zone(request: Request) -> str:
    zone: str = request.app.state.settings.time_zone
    return zone


def _rules(rules: PoolRules, version: int, response: Response) -> PoolRulesRead:
    response.headers["ETag"] = f'"{version}"'
    return PoolRulesRead.of(rules, version=version)


async def _answer(session: Session, customer: Customer, response: Response) -> CustomerRead:
    set_etag(response, customer)
    return CustomerRead.of(customer, await hidden_from_caller(session, [customer]))
