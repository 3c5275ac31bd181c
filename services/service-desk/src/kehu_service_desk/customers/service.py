"""Keeping the local copy of customers, and asking it."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from kehu_contracts.customer import CustomerState
from kehu_kernel.session import Session
from kehu_service_desk.customers.errors import UnknownCustomer
from kehu_service_desk.customers.models import CustomerRef


async def record_customer(session: Session, customer: CustomerState, sequence: int) -> None:
    """Remember a customer as an event tells of it; an event older than the copy changes nothing."""
    write = insert(CustomerRef).values(
        tenant_id=session.context.tenant_id,
        id=customer.customer_id,
        name=customer.name,
        state=customer.state,
        sequence=sequence,
    )
    new = write.excluded
    await session.execute(
        write.on_conflict_do_update(
            index_elements=[CustomerRef.tenant_id, CustomerRef.id],
            set_={"name": new.name, "state": new.state, "sequence": new.sequence},
            where=CustomerRef.sequence < new.sequence,
        )
    )


async def require_current_customer(session: Session, customer_id: UUID) -> CustomerRef:
    """Return the copy of a customer we deal with. Raises `UnknownCustomer`, `CustomerHasEnded`."""
    customer = await session.get(CustomerRef, (session.context.tenant_id, customer_id))
    if customer is None:
        raise UnknownCustomer(id=customer_id)
    customer.require_current()
    return customer
