"""Giving advice on quoting, and keeping what customers are like."""

from collections.abc import Iterable
from uuid import UUID

from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound, VersionConflict
from kehu_kernel.migrations import ALL_ROWS
from kehu_kernel.session import Session
from kehu_sales.customers.service import load_customers, present_customer, survivor_of
from kehu_sales.directory.rows import MY_PEOPLE
from kehu_sales.quote_advice.models import QuotationTraits
from kehu_sales.quote_advice.rules import Trait
from kehu_sales.quote_advice.schemas import TraitsInput
from kehu_sales.quote_policy.queries import policy_of

IN_SIGHT = f"""
    SELECT FROM customer_refs
    WHERE tenant_id = $1 AND id = $2
        AND ({ALL_ROWS} OR owner_id IS NULL OR owner_id = ANY ({MY_PEOPLE}))
"""
"""Traits are seen by whoever sees the customer's owner: the copy of a customer has no department of
its own, so the one counts that the owner works in now."""


async def traits_of(
    session: Session, told: Iterable[Trait], customer_id: UUID | None
) -> list[Trait]:
    """Return the traits that were told, or else those kept, and what the value grade says.

    Raises `UnknownCustomer`, `CustomerHasEnded`.
    """
    traits: set[str] = set(told)
    if customer_id is not None:
        customer = present_customer(await load_customers(session, [customer_id]), customer_id)
        if not traits:
            traits = set((await _kept(session, customer.id)).traits)
        if customer.value_grade in (await policy_of(session)).key_account_grades:
            traits.add(Trait.KEY_ACCOUNT)
    return [trait for trait in Trait if trait in traits]


async def read_traits(session: Session, customer_id: UUID) -> QuotationTraits:
    """Return what was kept of a customer, or of the one it was merged into. Raises `NotFound`."""
    customers = await load_customers(session, [customer_id])
    survivor_id = survivor_of(customers, customer_id)
    if not await session.fetch(IN_SIGHT, session.context.tenant_id, survivor_id):
        raise NotFound(what_en="customer", what_zh="客户", id=customer_id)
    return await _kept(session, survivor_id)


async def put_traits(
    session: Session, customer_id: UUID, data: TraitsInput, *, expected_version: int
) -> QuotationTraits:
    """Keep what a customer is like, in place of what was kept before.

    Raises `NotFound`, `VersionConflict`, `CustomerHasEnded`.
    """
    kept = await read_traits(session, customer_id)
    present_customer(await load_customers(session, [kept.id]), kept.id)
    if kept.version > 0:
        kept = await require(
            session, QuotationTraits, kept.id, lock=True, expected_version=expected_version
        )
        kept.say(data.traits)
        audit.changed(session, kept, "changed")
        return kept
    if expected_version != 0:
        raise VersionConflict(current=0, expected=expected_version)
    kept.say(data.traits)
    audit.created(session, kept)
    return kept


async def _kept(session: Session, customer_id: UUID) -> QuotationTraits:
    found = await session.get(QuotationTraits, (session.context.tenant_id, customer_id))
    return found or QuotationTraits(id=customer_id, version=0, traits=[])
