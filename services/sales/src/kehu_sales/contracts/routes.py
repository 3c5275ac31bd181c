"""The contract API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture, PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.amendments.errors import ContractBeingAmended
from kehu_sales.contracts import service
from kehu_sales.contracts.errors import (
    AmountOrPercent,
    ContractHasDeliveries,
    ContractHasProjects,
    ContractHasReceipts,
    ContractNeedsCustomer,
    ContractNotCollected,
    ContractNotReady,
    ContractSourceUnclear,
    DueBeforeSigning,
    LinesOfTheQuote,
    NotATradeCustomer,
    NotOnAccount,
    PercentsDoNotAddUp,
    PlanDoesNotAddUp,
    QuoteHasContract,
    QuoteNotApproved,
    UnknownQuote,
)
from kehu_sales.contracts.models import Contract
from kehu_sales.contracts.schemas import (
    ContractCancellation,
    ContractCreate,
    ContractFilters,
    ContractRead,
    ContractStep,
    ContractSubmitted,
    ContractUpdate,
    CreditOverride,
)
from kehu_sales.credit.errors import CreditRefused
from kehu_sales.directory.errors import STAFF
from kehu_sales.opportunities.errors import AnotherCustomer, UnknownOpportunity
from kehu_sales.opportunities.routes import Currency
from kehu_sales.quotes.errors import QuoteHasExpired
from kehu_sales.quotes.routes import CUSTOMER, LINES, SOLD

routes = router("/v1/contracts", "contracts")
READ = requires("sales:contracts:read")
WRITE = requires("sales:contracts:write")
OVERRIDE = requires("sales:contracts:override")
PLAN = (AmountOrPercent, PercentsDoNotAddUp)


@routes.post(
    "",
    summary="Create a contract",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        ContractSourceUnclear,
        UnknownQuote,
        QuoteNotApproved,
        QuoteHasExpired,
        QuoteHasContract,
        ContractNeedsCustomer,
        NotATradeCustomer,
        UnknownOpportunity,
        AnotherCustomer,
        *SOLD,
        DateInFuture,
        PeriodReversed,
        *STAFF,
        *PLAN,
        *LINES,
        *CUSTOMER,
    ),
)
async def create_contract(
    data: ContractCreate, session: Session, today: Today, currency: Currency, response: Response
) -> ContractRead:
    """Draft a contract: pushed down from an approved quote, or with lines of its own."""
    contract = await service.create_contract(session, data, today=today, currency=currency)
    response.headers["Location"] = f"/v1/contracts/{contract.id}"
    return _answer(contract, response)


@routes.get("", summary="List contracts", dependencies=[READ])
async def list_contracts(
    session: Session, filters: Annotated[ContractFilters, Query()]
) -> Page[ContractRead]:
    """Contracts that match all filters, a page at a time."""
    found, cursor, count = await service.list_contracts(session, filters)
    return Page(items=[ContractRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{contract_id}", summary="Read a contract", dependencies=[READ])
async def read_contract(contract_id: UUID, session: Session, response: Response) -> ContractRead:
    """One contract with its lines, its plan and its ETag."""
    return _answer(await require(session, Contract, contract_id), response)


@routes.patch(
    "/{contract_id}",
    summary="Change a contract",
    dependencies=[WRITE],
    responses=problems(
        ContractNotReady,
        LinesOfTheQuote,
        DateInFuture,
        PeriodReversed,
        *STAFF,
        *PLAN,
        *LINES,
        *CUSTOMER,
    ),
)
async def change_contract(
    contract_id: UUID,
    data: ContractUpdate,
    session: Session,
    today: Today,
    version: ExpectedVersion,
    response: Response,
) -> ContractRead:
    """Change a draft; a contract in force is amended."""
    contract = await service.change_contract(
        session, contract_id, data, today=today, expected_version=version
    )
    return _answer(contract, response)


@routes.post(
    "/{contract_id}/submit",
    summary="Submit a contract",
    dependencies=[WRITE],
    responses=problems(
        ContractNotReady,
        QuoteNotApproved,
        QuoteHasExpired,
        PeriodReversed,
        DueBeforeSigning,
        PlanDoesNotAddUp,
        CreditRefused,
        *SOLD,
    ),
)
async def submit_contract(
    contract_id: UUID, session: Session, today: Today, version: OptionalVersion, response: Response
) -> ContractSubmitted:
    """Submit a draft whose instalments add up; it is in force at once if nobody has to agree.

    One on account has to fit into the customer's credit, or to have its refusal overridden.
    """
    contract, found = await service.submit_contract(
        session, contract_id, today=today, expected_version=version
    )
    set_etag(response, contract)
    return ContractSubmitted.told(contract, found)


@routes.post(
    "/{contract_id}/override-credit",
    summary="Override the credit of a contract",
    dependencies=[OVERRIDE],
    responses=problems(ContractNotReady, NotOnAccount),
)
async def override_credit(
    contract_id: UUID,
    data: CreditOverride,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> ContractRead:
    """Have a draft pass though the customer's credit refuses it, unless it gets larger."""
    contract = await service.override_credit(session, contract_id, data, expected_version=version)
    return _answer(contract, response)


@routes.post(
    "/{contract_id}/fulfil",
    summary="Fulfil a contract",
    dependencies=[WRITE],
    responses=problems(
        ContractNotReady,
        ContractNotCollected,
        ContractBeingAmended,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def fulfil_contract(
    contract_id: UUID,
    data: ContractStep,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ContractRead:
    """Say that everything was delivered; all the money has come in."""
    contract = await service.fulfil_contract(
        session, contract_id, data, today=today, expected_version=version
    )
    return _answer(contract, response)


@routes.post(
    "/{contract_id}/cancel",
    summary="Cancel a contract",
    dependencies=[WRITE],
    responses=problems(
        ContractNotReady,
        ContractHasReceipts,
        ContractBeingAmended,
        ContractHasProjects,
        ContractHasDeliveries,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def cancel_contract(
    contract_id: UUID,
    data: ContractCancellation,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ContractRead:
    """End a contract before it is fulfilled, which nobody paid, delivered or delivers."""
    contract = await service.cancel_contract(
        session, contract_id, data, today=today, expected_version=version
    )
    return _answer(contract, response)


def _answer(contract: Contract, response: Response) -> ContractRead:
    set_etag(response, contract)
    return ContractRead.of(contract)
