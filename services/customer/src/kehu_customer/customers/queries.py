"""Reading customers."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Select, literal, select
from sqlalchemy.orm import aliased

from kehu_customer.archives.models import Archive
from kehu_customer.classifications.models import Classification
from kehu_customer.customers.models import Customer
from kehu_customer.customers.schemas import CustomerConditions
from kehu_kernel.pagination import one_of
from kehu_kernel.session import Session

SORT_COLUMNS = {"name": Customer.name, "created_at": Customer.created_at}
EXACT_FILTERS = (
    "kind", "owner_id", "department_id", "parent_id", "industry", "value_grade", "code",
    "external_ref", "name", "credit_code", "merged_into_id", "anonymous",
)  # fmt: skip


DEFINED = """
    SELECT
        EXISTS (
            SELECT FROM custom_fields
            WHERE tenant_id = $1 AND active AND (required OR default_value IS NOT NULL)
        ),
        EXISTS (
            SELECT FROM classification_schemes
            WHERE tenant_id = $1 AND active AND rules <> '[]'
        ),
        (SELECT to_jsonb(decided)::text FROM duplicate_rules AS decided WHERE tenant_id = $1),
        (SELECT bool_or(pg_advisory_xact_lock(lock) IS NULL) FROM unnest($2::bigint[]) AS lock),
        set_config('plan_cache_mode', 'force_generic_plan', true)
"""
# The last line spares the look-up of duplicates, which follows, being planned anew each time: with
# the policies of its tables that takes ten times as long as to run it.
SHOW_MERGED = frozenset({"code", "external_ref", "merged_into_id"})
"""Who asks by one of these finds a record also after it was merged into another."""


class Defined(NamedTuple):
    """What a tenant has defined that concerns every new customer; most tenants have neither."""

    fields: bool
    """Custom fields that are required or have a default."""
    rules: bool
    """Rules that classify."""
    duplicates: dict[str, Any] | None
    """What it decided about duplicates."""


async def defined(session: Session, locks: Sequence[int]) -> Defined:
    """Return it, in one short look-up by the driver that also takes advisory locks, in order."""
    found = await session.fetch(DEFINED, session.context.tenant_id, locks)
    fields, rules, duplicates, *_ = found[0]
    return Defined(fields, rules, orjson.loads(duplicates) if duplicates else None)


def matching(tenant_id: str, filters: CustomerConditions) -> Select[Customer]:
    """Return the query for the customers that match all filters."""
    query = select(Customer).where(Customer.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Customer, name) == value)
    if filters.in_pool is not None:
        nobody = Customer.owner_id.is_(None)
        query = query.where(nobody if filters.in_pool else ~nobody)
    if not any(getattr(filters, name) is not None for name in SHOW_MERGED):
        query = query.where(Customer.merged_into_id.is_(None))
    if filters.state:
        query = query.where(one_of(Customer.state, filters.state))
    if filters.role is not None:
        query = query.where(Customer.roles.contains([filters.role]))
    if filters.q is not None:
        query = query.where(Customer.name.icontains(filters.q, autoescape=True))
    return _related(query, tenant_id, filters)


def _related(
    query: Select[Customer], tenant_id: str, filters: CustomerConditions
) -> Select[Customer]:
    """Add the filters that ask for classes, the company tree and the archive."""
    if filters.scheme_id is not None or filters.class_code is not None:
        query = query.where(Customer.id.in_(_classified(tenant_id, filters)))
    if filters.under is not None:
        query = query.where(Customer.id.in_(_line(tenant_id, filters.under, up=False)))
    if filters.above is not None:
        query = query.where(Customer.id.in_(_line(tenant_id, filters.above, up=True)))
    if filters.completeness_from:
        archives = _archives(tenant_id).where(Archive.completeness >= filters.completeness_from)
        query = query.where(Customer.id.in_(archives))
    if filters.completeness_to is not None:
        archive = _archives(tenant_id).where(
            Archive.customer_id == Customer.id, Archive.completeness > filters.completeness_to
        )
        query = query.where(~archive.exists())  # without an archive it is 0
    return query


def _archives(tenant_id: str) -> Select[UUID]:
    """Return the query for the ids of the customers that have an archive."""
    return select(Archive.customer_id).where(Archive.tenant_id == tenant_id)


def _classified(tenant_id: str, filters: CustomerConditions) -> Select[UUID]:
    """Return the query for the ids of the customers that are in the class now."""
    found = select(Classification.customer_id).where(
        Classification.tenant_id == tenant_id, Classification.ended_at.is_(None)
    )
    for name in ("scheme_id", "class_code"):
        value = getattr(filters, name)
        if value is not None:
            found = found.where(getattr(Classification, name) == value)
    return found


async def ancestors_of(session: Session, customer_id: UUID) -> set[UUID]:
    """Return the company itself and every company above it."""
    return set(await session.scalars(_line(session.context.tenant_id, customer_id, up=True)))


def _line(tenant_id: str, customer_id: UUID, *, up: bool) -> Select[UUID]:
    """Return the query for a company itself and all above it, or all below it."""
    name = "above" if up else "below"
    line = select(literal(customer_id, Customer.id.type).label("id")).cte(name, recursive=True)
    company = aliased(Customer)
    here, there = (company.id, company.parent_id) if up else (company.parent_id, company.id)
    step = select(there).join(line, (here == line.c.id) & (company.tenant_id == tenant_id))
    line = line.union(step.where(there.is_not(None)))
    return select(line.c.id)
