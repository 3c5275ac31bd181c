"""What the world hears of a credit reservation."""

from typing import Any

from kehu_contracts import credit as contract
from kehu_contracts.money import Money
from kehu_customer.credit_reservations.models import CreditReservation


def _state(one: CreditReservation, changed: list[str]) -> dict[str, Any]:
    return {
        "credit_reservation_id": one.id,
        "customer_id": one.customer_id,
        "credit_account_id": one.credit_account_id,
        "source_kind": one.source_kind,
        "source_key": one.source_key,
        "amount": Money(amount=one.amount, currency=one.currency),
        "released": Money(amount=one.released, currency=one.currency),
        "state": one.state,
        "cancel_reason": one.cancel_reason,
        "changed": changed,
    }


def created(one: CreditReservation) -> contract.CreditReservationCreated:
    return contract.CreditReservationCreated(**_state(one, []))


def released(one: CreditReservation, fields: list[str]) -> contract.CreditReservationReleased:
    return contract.CreditReservationReleased(**_state(one, fields))


def cancelled(one: CreditReservation, fields: list[str]) -> contract.CreditReservationCancelled:
    return contract.CreditReservationCancelled(**_state(one, fields))
