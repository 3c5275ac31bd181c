"""Writes plain data as block-style YAML, so that contracts need no YAML library."""

import json
import re
from collections.abc import Iterator
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][\w./-]*( [\w./-]+)*", re.ASCII)
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def dump(value: Any) -> str:
    """The YAML text of dictionaries, lists, strings, whole numbers, booleans and `None`."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _entry(f"{_scalar(key)}:", inner)
    elif isinstance(value, list) and value:
        for inner in value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _scalar(value)


def _entry(label: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield label
        yield from (f"  {line}" for line in _lines(value))
    else:
        yield f"{label} {_scalar(value)}"


def _scalar(value: Any) -> str:
    """JSON is YAML: whatever is not plainly a word is written as JSON."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in text)
