"""Keeping and asking the local copy of customers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from kehu_contracts.classification import ClassificationState, CustomerClassified
from kehu_contracts.customer import CustomerState
from kehu_contracts.duplicates import DuplicatePairState
from kehu_contracts.segment import CustomerEnteredSegment, MembershipState
from kehu_kernel.copies import keep_newest
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_sales.customers.errors import UnknownCustomer
from kehu_sales.customers.models import CustomerGroupRef, CustomerRef, DuplicatePairRef

Customers = Mapping[UUID, CustomerRef]
FILL_IN = """
    UPDATE customer_refs known
    SET parent_id = told.parent_id, owner_id = told.owner_id, industry = told.industry,
        country = told.country
    FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::uuid[], $5::uuid[], $6::text[],
        $7::text[]) AS told (tenant_id, id, sequence, parent_id, owner_id, industry, country)
    WHERE known.tenant_id = told.tenant_id AND known.id = told.id
        AND known.sequence = told.sequence
        AND (known.parent_id, known.owner_id, known.industry, known.country)
            IS DISTINCT FROM (told.parent_id, told.owner_id, told.industry, told.country)
"""
"""Fills in what a copy was kept without, before there was room for it: when the same fact is
published again. All its rows are locked already, by keeping what is newest."""


async def record_customers(session: Session, facts: Sequence[Fact]) -> None:
    """Keep what events say of customers; `session` is the worker's.

    Also what is published again: so copies of before this release learn whose parents are whose.
    """
    told = [
        (by.tenant_id, one.customer_id, by.sequence, one.parent_id, one.owner_id, one.industry,
         one.country)
        for one, by in facts
        if isinstance(one, CustomerState)
    ]  # fmt: skip
    await keep_newest(session, CustomerRef, facts, CustomerState, _copy)
    if told:
        await session.fetch(FILL_IN, *map(list, zip(*told, strict=True)))


def _copy(event: CustomerState) -> dict[str, Any]:
    return {
        "name": event.name,
        "state": event.state,
        "merged_into_id": event.merged_into_id,
        "value_grade": event.value_grade,
        "parent_id": event.parent_id,
        "owner_id": event.owner_id,
        "industry": event.industry,
        "country": event.country,
    }


async def record_duplicates(session: Session, facts: Iterable[Fact]) -> None:
    """Keep which customers may be one; `session` is the worker's."""
    await keep_newest(session, DuplicatePairRef, facts, DuplicatePairState, _pair)


def _pair(event: DuplicatePairState) -> dict[str, Any]:
    return {
        "first_id": event.first_id,
        "second_id": event.second_id,
        "suspected": event.state == "open",
    }


async def record_groups(session: Session, facts: Sequence[Fact]) -> None:
    """Keep which segments and classes customers are in; `session` is the worker's."""
    await keep_newest(session, CustomerGroupRef, facts, MembershipState, _membership)
    await keep_newest(session, CustomerGroupRef, facts, ClassificationState, _class)


def _membership(event: MembershipState) -> dict[str, Any]:
    return {
        "customer_id": event.customer_id,
        "segment_id": event.segment_id,
        "class_code": None,
        "member": isinstance(event, CustomerEnteredSegment),
    }


def _class(event: ClassificationState) -> dict[str, Any]:
    return {
        "customer_id": event.customer_id,
        "segment_id": None,
        "class_code": f"{event.scheme_code}/{event.class_code}",
        "member": isinstance(event, CustomerClassified),
    }


NAMED_AND_SURVIVORS = """
    WHERE tenant_id = $1 AND id = ANY ($2::uuid[] || ARRAY(
        SELECT merged_into_id FROM customer_refs
        WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND merged_into_id IS NOT NULL
    ))
"""


async def load_customers(
    session: Session, customer_ids: Collection[UUID]
) -> dict[UUID, CustomerRef]:
    """Return the customers with these ids that are known here, and those they were merged into."""
    if not customer_ids:
        return {}
    rows = await session.read(
        CustomerRef, NAMED_AND_SURVIVORS, session.context.tenant_id, list(customer_ids)
    )
    return {row.id: row for row in rows}


async def require_customer(session: Session, customer_id: UUID) -> CustomerRef:
    """Return a customer something new may be begun with. Raises what `current_customer` does."""
    return current_customer(await load_customers(session, [customer_id]), customer_id)


def current_customer(known: Customers, customer_id: UUID) -> CustomerRef:
    """Return the customer that somebody names, of the known ones.

    Raises `UnknownCustomer`, `CustomerMerged`, `CustomerHasEnded`.
    """
    customer = known.get(customer_id)
    if customer is None:
        raise UnknownCustomer(id=customer_id)
    into = customer.merged_into_id
    customer.require_current(known.get(into) if into else None)
    return customer


def present_customer(known: Customers, customer_id: UUID) -> CustomerRef:
    """Return who the customer of an older record is by now: what goes on goes on with that one.

    Raises `UnknownCustomer`, `CustomerHasEnded`.
    """
    return current_customer(known, survivor_of(known, customer_id))


def survivor_of(known: Customers, customer_id: UUID) -> UUID:
    """Return the id under which a customer goes on; its own unless it was merged."""
    customer = known.get(customer_id)
    return (customer and customer.merged_into_id) or customer_id
