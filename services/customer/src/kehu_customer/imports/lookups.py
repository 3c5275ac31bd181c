"""What a batch of rows has to know of the database: one query each, however many rows it has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from kehu_contracts.access import RowScope
from kehu_customer.custom_fields.models import CustomEntry
from kehu_customer.custom_fields.values import TARGETS
from kehu_customer.employees.models import Employee
from kehu_customer.ownership.rows import ME, MY_DEPARTMENTS
from kehu_kernel.session import Session

# Each is looked up by itself: of a table without statistics, `= ANY` was read whole each time.
IDENTITIES = """
    SELECT 'code' AS kind, code AS value, found.id
    FROM unnest($2::text[]) AS asked (code) CROSS JOIN LATERAL (
        SELECT id FROM customers WHERE tenant_id = $1 AND customers.code = asked.code OFFSET 0
    ) AS found
    UNION ALL
    SELECT 'external_ref', external_ref, found.id
    FROM unnest($3::text[]) AS asked (external_ref) CROSS JOIN LATERAL (
        SELECT id FROM customers
        WHERE tenant_id = $1 AND customers.external_ref = asked.external_ref OFFSET 0
    ) AS found
    UNION ALL
    SELECT 'credit_code', key, found.customer_id
    FROM unnest($4::text[]) AS asked (key) CROSS JOIN LATERAL (
        SELECT customer_id FROM match_keys
        WHERE tenant_id = $1 AND kind = 'credit_code' AND match_keys.key = asked.key OFFSET 0
    ) AS found
    ORDER BY 1, 2, 3 DESC
"""
VISIBLE = "SELECT id FROM customers WHERE tenant_id = $1 AND id = ANY($2::uuid[])"
PARENTS = "SELECT code, id FROM customers WHERE tenant_id = $1 AND code = ANY($2::text[])"
# Shared, so that nobody leaves while getting customers; in one order for all.
OWNERS = f"""
    SELECT id, code, active, id = {ME} OR department_id = ANY ({MY_DEPARTMENTS}) AS in_sight
    FROM employees WHERE tenant_id = $1 AND (code = ANY($2::text[]) OR id = $3) ORDER BY id
    FOR SHARE
"""  # noqa: S608 - our own names


class Identity(NamedTuple):
    """What tells a customer apart: a code, an external reference or a credit code."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Lookups:
    """What a batch knows of the database."""

    known: Mapping[Identity, UUID]
    """Who has an identity, also out of sight of who imports."""
    visible: Collection[UUID]
    """Those of them that who imports may see."""
    parents: Mapping[str, UUID]
    owners: Mapping[str, Employee]
    """By code: who works here."""
    out_of_sight: Collection[UUID] = ()
    """Owners whose customers who imports may not see."""
    default_owner: Employee | None = None
    taken: set[tuple[UUID, str]] = field(default_factory=set)
    """Values of unique custom fields that customers have, as (field, key)."""


async def known_customers(
    session: Session, identities: Collection[Identity]
) -> tuple[dict[Identity, UUID], set[UUID]]:
    """Return who has these identities, and who of them is seen by the caller."""
    of_kind: dict[str, list[str]] = {"code": [], "external_ref": [], "credit_code": []}
    for one in identities:
        of_kind[one.kind].append(one.value)
    await session.see_all_rows()
    rows = await session.fetch(IDENTITIES, session.context.tenant_id, *of_kind.values())
    await session.see_rows_in_scope()
    known = {Identity(one["kind"], one["value"]): one["id"] for one in rows}
    ids = set(known.values())
    if ids and session.context.row_scope != RowScope.ALL:
        seen = await session.fetch(VISIBLE, session.context.tenant_id, list(ids))
        ids = {one["id"] for one in seen}
    return known, ids


async def parents_by_code(session: Session, codes: Sequence[str]) -> dict[str, UUID]:
    """Return the companies with these codes that the caller sees."""
    if not codes:
        return {}
    rows = await session.fetch(PARENTS, session.context.tenant_id, list(codes))
    return {one["code"]: one["id"] for one in rows}


async def owners_of(
    session: Session, codes: Sequence[str], default: UUID | None
) -> tuple[dict[str, Employee], set[UUID], Employee | None]:
    """Return those who work here with these codes, who of them is out of sight, the default one."""
    if not codes and default is None:
        return {}, set(), None
    tenant_id = session.context.tenant_id
    rows = await session.fetch(OWNERS, tenant_id, list(codes), default)
    working = [one["id"] for one in rows if one["active"]]
    query = select(Employee).where(Employee.tenant_id == tenant_id, Employee.id.in_(working))
    found = {one.id: one for one in await session.scalars(query)}
    limited = session.context.row_scope != RowScope.ALL
    hidden = {one["id"] for one in rows if limited and not one["in_sight"]}
    by_code = {one.code: one for one in found.values()}
    return by_code, hidden, found.get(default) if default else None


async def taken_keys(
    session: Session, wanted: Collection[tuple[UUID, str]]
) -> set[tuple[UUID, str]]:
    """Return which values of unique custom fields customers have already."""
    if not wanted:
        return set()
    rows = await session.execute(
        select(CustomEntry.field_id, CustomEntry.unique_key).where(
            CustomEntry.tenant_id == session.context.tenant_id,
            CustomEntry.field_id.in_({one[0] for one in wanted}),
            CustomEntry.unique_key.in_({one[1] for one in wanted}),
        )
    )
    return {(field_id, str(key)) for field_id, key in rows}


async def missing_references(
    session: Session, asked: Mapping[str, Collection[str]]
) -> set[tuple[str, str]]:
    """Return the references, by what they should lead to, that lead nowhere."""
    missing: set[tuple[str, str]] = set()
    for target, wanted in asked.items():
        model = TARGETS[target]
        query = select(model.id).where(
            model.tenant_id == session.context.tenant_id,
            model.id.in_([UUID(one) for one in wanted]),
        )
        there = {str(one) for one in await session.scalars(query)}
        missing |= {(target, one) for one in wanted if one not in there}
    return missing
