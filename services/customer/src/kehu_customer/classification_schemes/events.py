"""What the world hears of a classification scheme."""

from typing import Any

from kehu_contracts import classification as contract
from kehu_customer.classification_schemes.models import ClassificationScheme


def _state(scheme: ClassificationScheme, changed: list[str]) -> dict[str, Any]:
    return {
        "scheme_id": scheme.id,
        "code": scheme.code,
        "name_zh": scheme.name_zh,
        "name_en": scheme.name_en,
        "active": scheme.active,
        "classes": [
            contract.ClassOfScheme(
                code=one["code"],
                name_zh=one["name_zh"],
                name_en=one["name_en"],
                active=one["active"],
            )
            for one in scheme.classes
        ],
        "changed": changed,
    }


def created(scheme: ClassificationScheme) -> contract.ClassificationSchemeCreated:
    return contract.ClassificationSchemeCreated(**_state(scheme, []))


def changed(
    scheme: ClassificationScheme, fields: list[str]
) -> contract.ClassificationSchemeChanged:
    return contract.ClassificationSchemeChanged(**_state(scheme, fields))
