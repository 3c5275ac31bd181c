"""What the world hears of a custom field."""

from typing import Any

from kehu_contracts import classification as contract
from kehu_customer.custom_fields.models import CustomField


def _state(field: CustomField, changed: list[str]) -> dict[str, Any]:
    return {
        "field_id": field.id,
        "code": field.code,
        "name_zh": field.name_zh,
        "name_en": field.name_en,
        "value_type": field.type,
        "options": [contract.OptionOfField(**option) for option in field.options],
        "reference_to": field.reference_to,
        "required": field.required,
        "is_unique": field.is_unique,
        "indexed": field.indexed,
        "visible_to": field.visible_to,
        "active": field.active,
        "changed": changed,
    }


def created(field: CustomField) -> contract.CustomFieldCreated:
    return contract.CustomFieldCreated(**_state(field, []))


def changed(field: CustomField, fields: list[str]) -> contract.CustomFieldChanged:
    return contract.CustomFieldChanged(**_state(field, fields))
