"""The API of approvals and of the chains they follow."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.amendments.errors import (
    AmendmentBelowPlanned,
    AmendmentInForce,
    InstalmentBelowCollected,
    PaidInstalmentChanged,
    TotalBelowCollected,
)
from kehu_sales.approvals import documents, service
from kehu_sales.approvals.errors import (
    ApprovalChainTaken,
    ApprovalIsOver,
    ApproverMissing,
    NotApproved,
    NotTheApprover,
    NotTheSubmitter,
    OwnDocument,
    RangeReversed,
)
from kehu_sales.approvals.models import Approval, ApprovalChain, Decision
from kehu_sales.approvals.schemas import (
    ApprovalFilters,
    ApprovalRead,
    ApprovalRefusal,
    ChainCreate,
    ChainFilters,
    ChainRead,
    ChainUpdate,
    DecisionList,
    DecisionRead,
    Remark,
)
from kehu_sales.contracts.errors import ContractInForce, ContractNotReady
from kehu_sales.directory.errors import EmployeeHasLeft, UnknownEmployee
from kehu_sales.later import MadeByLaterVersion
from kehu_sales.opportunities.errors import (
    EvaluationHasFailed,
    OpportunityInPool,
    OpportunityIsClosed,
)
from kehu_sales.projects.errors import ProjectIsUnderWay
from kehu_sales.quotes.errors import QuoteIsOut
from kehu_sales.samples.errors import SampleIsOut

routes = router("/v1/approvals", "approvals")
chains = router("/v1/approval-chains", "approval chains")
READ = requires("sales:approvals:read")
WRITE = requires("sales:approvals:write")
READ_CHAINS = requires("sales:approval-chains:read")
WRITE_CHAINS = requires("sales:approval-chains:write")
APPROVER = (UnknownEmployee, EmployeeHasLeft)


@routes.get("", summary="List approvals", dependencies=[READ])
async def list_approvals(
    session: Session, filters: Annotated[ApprovalFilters, Query()]
) -> Page[ApprovalRead]:
    """Approvals that match all filters, a page at a time; `waiting_for=me` is the work list."""
    found, cursor, count = await service.list_approvals(session, filters)
    return Page(items=[ApprovalRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{approval_id}", summary="Read an approval", dependencies=[READ])
async def read_approval(approval_id: UUID, session: Session, response: Response) -> ApprovalRead:
    """One approval with its levels and its ETag."""
    return _answer(await require(session, Approval, approval_id), response)


@routes.get("/{approval_id}/decisions", summary="List decisions", dependencies=[READ])
async def list_decisions(approval_id: UUID, session: Session) -> DecisionList:
    """Every step of an approval: who decided what, and why."""
    found = await service.list_decisions(session, approval_id)
    return DecisionList(items=[DecisionRead.of(one) for one in found])


@routes.post(
    "/{approval_id}/approve",
    summary="Approve",
    dependencies=[WRITE],
    responses=problems(
        ApprovalIsOver,
        NotTheApprover,
        OwnDocument,
        ContractNotReady,
        TotalBelowCollected,
        InstalmentBelowCollected,
        PaidInstalmentChanged,
        AmendmentBelowPlanned,
        OpportunityIsClosed,
        EvaluationHasFailed,
        OpportunityInPool,
        MadeByLaterVersion,
    ),
)
async def approve(
    approval_id: UUID,
    data: Remark,
    session: Session,
    version: OptionalVersion,
    today: Today,
    response: Response,
) -> ApprovalRead:
    """Agree at the present level: the next one is asked, or the document is approved.

    An amendment that money or projects have overtaken is refused, and a contract of what was lost.
    """
    return await _decide(
        session, approval_id, Decision.APPROVE, data.reason, version, today, response
    )


@routes.post(
    "/{approval_id}/reject",
    summary="Reject",
    dependencies=[WRITE],
    responses=problems(ApprovalIsOver, NotTheApprover, OwnDocument, MadeByLaterVersion),
)
async def reject(
    approval_id: UUID,
    data: ApprovalRefusal,
    session: Session,
    version: OptionalVersion,
    today: Today,
    response: Response,
) -> ApprovalRead:
    """Give the document back, as a draft, to be changed and submitted again."""
    return await _decide(
        session, approval_id, Decision.REJECT, data.reason, version, today, response
    )


@routes.post(
    "/{approval_id}/withdraw",
    summary="Withdraw a submission",
    dependencies=[WRITE],
    responses=problems(ApprovalIsOver, NotTheSubmitter, MadeByLaterVersion),
)
async def withdraw(
    approval_id: UUID,
    data: Remark,
    session: Session,
    version: OptionalVersion,
    today: Today,
    response: Response,
) -> ApprovalRead:
    """Take one's own document back before it is decided on; it is a draft again."""
    return await _decide(
        session, approval_id, Decision.WITHDRAW, data.reason, version, today, response
    )


