"""What can be done with a price list. One function per command; each runs in one transaction."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete

from kehu_kernel import audit, ids, numbering, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.approvals.models import Approval, DocumentKind, Facts
from kehu_sales.approvals.service import Document, start
from kehu_sales.customers.service import require_customer
from kehu_sales.db import among
from kehu_sales.directory.service import department_of, require_newly_named, require_staff
from kehu_sales.price_lists import events, queries
from kehu_sales.price_lists.errors import LineRepeats
from kehu_sales.price_lists.models import ListState, PriceLine, PriceList
from kehu_sales.price_lists.schemas import (
    LineFilters,
    ListCreate,
    ListFilters,
    ListPriceInput,
    ListUpdate,
    PricesInput,
)
from kehu_sales.products.errors import UnknownProduct
from kehu_sales.products.naming import products_named
from kehu_sales.products.queries import load_products

NUMBER_PREFIX = "PRICE"


async def create_price_list(session: Session, data: ListCreate, *, today: date) -> PriceList:
    """Enter a price list as a draft; its number is of the year it is entered in.

    Raises `AudienceUnclear`, `PeriodReversed`, or what `require_staff` and `require_customer`
    raise.
    """
    await require_staff(session, [data.owner_id], data.department_id)
    found = PriceList(**data.model_dump(), state=ListState.DRAFT, line_count=0)
    found.owner_id = data.owner_id or session.context.employee_id
    found.department_id = data.department_id or await department_of(session, found.owner_id)
    found.require_sound()
    if found.customer_id is not None:
        await require_customer(session, found.customer_id)
    found.number = await numbering.next_number(session, NUMBER_PREFIX, year=today.year)
    audit.created(session, found)
    outbox.add(session, events.created(found), sequence=found.version)
    return found


async def change_price_list(
    session: Session, price_list_id: UUID, data: ListUpdate, *, expected_version: int
) -> PriceList:
    """Change a draft.

    Raises `PriceListIsFixed`, `AudienceUnclear`, `PeriodReversed`, or what `require_newly_named`
    and `require_customer` raise.
    """
    found = await require(
        session, PriceList, price_list_id, lock=True, expected_version=expected_version
    )
    found.require_draft()
    before = found.customer_id
    await require_newly_named(session, found, data.given(), "owner_id")
    for name, value in data.given().items():
        setattr(found, name, value)
    found.require_sound()
    if found.customer_id is not None and found.customer_id != before:
        await require_customer(session, found.customer_id)
    fields = audit.changed(session, found, "changed")
    if fields:
        outbox.add(session, events.changed(found, fields), sequence=found.version)
    return found


async def set_prices(
    session: Session, price_list_id: UUID, data: PricesInput, *, expected_version: int | None
) -> PriceList:
    """Set prices of a draft, or take them off it; those that are not named stay.

    Raises `PriceListIsFixed`, `LineRepeats`, `UnknownProduct`.
    """
    found = await require(
        session, PriceList, price_list_id, lock=True, expected_version=expected_version
    )
    found.require_draft()
    async with products_named(session):
        wanted = _by_break(data.lines)
    products = await load_products(session, {product_id for product_id, _ in wanted})
    for product_id, _ in wanted:
        if product_id not in products:
            raise UnknownProduct(id=product_id)
    listed = await queries.lines_of_products(session, found.id, list(products))
    there = {(line.product_id, line.from_quantity): line for line in listed}
    before = {key: there[key].price for key in wanted if key in there}
    after = {key: price for key, price in wanted.items() if price is not None}
    for key, price in after.items():
        if key in there:
            there[key].price = price
        else:
            session.add(_line(found.id, *key, price))
    await _take_off(session, [there[key] for key in before.keys() - after.keys()])
    found.line_count += len(after) - len(before)
    fields = audit.changed(session, found, "priced", prices=(_told(before), _told(after)))
    if fields:
        outbox.add(session, events.changed(found, fields), sequence=found.version)
    return found


async def submit_price_list(
    session: Session, price_list_id: UUID, *, expected_version: int | None
) -> PriceList:
    """Submit a draft for approval; without a chain it is approved at once.

    Raises `PriceListIsFixed`, `NoPriceLines`.
    """
    found = await require(
        session, PriceList, price_list_id, lock=True, expected_version=expected_version
    )
    found.require_submittable()
    document = Document.of(DocumentKind.PRICE_LIST, found)
    _follow(session, found, await start(session, document, Facts()))
    return found


async def approval_decided(session: Session, approval: Approval) -> None:
    """Follow what was decided about the list."""
    found = await require(session, PriceList, approval.document_id, lock=True)
    _follow(session, found, approval)


def _follow(session: Session, found: PriceList, approval: Approval) -> None:
    found.follow(approval.state)
    fields = audit.changed(session, found, f"approval-{approval.state}")
    if not fields:
        return  # another level is asked
    told = events.approved if found.state == ListState.APPROVED else events.changed
    outbox.add(session, told(found, fields), sequence=found.version)


async def list_price_lists(
    session: Session, filters: ListFilters
) -> tuple[list[PriceList], str | None, int | None]:
    """Return one page of the lists that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=PriceList.id,
    )


async def list_lines(
    session: Session, price_list_id: UUID, filters: LineFilters
) -> tuple[str, list[PriceLine], str | None, int | None]:
    """Return the currency and one page of the lines of a list, the next cursor, and the count."""
    found = await require(session, PriceList, price_list_id)
    page = await paginate(
        session,
        queries.lines(session.context.tenant_id, price_list_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.LINE_SORT_COLUMNS,
        tie_breaker=PriceLine.id,
    )
    return found.currency, *page


def _by_break(lines: list[ListPriceInput]) -> dict[tuple[UUID, Decimal], Decimal | None]:
    wanted: dict[tuple[UUID, Decimal], Decimal | None] = {}
    for line in lines:
        key = (line.product_id, line.from_quantity)
        if key in wanted:
            raise LineRepeats(product=line.product_id, from_quantity=line.from_quantity)
        wanted[key] = line.price
    return wanted


def _line(price_list_id: UUID, product_id: UUID, quantity: Decimal, price: Decimal) -> PriceLine:
    return PriceLine(
        id=ids.new_id(),
        price_list_id=price_list_id,
        product_id=product_id,
        from_quantity=quantity,
        price=price,
    )


async def _take_off(session: Session, lines: list[PriceLine]) -> None:
    if lines:
        await session.execute(
            delete(PriceLine).where(
                PriceLine.tenant_id == session.context.tenant_id,
                among(PriceLine.id, [line.id for line in lines]),
            )
        )


def _told(prices: dict[tuple[UUID, Decimal], Decimal]) -> dict[str, str]:
    """Return prices as the audit log shows them, in an order of their own."""
    told = {
        f"{one}>={quantity.normalize():f}": f"{price}" for (one, quantity), price in prices.items()
    }
    return dict(sorted(told.items()))
