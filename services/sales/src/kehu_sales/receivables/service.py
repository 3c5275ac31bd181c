"""Adding up what is open, and telling what is overdue."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from kehu_contracts.contracting import InstalmentOverdue
from kehu_contracts.money import Money
from kehu_kernel import outbox
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.contracts.models import Contract, ContractState, Instalment
from kehu_sales.receivables import queries
from kehu_sales.receivables.ages import by_age, days_late
from kehu_sales.receivables.schemas import (
    AgeQuestion,
    AgeRead,
    AgeSum,
    CustomerAges,
    ReceivableFilters,
    ReceivableRead,
)


async def list_receivables(
    session: Session, filters: ReceivableFilters, *, today: date, bounds: tuple[int, ...]
) -> tuple[list[ReceivableRead], str | None, int | None]:
    """Return one page of what is open, the next cursor, and the count if asked."""
    found, cursor, count = await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Instalment.id,
    )
    contracts = await queries.contracts_of(session, found)
    shown = [ReceivableRead.of(one, contracts[one.contract_id], today, bounds) for one in found]
    return shown, cursor, count


async def add_up(
    session: Session, question: AgeQuestion, *, today: date, bounds: Sequence[int]
) -> list[CustomerAges]:
    """Return what customers owe by age, who owes most first; currencies are never added."""
    owed: dict[tuple[UUID, str], list[tuple[date, Decimal]]] = defaultdict(list)
    for customer_id, currency, due_on, amount in await queries.open_by_due_day(session, question):
        owed[customer_id, currency].append((due_on, amount))
    totals = {key: sum(amount for _, amount in parts) for key, parts in owed.items()}
    most = sorted(owed, key=lambda key: (-totals[key], key))[: question.limit]
    return [
        CustomerAges(
            customer_id=key[0],
            open=Money.model_validate({"amount": totals[key], "currency": key[1]}),
            ages=[
                AgeSum(age=AgeRead.of(age), open=Money(amount=amount, currency=key[1]))
                for age, amount in by_age(owed[key], today, bounds).items()
            ],
        )
        for key in most
    ]


async def tell_overdue(session: Session, limit: int, *, today: date) -> int:
    """Tell of the tenant's instalments that have become overdue; return how many.

    Each is told once for each due day: one that an amendment moves can be overdue again.
    """
    tenant_id = session.context.tenant_id
    in_force = select(Contract.id).where(
        Contract.tenant_id == tenant_id, Contract.state == ContractState.APPROVED
    )
    found = await session.scalars(
        select(Instalment)
        .where(
            Instalment.tenant_id == tenant_id,
            Instalment.contract_id.in_(in_force),
            *queries.overdue(today),
        )
        .order_by(Instalment.due_on, Instalment.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    contracts = await queries.contracts_of(session, list(found))
    for one in found:
        one.overdue_told_for, one.overdue_count = one.due_on, one.overdue_count + 1
        contract = contracts[one.contract_id]
        event = InstalmentOverdue(
            instalment_id=one.id,
            contract_id=contract.id,
            contract_number=contract.number,
            customer_id=contract.customer_id,
            owner_id=contract.owner_id,
            position=one.position,
            due_on=one.due_on,
            days_late=days_late(one.due_on, today),
            open=Money(amount=one.open, currency=contract.currency),
        )
        outbox.add(session, event, sequence=one.overdue_count)
    return len(found)
