"""Scoring options, grades and models on the wire."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonValue

from kehu_analytics.scoring.models import (
    MONEY,
    Dimension,
    GradeScheme,
    ModelState,
    ScoringOption,
    ValueModel,
)
from kehu_contracts.base import DecimalText
from kehu_kernel.amounts import POSITIVE, Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, Patch, Text

Bound = Annotated[
    DecimalText, Field(max_digits=18, decimal_places=4), Written(f"-?{digits(14, 4)}")
]
Points = Annotated[
    DecimalText,
    Field(ge=-1000, le=1000, decimal_places=2),
    Written(rf"-?(1000(\.0{{1,2}})?|{digits(3, 2)})"),
]
Weight = Annotated[
    DecimalText,
    Field(gt=0, le=100, decimal_places=2),
    Written(rf"{POSITIVE}(100(\.0{{1,2}})?|{digits(2, 2)})"),
]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
GradeCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-]{1,20}$")]

DIMENSIONS: dict[Dimension, tuple[str, str, str]] = {
    Dimension.WON_AMOUNT: ("赢单金额", "Won amount", "Sum of the amounts really agreed."),
    Dimension.WON_COUNT: ("赢单数", "Won opportunities", "Number of opportunities won."),
    Dimension.LOST_COUNT: ("输单数", "Lost opportunities", "Number of opportunities lost."),
    Dimension.WIN_RATE: (
        "赢单率",
        "Win rate",
        "Won in percent of won and lost, two decimal places; 0 when nothing was decided.",
    ),
    Dimension.AVERAGE_DEAL: (
        "平均成交额",
        "Average deal",
        "Won amount per opportunity won, two decimal places; 0 when none was won.",
    ),
    Dimension.OPEN_AMOUNT: (
        "在谈金额",
        "Open amount",
        "Sum of the expected revenue of opportunities that are not closed.",
    ),
    Dimension.SERVICE_REQUEST_COUNT: (
        "服务请求数",
        "Service requests",
        "Number of service requests, open and closed.",
    ),
}
"""Each dimension with its names and what it counts."""

INTERVALS_EXAMPLE: JsonValue = [
    {"from": None, "to": "10000", "points": "20"},
    {"from": "10000", "to": "100000", "points": "60"},
    {"from": "100000", "to": None, "points": "100"},
]
GRADES_EXAMPLE: JsonValue = [
    {"code": "C", "name_zh": "一般客户", "name_en": "General", "from": None, "to": "40"},
    {"code": "B", "name_zh": "潜力客户", "name_en": "Potential", "from": "40", "to": "70"},
    {"code": "A", "name_zh": "关键客户", "name_en": "Key", "from": "70", "to": None},
]
MODEL_EXAMPLE: JsonValue = {
    "name": "ABC",
    "weights": {"won_amount": "60", "win_rate": "30", "service_request_count": "10"},
}


class DimensionRead(BaseModel):
    """Something a customer can be scored by."""

    dimension: Dimension = Field(description="Its code.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    unit: Literal["money", "percent", "count"] = Field(description="What its values are.")
    description: str = Field(description="How it is counted.")

    @classmethod
    def of(cls, dimension: Dimension) -> Self:
        """Return the dimension as the API shows it."""
        name_zh, name_en, description = DIMENSIONS[dimension]
        unit: Literal["money", "percent", "count"] = "count"
        if dimension in MONEY:
            unit = "money"
        elif dimension is Dimension.WIN_RATE:
            unit = "percent"
        return cls(
            dimension=dimension,
            name_zh=name_zh,
            name_en=name_en,
            unit=unit,
            description=description,
        )


class Interval(Input):
    """Values from `from` up to, not including, `to`, and the points they earn."""

    low: Bound | None = Field(alias="from", description="Lower end, included; null: open.")
    high: Bound | None = Field(alias="to", description="Upper end, not included; null: open.")
    points: Points = Field(description="Points for a value in this interval.")


class ScoringOptionPut(Input):
    """The intervals of one dimension, in rising order, covering every number once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"currency": "CNY", "intervals": INTERVALS_EXAMPLE}]}
    )

    currency: CurrencyCode | None = Field(
        None,
        description="For a dimension of money: whose amounts count; the installation's own "
        "currency if omitted. There is no exchange rate.",
    )
    intervals: list[Interval] = Field(min_length=1, max_length=50, description="Rising intervals.")