@routes.post(
    "/{approval_id}/revoke",
    summary="Un-approve",
    dependencies=[WRITE],
    responses=problems(
        NotApproved,
        NotTheApprover,
        QuoteIsOut,
        SampleIsOut,
        ContractInForce,
        AmendmentInForce,
        ProjectIsUnderWay,
        MadeByLaterVersion,
    ),
)
async def revoke(
    approval_id: UUID,
    data: ApprovalRefusal,
    session: Session,
    version: OptionalVersion,
    today: Today,
    response: Response,
) -> ApprovalRead:
    """Take an approval back (驳回审核): the document is a draft again, unless it has gone out."""
    return await _decide(
        session, approval_id, Decision.REVOKE, data.reason, version, today, response
    )


@chains.post(
    "",
    summary="Create an approval chain",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE_CHAINS],
    responses=problems(ApprovalChainTaken, ApproverMissing, RangeReversed, *APPROVER),
)
async def create_approval_chain(
    data: ChainCreate, session: Session, response: Response
) -> ChainRead:
    """Say who has to agree to documents of a kind, level by level."""
    chain = await service.create_chain(session, data)
    response.headers["Location"] = f"/v1/approval-chains/{chain.id}"
    return _chain(chain, response)


@chains.get("", summary="List approval chains", dependencies=[READ_CHAINS])
async def list_approval_chains(
    session: Session, filters: Annotated[ChainFilters, Query()]
) -> Page[ChainRead]:
    """The chains, one per kind of document."""
    found, cursor, count = await service.list_chains(session, filters)
    return Page(items=[ChainRead.of(one) for one in found], next_cursor=cursor, count=count)


@chains.get("/{chain_id}", summary="Read an approval chain", dependencies=[READ_CHAINS])
async def read_approval_chain(chain_id: UUID, session: Session, response: Response) -> ChainRead:
    """One chain with its levels and its ETag."""
    return _chain(await require(session, ApprovalChain, chain_id), response)


@chains.patch(
    "/{chain_id}",
    summary="Change an approval chain",
    dependencies=[WRITE_CHAINS],
    responses=problems(ApproverMissing, RangeReversed, *APPROVER),
)
async def change_approval_chain(
    chain_id: UUID,
    data: ChainUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> ChainRead:
    """Change a chain, or switch it off; what is being approved goes on as it began."""
    chain = await service.change_chain(session, chain_id, data, expected_version=version)
    return _chain(chain, response)


async def _decide(
    session: Session,
    approval_id: UUID,
    decision: Decision,
    reason: str | None,
    version: int | None,
    today: date,
    response: Response,
) -> ApprovalRead:
    approval = await service.decide(
        session, approval_id, decision, reason, expected_version=version
    )
    await documents.tell(session, approval, today)
    return _answer(approval, response)


def _answer(approval: Approval, response: Response) -> ApprovalRead:
    set_etag(response, approval)
    return ApprovalRead.of(approval)


def _chain(chain: ApprovalChain, response: Response) -> ChainRead:
    set_etag(response, chain)
    return ChainRead.of(chain)
