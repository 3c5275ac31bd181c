"""Keeping and asking the local copy of the customers."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from kehu_contracts.customer import CustomerState
from kehu_kernel.session import Session
from kehu_marketing.customers.errors import UnknownCustomer
from kehu_marketing.customers.models import CustomerRef


async def record_customer(session: Session, state: CustomerState, sequence: int) -> None:
    """Take over a customer's state, unless a newer one is known already."""
    row = insert(CustomerRef).values(
        tenant_id=session.context.tenant_id,
        id=state.customer_id,
        name=state.name,
        state=state.state,
        sequence=sequence,
    )
    newer = {name: row.excluded[name] for name in ("name", "state", "sequence")}
    await session.execute(
        row.on_conflict_do_update(
            index_elements=[CustomerRef.tenant_id, CustomerRef.id],
            set_=newer,
            where=CustomerRef.sequence < row.excluded.sequence,
        )
    )


async def require_customer(session: Session, customer_id: UUID) -> CustomerRef:
    """Return a customer something new may begin with.

    Raises `UnknownCustomer`, `CustomerHasEnded`.
    """
    customer = await session.get(CustomerRef, (session.context.tenant_id, customer_id))
    if customer is None:
        raise UnknownCustomer(id=customer_id)
    customer.require_current()
    return customer
