"""What the world hears of a receipt."""

from collections.abc import Iterable
from typing import Any

from kehu_contracts import contracting
from kehu_sales.receipts.models import Allocation, Receipt


def _state(receipt: Receipt, changed: list[str]) -> dict[str, Any]:
    return {
        "receipt_id": receipt.id,
        "number": receipt.number,
        "state": receipt.state,
        "customer_id": receipt.customer_id,
        "owner_id": receipt.owner_id,
        "received_on": receipt.received_on,
        "amount": receipt.money(receipt.amount),
        "allocated": receipt.money(receipt.allocated),
        "refunded": receipt.money(receipt.refunded),
        "closed_on": receipt.closed_on,
        "close_reason": receipt.close_reason,
        "changed": changed,
    }


def _moved(receipt: Receipt, moved: Iterable[Allocation]) -> list[contracting.MoneyOfInstalment]:
    return [
        contracting.MoneyOfInstalment(
            contract_id=one.contract_id, position=one.position, amount=receipt.money(one.amount)
        )
        for one in moved
    ]


def recorded(receipt: Receipt, moved: Iterable[Allocation]) -> contracting.ReceiptRecorded:
    return contracting.ReceiptRecorded(**_state(receipt, []), instalments=_moved(receipt, moved))


def allocated(
    receipt: Receipt, fields: list[str], moved: Iterable[Allocation]
) -> contracting.ReceiptAllocated:
    return contracting.ReceiptAllocated(
        **_state(receipt, fields), instalments=_moved(receipt, moved)
    )


def released(
    receipt: Receipt, fields: list[str], moved: Iterable[Allocation]
) -> contracting.ReceiptReleased:
    return contracting.ReceiptReleased(
        **_state(receipt, fields), instalments=_moved(receipt, moved)
    )


def reversed_(
    receipt: Receipt, fields: list[str], moved: Iterable[Allocation]
) -> contracting.ReceiptReversed:
    return contracting.ReceiptReversed(
        **_state(receipt, fields), instalments=_moved(receipt, moved)
    )


def refunded(receipt: Receipt, fields: list[str]) -> contracting.ReceiptRefunded:
    return contracting.ReceiptRefunded(**_state(receipt, fields))


def changed(receipt: Receipt, fields: list[str]) -> contracting.ReceiptChanged:
    return contracting.ReceiptChanged(**_state(receipt, fields))
