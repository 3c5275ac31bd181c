"""The API of advice on quoting."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.problems import problems
from kehu_sales.customers.errors import CustomerHasEnded, UnknownCustomer
from kehu_sales.quote_advice import service
from kehu_sales.quote_advice.models import QuotationTraits
from kehu_sales.quote_advice.rules import advise, all_advice
from kehu_sales.quote_advice.schemas import (
    AdviceQuestion,
    HintRead,
    QuoteAdviceRead,
    QuoteAdviceRuleRead,
    TraitsInput,
    TraitsRead,
)

routes = router("/v1/quote-advice", "quote advice")
kept_traits = router("/v1/quotation-traits", "quote advice")


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


@kept_traits.get(
    "/{customer_id}",
    summary="Read a customer's quotation traits",
    dependencies=[requires("sales:quotes:read")],
)
async def read_quotation_traits(
    customer_id: UUID, session: Session, response: Response
) -> TraitsRead:
    """What was kept of a customer for advice on quoting, with the ETag; none as version 0."""
    return _answer(await service.read_traits(session, customer_id), response)


@kept_traits.put(
    "/{customer_id}",
    summary="Keep a customer's quotation traits",
    dependencies=[requires("sales:quotes:write")],
    responses=problems(CustomerHasEnded),
)
async def put_quotation_traits(
    customer_id: UUID,
    data: TraitsInput,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> TraitsRead:
    """Say what a customer is like: advice goes by it when no traits are given."""
    kept = await service.put_traits(session, customer_id, data, expected_version=version)
    return _answer(kept, response)


def _answer(kept: QuotationTraits, response: Response) -> TraitsRead:
    set_etag(response, kept)
    return TraitsRead.of(kept)
