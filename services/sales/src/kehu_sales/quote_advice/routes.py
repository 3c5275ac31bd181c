"""The API of advice on quoting."""

from typing import Annotated

from fastapi import Query

from kehu_kernel.auth import requires
from kehu_kernel.http import Session, router
from kehu_kernel.problems import problems
from kehu_sales.customers.errors import CustomerHasEnded, UnknownCustomer
from kehu_sales.quote_advice import service
from kehu_sales.quote_advice.rules import advise, all_advice
from kehu_sales.quote_advice.schemas import (
    AdviceQuestion,
    HintRead,
    QuoteAdviceRead,
    QuoteAdviceRuleRead,
)

routes = router("/v1/quote-advice", "quote advice")


@routes.get(
    "",
    summary="Ask for advice on quoting",
    dependencies=[requires("sales:quotes:read")],
    responses=problems(UnknownCustomer, CustomerHasEnded),
)
async def ask_advice(
    session: Session, question: Annotated[AdviceQuestion, Query()]
) -> QuoteAdviceRead:
    """What the customer's traits say about the price, what comes first, and how to answer."""
    traits = await service.traits_of(session, question.trait, question.customer_id)
    known = all_advice()
    return QuoteAdviceRead(
        traits=traits,
        rules=[QuoteAdviceRuleRead.model_validate(one) for one in advise(traits)],
        steps=[HintRead.model_validate(one) for one in known.steps],
        techniques=[HintRead.model_validate(one) for one in known.techniques],
    )
