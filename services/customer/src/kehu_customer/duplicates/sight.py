"""What a caller may know of customers that look like the one they enter.

Matching sees the whole tenant, so that a colleague's customer is not entered again by somebody who
cannot see it. Who may not see it hears that it is served already, and by which department.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from kehu_contracts.access import RowScope
from kehu_customer.customers.models import Customer
from kehu_kernel.session import Session


async def within_sight(session: Session, customer_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the customers that the caller's row scope shows (C4)."""
    if session.context.row_scope == RowScope.ALL or not customer_ids:
        return set(customer_ids)
    query = select(Customer.id).where(
        Customer.tenant_id == session.context.tenant_id, Customer.id.in_(customer_ids)
    )
    return set(await session.scalars(query))