class ScoringOptionRead(BaseModel):
    """The scoring options of one dimension."""

    id: UUID = Field(description="Their id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    dimension: Dimension = Field(description="The dimension.")
    currency: str | None = Field(description="Whose amounts count; none unless it is money.")
    intervals: list[Interval] = Field(description="Rising intervals with their points.")

    @classmethod
    def of(cls, option: ScoringOption) -> Self:
        """Return the options as the API shows them."""
        return cls.model_validate(option, from_attributes=True)


class Grade(Input):
    """One grade: the scores from `from` up to, not including, `to`."""

    code: GradeCode = Field(description="Short code, such as A.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    low: Bound | None = Field(alias="from", description="Lower end, included; null: open.")
    high: Bound | None = Field(alias="to", description="Upper end, not included; null: open.")


class GradeSchemePut(Input):
    """All value grades, from the lowest to the highest, covering every score once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"grades": GRADES_EXAMPLE}]})

    grades: list[Grade] = Field(min_length=1, max_length=20, description="Rising grades.")


class GradeSchemeRead(BaseModel):
    """The tenant's value grades."""

    id: UUID = Field(description="The scheme's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    grades: list[Grade] = Field(description="Rising grades.")

    @classmethod
    def of(cls, scheme: GradeScheme) -> Self:
        """Return the grades as the API shows them."""
        return cls.model_validate(scheme, from_attributes=True)


class ValueModelCreate(Input):
    """A new value model, as a draft."""

    model_config = ConfigDict(json_schema_extra={"examples": [MODEL_EXAMPLE]})

    name: Text = Field(description="Name, unique.")
    weights: dict[Dimension, Weight] = Field(
        min_length=1, description="Percent by dimension; together 100."
    )


class ValueModelUpdate(Patch):
    """Changes to a draft; fields left out stay."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"weights": {"won_amount": "70", "win_rate": "30"}}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset({"name", "weights"})

    name: Text | None = Field(None, description="Name, unique.")
    weights: dict[Dimension, Weight] | None = Field(
        None, min_length=1, description="Percent by dimension; together 100."
    )


class ValueModelRead(BaseModel):
    """A value model."""

    id: UUID = Field(description="The model's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    name: str = Field(description="Name.")
    weights: dict[Dimension, DecimalText] = Field(description="Percent by dimension.")
    state: ModelState = Field(description="Draft, active or retired.")
    activated_at: datetime | None = Field(description="When it came into force last.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it changed last.")

    @classmethod
    def of(cls, model: ValueModel) -> Self:
        """Return the model as the API shows it."""
        return cls.model_validate(model, from_attributes=True)


class ValueModelFilters(PageParams):
    """Filters of the list of value models."""

    state: list[ModelState] = Field(default_factory=list, description="One of these states.")
    sort: Literal["created_at", "-created_at", "name", "-name"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class ScoringOptionFilters(PageParams):
    """The list of scoring options has no filters."""

    sort: Literal["dimension", "-dimension"] = Field(
        "dimension", description="Order; a leading minus reverses it."
    )


class DefaultsSetUp(Input):
    """Which currency the money dimensions of the default scheme count."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"currency": "CNY"}]})

    currency: CurrencyCode | None = Field(
        None, description="The installation's own currency if omitted."
    )


class ScoringRead(BaseModel):
    """Everything customers are scored by."""

    options: list[ScoringOptionRead] = Field(description="Scoring options, by dimension.")
    grades: GradeSchemeRead = Field(description="The value grades.")
    model: ValueModelRead = Field(description="The active value model.")


def stored(steps: list[Interval] | list[Grade]) -> list[dict[str, Any]]:
    """Return intervals or grades as they are stored: numbers as text, as people wrote them."""
    return [step.model_dump(mode="json", by_alias=True) for step in steps]


def stored_weights(weights: dict[Dimension, Decimal]) -> dict[str, str]:
    """Return weights as they are stored, always in the same order."""
    return {dimension.value: format(weights[dimension], "f") for dimension in sorted(weights)}
