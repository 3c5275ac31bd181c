"""What can be done with approvals. `start` is what documents call; the rest is for approvers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import select

from kehu_kernel import audit, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales import policies
from kehu_sales.approvals import events, queries
from kehu_sales.approvals.models import (
    Approval,
    ApprovalChain,
    ApprovalDecision,
    ApprovalState,
    Decision,
    DocumentKind,
    Facts,
    Level,
    levels_of,
)
from kehu_sales.approvals.schemas import ApprovalFilters, ChainCreate, ChainFilters, ChainUpdate
from kehu_sales.directory.service import require_staff
from kehu_sales.opportunities.models import Opportunity


@dataclass(frozen=True, slots=True)
class Document:
    """What is submitted: which one it is, and whose.

    `about_id` is the document it changes. `like` is the kind whose chain is followed while the
    tenant has none for this kind.
    """

    kind: DocumentKind
    id: UUID
    number: str
    customer_id: UUID | None = None
    department_id: UUID | None = None
    owner_id: UUID | None = None
    opportunity_id: UUID | None = None
    about_id: UUID | None = None
    like: DocumentKind | None = None

    @classmethod
    def of(cls, kind: DocumentKind, record: Any, **besides: Any) -> Self:
        """Return the document that a record is; `besides` is what it does not say itself."""
        names = ("id", "number", "customer_id", "department_id", "owner_id", "opportunity_id")
        said: dict[str, Any] = {name: getattr(record, name, None) for name in names}
        return cls(kind, **said | besides)


async def start(
    session: Session, document: Document, facts: Facts, *, must: bool = False
) -> Approval:
    """Submit a locked document for approval, by the caller.

    The answer is `approved` at once where nobody has to be asked; `must` says that somebody has,
    whatever the chain of the kind says. A document that waits, or is approved, is refused by the
    database: its own state should have refused before.
    """
    chain = await queries.chain_of(session, document.kind)
    if chain is None and document.like is not None:
        chain = await queries.chain_of(session, document.like)
    amount = facts.amount
    approval = Approval(
        kind=document.kind,
        document_id=document.id,
        document_number=document.number,
        customer_id=document.customer_id,
        owner_id=session.context.employee_id,
        document_owner_id=document.owner_id,
        department_id=document.department_id,
        amount=amount.amount if amount else None,
        currency=amount.currency if amount else None,
        discount_percent=facts.discount_percent,
        levels=levels_of(chain, facts, must=must),
        own_allowed=bool(chain and chain.own_allowed),
        position=0,
        submitted_by=session.context.actor,
        opportunity_id=document.opportunity_id,
        about_id=document.about_id,
    )
    approval.begin()
    if approval.state == ApprovalState.APPROVED:
        await session.see_all_rows()  # whoever submits need not see the opportunity
        await _count_for_stage(session, approval)
        await session.see_rows_in_scope()
    audit.created(session, approval)
    outbox.add(session, events.requested(approval), sequence=approval.version)
    return approval


async def decide(
    session: Session,
    approval_id: UUID,
    decision: Decision,
    reason: str | None,
    *,
    expected_version: int | None = None,
) -> Approval:
    """Take one step, and keep it in the history. The document is told by `documents.tell`.

    Raises `ApprovalIsOver`, `NotApproved`, `NotTheApprover`, `OwnDocument`, `NotTheSubmitter`.
    """
    await session.see_all_rows()  # who is named decides, wherever the document belongs
    approval = await require(
        session, Approval, approval_id, lock=True, expected_version=expected_version
    )
    context = session.context
    level = approval.level
    step = {
        Decision.APPROVE: approval.approve,
        Decision.REJECT: approval.reject,
        Decision.WITHDRAW: approval.withdraw,
        Decision.REVOKE: approval.revoke,
    }[decision]
    step(context)
    if decision == Decision.APPROVE and approval.state == ApprovalState.APPROVED:
        await _count_for_stage(session, approval)
    audit.changed(session, approval, decision)
    session.add(
        ApprovalDecision(
            id=ids.new_id(),
            approval_id=approval.id,
            step=approval.version,
            decision=decision,
            level_name=level.name if level else None,
            reason=reason,
            decided_by=context.actor,
            employee_id=context.employee_id,
            decided_at=context.now,
        )
    )
    event = events.decided(approval, decision, context.employee_id)
    outbox.add(session, event, sequence=approval.version)
    return approval


async def _count_for_stage(session: Session, approval: Approval) -> None:
    """Keep when a document was approved, and in which stage of its opportunity if it has one."""
    stage_code = None
    if approval.opportunity_id is not None:
        stage_code = await session.scalar(
            select(Opportunity.stage_code).where(
                Opportunity.tenant_id == session.context.tenant_id,
                Opportunity.id == approval.opportunity_id,
            )
        )
    approval.count_for(stage_code, session.context.now)


async def list_approvals(
    session: Session, filters: ApprovalFilters
) -> tuple[list[Approval], str | None, int | None]:
    """Return one page of the approvals that match, the next cursor, and the count if asked."""
    if filters.waiting_for is not None:
        await session.see_all_rows()  # what waits for the caller, wherever it belongs
    return await paginate(
        session,
        queries.matching(session.context, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Approval.id,
    )


async def list_decisions(session: Session, approval_id: UUID) -> list[ApprovalDecision]:
    """Return every step of an approval, oldest first."""
    await require(session, Approval, approval_id)
    return await queries.decisions_of(session, approval_id)


async def create_chain(session: Session, data: ChainCreate) -> ApprovalChain:
    """Set up the chain of a kind. The database refuses a second one.

    Raises `ApproverMissing`, `RangeReversed`, or what `require_staff` raises.
    """
    levels = _sound(one.level() for one in data.levels)
    await require_staff(session, [one.employee_id for one in levels])
    chain = ApprovalChain(**data.model_dump(exclude={"levels"}), active=True, levels=levels)
    policies.created(session, chain)
    return chain


async def change_chain(
    session: Session, chain_id: UUID, data: ChainUpdate, *, expected_version: int
) -> ApprovalChain:
    """Change or switch off a chain; what is being approved goes on with the levels it began with.

    Raises `ApproverMissing`, `RangeReversed`, or, for whoever is newly named, what `require_staff`
    raises.
    """
    chain = await require(
        session, ApprovalChain, chain_id, lock=True, expected_version=expected_version
    )
    if data.levels is not None:
        before = {one.employee_id for one in chain.levels}
        chain.levels = _sound(one.level() for one in data.levels)
        await require_staff(session, [*({one.employee_id for one in chain.levels} - before)])
    given = data.given()
    for name in given.keys() - {"levels"}:
        setattr(chain, name, given[name])
    policies.changed(session, chain)
    return chain


async def list_chains(
    session: Session, filters: ChainFilters
) -> tuple[list[ApprovalChain], str | None, int | None]:
    """Return one page of the chains, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.chains(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.CHAIN_SORT_COLUMNS,
        tie_breaker=ApprovalChain.id,
    )


def _sound(levels: Iterable[Level]) -> tuple[Level, ...]:
    found = tuple(levels)
    for level in found:
        level.require_sound()
    return found
