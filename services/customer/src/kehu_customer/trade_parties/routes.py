"""The trade party API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_customer.trade_parties import service
from kehu_customer.trade_parties.errors import (
    OwnTradeParty,
    TradePartyHasEnded,
    TradePartyTaken,
    UnknownParty,
)
from kehu_customer.trade_parties.models import TradeParty
from kehu_customer.trade_parties.schemas import (
    PartsRead,
    TradePartyCreate,
    TradePartyEnding,
    TradePartyFilters,
    TradePartyRead,
    TradePartyUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/trade-parties", "trade parties")
of_customer = router("/v1/customers", "trade parties")
READ = requires("customer:customers:read")
WRITE = requires("customer:customers:write")


@of_customer.get(
    "/{customer_id}/parts", summary="Read who plays which part for a customer", dependencies=[READ]
)
async def read_parts(customer_id: UUID, session: Session) -> PartsRead:
    """Who uses, buys, pays and finally receives: the default party, or else the customer itself."""
    parts = await service.parts_of(session, customer_id)
    return PartsRead(**{role.value: party for role, party in parts.items()})


@routes.post(
    "",
    summary="Create a trade party",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        OwnTradeParty,
        UnknownCustomer,
        UnknownParty,
        CustomerHasEnded,
        TradePartyTaken,
        DateInFuture,
    ),
)
async def create_trade_party(
    data: TradePartyCreate, session: Session, today: Today, response: Response
) -> TradePartyRead:
    """Enter that another customer plays a part when a customer trades."""
    party = await service.create_trade_party(session, data, today=today)
    response.headers["Location"] = f"/v1/trade-parties/{party.id}"
    return _answer(party, response)


@routes.get("", summary="List trade parties", dependencies=[READ])
async def list_trade_parties(
    session: Session, filters: Annotated[TradePartyFilters, Query()]
) -> Page[TradePartyRead]:
    """Trade parties that match all filters, a page at a time."""
    parties, cursor, count = await service.list_trade_parties(session, filters)
    return Page(
        items=[TradePartyRead.of(party) for party in parties], next_cursor=cursor, count=count
    )


@routes.get("/{trade_party_id}", summary="Read a trade party", dependencies=[READ])
async def read_trade_party(
    trade_party_id: UUID, session: Session, response: Response
) -> TradePartyRead:
    """One trade party, with its ETag."""
    return _answer(await require(session, TradeParty, trade_party_id), response)


@routes.patch(
    "/{trade_party_id}",
    summary="Change a trade party",
    dependencies=[WRITE],
    responses=problems(CustomerHasEnded, TradePartyHasEnded),
)
async def change_trade_party(
    trade_party_id: UUID,
    data: TradePartyUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> TradePartyRead:
    """Have the party play its part by default, or leave the part to the customer itself."""
    party = await service.change_trade_party(
        session, trade_party_id, data, expected_version=version
    )
    return _answer(party, response)


@routes.post(
    "/{trade_party_id}/end",
    summary="End a trade party",
    dependencies=[WRITE],
    responses=problems(TradePartyHasEnded, DateInFuture, DateBeforePrevious),
)
async def end_trade_party(
    trade_party_id: UUID,
    data: TradePartyEnding,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> TradePartyRead:
    """The party does not play the part any more; the record stays."""
    party = await service.end_trade_party(
        session, trade_party_id, data, today=today, expected_version=version
    )
    return _answer(party, response)


def _answer(party: TradeParty, response: Response) -> TradePartyRead:
    set_etag(response, party)
    return TradePartyRead.of(party)
