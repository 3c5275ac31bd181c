"""Keeping and asking the local copy of customers."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select

from kehu_contracts.customer import CustomerState
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_sales.customers.errors import UnknownCustomer
from kehu_sales.customers.models import CustomerRef
from kehu_sales.db import among

KEEP_NEWEST = """
    INSERT INTO customer_refs AS known (tenant_id, id, name, state, sequence)
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::int[])
    ON CONFLICT (tenant_id, id) DO UPDATE
        SET name = excluded.name, state = excluded.state, sequence = excluded.sequence
        WHERE known.sequence < excluded.sequence
"""


async def record_customers(session: Session, facts: Iterable[Fact]) -> None:
    """Keep what events say of customers, unless something newer is known; ignore other events.

    `session` is the worker's: a batch holds events of many tenants, and costs one statement.
    """
    newest = {
        (envelope.tenant_id, event.customer_id): (event.name, event.state, envelope.sequence)
        for event, envelope in sorted(facts, key=lambda fact: fact.envelope.sequence)
        if isinstance(event, CustomerState)
    }
    if newest:
        # In the order of the keys: two batches that meet never wait for each other in a circle.
        rows = [(*key, *copy) for key, copy in sorted(newest.items())]
        await session.fetch(KEEP_NEWEST, *zip(*rows, strict=True))


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
