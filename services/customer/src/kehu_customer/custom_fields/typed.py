"""What a typed value is, and which one a definition accepts: for custom fields and for facts."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import StringConstraints, TypeAdapter, ValidationError
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.classification_schemes.rules import Number
from kehu_customer.custom_fields.errors import (
    FieldMakesNoSense,
    InvalidValue,
    OptionsStay,
    Problem,
)
from kehu_customer.labels import Labelled
from kehu_kernel.amounts import MoneyInput
from kehu_kernel.wire import Day, Flag


class ValueType(StrEnum):
    """What values can be."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    REFERENCE = "reference"
    MONEY = "money"
    FLAG = "flag"


CHOICES = frozenset({ValueType.CHOICE, ValueType.MULTI_CHOICE})
_TEXT: TypeAdapter[str] = TypeAdapter(
    Annotated[str, StringConstraints(strict=True, strip_whitespace=True)]
)
_NUMBER: TypeAdapter[Decimal] = TypeAdapter(Number)
_DAY: TypeAdapter[date] = TypeAdapter(Day)
_UUID: TypeAdapter[UUID] = TypeAdapter(UUID)
_FLAG: TypeAdapter[bool] = TypeAdapter(Flag)


class Typed:
    """A definition of values, as a part of a table: type, options of a choice, length of a text."""

    code: Mapped[str]
    name_zh: Mapped[str]
    type: Mapped[str]
    options: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    max_length: Mapped[int | None]

    @property
    def label(self) -> Labelled:
        """Its code, and in Chinese its name."""
        return Labelled(self.code, self.name_zh)

    def require_sensible_type(self) -> None:
        """Raise `FieldMakesNoSense` if options or length do not belong to the type."""
        codes = [option["code"] for option in self.options]
        for wrong, why_en, why_zh in (
            (
                bool(codes) != (self.type in CHOICES),
                "options belong to a choice, and a choice needs some",
                "选项仅用于选择类字段，且选择类字段必须有选项",
            ),
            (len(codes) != len(set(codes)), "an option is given twice", "选项编码重复"),
            (
                (self.max_length is not None) != (self.type == ValueType.TEXT),
                "a text has a greatest length, and nothing else has",
                "文本字段须有最大长度，其他字段不得有",
            ),
        ):
            if wrong:
                raise FieldMakesNoSense(why_en=why_en, why_zh=why_zh)

    def replace_options(self, options: list[dict[str, Any]]) -> None:
        """Take these options. Raises `OptionsStay` if one is missing that was there before."""
        codes = {option["code"] for option in options}
        missing = [option for option in self.options if option["code"] not in codes]
        if missing:
            raise OptionsStay(
                options=[Labelled(one["code"], one["name_zh"]) for one in missing],
                extra={"options": [one["code"] for one in missing]},
            )
        self.options = options

    def accept(self, value: object) -> Any:
        """Return the value as it is stored; the only place that says what a definition takes.

        Raises `InvalidValue`. Whether a reference leads anywhere, the database has to be asked.
        """
        try:
            return _ACCEPT[ValueType(self.type)](self, value)
        except ValidationError as error:
            raise InvalidValue(Problem.WRONG_TYPE) from error

    def accept_once_used(self, value: object) -> Any:
        """Return the value as it is stored if it is one or may once have been one: to search it.

        Raises `InvalidValue`.
        """
        if isinstance(value, str) and self.type in {ValueType.CHOICE, ValueType.MULTI_CHOICE}:
            if value in {option["code"] for option in self.options}:
                return value
            raise InvalidValue(Problem.NOT_AN_OPTION)
        return self.accept(value)

    def require_options(self, codes: list[str]) -> None:
        """Raise `InvalidValue` unless all are options in use."""
        in_use = {option["code"] for option in self.options if option["active"]}
        if not in_use.issuperset(codes):
            raise InvalidValue(Problem.NOT_AN_OPTION)


def _text(definition: Typed, value: object) -> str:
    stripped = _TEXT.validate_python(value)  # refuses half characters, too
    if 0 < len(stripped) <= (definition.max_length or 0) and "\x00" not in stripped:
        return stripped
    raise InvalidValue(Problem.WRONG_TYPE)


def _choice(definition: Typed, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue(Problem.WRONG_TYPE)
    definition.require_options([value])
    return value


def _choices(definition: Typed, value: object) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise InvalidValue(Problem.WRONG_TYPE)
    definition.require_options(value)
    return sorted(set(value))


def _plain_number(value: object) -> str:
    number = _NUMBER.validate_python(value) + 0  # the sum turns -0 into 0
    return f"{number.normalize():f}"


_ACCEPT: dict[ValueType, Callable[[Typed, object], Any]] = {
    ValueType.TEXT: _text,
    ValueType.NUMBER: lambda _definition, value: _plain_number(value),
    ValueType.DATE: lambda _definition, value: _DAY.validate_python(value).isoformat(),
    ValueType.CHOICE: _choice,
    ValueType.MULTI_CHOICE: _choices,
    ValueType.REFERENCE: lambda _definition, value: str(_UUID.validate_python(value)),
    ValueType.MONEY: lambda _definition, value: MoneyInput.model_validate(value).model_dump(
        mode="json"
    ),
    ValueType.FLAG: lambda _definition, value: _FLAG.validate_python(value),
}
