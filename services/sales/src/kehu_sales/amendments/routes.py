"""The API of amendments, and of the versions of a contract."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from kehu_kernel.business_day import PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound
from kehu_kernel.http import OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.amendments import service
from kehu_sales.amendments.errors import (
    AmendmentBelowPlanned,
    AmendmentCurrencyDiffers,
    ContractBeingAmended,
    InstalmentBelowCollected,
    NothingAmended,
    PaidInstalmentChanged,
    TotalBelowCollected,
    UnknownRevision,
)
from kehu_sales.amendments.models import AmendmentState, ContractAmendment
from kehu_sales.amendments.schemas import (
    AmendmentCreate,
    AmendmentFilters,
    AmendmentRead,
    RevisionList,
    RevisionRead,
)
from kehu_sales.contracts.errors import (
    ContractNotReady,
    DueBeforeSigning,
    PlanDoesNotAddUp,
)
from kehu_sales.contracts.routes import PLAN, READ, WRITE
from kehu_sales.credit.errors import CreditRefused
from kehu_sales.quotes.routes import CUSTOMER, LINES

routes = router("/v1/contract-amendments", "contract amendments")
amending = router("/v1/contracts", "contracts")


@amending.post(
    "/{contract_id}/amend",
    summary="Amend a contract",
    dependencies=[WRITE],
    responses=problems(
        ContractNotReady,
        ContractBeingAmended,
        NothingAmended,
        AmendmentCurrencyDiffers,
        PeriodReversed,
        DueBeforeSigning,
        PlanDoesNotAddUp,
        TotalBelowCollected,
        InstalmentBelowCollected,
        PaidInstalmentChanged,
        AmendmentBelowPlanned,
        CreditRefused,
        *PLAN,
        *LINES,
        *CUSTOMER,
    ),
)
async def amend_contract(
    contract_id: UUID,
    data: AmendmentCreate,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> AmendmentRead:
    """Propose what a contract in force is to say; until that is approved it goes on unchanged."""
    amendment = await service.amend_contract(
        session, contract_id, data, today=today, expected_version=version
    )
    return _answer(amendment, response)


@amending.get("/{contract_id}/revisions", summary="List revisions", dependencies=[READ])
async def list_contract_revisions(contract_id: UUID, session: Session) -> RevisionList:
    """Every version of a contract that was agreed to: what, when, by whom and why."""
    found = await service.list_revisions(session, contract_id)
    return RevisionList(items=[RevisionRead.of(one) for one in found])


@amending.get(
    "/{contract_id}/revisions/{revision}",
    summary="Read a revision",
    dependencies=[READ],
    responses=problems(UnknownRevision),
)
async def read_contract_revision(
    contract_id: UUID, revision: int, session: Session
) -> RevisionRead:
    """One version of a contract that was agreed to."""
    return RevisionRead.of(await service.read_revision(session, contract_id, revision))


@routes.get("", summary="List contract amendments", dependencies=[READ])
async def list_contract_amendments(
    session: Session, filters: Annotated[AmendmentFilters, Query()]
) -> Page[AmendmentRead]:
    """Amendments that match all filters, whatever became of them, a page at a time."""
    found, cursor, count = await service.list_amendments(session, filters)
    return Page(items=[AmendmentRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{amendment_id}", summary="Read a contract amendment", dependencies=[READ])
async def read_contract_amendment(
    amendment_id: UUID, session: Session, response: Response
) -> AmendmentRead:
    """One amendment with everything the contract is to say, and its ETag."""
    amendment = await require(session, ContractAmendment, amendment_id)
    if amendment.state == AmendmentState.ORIGINAL:
        raise NotFound.of(ContractAmendment, amendment_id)
    return _answer(amendment, response)


def _answer(amendment: ContractAmendment, response: Response) -> AmendmentRead:
    set_etag(response, amendment)
    return AmendmentRead.of(amendment)
