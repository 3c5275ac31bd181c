"""Finding what belongs to a customer."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from kehu_kernel.copies import names_record
from kehu_service_desk.customers.models import CustomerRef


def of_customer(
    column: InstrumentedAttribute[Any], tenant_id: str, customer_id: UUID
) -> ColumnElement[bool]:
    """Return the condition that a row is a customer's, under whichever of its merged records."""
    return names_record(column, CustomerRef, tenant_id, customer_id)
