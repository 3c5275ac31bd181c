"""Searching customers by custom fields: filters and order, on indexed fields only."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from kehu_customer.custom_fields import queries
from kehu_customer.custom_fields.errors import FieldNotSearchable, InvalidValue
from kehu_customer.custom_fields.models import (
    IN_ORDER,
    CustomEntry,
    CustomField,
    FieldType,
    typed,
)
from kehu_customer.custom_fields.values import is_hidden
from kehu_customer.customers.models import Customer
from kehu_kernel.pagination import PageParams, paginate
from kehu_kernel.session import Session

NOT_INDEXED: dict[str, Any] = {"why_en": "it is no indexed field", "why_zh": "该字段未建索引"}
NO_VALUE: dict[str, Any] = {"why_en": "the value does not fit", "why_zh": "取值无效"}
NO_ORDER: dict[str, Any] = {"why_en": "its values have no order", "why_zh": "该字段的取值没有顺序"}
SORT_COLUMN = {
    FieldType.TEXT: CustomEntry.text_value,
    FieldType.NUMBER: CustomEntry.number_value,
    FieldType.DATE: CustomEntry.day_value,
    FieldType.CHOICE: CustomEntry.text_value,
}


async def conditions(
    session: Session, equal: Sequence[str], at_least: Sequence[str], at_most: Sequence[str]
) -> list[ColumnElement[bool]]:
    """Return what customers must fulfil; each part is written `<code of the field>:<value>`.

    Raises `FieldNotSearchable`. Bounds hold for numbers, days and amounts (of one currency).
    """
    asked = [
        (*part.partition(":")[::2], bound)
        for parts, bound in ((equal, "="), (at_least, ">="), (at_most, "<="))
        for part in parts
    ]
    if not asked:
        return []
    fields = await queries.fields_for(session, [code for code, _, _ in asked], creating=False)
    found: list[ColumnElement[bool]] = []
    for code, value, bound in asked:
        field = _searchable(session, fields, code)
        if bound != "=" and field.type not in IN_ORDER:
            raise FieldNotSearchable(field=field.label, **NO_ORDER)
        entries = select(CustomEntry.customer_id).where(
            CustomEntry.tenant_id == session.context.tenant_id, CustomEntry.field_id == field.id
        )
        for column, wanted in _wanted(field, value).items():
            compared = getattr(CustomEntry, column)
            exact = bound == "=" or column == "text_value"
            entries = entries.where(compared.op("=" if exact else bound)(wanted))
        found.append(Customer.id.in_(entries))
    return found


async def page_in_order(
    session: Session, query: Select[Customer], params: PageParams, sort: str
) -> tuple[list[Customer], str | None, int | None]:
    """Return one page of the matching customers that have a value in a field, in its order.

    Raises `FieldNotSearchable`.
    """
    code = sort.lstrip("-")
    field = _searchable(session, await queries.fields_for(session, [code], creating=False), code)
    column = SORT_COLUMN.get(FieldType(field.type))
    if column is None:
        raise FieldNotSearchable(field=field.label, **NO_ORDER)
    tenant_id = session.context.tenant_id
    entries = select(CustomEntry).where(
        CustomEntry.tenant_id == tenant_id,
        CustomEntry.field_id == field.id,
        CustomEntry.customer_id.in_(query.with_only_columns(Customer.id)),
    )
    page, cursor, count = await paginate(
        session,
        entries,
        params,
        sort=sort,
        columns={code: column},
        tie_breaker=CustomEntry.customer_id,
    )
    ids = [entry.customer_id for entry in page]
    customers = select(Customer).where(Customer.tenant_id == tenant_id, Customer.id.in_(ids))
    by_id = {customer.id: customer for customer in await session.scalars(customers)}
    return [by_id[customer_id] for customer_id in ids], cursor, count


def _searchable(session: Session, fields: dict[str, CustomField], code: str) -> CustomField:
    field = fields.get(code)
    if field is None or not field.searchable or is_hidden(field, session.context.scopes):
        raise FieldNotSearchable(field=code, **NOT_INDEXED)
    return field


def _wanted(field: CustomField, written: str) -> dict[str, Any]:
    """Return the value that a query parameter asks for, by the column it is found in."""
    value: object = written
    if field.type == FieldType.MONEY:
        amount, _, currency = written.partition(" ")
        value = {"amount": amount, "currency": currency}
    try:
        return typed(field, field.accept_once_used(value))
    except InvalidValue as error:
        raise FieldNotSearchable(field=field.label, **NO_VALUE) from error
