"""What the world hears of the classes of customers."""

from datetime import datetime
from typing import Any

from kehu_contracts import classification as contract
from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.classifications.models import Classification


def _state(one: Classification, scheme: ClassificationScheme) -> dict[str, Any]:
    return {
        "classification_id": one.id,
        "customer_id": one.customer_id,
        "scheme_id": scheme.id,
        "scheme_code": scheme.code,
        "class_code": one.class_code,
        "manner": one.manner,
        "reason": one.reason,
        "effective_at": one.effective_at,
    }


def classified(one: Classification, scheme: ClassificationScheme) -> contract.CustomerClassified:
    return contract.CustomerClassified(**_state(one, scheme))


def removed(
    one: Classification,
    scheme: ClassificationScheme,
    *,
    ended_at: datetime,
    next_class: str | None,
) -> contract.CustomerClassRemoved:
    return contract.CustomerClassRemoved(
        **_state(one, scheme),
        ended_at=ended_at,
        end_reason=one.end_reason,
        next_class_code=next_class,
    )
