"""A filter by an enumeration says its words in the document, so an unknown word answers 422.

A filter that takes any text is named here, with why: whoever adds one decides.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DOCUMENTS = sorted(Path("docs/api").glob("*.openapi.json"))

FREE = {
    "what people typed, or names and numbers of ours and of others": {
        "q", "name", "number", "external_ref", "actor", "request_id", "subject", "value", "custom",
        "custom_from", "custom_to", "custom_sort", "industry", "series", "category", "product_code",
        "serial_number", "credit_code", "source_key",
    },
    "codes of lists that the tenant keeps": {
        "code", "class_code", "section_code", "stage_code", "to_stage", "audience_code", "type",
        "grade", "value_grade",
    },
    "a page's place": {"cursor"},
    "numbers, months and currencies, which have patterns of their own": {
        "amount", "quantity", "currency", "completeness_from", "completeness_to", "month",
        "month_from", "month_to", "period",
    },
    "words of other services' events, which may grow": {"channel", "source_kind"},
    "kinds of objects, as every service names its own": {"entity"},
    "a level of the grading scheme in force, which the rule of the list looks up": {"level"},
}  # fmt: skip
ANY = frozenset().union(*FREE.values())


def is_free(schema: dict[str, Any], document: dict[str, Any]) -> bool:
    """Tell whether a parameter takes texts that the document does not list."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return any(is_free(one, document) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return is_free(schema["items"], document)
    return schema.get("type") == "string" and not schema.keys() & {"enum", "const", "format"}


def free_parameters(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the path and name of every query parameter that takes any text."""
    for path, item in document["paths"].items():
        for operation in item.values():
            for one in operation.get("parameters", ()):
                if one["in"] == "query" and is_free(one["schema"], document):
                    yield path, one["name"]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda one: one.name.partition(".")[0])
def test_every_filter_by_words_lists_them(file: Path) -> None:
    document = json.loads(file.read_text())
    unknown = [one for one in free_parameters(document) if one[1] not in ANY]
    assert unknown == [], "an enumeration says its words; any other text is named in FREE"


def test_nothing_is_named_that_no_service_has() -> None:
    found = {
        name for file in DOCUMENTS for _, name in free_parameters(json.loads(file.read_text()))
    }
    assert found == ANY
