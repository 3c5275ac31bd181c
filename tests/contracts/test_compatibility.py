"""What counts as breaking a published schema."""

from typing import Any

import pytest

from kehu_contracts.compatibility import breaking_changes

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
MONEY: Schema = {
    "type": "object",
    "properties": {"amount": TEXT, "currency": TEXT},
    "required": ["amount", "currency"],
}


def _object(properties: Schema, *required: str, **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), **more}


def _field(schema: Schema) -> Schema:
    return _object({"field": schema}, "field")


class TestAllowed:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param(_field(TEXT), _field(TEXT), id="nothing"),
            pytest.param(
                _field(TEXT),
                _object({"field": {**TEXT, "description": "d", "title": "t", "x-y": 1}}, "field"),
                id="documentation",
            ),
            pytest.param(
                _field(TEXT),
                _object({"field": TEXT, "more": {"anyOf": [TEXT, {"type": "null"}]}}, "field"),
                id="new optional property",
            ),
            pytest.param(
                _object({"a": TEXT, "b": TEXT}, "a", "b"),
                _object({"b": TEXT, "a": TEXT}, "b", "a"),
                id="other order",
            ),
            pytest.param(
                _field({"anyOf": [TEXT, {"type": "null"}]}),
                _field({"anyOf": [{"type": "null"}, TEXT]}),
                id="other order of alternatives",
            ),
            pytest.param(_field(MONEY), _field(MONEY), id="nested"),
            pytest.param(
                _field(MONEY),
                _object(
                    {"field": {"$ref": "#/$defs/Money"}}, "field", **{"$defs": {"Money": MONEY}}
                ),
                id="moved into a definition",
            ),
            pytest.param(
                _field({"enum": ["a", "b"], "type": "string"}),
                _field({"enum": ["b", "a"], "type": "string"}),
                id="other order of values",
            ),
            pytest.param(
                _field({"const": "a", "type": "string"}),
                _field({"enum": ["a"], "type": "string"}),
                id="constant written as a list of one",
            ),
            pytest.param(
                _field({"allOf": [{"type": "string"}], "description": "d"}),
                _field(TEXT),
                id="wrapped",
            ),
        ],
    )
    def test_change(self, old: Schema, new: Schema) -> None:
        assert breaking_changes(old, new) == []


