"""Asking the local copy of credit: nothing here waits for the customer service.

Whoever submits a contract on account holds its group until the end of the transaction: of two that
want the last of the limit, one gets it.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from uuid import UUID

from kehu_contracts.money import Money
from kehu_kernel.session import Session
from kehu_sales.contracts.models import Contract
from kehu_sales.credit import queries
from kehu_sales.credit.models import CreditAccountRef
from kehu_sales.credit.queries import CreditGroup
from kehu_sales.credit.standing import (
    CreditFound,
    CreditStanding,
    credit_findings,
    require_credit,
)
from kehu_sales.credit_policy.queries import policy_of
from kehu_sales.customers.errors import UnknownCustomer


async def check_credit(
    session: Session, customer_id: UUID, asked: Money, *, today: date
) -> tuple[CreditStanding, list[CreditFound]]:
    """Return where a customer stands, and what speaks against an amount; changes nothing.

    Raises `UnknownCustomer`.
    """
    group = await queries.group_of(session, customer_id)
    if group is None:
        raise UnknownCustomer(id=customer_id)
    standing = await _standing(session, customer_id, group, today)
    return standing, credit_findings(standing, asked, await policy_of(session))


async def admit_on_account(
    session: Session, contract: Contract, asked: Money, *, today: date
) -> list[CreditFound]:
    """Return what speaks against a locked contract that takes so much credit in all.

    Raises `CreditRefused`, unless its refusal was overridden for so much.
    """
    alone = CreditGroup((contract.customer_id,), (contract.customer_id,))
    group = await queries.group_of(session, contract.customer_id) or alone
    await queries.hold(session, group)
    standing = await _standing(session, contract.customer_id, group, today, besides=contract.id)
    found = credit_findings(standing, asked, await policy_of(session))
    if not contract.passes_over(asked.amount):
        require_credit(asked, found)
    return found


async def _standing(
    session: Session,
    customer_id: UUID,
    group: CreditGroup,
    today: date,
    *,
    besides: UUID | None = None,
) -> CreditStanding:
    limits = await queries.limits_of(session, group.head_id)
    limit = next((one for one in limits if one.starts_on <= today < one.ends_on), None)
    report = await queries.report_of(session, group.head_id, today)
    accounts = await queries.accounts_of(session, group.members)
    stop = next((accounts[one] for one in group.path if one in accounts and accounts[one].blocked),
                None)  # fmt: skip
    head = accounts.get(group.head_id)
    published = None
    if head is not None and head.exposure is not None and head.currency is not None:
        published = Money(amount=head.exposure, currency=head.currency)
    await session.see_all_rows()  # the credit is used up whoever of us has used it
    taken = await queries.open_on_account(session, group.members, besides=besides)
    await session.see_rows_in_scope()
    return CreditStanding(
        customer_id=customer_id,
        head_id=group.head_id,
        on=today,
        stopped=stop is not None,
        stop_reason=stop.block_reason if stop else None,
        granted=bool(limits),
        limit=Money(amount=limit.amount, currency=limit.currency) if limit else None,
        open=taken,
        reserved=_reserved(accounts.values()),
        published=published,
        report_expires_on=report.expires_on if report else None,
    )


def _reserved(accounts: Iterable[CreditAccountRef]) -> dict[str, Decimal]:
    """Return what other documents than our contracts have reserved, by currency."""
    sums: dict[str, Decimal] = {}
    for one in accounts:
        if one.currency is not None and one.reserved > 0:
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.reserved
    return sums
