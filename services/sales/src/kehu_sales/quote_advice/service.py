"""Giving advice on quoting."""

from collections.abc import Iterable
from uuid import UUID

from kehu_kernel.session import Session
from kehu_sales.customers.service import load_customers, present_customer
from kehu_sales.quote_advice.rules import Trait
from kehu_sales.quote_policy.queries import policy_of


async def traits_of(
    session: Session, told: Iterable[Trait], customer_id: UUID | None
) -> list[Trait]:
    """Return the traits that were told, and what the customer's value grade says.

    Raises `UnknownCustomer`, `CustomerHasEnded`.
    """
    traits = set(told)
    if customer_id is not None:
        known = await load_customers(session, [customer_id])
        grade = present_customer(known, customer_id).value_grade
        if grade in (await policy_of(session)).key_account_grades:
            traits.add(Trait.KEY_ACCOUNT)
    return [trait for trait in Trait if trait in traits]
