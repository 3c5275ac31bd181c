"""Tells whether a JSON Schema may take the place of an older one in the same event version.

Both directions count: yesterday's consumers read today's events, and today's consumers read
yesterday's events again on a replay. So nothing may change but documentation, and new optional
properties may join. Anything else is a new event type, published beside the old one.
"""

import json
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

ANYTHING: Schema = {}
CONSTRAINTS = (
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
)


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What `new` breaks for readers or data of `old`, one sentence each; empty when compatible."""
    return list(_Comparison(old, new).compare(old, new, ""))


class _Comparison:
    """Walks two schemas side by side; knows both roots, for `$ref`."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self.old = old
        self.new = new
        self.seen: set[tuple[int, int]] = set()

    def compare(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        """Pairs alternatives of the same kind; what stays single on either side is a change."""
        rest = _alternatives(self.new, new)
        gone: list[Schema] = []
        for alternative in _alternatives(self.old, old):
            twin = next((other for other in rest if _kind(other) == _kind(alternative)), None)
            if twin is None:
                gone.append(alternative)
            else:
                rest.remove(twin)
                yield from self._same_kind(alternative, twin, path)
        for alternative in gone:
            yield f"{_name(path)}: may no longer be {_kind(alternative)}"
        for alternative in rest:
            yield f"{_name(path)}: may now be {_kind(alternative)}"

    def _same_kind(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        if (id(old), id(new)) in self.seen:  # reached again by `$ref`, perhaps from within itself
            return
        self.seen.add((id(old), id(new)))
        yield from _values(old, new, path)
        for constraint in CONSTRAINTS:
            if old.get(constraint) != new.get(constraint):
                was, now = (_text(schema.get(constraint)) for schema in (old, new))
                yield f"{_name(path)}: {constraint} was {was}, is {now}"
        yield from self._properties(old, new, path)
        yield from self._additional(old, new, path)
        yield from self._items(old, new, path)

    def _properties(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            inner = f"{path}.{name}" if path else name
            if name not in after:
                yield f"{inner}: removed"
                continue
            yield from self.compare(before[name], after[name], inner)
            if name in required_before - required_after:
                yield f"{inner}: no longer required"
        for name in sorted(required_after - required_before):
            yield f"{path}.{name}: newly required" if path else f"{name}: newly required"

    def _additional(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = (schema.get("additionalProperties", True) for schema in (old, new))
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self.compare(before, after, f"{path}.*" if path else "*")
        elif before != after:
            yield f"{_name(path)}: other properties were {_text(before)}, are {_text(after)}"

    def _items(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(before) != len(after):
            yield f"{_name(path)}: had {len(before)} fixed places, has {len(after)}"
        for place, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from self.compare(one, other, f"{path}[{place}]")
        if "items" in old or "items" in new:
            one, other = (schema.get("items", ANYTHING) for schema in (old, new))
            yield from self.compare(one, other, f"{path}[]")


def _alternatives(root: Schema, schema: Schema) -> list[Schema]:
    """The schema as a flat list of alternatives, with `$ref` followed."""
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        return _alternatives(root, target)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return [flat for one in schema[word] for flat in _alternatives(root, one)]
    if len(schema.get("allOf", ())) == 1:
        return _alternatives(root, schema["allOf"][0])
    return [schema]


def _kind(schema: Schema) -> str:
    kind = schema.get("type", "anything")
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)


def _values(old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = (
        {
            _text(value)
            for value in schema.get("enum", [schema["const"]] if "const" in schema else ())
        }
        for schema in (old, new)
    )
    if before and not after:
        yield f"{_name(path)}: may now be any value"
    elif after and not before:
        yield f"{_name(path)}: is now limited to {', '.join(sorted(after))}"
    else:
        yield from (f"{_name(path)}: may no longer be {value}" for value in sorted(before - after))
        yield from (f"{_name(path)}: may now be {value}" for value in sorted(after - before))


def _name(path: str) -> str:
    return path or "the event"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
