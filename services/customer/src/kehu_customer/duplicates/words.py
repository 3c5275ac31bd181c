"""Lists of words that matching knows: places, legal forms, free mail providers (`words.json`)."""

import json
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("words.json")


@cache
def words(name: str) -> frozenset[str]:
    """Return a list of the file."""
    lines: list[str] = json.loads(FILE.read_text("utf-8"))[name]
    return frozenset(" ".join(lines).split())
