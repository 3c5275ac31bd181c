"""Classification schemes on the wire."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonValue

from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.classification_schemes.rules import ClassificationRule, Code, Number
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, LongText, Patch, Text, shown

NumberName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Numbers = Annotated[
    dict[NumberName, Number],
    Field(max_length=50, json_schema_extra={"additionalProperties": False}),
]
NUMBERS = "Numbers by name, with the unit in the name, e.g. `customer_share_percent`."
EXAMPLE: dict[str, JsonValue] = {
    "code": "value-by-profit",
    "name_zh": "按利润分级",
    "name_en": "Value by profit",
    "source": "6.1",
    "classes": [
        {
            "code": "key",
            "name_zh": "关键客户",
            "name_en": "Key",
            "numbers": {"customer_share_percent": "5", "profit_share_percent": "80"},
        },
        {"code": "general", "name_zh": "一般客户", "name_en": "General"},
    ],
    "rules": [
        {
            "class_code": "key",
            "conditions": [{"test": "one_of", "fact": "value_grade", "values": ["A"]}],
        },
        {
            "class_code": "general",
            "conditions": [
                {"test": "between", "fact": "value_score", "at_least": None, "below": "40"}
            ],
        },
    ],
}


class ClassInput(Input):
    """One class of a scheme."""

    code: Code = Field(description="Code, unique in the scheme.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    description_zh: LongText | None = Field(None, description="Criterion, treatment, in Chinese.")
    description_en: LongText | None = Field(None, description="Criterion, treatment, in English.")
    numbers: Numbers = Field(default_factory=dict, description=NUMBERS)
    active: Flag = Field(True, description="False: nobody enters the class any more.")


Classes = Annotated[list[ClassInput], Field(min_length=1, max_length=100)]
Rules = Annotated[list[ClassificationRule], Field(max_length=100)]


class SchemeCreate(Input):
    """A new classification scheme."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    code: Code = Field(description="Your own code of the scheme, unique.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    description_zh: LongText | None = Field(None, description="What it is for, in Chinese.")
    description_en: LongText | None = Field(None, description="What it is for, in English.")
    source: Text | None = Field(None, description="Where it comes from, e.g. a line of a text.")
    numbers: Numbers = Field(default_factory=dict, description=NUMBERS)
    classes: Classes = Field(description="Every class, in order; they exclude each other.")
    rules: Rules = Field(
        default_factory=list,
        description="The first that applies decides; without rules, only people classify.",
    )


class SchemeUpdate(Patch):
    """Changes to a scheme; fields left out stay. `classes` and `rules` replace all of them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name_en": "Value", "rules": EXAMPLE["rules"]}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"code", "name_zh", "name_en", "numbers", "classes", "rules", "active"}
    )

    code: Code | None = Field(None, description="Your own code of the scheme.")
    name_zh: Text | None = Field(None, description="Name in Chinese.")
    name_en: Text | None = Field(None, description="Name in English.")
    description_zh: LongText | None = Field(None, description="What it is for, in Chinese.")
    description_en: LongText | None = Field(None, description="What it is for, in English.")
    source: Text | None = Field(None, description="Where it comes from.")
    numbers: Numbers | None = Field(None, description=NUMBERS)
    classes: Classes | None = Field(None, description="Every class; none may be left out.")
    rules: Rules | None = Field(None, description="Every rule, in the order they are tried.")
    active: Flag | None = Field(None, description="False: nobody is classified by it any more.")


class ClassRead(BaseModel):
    """One class of a scheme."""

    code: str = Field(description="Code.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    description_zh: str | None = Field(description="Criterion, treatment, in Chinese.")
    description_en: str | None = Field(description="Criterion, treatment, in English.")
    numbers: dict[str, str] = Field(description=NUMBERS)
    active: bool = Field(description="Whether customers may enter the class.")


class SchemeRead(BaseModel):
    """A classification scheme as it stands."""

    id: UUID = Field(description="The scheme's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="The tenant's own code of the scheme.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    description_zh: str | None = Field(description="What it is for, in Chinese.")
    description_en: str | None = Field(description="What it is for, in English.")
    source: str | None = Field(description="Where it comes from.")
    numbers: dict[str, str] = Field(description=NUMBERS)
    classes: list[ClassRead] = Field(description="Every class, in order.")
    rules: list[ClassificationRule] = Field(description="Every rule, in the order they are tried.")
    active: bool = Field(description="Whether customers are classified by it.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, scheme: ClassificationScheme) -> Self:
        """Return the scheme as the API shows it."""
        return shown(cls, scheme)


class SchemeDefaults(BaseModel):
    """What became of the schemes of the texts."""

    installed: list[str] = Field(description="Codes of the schemes that are new.")
    kept: list[str] = Field(description="Codes that were there; those schemes stay as they are.")


class SchemeFilters(PageParams):
    """Filters of the scheme list; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    active: bool | None = Field(None, description="In use, or retired.")
    sort: Literal["code", "-code"] = Field(
        "code", description="Order; a leading minus reverses it."
    )


def stored(parts: list[ClassInput] | list[ClassificationRule]) -> list[dict[str, Any]]:
    """Return classes or rules as the database keeps them."""
    return [part.model_dump(mode="json") for part in parts]


def stored_numbers(numbers: Numbers) -> dict[str, str]:
    """Return numbers as the database keeps them."""
    return {name: f"{number:f}" for name, number in sorted(numbers.items())}
