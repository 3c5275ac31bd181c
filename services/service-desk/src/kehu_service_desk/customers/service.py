"""Keeping the local copy of customers, and asking it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from kehu_contracts.customer import CustomerState
from kehu_kernel.copies import keep_newest
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_service_desk.customers.errors import UnknownCustomer
from kehu_service_desk.customers.models import CustomerRef


async def record_customers(session: Session, facts: Iterable[Fact]) -> None:
    """Keep what events say of customers; `session` is the worker's."""
    await keep_newest(session, CustomerRef, facts, CustomerState, _copy)


def _copy(event: CustomerState) -> dict[str, Any]:
    return {"name": event.name, "state": event.state, "merged_into_id": event.merged_into_id}


async def require_current_customer(session: Session, customer_id: UUID) -> CustomerRef:
    """Return a customer something new may begin with.

    Raises `UnknownCustomer`, `CustomerMerged`, `CustomerHasEnded`.
    """
    tenant_id = session.context.tenant_id
    customer = await session.get(CustomerRef, (tenant_id, customer_id))
    if customer is None:
        raise UnknownCustomer(id=customer_id)
    into = customer.merged_into_id
    customer.require_current(await session.get(CustomerRef, (tenant_id, into)) if into else None)
    return customer


async def are_one(session: Session, customer_id: UUID, other_id: UUID) -> bool:
    """Whether two ids are of one customer, or of records that were merged."""
    if customer_id == other_id:
        return True
    known = select(func.coalesce(CustomerRef.merged_into_id, CustomerRef.id)).where(
        CustomerRef.tenant_id == session.context.tenant_id,
        CustomerRef.id.in_((customer_id, other_id)),
    )
    return len(set(await session.scalars(known))) == 1
