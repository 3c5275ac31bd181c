"""What the world hears of a credit account."""

from typing import Any

from kehu_contracts import credit as contract
from kehu_contracts.money import Money
from kehu_customer.credit.models import CreditAccount


def _state(account: CreditAccount, changed: list[str]) -> dict[str, Any]:
    currency = account.currency
    return {
        "credit_account_id": account.id,
        "customer_id": account.customer_id,
        "currency": currency,
        "exposure": currency and Money(amount=account.exposure, currency=currency),
        "contracted": currency and Money(amount=account.contracted, currency=currency),
        "blocked": account.block_reason is not None,
        "block_reason": account.block_reason,
        "changed": changed,
    }


def opened(account: CreditAccount) -> contract.CreditAccountOpened:
    return contract.CreditAccountOpened(**_state(account, []))


def exposure_changed(account: CreditAccount, fields: list[str]) -> contract.CreditExposureChanged:
    return contract.CreditExposureChanged(**_state(account, fields))


def blocked(account: CreditAccount, fields: list[str]) -> contract.CreditBlocked:
    return contract.CreditBlocked(**_state(account, fields))


def unblocked(account: CreditAccount, fields: list[str]) -> contract.CreditUnblocked:
    return contract.CreditUnblocked(**_state(account, fields))
