"""Customers and contacts as files: which columns it has, and its rows, a lot at a time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kehu_contracts.access import RowScope
from kehu_customer.contacts.models import Contact
from kehu_customer.custom_fields.models import CustomField
from kehu_customer.custom_fields.search import conditions
from kehu_customer.customers.models import Customer
from kehu_customer.customers.queries import matching
from kehu_customer.exports import queries
from kehu_customer.exports.queries import Besides, Place
from kehu_customer.exports.schemas import ExportFilters
from kehu_customer.imports.columns import (
    CONTACT,
    CURRENCY,
    CUSTOM,
    HEADERS,
    OF_CONTACT,
    POINTS,
    is_taken,
)
from kehu_customer.imports.queries import visible_fields
from kehu_customer.ownership.rows import MINE
from kehu_kernel import deadline
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.session import Session

LOT = 1000
SEES_POINTS = "customer:contact-points:read"
EXPORTS_CONTACTS = {"customer:contacts:read", "customer:contacts:export"}
PLAIN = (
    "name", "code", "external_ref", "industry", "country", "source", "credit_code", "website",
    "founded_year", "employee_count", "created_on",
)  # fmt: skip
"""Columns that say what the row of the customer says."""
TOLD = {
    "id": "客户ID", "state": "客户状态", "promoted_on": "成交日期", "ended_on": "终止日期",
    "end_reason": "终止原因", "value_grade": "价值等级", "value_score": "价值得分",
}  # fmt: skip
"""Columns that an import does not read, with their Chinese labels."""
PERSON = tuple(OF_CONTACT)
"""Columns of a contact."""
COMPANY = ("id", "name", "kind", "code", "external_ref", "credit_code")
"""Columns by which a file of contacts tells their customer, and an import finds it again."""
TOLD_OF_CONTACT = {"contact.id": "联系人ID", "contact.is_primary": "主联系人"}
LABELS = {
    **TOLD,
    **TOLD_OF_CONTACT,
    **{meaning: names[0] for meaning, names in {**HEADERS, **OF_CONTACT}.items()},
}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file, by meaning as an import reads it, and their headers."""

    meanings: Sequence[str]
    headers: Sequence[str]
    fields: Sequence[CustomField]


async def columns_for(session: Session, language: str) -> Columns:
    """Return the columns of what the caller may see, with headers in `zh` or `en`."""
    scopes = session.context.scopes
    with_points = scopes is None or SEES_POINTS in scopes
    with_contacts = scopes is None or scopes >= EXPORTS_CONTACTS
    fields = list((await visible_fields(session)).values())
    known = [one for one in HEADERS if with_points or one not in POINTS]
    known += PERSON if with_contacts else ()
    own = ["id", *known, *(one for one in TOLD if one != "id")]
    meanings = [*own, *(CUSTOM + one.code for one in fields)]
    if language != "zh":
        return Columns(meanings, meanings, fields)
    headers = [LABELS[one] for one in own]
    for one in fields:  # one that is called like another column is told by its code
        taken = one.name_zh in headers or is_taken(one.name_zh)
        headers.append(CUSTOM + one.code if taken else one.name_zh)
    return Columns(meanings, headers, fields)


def columns_of_contacts(language: str) -> Columns:
    """Return the columns of a file of contacts, with headers in `zh` or `en`."""
    meanings = [*COMPANY, *PERSON, *TOLD_OF_CONTACT]
    headers = [LABELS[one] for one in meanings] if language == "zh" else meanings
    return Columns(meanings, headers, [])


async def require_filters(session: Session, filters: ExportFilters) -> None:
    """Refuse filters that cannot be, before the answer begins. Raises `FieldNotSearchable`."""
    await conditions(session, filters.custom, filters.custom_from, filters.custom_to)


async def lots(
    database: Database, context: Context, filters: ExportFilters, columns: Columns
) -> AsyncIterator[list[Row]]:
    """Yield the customers that match, in the order of their ids, as rows by meaning.

    Each lot is a transaction of its own: a slow reader holds no connection and no snapshot. Who is
    entered or changed meanwhile may be told as before or as after; nobody is told twice.
    """
    after: UUID | None = None
    while True:
        async with database.session(context, read_only=True) as session:
            found = await _next_customers(session, filters, after)
            told = await queries.besides(
                session,
                found,
                with_points=POINTS[0] in columns.meanings,
                with_contacts=PERSON[0] in columns.meanings,
            )
        if not found:
            return
        deadline.part_sent()
        yield [_row(one, told, columns) for one in found]
        after = found[-1].id


async def lots_of_contacts(
    database: Database, context: Context, filters: ExportFilters, columns: Columns
) -> AsyncIterator[list[Row]]:
    """Yield the contacts we turn to of the customers that match, of each the primary one first.

    As with `lots`, each lot is a transaction of its own. Who moves meanwhile to another customer
    may be told there, too.
    """
    last: UUID | None = None
    while True:
        async with database.session(context, read_only=True) as session:
            customers = {one.id: one for one in await _next_customers(session, filters, last)}
        if not customers:
            return
        last = max(customers)
        deadline.part_sent()  # also where nobody of them has a contact
        after: Place | None = None
        while True:
            async with database.session(context, read_only=True) as session:
                found = await queries.next_contacts(session, customers, after, LOT)
            if not found:
                break
            deadline.part_sent()
            yield [_row_of_contact(customers[one.customer_id], one, columns) for one in found]
            after = (found[-1].customer_id, not found[-1].is_primary, found[-1].id)


async def _next_customers(
    session: Session, filters: ExportFilters, after: UUID | None
) -> list[Customer]:
    custom = await conditions(session, filters.custom, filters.custom_from, filters.custom_to)
    query = matching(session.context.tenant_id, filters).where(*custom)
    if session.context.row_scope != RowScope.ALL:  # told to the planner too, for its indexes
        query = query.where(text(MINE.format(customer="customers")))
    return await queries.next_lot(session, query, after, LOT)


def _row(customer: Customer, besides: Besides, columns: Columns) -> Row:
    row: Row = {
        **{name: getattr(customer, name) for name in (*PLAIN, *TOLD)},
        "kind": customer.kind,
        "roles": customer.roles,
        "parent_code": besides.parents.get(customer.parent_id) if customer.parent_id else None,
        "owner_code": besides.owners.get(customer.owner_id) if customer.owner_id else None,
        "annual_revenue": customer.annual_revenue,
        CURRENCY: customer.annual_revenue_currency,
    }
    row |= {kind: besides.points.get((customer.id, kind)) for kind in POINTS}
    row |= _of_contact(besides.contacts.get(customer.id))
    row |= {CUSTOM + one.code: customer.custom.get(one.code) for one in columns.fields}
    return {meaning: row[meaning] for meaning in columns.meanings}


def _row_of_contact(customer: Customer, contact: Contact, columns: Columns) -> Row:
    row: Row = {name: getattr(customer, name) for name in COMPANY}
    row |= _of_contact(contact)
    row |= {"contact.id": contact.id, "contact.is_primary": contact.is_primary}
    return {meaning: row[meaning] for meaning in columns.meanings}


def _of_contact(contact: Contact | None) -> Row:
    return {one: getattr(contact, one.removeprefix(CONTACT), None) for one in PERSON}
