"""The JSON Schemas of the events, as frozen in `shared/contracts/schemas`."""

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from kehu_contracts.base import Event
from kehu_contracts.events import EVENTS

FOLDER = Path(__file__).resolve().parents[2] / "schemas"

JsonSchema = dict[str, Any]


class _WithoutFieldTitles(GenerateJsonSchema):
    """A title like `Customer Id` beside the property `customer_id` says nothing new."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_of(event: type[Event]) -> JsonSchema:
    """The schema of one event as its producer writes it."""
    schema = event.model_json_schema(mode="serialization", schema_generator=_WithoutFieldTitles)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


def component_schemas() -> JsonSchema:
    """The schemas of all events and their parts by class name, for one document."""
    _, document = models_json_schema(
        [(event, "serialization") for event in EVENTS.values()],
        schema_generator=_WithoutFieldTitles,
        ref_template="#/components/schemas/{model}",
    )
    schemas: JsonSchema = document["$defs"]
    return schemas


def schema_files() -> dict[Path, str]:
    """Every frozen schema as it should be, by file."""
    return {
        FOLDER / f"{event_type}.json": json.dumps(schema_of(event), indent=2, ensure_ascii=False)
        + "\n"
        for event_type, event in EVENTS.items()
    }
