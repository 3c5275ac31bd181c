"""What the world hears of a trade party."""

from typing import Any

from kehu_contracts import customer as contract
from kehu_customer.trade_parties.models import TradeParty


def _state(party: TradeParty, changed: list[str]) -> dict[str, Any]:
    return {
        "trade_party_id": party.id,
        "customer_id": party.customer_id,
        "party_id": party.party_id,
        "role": party.role,
        "is_default": party.is_default,
        "started_on": party.started_on,
        "ended_on": party.ended_on,
        "changed": changed,
    }


def created(party: TradeParty) -> contract.TradePartyCreated:
    return contract.TradePartyCreated(**_state(party, []))


def changed(party: TradeParty, fields: list[str]) -> contract.TradePartyChanged:
    return contract.TradePartyChanged(**_state(party, fields))


def ended(party: TradeParty, fields: list[str]) -> contract.TradePartyEnded:
    return contract.TradePartyEnded(**_state(party, fields))
