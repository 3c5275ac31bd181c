"""Input models: what every request body has in common."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


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
        for name in self.model_fields_set & self.never_null:
            if getattr(self, name) is None:
                raise PydanticCustomError(
                    "null_forbidden", "{field} cannot be null", {"field": name}
                )
        return self

    def given(self) -> dict[str, object]:
        """Return the fields that were sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}
