"""Reading custom fields."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, or_, select

from kehu_customer.custom_fields.models import CustomField
from kehu_customer.custom_fields.schemas import FieldFilters
from kehu_customer.customers.models import Customer
from kehu_kernel.session import Session

SORT_COLUMNS = {"code": CustomField.code}
EXACT_FILTERS = ("code", "type", "active", "indexed")
HIDDEN = (
    "SELECT code FROM custom_fields "
    "WHERE tenant_id = $1 AND visible_to IS NOT NULL AND NOT visible_to = ANY($2::text[])"
)


def matching(session: Session, filters: FieldFilters) -> Select[CustomField]:
    """Return the query for the fields that the caller may know of and that match all filters."""
    query = select(CustomField).where(CustomField.tenant_id == session.context.tenant_id)
    scopes = session.context.scopes
    if scopes is not None:
        restriction = CustomField.visible_to
        query = query.where(or_(restriction.is_(None), restriction.in_(sorted(scopes))))
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(CustomField, name) == value)
    return query


async def fields_for(
    session: Session, codes: Sequence[str], *, creating: bool
) -> dict[str, CustomField]:
    """Return the fields with these codes, by code, also retired ones: customers keep the values.

    For a new customer those in use, and also those that are required or have a default.
    """
    if not codes and not creating:
        return {}
    tenant_id = session.context.tenant_id
    wanted: ColumnElement[bool] = CustomField.code.in_(codes)
    if creating:
        has_default = CustomField.default_value.is_not(None)
        wanted = or_(wanted, CustomField.required, has_default)
    query = select(CustomField).where(CustomField.tenant_id == tenant_id, wanted)
    if creating:
        query = query.where(CustomField.active)
    return {field.code: field for field in await session.scalars(query)}


async def hidden_from_caller(session: Session, customers: Iterable[Customer]) -> frozenset[str]:
    """Return the codes of fields the caller must not see; asks only where there are values."""
    scopes = session.context.scopes
    if scopes is None or not any(customer.custom for customer in customers):
        return frozenset()
    records = await session.fetch(HIDDEN, session.context.tenant_id, sorted(scopes))
    return frozenset(record["code"] for record in records)
