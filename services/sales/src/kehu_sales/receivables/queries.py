"""Reading receivables."""

from datetime import date
from typing import Any

from sqlalchemy import Select, func, select

from kehu_kernel.session import Session
from kehu_sales.contracts.models import Contract, ContractState, Instalment
from kehu_sales.customers.models import CustomerRef
from kehu_sales.customers.queries import of_customer
from kehu_sales.db import among
from kehu_sales.receivables.schemas import AgeQuestion, ReceivableFilters

SORT_COLUMNS = {"due_on": Instalment.due_on}


def _open(tenant_id: str) -> list[Any]:
    return [
        Instalment.tenant_id == tenant_id,
        Instalment.collected < Instalment.amount,
        Contract.tenant_id == Instalment.tenant_id,
        Contract.id == Instalment.contract_id,
        Contract.state == ContractState.APPROVED,
    ]


def matching(tenant_id: str, filters: ReceivableFilters) -> Select[Instalment]:
    """Return the query for the open instalments of contracts in force that match all filters."""
    query = select(Instalment).where(*_open(tenant_id))
    if filters.contract_id is not None:
        query = query.where(Contract.id == filters.contract_id)
    if filters.owner_id is not None:
        query = query.where(Contract.owner_id == filters.owner_id)
    if filters.customer_id is not None:
        query = query.where(of_customer(Contract.customer_id, tenant_id, filters.customer_id))
    if filters.due_before is not None:
        query = query.where(Instalment.due_on < filters.due_before)
    return query


async def contracts_of(session: Session, instalments: list[Instalment]) -> dict[Any, Contract]:
    """Return the contracts of instalments by id."""
    found = await session.scalars(
        select(Contract).where(
            Contract.tenant_id == session.context.tenant_id,
            among(Contract.id, {one.contract_id for one in instalments}),
        )
    )
    return {one.id: one for one in found}


async def open_by_due_day(session: Session, question: AgeQuestion) -> list[Any]:
    """Return (customer, currency, due day, open) of everything open, merged customers as one."""
    tenant_id = session.context.tenant_id
    customer = func.coalesce(CustomerRef.merged_into_id, CustomerRef.id)
    owed = func.sum(Instalment.amount - Instalment.collected)
    query = (
        select(customer, Contract.currency, Instalment.due_on, owed)
        .where(
            *_open(tenant_id),
            CustomerRef.tenant_id == Contract.tenant_id,
            CustomerRef.id == Contract.customer_id,
        )
        .group_by(customer, Contract.currency, Instalment.due_on)
    )
    if question.customer_id is not None:
        query = query.where(of_customer(Contract.customer_id, tenant_id, question.customer_id))
    return list((await session.execute(query)).all())


def overdue(today: date) -> list[Any]:
    """Return the conditions of instalments whose present due day is over and was not told yet."""
    return [
        Instalment.due_on < today,
        Instalment.collected < Instalment.amount,
        Instalment.overdue_told_for.is_distinct_from(Instalment.due_on),
    ]
