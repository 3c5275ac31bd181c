"""Definitions of facts on the wire."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText
from kehu_customer.custom_fields.schemas import FieldCode, Length, OptionRead, Options
from kehu_customer.profiles.models import DataGroup, FactDefinition, FactType
from kehu_customer.profiles.schemas import Weight
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, Patch, Text, Whole, shown

Months = Annotated[Whole, Field(ge=1, le=1200)]
SENSITIVE = "Whether the value is shown to holders of `customer:archives:sensitive` only."
VALIDITY = "Months after which a fact has to be verified again; null: never."
WEIGHT = "Share in the completeness of its section."


class DefinitionCreate(Input):
    """A new fact that a section of a profile asks for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "profile_id": "019364c2-7d5e-7000-8000-000000000001",
                    "section_code": "lifestyle",
                    "code": "pets",
                    "name_zh": "宠物",
                    "name_en": "Pets",
                    "type": "text",
                    "validity_months": 24,
                }
            ]
        }
    )

    profile_id: UUID = Field(description="The profile.")
    section_code: FieldCode = Field(description="The section of the profile.")
    code: FieldCode = Field(description="Code, unique in the profile; it stays for ever.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    source: Text | None = Field(None, description="Where it comes from, e.g. a line of a text.")
    type: FactType = Field(description="What the values are; it stays for ever.")
    options: Options = Field(default_factory=list, description="What can be chosen, in order.")
    max_length: Length | None = Field(
        None, description="Characters of a text; 200 if omitted. Of texts only."
    )
    data_group: DataGroup = Field(
        DataGroup.DESCRIPTIVE, description="Descriptive, promotion or transaction data."
    )
    sensitive: Flag = Field(False, description=SENSITIVE)
    validity_months: Months | None = Field(None, description=VALIDITY)
    weight: Weight = Field("1", validate_default=True, description=WEIGHT)


class DefinitionUpdate(Patch):
    """Changes to a definition; fields left out stay. `options` replaces all of them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"validity_months": 12, "weight": "2.5"}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {
            "section_code",
            "name_zh",
            "name_en",
            "options",
            "data_group",
            "sensitive",
            "weight",
            "active",
        }
    )

    section_code: FieldCode | None = Field(None, description="The section of the profile.")
    name_zh: Text | None = Field(None, description="Name in Chinese.")
    name_en: Text | None = Field(None, description="Name in English.")
    source: Text | None = Field(None, description="Where it comes from.")
    options: Options | None = Field(None, description="Every option; none may be left out.")
    data_group: DataGroup | None = Field(None, description="The group of data.")
    sensitive: Flag | None = Field(None, description=SENSITIVE)
    validity_months: Months | None = Field(None, description=VALIDITY)
    weight: Weight | None = Field(None, description=WEIGHT)
    active: Flag | None = Field(None, description="False: it is not asked for any more.")


class DefinitionRead(BaseModel):
    """A definition as it stands."""

    id: UUID = Field(description="The definition's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    profile_id: UUID = Field(description="The profile that asks for it.")
    section_code: str = Field(description="The section of the profile.")
    code: str = Field(description="Code.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    source: str | None = Field(description="Where it comes from.")
    type: FactType = Field(description="What the values are.")
    options: list[OptionRead] = Field(description="What can be chosen, in order.")
    max_length: int | None = Field(description="Characters of a text.")
    data_group: DataGroup = Field(description="The group of data.")
    sensitive: bool = Field(description=SENSITIVE)
    validity_months: int | None = Field(description=VALIDITY)
    weight: DecimalText = Field(description=WEIGHT)
    active: bool = Field(description="Whether it is asked for.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, definition: FactDefinition) -> Self:
        """Return the definition as the API shows it."""
        return shown(cls, definition)


class DefinitionFilters(PageParams):
    """Filters of the list of definitions; all must match."""

    profile_id: UUID | None = Field(None, description="Of this profile.")
    section_code: str | None = Field(None, description="Of a section with this code.")
    code: str | None = Field(None, description="With exactly this code.")
    type: FactType | None = Field(None, description="With values of this type.")
    data_group: DataGroup | None = Field(None, description="Of this group of data.")
    sensitive: bool | None = Field(None, description="Sensitive, or not.")
    active: bool | None = Field(None, description="In use, or retired.")
    sort: Literal["code", "-code"] = Field(
        "code", description="Order; a leading minus reverses it."
    )
