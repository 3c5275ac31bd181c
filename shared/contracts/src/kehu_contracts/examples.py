"""The examples beside the schemas, as consumers would receive them; for tests and documents."""

import json
from pathlib import Path
from typing import Any

from kehu_contracts.envelope import Envelope

FOLDER = Path(__file__).resolve().parents[2] / "examples"


def documents(event_type: str) -> dict[str, dict[str, Any]]:
    """The examples of a type by name, each `{"headers": {...}, "data": {...}}`."""
    return {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted((FOLDER / event_type).glob("*.json"))
    }


def load(event_type: str) -> list[Envelope]:
    """The examples of a type as envelopes, in the order of their names.

    Tests that isolate by tenant put their own with `envelope._replace(tenant_id=...)`.
    """
    return [
        Envelope.from_record(
            [(name, text.encode()) for name, text in document["headers"].items()],
            json.dumps(document["data"], ensure_ascii=False).encode(),
        )
        for document in documents(event_type).values()
    ]
