"""Keeping and asking the local copy of customers."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from kehu_contracts.customer import CustomerState
from kehu_kernel.session import Session
from kehu_sales.customers.errors import UnknownCustomer
from kehu_sales.customers.models import CustomerRef
from kehu_sales.db import among


async def record_customer(session: Session, customer: CustomerState, sequence: int) -> None:
    """Keep what an event says of a customer, unless something newer is known. One statement."""
    copy = insert(CustomerRef).values(
        tenant_id=session.context.tenant_id,
        id=customer.customer_id,
        name=customer.name,
        state=customer.state,
        sequence=sequence,
    )
    await session.execute(
        copy.on_conflict_do_update(
            index_elements=[CustomerRef.tenant_id, CustomerRef.id],
            set_={
                "name": copy.excluded.name,
                "state": copy.excluded.state,
                "sequence": copy.excluded.sequence,
            },
            where=CustomerRef.sequence < copy.excluded.sequence,
        )
    )


async def load_customers(
    session: Session, customer_ids: Collection[UUID]
) -> dict[UUID, CustomerRef]:
    """Return the customers with these ids that are known here."""
    if not customer_ids:
        return {}
    rows = await session.scalars(
        select(CustomerRef).where(
            CustomerRef.tenant_id == session.context.tenant_id,
            among(CustomerRef.id, customer_ids),
        )
    )
    return {row.id: row for row in rows}


async def require_customer(session: Session, customer_id: UUID) -> CustomerRef:
    """Return a customer something new may be begun with.

    Raises `UnknownCustomer`, `CustomerHasEnded`.
    """
    return current_customer(await load_customers(session, [customer_id]), customer_id)


def current_customer(known: dict[UUID, CustomerRef], customer_id: UUID) -> CustomerRef:
    """Return one of the known customers. Raises `UnknownCustomer`, `CustomerHasEnded`."""
    customer = known.get(customer_id)
    if customer is None:
        raise UnknownCustomer(id=customer_id)
    customer.require_current()
    return customer
