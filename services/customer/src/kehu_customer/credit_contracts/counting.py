"""Keeping what accounts say of contracts true: the one place that counts them.

To be called, under `take_turns` of customers, whenever a contract takes another amount, an account
begins to count, or a customer comes to belong to another group: so of two of these at once, the
second sees what the first one did.
"""

from collections.abc import Collection
from uuid import UUID

from kehu_customer.credit.models import CreditAccount
from kehu_customer.credit.service import record_exposure
from kehu_customer.credit_contracts import queries
from kehu_customer.customers.models import Customer
from kehu_kernel.db import require
from kehu_kernel.session import Session


def with_parents(*customers: Customer) -> set[UUID]:
    """Return customers and who is above them: to be asked before they may leave their groups."""
    return {one for who in customers for one in (who.id, who.parent_id) if one is not None}


async def count_contracts(session: Session, customer_ids: Collection[UUID]) -> None:
    """Have the accounts of these customers' groups say what contracts take, and tell who changed.

    Facts are facts: an account may come to be above its limit. Sees all rows from then on.
    """
    await session.flush()
    await session.see_all_rows()  # a group has one credit, whoever of its companies one may see
    for account_id, taken in (await queries.miscounted(session, customer_ids)).items():
        account = await require(session, CreditAccount, account_id, lock=True)
        account.count_contracts(taken)
        record_exposure(session, account, "contracts-counted")
