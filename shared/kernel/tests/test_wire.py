"""What a request body may hold, and where a refusal points to."""

from decimal import Decimal
from typing import Annotated, ClassVar

import jsonschema_rs
import pytest
from pydantic import Field, TypeAdapter, ValidationError

from kehu_kernel.amounts import POSITIVE, MoneyInput, PriceInput, Written, digits
from kehu_kernel.wire import Day, Flag, Patch, Text, Whole

Quantity = Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=4),
                     Written(POSITIVE + digits(10, 4))]  # fmt: skip


class Change(Patch):
    """A change of two fields, one of which cannot be cleared."""

    never_null: ClassVar[frozenset[str]] = frozenset({"name"})

    name: Text | None = Field(None)
    note: Text | None = Field(None)


class TestBlankText:
    def test_what_the_document_promises_to_take_is_taken(self) -> None:
        text = TypeAdapter(Text)
        document = jsonschema_rs.validator_for(text.json_schema())
        for point in (*range(0xD800), *range(0xE000, 0x11000)):
            if document.is_valid(chr(point)):
                assert text.validate_python(chr(point)) == chr(point), hex(point)


class TestClearing:
    def test_a_refusal_points_to_the_field(self) -> None:
        with pytest.raises(ValidationError) as refused:
            Change.model_validate({"name": None, "note": None})
        (problem,) = refused.value.errors()
        assert (problem["loc"], problem["type"]) == (("name",), "null_forbidden")

    def test_the_document_says_what_is_never_null(self) -> None:
        fields = Change.model_json_schema()["properties"]
        assert fields["name"]["type"] == "string"
        assert {"type": "null"} in fields["note"]["anyOf"]

    def test_what_was_not_sent_may_be_missing(self) -> None:
        assert Change.model_validate({"note": None}).given() == {"note": None}


class TestLookalikes:
    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (Day, 0), (Day, "0"), (Day, "20260102"), (Day, "2026-01-02T00:00:00"), (Day, 1.0),
            (Flag, "yes"), (Flag, 1), (Whole, "7"), (Whole, True), (Whole, 7.0),
            (Quantity, 3), (Quantity, 0.1), (Quantity, "1e3"), (Quantity, "1_0"), (Quantity, " 1"),
            (Quantity, "٣"), (Quantity, "NaN"), (Quantity, "007"), (Quantity, "0"),
        ],
    )  # fmt: skip
    def test_are_refused(self, kind: object, value: object) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(value)

    @pytest.mark.parametrize(
        ("kind", "value"),
        [(Day, "2026-01-02"), (Flag, True), (Whole, 7), (Quantity, "0.0001")],
    )
    def test_the_real_thing_is_taken(self, kind: object, value: object) -> None:
        TypeAdapter(kind).validate_python(value)


class TestMoney:
    @pytest.mark.parametrize(
        "sent",
        [
            {"amount": 12.5, "currency": "CNY"},
            {"amount": "1.234", "currency": "CNY"},
            {"amount": "1.00", "currency": "CNY", "rate": "2"},
        ],
    )
    def test_in_another_form_is_refused(self, sent: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            MoneyInput.model_validate(sent)

    def test_has_two_places(self) -> None:
        assert str(MoneyInput.model_validate({"amount": "-5", "currency": "CNY"}).amount) == "-5.00"

    def test_a_price_is_not_negative(self) -> None:
        with pytest.raises(ValidationError) as refused:
            PriceInput.model_validate({"amount": "-0.01", "currency": "CNY"})
        assert refused.value.errors()[0]["type"] == "greater_than_equal"
