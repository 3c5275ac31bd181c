"""The API of what contracts take of the credit."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from kehu_customer.credit_contracts import service
from kehu_customer.credit_contracts.models import CreditContract
from kehu_customer.credit_contracts.schemas import CreditContractFilters, CreditContractRead
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import Session, router
from kehu_kernel.pagination import Page

routes = router("/v1/credit-contracts", "credit contracts")
READ = requires("customer:credit:read")


@routes.get("", summary="List what contracts take of the credit", dependencies=[READ])
async def list_contracts(
    session: Session, filters: Annotated[CreditContractFilters, Query()]
) -> Page[CreditContractRead]:
    """Contracts of sales that match all filters, a page at a time, those that take most first."""
    found, cursor, count = await service.list_contracts(session, filters)
    items = [CreditContractRead.of(one) for one in found]
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get(
    "/{contract_id}", summary="Read what a contract takes of the credit", dependencies=[READ]
)
async def read_contract(contract_id: UUID, session: Session) -> CreditContractRead:
    """What sales told last of one contract, and what it takes."""
    return CreditContractRead.of(await require(session, CreditContract, contract_id))
