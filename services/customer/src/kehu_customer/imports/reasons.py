"""Why a row was not entered: every reason, in both languages, with the column it is about."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from kehu_customer.custom_fields.errors import WORDS, CustomFieldsInvalid, Problem
from kehu_customer.imports.columns import BUYING_ROLES, CUSTOM, KINDS, ROLES
from kehu_kernel.errors import DomainError
from kehu_kernel.field_problems import sentence

Reason = dict[str, Any]
Headers = Mapping[str, str]
"""The header of the column of each meaning."""
WRITTEN = {
    str(value): word
    for words in (KINDS, ROLES, BUYING_ROLES)
    for word, value in reversed(words.items())
}
"""How the values of kinds and roles are written in Chinese: the first word of each."""


def of_failure(error: DomainError, column: str | None = None, **more: object) -> Reason:
    """Return what a business failure means for the row."""
    told = {"en": error.message("en"), "zh": error.message("zh")}
    return {"column": column, "code": error.code, **told, **more}


def of_shape(error: ValidationError, headers: Headers) -> list[Reason]:
    """Return what is wrong with the shape of cells, as the API would say it of fields."""
    return [
        {
            "column": headers.get(str(one["loc"][0])) if one["loc"] else None,
            "code": one["type"],
            "en": sentence(one["type"], one.get("ctx", {}), "en"),
            "zh": sentence(one["type"], _in_chinese(one.get("ctx", {})), "zh"),
        }
        for one in error.errors(include_url=False, include_input=False)
    ]


def _in_chinese(context: Mapping[str, Any]) -> dict[str, Any]:
    """Let the values that are allowed be told as they may be written in the file."""
    told = str(context.get("expected", ""))
    words = re.sub(r"'([^']*)'", lambda one: f"'{WRITTEN.get(one[1], one[1])}'", told)
    return {**context, "expected": words}


def of_custom(error: CustomFieldsInvalid, headers: Headers) -> list[Reason]:
    """Return what is wrong with custom fields, each by itself."""
    found = []
    for one in error.extra["fields"]:
        english, chinese = WORDS[Problem(one["problem"])]
        column = headers.get(CUSTOM + one["field"])
        found.append({"column": column, "code": one["problem"], "en": english, "zh": chinese})
    return found
