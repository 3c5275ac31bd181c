"""The API of credit checks."""

from typing import Annotated

from fastapi import Query

from kehu_contracts.money import Money
from kehu_kernel.auth import requires
from kehu_kernel.http import Session, Today, router
from kehu_kernel.problems import problems
from kehu_sales.credit import service
from kehu_sales.credit.schemas import CreditCheckRead, CreditQuestion
from kehu_sales.customers.errors import UnknownCustomer

routes = router("/v1/credit-checks", "credit checks")


@routes.get(
    "",
    summary="Check whether a contract fits into the credit",
    dependencies=[requires("sales:contracts:read")],
    responses=problems(UnknownCustomer),
)
async def check_credit(
    session: Session, question: Annotated[CreditQuestion, Query()], today: Today
) -> CreditCheckRead:
    """Whether a contract on account of this amount would be let through; nothing is reserved."""
    asked = Money(amount=question.amount, currency=question.currency)
    standing, found = await service.check_credit(session, question.customer_id, asked, today=today)
    return CreditCheckRead.answer(standing, asked, found)
