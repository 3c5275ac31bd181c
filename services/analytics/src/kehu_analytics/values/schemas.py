"""Customer values on the wire."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from kehu_analytics.facts.freshness import Fresh
from kehu_analytics.scoring.models import Dimension
from kehu_analytics.values.models import CustomerValue
from kehu_contracts.base import DecimalText
from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams


class CustomerValueRead(BaseModel):
    """A customer with its score and grade."""

    customer_id: UUID = Field(description="The customer.")
    customer_name: str = Field(description="Its name.")
    model_id: UUID = Field(description="The value model.")
    score: DecimalText = Field(description="Weighted points, four decimal places.")
    grade: str = Field(description="The grade the score falls into.")
    calculated_at: datetime = Field(
        description="Time of the newest fact or scoring change the value depends on, UTC."
    )

    @classmethod
    def of(cls, value: CustomerValue, name: str) -> Self:
        """Return the value as the API shows it."""
        return cls(
            customer_id=value.id,
            customer_name=name,
            model_id=value.model_id,
            score=value.score,
            grade=value.grade,
            calculated_at=value.calculated_at,
        )


class Contribution(BaseModel):
    """What one dimension adds to the score."""

    dimension: Dimension = Field(description="The dimension.")
    value: DecimalText = Field(description="The customer's figure, in the dimension's unit.")
    low: DecimalText | None = Field(alias="from", description="Start of the interval it fell into.")
    high: DecimalText | None = Field(alias="to", description="End of that interval, not included.")
    points: DecimalText = Field(description="Points of that interval.")
    weight: DecimalText = Field(description="Weight of the dimension, in percent.")
    contribution: DecimalText = Field(description="Points times weight, not rounded.")


class CustomerValueExplained(CustomerValueRead, Fresh):
    """A customer's value and how it came about: the contributions add up to the score."""

    version: int = Field(description="Number of values published so far; also the ETag.")
    contributions: list[Contribution] = Field(
        description="By dimension; their sum, rounded half-even to four places, is the score."
    )

    @classmethod
    def explain(cls, value: CustomerValue, name: str, version: int, fresh: Fresh) -> Self:
        """Return the value with its derivation."""
        inputs: list[dict[str, Any]] = value.inputs
        return cls(
            **CustomerValueRead.of(value, name).model_dump(),
            **fresh.model_dump(),
            version=version,
            contributions=[Contribution.model_validate(entry) for entry in inputs],
        )


class ValueScope(PageParams):
    """Which customers a list of values shows."""

    grade: str | None = Field(None, description="With this grade.")
    owner_id: UUID | None = Field(None, description="Looked after by this employee.")
    department_id: UUID | None = Field(
        None, description="Looked after in this department or one below it."
    )
    include_former: bool = Field(False, description="Also customers whose relation has ended.")
    sort: Literal["score", "-score"] = Field(
        "-score", description="Order; a leading minus reverses it."
    )


class Recomputed(BaseModel):
    """What a recalculation did."""

    customers: int = Field(description="Customers calculated.")
    published: int = Field(description="Customers whose score or grade differs from before.")


class PyramidLevel(BaseModel):
    """One grade of the pyramid; `GET /v1/values?grade=` lists its customers."""

    grade: str = Field(description="The grade.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    customers: int = Field(description="Number of customers.")
    customer_share: DecimalText | None = Field(description="Percent of all; null if none at all.")
    won_amount: Money = Field(description="What these customers bought.")
    won_share: DecimalText | None = Field(description="Percent of all that was bought.")


class PyramidRead(Fresh):
    """The customer pyramid (金字塔), the highest grade first."""

    model_id: UUID | None = Field(description="The active value model; null: nothing is valued.")
    customers: int = Field(description="Customers on all levels.")
    won_amount: Money = Field(description="What all of them bought.")
    levels: list[PyramidLevel] = Field(description="One per grade, the highest first.")


class PyramidFilters(BaseModel):
    """Which customers the pyramid counts."""

    model_config = PageParams.model_config

    owner_id: UUID | None = Field(None, description="Looked after by this employee.")
    department_id: UUID | None = Field(
        None, description="Looked after in this department or one below it."
    )
    include_former: bool = Field(False, description="Also customers whose relation has ended.")
    currency: str | None = Field(
        None,
        pattern=r"^[A-Z]{3}$",
        description="Whose amounts to show; if omitted, the currency that is scored.",
    )
