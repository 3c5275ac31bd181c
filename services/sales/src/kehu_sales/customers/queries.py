"""Finding what belongs to a customer."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from kehu_kernel.copies import names_record
from kehu_sales.customers.models import CustomerRef


def of_customer(
    column: InstrumentedAttribute[Any], tenant_id: str, customer_id: UUID
) -> ColumnElement[bool]:
    """Return the condition that a row is a customer's, under whichever of its merged records."""
    return names_record(column, CustomerRef, tenant_id, customer_id)


def name_of(model: Any) -> ColumnElement[str]:
    """Return the name of a document's customer, looked up row by row: a page needs few of them."""
    return (
        select(CustomerRef.name)
        .where(CustomerRef.tenant_id == model.tenant_id, CustomerRef.id == model.customer_id)
        .correlate(model)
        .scalar_subquery()
    )


def saying(
    text: str, *places: ColumnElement[Any] | InstrumentedAttribute[Any]
) -> ColumnElement[bool]:
    """Return the condition that one of these contains the text, in whichever letters.

    Row-level security keeps an index from being used for it (ADR 0017): documents are looked
    through in the order of the list, until the page is full.
    """
    return or_(*(place.icontains(text, autoescape=True) for place in places))
