"""The API of a customer's credit as a whole."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from kehu_customer.credit import service
from kehu_customer.credit.errors import CreditAlreadyBlocked, CreditNotBlocked
from kehu_customer.credit.schemas import (
    SHOWN,
    CreditBlocking,
    CreditCheckRead,
    CreditQuestion,
    CreditRead,
    CreditUnblocking,
)
from kehu_kernel.auth import requires
from kehu_kernel.http import Session, Today, router
from kehu_kernel.problems import problems

routes = router("/v1/customers/{customer_id}/credit", "credit")
READ = requires("customer:credit:read")
APPROVE = requires("customer:credit:approve")


@routes.get(
    "",
    summary="Read the credit of a customer",
    dependencies=[READ],
)
async def read_credit(customer_id: UUID, session: Session, today: Today) -> CreditRead:
    """Limit, use and report of today; all companies of a group share the head company's limit."""
    return await _answer(session, customer_id, today)


@routes.get(
    "/check",
    summary="Check whether a customer may take on an amount",
    dependencies=[READ],
)
async def check_credit(
    customer_id: UUID,
    session: Session,
    today: Today,
    question: Annotated[CreditQuestion, Query()],
) -> CreditCheckRead:
    """Whether it may, and every reason against it. Nothing is reserved thereby."""
    standing = await service.look_at_credit(session, customer_id, on=question.on or today)
    return CreditCheckRead.answer(standing, question)


@routes.post(
    "/block",
    summary="Block the credit of a customer",
    dependencies=[APPROVE],
    responses=problems(CreditAlreadyBlocked),
)
async def block_credit(
    customer_id: UUID, data: CreditBlocking, session: Session, today: Today
) -> CreditRead:
    """No more credit for the customer and all companies below it; what is reserved stays."""
    await service.block_credit(session, customer_id, data)
    return await _answer(session, customer_id, today)


@routes.post(
    "/unblock",
    summary="Unblock the credit of a customer",
    dependencies=[APPROVE],
    responses=problems(CreditNotBlocked),
)
async def unblock_credit(
    customer_id: UUID, data: CreditUnblocking, session: Session, today: Today
) -> CreditRead:
    """Credit again, unless a company above is blocked."""
    await service.unblock_credit(session, customer_id, data)
    return await _answer(session, customer_id, today)


async def _answer(session: Session, customer_id: UUID, today: Today) -> CreditRead:
    standing = await service.look_at_credit(session, customer_id, on=today)
    contracts = await service.largest_contracts(session, standing, limit=SHOWN)
    return CreditRead.of(standing, contracts)
