"""What can be done with the credit of a customer as a whole: look at it, ask, block, unblock.

Who locks several things locks customers first, then the accounts of their group, the smaller id
first, then limits and reservations.
"""

from datetime import date
from uuid import UUID

from kehu_customer.credit import events
from kehu_customer.credit.models import CreditAccount
from kehu_customer.credit.queries import Group, group_of, standing_of
from kehu_customer.credit.schemas import CreditBlocking, CreditUnblocking
from kehu_customer.credit.standing import NOTHING, Standing
from kehu_customer.credit_contracts.models import CreditContract
from kehu_customer.credit_contracts.queries import largest_of
from kehu_customer.customers.models import Customer
from kehu_kernel import audit, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.session import Session


async def look_at_credit(session: Session, customer_id: UUID, *, on: date) -> Standing:
    """Return where the credit of a customer stands. Raises `NotFound`."""
    customer = await require(session, Customer, customer_id)
    group = await group_of(session, customer.id)
    return await standing_of(session, customer, group, on)


async def largest_contracts(
    session: Session, standing: Standing, *, limit: int
) -> list[CreditContract]:
    """Return the contracts that take most of a group's credit, of companies the caller sees."""
    if not standing.contracting:
        return []
    await session.see_rows_in_scope()
    return await largest_of(session, standing.contracting, limit=limit)


async def block_credit(session: Session, customer_id: UUID, data: CreditBlocking) -> None:
    """Give a customer, and all companies below it, no credit, with the reason.

    Raises `NotFound`, `CreditAlreadyBlocked`.
    """
    account = await _lock_account(session, customer_id)
    account.block(data.reason, at=session.context.now, by=session.context.actor)
    fields = audit.changed(session, account, "blocked")
    outbox.add(session, events.blocked(account, fields), sequence=account.version)


async def unblock_credit(session: Session, customer_id: UUID, data: CreditUnblocking) -> None:
    """Give a customer credit again, with the reason.

    A company above that is blocked still blocks it. Raises `NotFound`,
    `CreditNotBlocked`.
    """
    account = await _lock_account(session, customer_id)
    account.unblock()
    fields = audit.changed(session, account, "unblocked", reason=(None, data.reason))
    outbox.add(session, events.unblocked(account, fields), sequence=account.version)


def count_in(session: Session, group: Group, customer_id: UUID, currency: str) -> bool:
    """Have the account of a customer count in a currency; open it if there is none.

    Returns whether it begins to count by that. The caller has locked the customer and the group.
    Raises `CreditCurrencyDiffers`.
    """
    account = group.accounts.get(customer_id)
    if account is None:
        _open_account(session, customer_id, currency)
        return True
    begins = account.currency is None
    account.use_currency(currency)
    record_exposure(session, account, "currency-set")
    return begins


def record_exposure(session: Session, account: CreditAccount, action: str) -> None:
    """Write down that the exposure of an account changed, if it did."""
    fields = audit.changed(session, account, action)
    if fields:
        event = events.exposure_changed(account, fields)
        outbox.add(session, event, sequence=account.version)


def _open_account(session: Session, customer_id: UUID, currency: str | None) -> CreditAccount:
    account = CreditAccount(
        id=ids.new_id(),
        customer_id=customer_id,
        currency=currency,
        exposure=NOTHING,
        contracted=NOTHING,
        ceiling=NOTHING,
    )
    audit.created(session, account)
    outbox.add(session, events.opened(account), sequence=account.version)
    return account


async def _lock_account(session: Session, customer_id: UUID) -> CreditAccount:
    customer = await require(session, Customer, customer_id, lock=True)
    customer.require_unmerged()
    group = await group_of(session, customer.id, lock=True)
    account = group.accounts.get(customer.id)
    if account is None:
        account = _open_account(session, customer.id, None)
        await session.flush()  # so that what follows is a change of it
    return account
