"""What can be done with a trade party.

Every command locks the customer that trades first, so that the default of a part changes one after
the other.
"""

from datetime import date
from uuid import UUID

from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.customers.models import Customer
from kehu_customer.trade_parties import events, queries
from kehu_customer.trade_parties.errors import UnknownParty
from kehu_customer.trade_parties.models import TradeParty, TradeRole, played_by
from kehu_customer.trade_parties.schemas import (
    TradePartyCreate,
    TradePartyEnding,
    TradePartyFilters,
    TradePartyUpdate,
)
from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def create_trade_party(
    session: Session, data: TradePartyCreate, *, today: date
) -> TradeParty:
    """Enter that another customer plays a part when a customer trades.

    Raises `OwnTradeParty`, `UnknownCustomer`, `UnknownParty`, `CustomerHasEnded` (of either),
    `DateInFuture`; the database refuses a party that plays the part already.
    """
    started_on = business_day.happened(data.started_on, today)
    party = TradeParty(**data.model_dump(exclude={"started_on"}), started_on=started_on)
    party.require_other()
    await _lock_both(session, party)
    if party.is_default:
        await _take_default(session, party)
    audit.created(session, party)
    outbox.add(session, events.created(party), sequence=party.version)
    return party


async def change_trade_party(
    session: Session, trade_party_id: UUID, data: TradePartyUpdate, *, expected_version: int
) -> TradeParty:
    """Have a party play its part by default, or not. Raises `CustomerHasEnded`,
    `TradePartyHasEnded`.
    """
    found = await require(session, TradeParty, trade_party_id)
    customer = await require(session, Customer, found.customer_id, lock=True)
    party = await require(
        session, TradeParty, trade_party_id, lock=True, expected_version=expected_version
    )
    customer.require_current()
    party.require_open()
    if data.is_default is not None and data.is_default != party.is_default:
        if data.is_default:
            await _take_default(session, party)
        party.is_default = data.is_default
    _record_change(session, party)
    return party


async def end_trade_party(
    session: Session,
    trade_party_id: UUID,
    data: TradePartyEnding,
    *,
    today: date,
    expected_version: int | None,
) -> TradeParty:
    """Record that the party does not play the part any more.

    Raises `TradePartyHasEnded`, `DateInFuture`, `DateBeforePrevious`.
    """
    party = await require(
        session, TradeParty, trade_party_id, lock=True, expected_version=expected_version
    )
    party.end(business_day.happened(data.on, today))
    fields = audit.changed(session, party, "ended")
    outbox.add(session, events.ended(party, fields), sequence=party.version)
    return party


async def parts_of(session: Session, customer_id: UUID) -> dict[TradeRole, UUID]:
    """Return who plays each part when a customer trades. Raises `NotFound`."""
    customer = await require(session, Customer, customer_id)
    return played_by(customer.id, await queries.defaults_of(session, customer.id))


async def list_trade_parties(
    session: Session, filters: TradePartyFilters
) -> tuple[list[TradeParty], str | None, int | None]:
    """Return one page of the parties that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=TradeParty.id,
    )


async def _lock_both(session: Session, party: TradeParty) -> None:
    """Lock the customer and the party, so that neither relation ends meanwhile.

    The smaller id first: two that name each other do not wait for each other.
    """
    errors = {party.customer_id: UnknownCustomer, party.party_id: UnknownParty}
    for one in sorted(errors):
        customer = await session.get(
            Customer, (session.context.tenant_id, one), lock="FOR NO KEY UPDATE"
        )
        if customer is None:
            raise errors[one]
        customer.require_current()


async def _take_default(session: Session, party: TradeParty) -> None:
    """Take the default from the party that plays the part so far, because another one gets it."""
    for former in await queries.defaults_of(session, party.customer_id):
        if former.role == party.role:
            former.is_default = False
            _record_change(session, former)
    # Written before the new one is touched: the database admits one default at any moment.
    await session.flush()


def _record_change(session: Session, party: TradeParty) -> None:
    fields = audit.changed(session, party, "changed")
    if fields:
        outbox.add(session, events.changed(party, fields), sequence=party.version)
