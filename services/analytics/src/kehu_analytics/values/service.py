"""What can be asked about customer values, and calculating them all anew."""

from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from kehu_analytics.facts.freshness import freshness
from kehu_analytics.facts.models import CustomerFact
from kehu_analytics.facts.queries import names
from kehu_analytics.scoring.models import Dimension
from kehu_analytics.scoring.queries import find_active, find_grades, find_option
from kehu_analytics.values import queries
from kehu_analytics.values.calculation import Recalculation, lock_scoring, revalue_all
from kehu_analytics.values.models import CustomerValue
from kehu_analytics.values.schemas import (
    CustomerValueExplained,
    CustomerValueRead,
    PyramidFilters,
    PyramidLevel,
    PyramidRead,
    ValueScope,
)
from kehu_contracts.money import Money
from kehu_contracts.topics import CUSTOMER, SALES, SERVICE_DESK
from kehu_kernel.db import require
from kehu_kernel.pagination import Page, paginate
from kehu_kernel.session import Session

SOURCES = (CUSTOMER, SALES, SERVICE_DESK)
"""The topics whose facts customer values follow from."""


async def recompute(session: Session) -> Recalculation:
    """Calculate every customer anew (更新客户价值). Changes nothing unless something was wrong."""
    await lock_scoring(session)
    return await revalue_all(session, from_facts=True)


async def explain_value(session: Session, customer_id: UUID) -> CustomerValueExplained:
    """Return a customer's value with its derivation; of one that was merged, the survivor's.

    Raises `NotFound`.
    """
    customer = await require(session, CustomerFact, customer_id)
    if customer.merged_into_id is not None:
        customer_id = customer.merged_into_id
        customer = await require(session, CustomerFact, customer_id)
    value = await require(session, CustomerValue, customer_id)
    version = await queries.version_of(session, customer_id)
    fresh = await freshness(session, *SOURCES)
    return CustomerValueExplained.explain(value, customer.name, version, fresh)


async def list_values(session: Session, scope: ValueScope) -> Page[CustomerValueRead]:
    """Return one page of the values that match."""
    values, cursor, count = await paginate(
        session,
        queries.matching(session.context.tenant_id, scope),
        scope,
        sort=scope.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=CustomerValue.id,
    )
    known = await names(session, CustomerFact, [value.id for value in values])
    return Page(
        items=[CustomerValueRead.of(value, known[value.id]) for value in values],
        next_cursor=cursor,
        count=count,
    )


async def pyramid(session: Session, filters: PyramidFilters, default_currency: str) -> PyramidRead:
    """Return customers and what they bought by grade, the highest grade first.

    Amounts are those of the currency asked for, or else the one that won amounts are scored in.
    """
    option = await find_option(session, Dimension.WON_AMOUNT)
    currency = filters.currency or (option and option.currency) or default_currency
    found = await queries.levels(session, filters, currency)
    customers = sum(level.customers for level in found.values())
    won = sum((level.won_amount for level in found.values()), Decimal("0.00"))
    scheme, model = await find_grades(session), await find_active(session)
    fresh = await freshness(session, *SOURCES)
    levels = []
    for grade in reversed(scheme.grades if scheme and model else []):
        level = found.get(grade["code"], queries.Level(grade["code"], 0, Decimal("0.00")))
        levels.append(
            PyramidLevel(
                grade=grade["code"],
                name_zh=grade["name_zh"],
                name_en=grade["name_en"],
                customers=level.customers,
                customer_share=_percent(Decimal(level.customers), Decimal(customers)),
                won_amount=Money(amount=level.won_amount, currency=currency),
                won_share=_percent(level.won_amount, won),
            )
        )
    return PyramidRead(
        **fresh.model_dump(),
        model_id=model.id if model else None,
        customers=customers,
        won_amount=Money(amount=won, currency=currency),
        levels=levels,
    )


def _percent(part: Decimal, whole: Decimal) -> Decimal | None:
    if not whole:
        return None
    return (100 * part / whole).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
