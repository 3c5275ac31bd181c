"""What contracts take of the credit: of a group, by account, in lists."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, or_, select

from kehu_customer.credit_contracts.models import CreditContract
from kehu_customer.credit_contracts.schemas import CreditContractFilters
from kehu_customer.customers.models import Customer
from kehu_kernel.session import Session

SORT_COLUMNS = {"taken": CreditContract.taken}

BELOW = """
    SELECT id, parent_id AS above_id FROM customers
    WHERE tenant_id = $1 AND parent_id = {company}.id AND merged_into_id IS NULL
    UNION ALL
    SELECT id, merged_into_id FROM customers
    WHERE tenant_id = $1 AND merged_into_id = {company}.id
"""
"""The companies directly below one, and what was merged into it: contracts still name that."""

GROUP = f"""
    WITH RECURSIVE members AS (
        SELECT $2::uuid AS id
        UNION
        SELECT c.id FROM members, LATERAL ({BELOW.format(company="members")}) AS c
    )
    SELECT k.currency, k.customer_id, sum(k.taken) AS taken,
        bool_or(k.customer_id = $3 OR c.merged_into_id = $3) AS own
    FROM members JOIN customers c ON c.tenant_id = $1 AND c.id = members.id
    JOIN credit_contracts k ON k.tenant_id = $1 AND k.customer_id = members.id AND k.taken > 0
    GROUP BY k.currency, k.customer_id
"""  # noqa: S608 - our own names

MISCOUNTED = f"""
    WITH RECURSIVE up AS (
        SELECT id, coalesce(merged_into_id, parent_id) AS above_id FROM customers
        WHERE tenant_id = $1 AND id = ANY ($2)
        UNION
        SELECT c.id, coalesce(c.merged_into_id, c.parent_id)
        FROM up JOIN customers c ON c.tenant_id = $1 AND c.id = up.above_id
    ), members AS (
        SELECT up.id, a.id AS account_id FROM up
        LEFT JOIN credit_accounts a
            ON a.tenant_id = $1 AND a.customer_id = up.id AND a.currency IS NOT NULL
        WHERE up.above_id IS NULL
        UNION
        SELECT c.id, coalesce(members.account_id, a.id)
        FROM members CROSS JOIN LATERAL ({BELOW.format(company="members")}) AS c
        LEFT JOIN credit_accounts a
            ON a.tenant_id = $1 AND a.customer_id = c.id AND a.currency IS NOT NULL
    ), taken AS (
        SELECT members.account_id, k.currency, sum(k.taken) AS amount
        FROM members
        JOIN credit_contracts k ON k.tenant_id = $1 AND k.customer_id = members.id AND k.taken > 0
        GROUP BY 1, 2
    )
    SELECT a.id, coalesce(taken.amount, 0) AS taken
    FROM members JOIN credit_accounts a ON a.tenant_id = $1 AND a.customer_id = members.id
    LEFT JOIN taken ON taken.account_id = a.id AND taken.currency = a.currency
    WHERE a.contracted <> coalesce(taken.amount, 0)
    ORDER BY a.id
"""  # noqa: S608 - our own names
"""The rule where contracts count: on the account of the highest company of the group that has one
with a currency, if it is the contract's. Returns accounts of the groups that say something else."""


@dataclass(frozen=True, slots=True)
class Contracted:
    """What contracts of a group take, by currency and by customer; `own` is one customer's part."""

    by_currency: dict[str, Decimal]
    own: dict[str, Decimal]
    customer_ids: frozenset[UUID]


async def contracted_by(session: Session, head_id: UUID, customer_id: UUID) -> Contracted:
    """Return what contracts of all companies below a head company take. The caller sees all."""
    rows = await session.fetch(GROUP, session.context.tenant_id, head_id, customer_id)
    every: dict[str, Decimal] = {}
    own: dict[str, Decimal] = {}
    for row in rows:
        for sums in (every, own) if row["own"] else (every,):
            sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + row["taken"]
    # The driver has a type of its own for ids.
    return Contracted(every, own, frozenset(UUID(bytes=one["customer_id"].bytes) for one in rows))


async def miscounted(session: Session, customer_ids: Collection[UUID]) -> dict[UUID, Decimal]:
    """Return the accounts of these customers' groups that do not say what contracts take, and that.

    The caller sees all rows.
    """
    rows = await session.fetch(MISCOUNTED, session.context.tenant_id, list(customer_ids))
    return {UUID(bytes=one["id"].bytes): one["taken"] for one in rows}


def matching(tenant_id: str, filters: CreditContractFilters) -> Select[CreditContract]:
    """Return the query for the contracts that match all filters."""
    query = select(CreditContract).where(CreditContract.tenant_id == tenant_id)
    if filters.customer_id is not None:
        same = select(Customer.id).where(
            Customer.tenant_id == tenant_id,
            or_(Customer.id == filters.customer_id, Customer.merged_into_id == filters.customer_id),
        )
        query = query.where(CreditContract.customer_id.in_(same))
    if filters.number is not None:
        query = query.where(CreditContract.number == filters.number)
    if filters.taking is not None:
        takes = CreditContract.taken > 0
        query = query.where(takes if filters.taking else CreditContract.taken == 0)
    return query


async def largest_of(
    session: Session, customer_ids: Collection[UUID], *, limit: int
) -> list[CreditContract]:
    """Return the contracts of these customers that take the most credit, largest first."""
    return await session.scalars(
        select(CreditContract)
        .where(
            CreditContract.tenant_id == session.context.tenant_id,
            CreditContract.customer_id.in_(customer_ids),
            CreditContract.taken > 0,
        )
        .order_by(CreditContract.taken.desc(), CreditContract.id)
        .limit(limit)
    )
