"""Custom fields on the wire."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kehu_customer.custom_fields.models import CustomField, FieldType, Target
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, LongText, Patch, Text, Whole, shown

FieldCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Scope = Annotated[str, Field(pattern=r"^[a-z-]+:[a-z-]+:[a-z]+$", max_length=100)]
CustomValues = Annotated[
    dict[FieldCode, JsonValue],
    Field(max_length=1000, json_schema_extra={"additionalProperties": False}),
]
"""Values of custom fields by code, as a caller sends them; null clears."""
DEFAULT = "Value of new customers that are given none."
VISIBLE = "Only who holds this scope sees the field; null: everybody who sees the customer."


class OptionInput(Input):
    """One option of a choice."""

    code: FieldCode = Field(description="Code, unique in the field.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    active: Flag = Field(True, description="False: nobody gets it any more.")


class OptionRead(BaseModel):
    """One option of a choice."""

    code: str = Field(description="Code.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    active: bool = Field(description="Whether it may be chosen.")


Options = Annotated[list[OptionInput], Field(max_length=500)]
Length = Annotated[Whole, Field(ge=1, le=4000)]


class FieldCreate(Input):
    """A new custom field of customers."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "taste",
                    "name_zh": "口味",
                    "name_en": "Taste",
                    "type": "choice",
                    "options": [
                        {"code": "mild", "name_zh": "清淡", "name_en": "Mild"},
                        {"code": "spicy", "name_zh": "辣", "name_en": "Spicy"},
                    ],
                    "indexed": True,
                    "default_value": "mild",
                }
            ]
        }
    )

    code: FieldCode = Field(description="Code, unique; it stays for ever.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    description: LongText | None = Field(None, description="What it is for.")
    type: FieldType = Field(description="What the values are; it stays for ever.")
    options: Options = Field(default_factory=list, description="What can be chosen, in order.")
    reference_to: Target | None = Field(None, description="What a reference leads to.")
    max_length: Length | None = Field(
        None, description="Characters of a text; 200 if omitted, and at most if indexed or unique."
    )
    required: Flag = Field(False, description="New customers must have it; nobody may clear it.")
    is_unique: Flag = Field(
        False, description="No two customers have the same, whatever case, width or spaces."
    )
    indexed: Flag = Field(False, description="The list of customers can be searched by it.")
    default_value: JsonValue = Field(None, description=DEFAULT)
    visible_to: Scope | None = Field(None, description=VISIBLE)


class FieldUpdate(Patch):
    """Changes to a custom field; parts left out stay. `options` replaces all of them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name_en": "Taste", "required": True}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"name_zh", "name_en", "options", "required", "active"}
    )

    name_zh: Text | None = Field(None, description="Name in Chinese.")
    name_en: Text | None = Field(None, description="Name in English.")
    description: LongText | None = Field(None, description="What it is for.")
    options: Options | None = Field(None, description="Every option; none may be left out.")
    max_length: Length | None = Field(None, description="Characters of a text.")
    required: Flag | None = Field(None, description="New customers must have it.")
    default_value: JsonValue = Field(None, description=DEFAULT)
    visible_to: Scope | None = Field(None, description=VISIBLE)
    active: Flag | None = Field(None, description="False: nobody gets a value any more.")


class FieldRead(BaseModel):
    """A custom field as it stands."""

    id: UUID = Field(description="The field's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="Code.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    description: str | None = Field(description="What it is for.")
    type: FieldType = Field(description="What the values are.")
    options: list[OptionRead] = Field(description="What can be chosen, in order.")
    reference_to: Target | None = Field(description="What a reference leads to.")
    max_length: int | None = Field(description="Characters of a text.")
    required: bool = Field(description="Whether new customers must have it.")
    is_unique: bool = Field(description="Whether no two customers have the same.")
    indexed: bool = Field(description="Whether the list of customers can be searched by it.")
    default_value: JsonValue = Field(description=DEFAULT)
    visible_to: str | None = Field(description=VISIBLE)
    active: bool = Field(description="Whether customers may get a value.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, field: CustomField) -> Self:
        """Return the field as the API shows it."""
        return shown(cls, field)


class FieldFilters(PageParams):
    """Filters of the list of custom fields; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    type: FieldType | None = Field(None, description="With values of this type.")
    indexed: bool | None = Field(None, description="Indexed, or not.")
    active: bool | None = Field(None, description="In use, or retired.")
    sort: Literal["code", "-code"] = Field(
        "code", description="Order; a leading minus reverses it."
    )


def stored(options: list[OptionInput]) -> list[dict[str, Any]]:
    """Return options as the database keeps them."""
    return [option.model_dump() for option in options]
