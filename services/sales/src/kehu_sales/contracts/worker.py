"""The work of telling that contracts end soon, once for each last day."""

from datetime import date, timedelta

from sqlalchemy import ColumnElement, Date, Select, case, literal, select

from kehu_kernel import audit, outbox
from kehu_kernel.session import Session
from kehu_sales.contract_policy.models import (
    DAYS_BEFORE_END,
    MOST_DAYS_BEFORE_END,
    ContractPolicy,
)
from kehu_sales.contract_policy.queries import policy_of
from kehu_sales.contracts import events
from kehu_sales.contracts.models import Contract, ContractState
from kehu_sales.daily import DailyWork

DAYS = case(
    (ContractPolicy.tenant_id.is_(None), DAYS_BEFORE_END),
    else_=ContractPolicy.remind_days_before_end,
)
"""What `policy_of` says, of each tenant."""


def ending(today: date, days: int) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of contracts in force that end so soon, and nobody was told of it.

    What has ended is not told any more. A last day that an amendment moves is told anew.
    """
    return (
        Contract.state == ContractState.APPROVED,
        Contract.ends_on.between(today, today + timedelta(days)),
        Contract.end_told_for.is_distinct_from(Contract.ends_on),
    )


async def tell_ending(session: Session, limit: int, *, today: date) -> int:
    """Tell of the tenant's contracts that end soon, by its policy; return how many."""
    days = (await policy_of(session)).remind_days_before_end
    if days is None:
        return 0
    found = await session.scalars(
        select(Contract)
        .where(Contract.tenant_id == session.context.tenant_id, *ending(today, days))
        .order_by(Contract.ends_on, Contract.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    for contract in found:
        contract.end_told_for = contract.ends_on
        audit.changed(session, contract, "ending")
        outbox.add(session, events.ending(contract, today), sequence=contract.version)
    return len(found)


class EndWork(DailyWork):
    """Tells of contracts that end soon."""

    name = "contract-ends"
    steps = (tell_ending,)

    def tenants(self, today: date) -> Select[str]:
        """Return the query for the tenants with contracts whose end is to be told."""
        return (
            select(Contract.tenant_id)
            .outerjoin(ContractPolicy, ContractPolicy.tenant_id == Contract.tenant_id)
            .where(
                *ending(today, MOST_DAYS_BEFORE_END),
                Contract.ends_on <= literal(today, Date) + DAYS,
            )
            .distinct()
        )
