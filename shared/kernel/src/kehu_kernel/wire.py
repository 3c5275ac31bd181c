"""Models on the wire: what every request body has in common, the types of fields, answers.

Left to itself, Pydantic takes `0` for a day (1 January 1970), `"yes"` for true and `"7"` for a
number. What the documents do not promise is refused instead.
"""

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    Strict,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

# Told only: stripping sees to it. It strips U+0085 (next line), which is no space to ECMA 262.
NOT_BLANK = Field(json_schema_extra={"pattern": r"[^\s\u0085]"})
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), NOT_BLANK
]
LongText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), NOT_BLANK
]
Flag = Annotated[bool, Strict()]
"""True or false in a body; a query has the plain `bool`, because there all is text."""
Whole = Annotated[int, Strict()]
"""A whole number in a body."""


def _written_out(value: object) -> object:
    if isinstance(value, date) or (
        isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)
    ):
        return value
    raise PydanticCustomError("date_parsing", "Input should be a day, written YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_written_out)]
"""A business day, written `YYYY-MM-DD`."""


Shown = TypeVar("Shown", bound=BaseModel)


def shown(model: type[Shown], row: object, **besides: object) -> Shown:
    """Return a row as the API shows it: the row's values by name, and those given besides."""
    return model.model_validate(vars(row) | besides)


class Input(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Patch(Input):
    """A partial change: fields left out stay as they are, null clears.

    Fields named in `never_null` may be left out, but not cleared.
    """

    never_null: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _refuse_clearing(self) -> Self:
        cleared = [name for name in self.never_null if name in self.model_fields_set]
        cleared = sorted(name for name in cleared if getattr(self, name) is None)
        if cleared:
            problem = PydanticCustomError("null_forbidden", "This cannot be null")
            raise ValidationError.from_exception_data(
                type(self).__name__,
                [{"type": problem, "loc": (name,), "input": None} for name in cleared],
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Document that the fields in `never_null` are not nullable."""
        document = handler(core_schema)
        model = handler.resolve_ref_schema(document)
        for name in cls.never_null:
            field: dict[str, Any] = model["properties"][name]
            choices = [one for one in field.pop("anyOf", []) if one != {"type": "null"}]
            field |= choices[0] if len(choices) == 1 else {"anyOf": choices}
        return document

    def given(self) -> dict[str, object]:
        """Return the fields that were sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}