class TestBreaking:
    @pytest.mark.parametrize(
        ("old", "new", "changes"),
        [
            pytest.param(
                _object({"a": TEXT, "b": TEXT}, "a"),
                _object({"a": TEXT}, "a"),
                ["b: removed"],
                id="removed",
            ),
            pytest.param(
                _object({"a": TEXT}, "a"),
                _object({"b": TEXT}, "b"),
                ["a: removed", "b: newly required"],
                id="renamed",
            ),
            pytest.param(
                _object({"a": TEXT}),
                _object({"a": TEXT}, "a"),
                ["a: newly required"],
                id="newly required",
            ),
            pytest.param(
                _field(TEXT),
                _object({"field": TEXT}),
                ["field: no longer required"],
                id="no longer required",
            ),
            pytest.param(
                _field(TEXT),
                _field({"type": "integer"}),
                ["field: may no longer be string", "field: may now be integer"],
                id="retyped",
            ),
            pytest.param(
                _field({"type": "string", "format": "date"}),
                _field({"type": "string", "format": "date-time"}),
                [
                    "field: may no longer be string (date)",
                    "field: may now be string (date-time)",
                ],
                id="other format",
            ),
            pytest.param(
                _field(TEXT),
                _field({"anyOf": [TEXT, {"type": "null"}]}),
                ["field: may now be null"],
                id="now nullable",
            ),
            pytest.param(
                _field({"anyOf": [TEXT, {"type": "null"}]}),
                _field(TEXT),
                ["field: may no longer be null"],
                id="no longer nullable",
            ),
            pytest.param(
                _field({"enum": ["a", "b"], "type": "string"}),
                _field({"const": "a", "type": "string"}),
                ['field: may no longer be "b"'],
                id="fewer values",
            ),
            pytest.param(
                _field({"enum": ["a"], "type": "string"}),
                _field({"enum": ["a", "b"], "type": "string"}),
                ['field: may now be "b"'],
                id="more values",
            ),
            pytest.param(
                _field({"enum": ["a"], "type": "string"}),
                _field(TEXT),
                ["field: may now be any value"],
                id="values set free",
            ),
            pytest.param(
                _field(TEXT),
                _field({"enum": ["a", "b"], "type": "string"}),
                ['field: is now limited to "a", "b"'],
                id="values limited",
            ),
            pytest.param(
                _field({"type": "integer", "minimum": 0}),
                _field({"type": "integer", "minimum": 1, "maximum": 9}),
                ["field: minimum was 0, is 1", "field: maximum was null, is 9"],
                id="other limits",
            ),
            pytest.param(
                _field(MONEY),
                _field(_object({"amount": TEXT}, "amount")),
                ["field.currency: removed"],
                id="nested",
            ),
            pytest.param(
                _field({"type": "array", "items": MONEY}),
                _field({"type": "array", "items": _object({"amount": TEXT, "currency": TEXT})}),
                ["field[].amount: no longer required", "field[].currency: no longer required"],
                id="in a list",
            ),
            pytest.param(
                _field({"type": "array", "items": TEXT}),
                _field({"type": "array"}),
                ["field[]: may no longer be string", "field[]: may now be anything"],
                id="list set free",
            ),
            pytest.param(
                _field({"type": "array", "prefixItems": [TEXT, TEXT]}),
                _field({"type": "array", "prefixItems": [{"type": "integer"}]}),
                [
                    "field: had 2 fixed places, has 1",
                    "field[0]: may no longer be string",
                    "field[0]: may now be integer",
                ],
                id="fixed places",
            ),
            pytest.param(
                _field({"type": "object", "additionalProperties": TEXT}),
                _field({"type": "object", "additionalProperties": {"type": "integer"}}),
                ["field.*: may no longer be string", "field.*: may now be integer"],
                id="values of a map",
            ),
            pytest.param(
                {"type": "object", "properties": {}},
                {"type": "object", "properties": {}, "additionalProperties": False},
                ["the event: other properties were true, are false"],
                id="closed",
            ),
        ],
    )
    def test_change(self, old: Schema, new: Schema, changes: list[str]) -> None:
        assert breaking_changes(old, new) == changes

    def test_inside_a_definition(self) -> None:
        def schema(money: Schema) -> Schema:
            line = _object({"price": {"$ref": "#/$defs/Money"}}, "price")
            lines = {"type": "array", "items": {"$ref": "#/$defs/Line"}}
            return _object({"lines": lines}, "lines", **{"$defs": {"Money": money, "Line": line}})

        new = schema(
            _object({"amount": {"type": "number"}, "currency": TEXT}, "amount", "currency")
        )
        assert breaking_changes(schema(MONEY), new) == [
            "lines[].price.amount: may no longer be string",
            "lines[].price.amount: may now be number",
        ]

    def test_inside_an_optional_part(self) -> None:
        old = _field({"anyOf": [MONEY, {"type": "null"}]})
        new = _field({"anyOf": [_object({"amount": TEXT}, "amount"), {"type": "null"}]})
        assert breaking_changes(old, new) == ["field.currency: removed"]

    def test_in_a_schema_that_contains_itself(self) -> None:
        def schema(name: Schema) -> Schema:
            above = {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}
            node = _object({"name": name, "above": above}, "name", "above")
            return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}

        assert breaking_changes(schema(TEXT), schema(TEXT)) == []
        assert breaking_changes(schema(TEXT), schema({"type": "integer"})) == [
            "name: may no longer be string",
            "name: may now be integer",
        ]
