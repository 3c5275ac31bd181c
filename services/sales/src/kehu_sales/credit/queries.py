"""Finding the group that shares a credit, and what is known and open of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select

from kehu_kernel.session import Session
from kehu_sales.contracts.models import ContractState
from kehu_sales.credit.models import CreditAccountRef, CreditLimitRef, CreditReportRef
from kehu_sales.db import among

GROUP = """
    WITH RECURSIVE up AS (
        SELECT s.id, s.parent_id, ARRAY[s.id] AS path
        FROM customer_refs asked JOIN customer_refs s
            ON s.tenant_id = $1 AND s.id = COALESCE(asked.merged_into_id, asked.id)
        WHERE asked.tenant_id = $1 AND asked.id = $2
        UNION ALL
        SELECT s.id, s.parent_id, up.path || s.id
        FROM up JOIN customer_refs named ON named.tenant_id = $1 AND named.id = up.parent_id
        JOIN customer_refs s
            ON s.tenant_id = $1 AND s.id = COALESCE(named.merged_into_id, named.id)
        WHERE s.id <> ALL (up.path)
    ), line AS (
        SELECT path FROM up ORDER BY cardinality(path) DESC LIMIT 1
    ), down AS (
        SELECT path[cardinality(path)] AS id FROM line
        UNION
        SELECT c.id FROM down JOIN customer_refs c ON c.tenant_id = $1 AND (
            c.merged_into_id = down.id OR c.parent_id = down.id AND c.merged_into_id IS NULL
        )
    )
    SELECT path, ARRAY(SELECT id FROM down) AS members FROM line
"""
"""Up to the last parent, then everybody below. Parents may form a circle for a moment."""

TAKING = (ContractState.IN_APPROVAL, ContractState.APPROVED)
"""States of contracts whose open money takes credit: a fulfilled one has none open."""


@dataclass(frozen=True, slots=True)
class CreditGroup:
    """The companies that share a credit: the way up to the head company, and all below that one.

    `members` names merged records too: contracts still do.
    """

    path: tuple[UUID, ...]
    members: tuple[UUID, ...]

    @property
    def head_id(self) -> UUID:
        """The head company."""
        return self.path[-1]


async def group_of(session: Session, customer_id: UUID) -> CreditGroup | None:
    """Return the group a customer belongs to; None if the customer is not known here."""
    rows = await session.fetch(GROUP, session.context.tenant_id, customer_id)
    return CreditGroup(*(_ids(rows[0][name]) for name in ("path", "members"))) if rows else None


async def hold(session: Session, group: CreditGroup) -> None:
    """Wait for whoever takes credit of the group, until the transaction ends."""
    turn = f"credit:{session.context.tenant_id}:{group.head_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(turn))))


async def limits_of(session: Session, head_id: UUID) -> list[CreditLimitRef]:
    """Return all limits a head company was ever granted, the latest first."""
    return await session.scalars(
        select(CreditLimitRef)
        .where(
            CreditLimitRef.tenant_id == session.context.tenant_id,
            CreditLimitRef.customer_id == head_id,
        )
        .order_by(CreditLimitRef.starts_on.desc(), CreditLimitRef.id)
    )


async def report_of(session: Session, head_id: UUID, on: date) -> CreditReportRef | None:
    """Return the latest report about a head company that there was on a day."""
    report: CreditReportRef | None = await session.scalar(
        select(CreditReportRef)
        .where(
            CreditReportRef.tenant_id == session.context.tenant_id,
            CreditReportRef.customer_id == head_id,
            CreditReportRef.reported_on <= on,
        )
        .order_by(CreditReportRef.reported_on.desc(), CreditReportRef.superseded)
        .limit(1)
    )
    return report


async def accounts_of(
    session: Session, customer_ids: Collection[UUID]
) -> dict[UUID, CreditAccountRef]:
    """Return the credit accounts of customers that have one, by customer."""
    found = await session.scalars(
        select(CreditAccountRef).where(
            CreditAccountRef.tenant_id == session.context.tenant_id,
            among(CreditAccountRef.customer_id, customer_ids),
        )
    )
    return {one.customer_id: one for one in found}


async def open_on_account(
    session: Session, members: Collection[UUID], *, besides: UUID | None
) -> dict[str, Decimal]:
    """Return what contracts of these customers on account have open, by currency.

    Of one whose amendment waits for consent it is the greater of both: with the consent it counts.
    `besides` names a contract that is not counted. The caller sees all rows.
    """
    rows = await session.fetch(OPEN, session.context.tenant_id, list(members), [*TAKING], besides)
    return {row["currency"]: row["open"] for row in rows}


OPEN = """
    SELECT currency, sum(total - collected) AS open FROM (
        SELECT c.currency, c.collected, greatest(
            CASE WHEN c.on_account THEN c.total ELSE 0 END, coalesce(a.total, 0)
        ) AS total
        FROM contracts c LEFT JOIN contract_amendments a ON a.tenant_id = $1
            AND a.contract_id = c.id AND a.state = 'in_approval' AND a.on_account
        WHERE c.tenant_id = $1 AND c.customer_id = ANY ($2::uuid[]) AND c.state = ANY ($3::text[])
            AND c.id IS DISTINCT FROM $4::uuid
    ) AS counted
    WHERE total > collected GROUP BY currency
"""


def _ids(found: Collection[UUID]) -> tuple[UUID, ...]:
    return tuple(UUID(bytes=one.bytes) for one in found)  # the driver has a type of its own
