"""What the world hears of a confirmation template."""

from typing import Any

from kehu_contracts import sales as contract
from kehu_sales.confirmations.models import ConfirmationTemplate


def _state(template: ConfirmationTemplate, changed: list[str]) -> dict[str, Any]:
    return {
        "template_id": template.id,
        "code": template.code,
        "name": template.name,
        "required_fields": template.required_fields,
        "question_codes": [question["code"] for question in template.questions],
        "active": template.active,
        "changed": changed,
    }


def created(template: ConfirmationTemplate) -> contract.ConfirmationTemplateCreated:
    return contract.ConfirmationTemplateCreated(**_state(template, []))


def changed(
    template: ConfirmationTemplate, fields: list[str]
) -> contract.ConfirmationTemplateChanged:
    return contract.ConfirmationTemplateChanged(**_state(template, fields))
