"""Advice on quoting, on the wire."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_kernel.wire import Input, shown
from kehu_sales.lists import Once
from kehu_sales.quote_advice.models import QuotationTraits
from kehu_sales.quote_advice.rules import Position, Trait


class AdviceQuestion(BaseModel):
    """Whom a price is to be told."""

    model_config = ConfigDict(extra="forbid")

    trait: list[Trait] = Field(
        default_factory=list,
        max_length=20,
        description="What the customer is like; what was kept of it if omitted.",
    )
    customer_id: UUID | None = Field(
        None, description="The customer: one with the value grade of a key account is one."
    )


class TraitsInput(Input):
    """What a customer is like where prices are told."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"traits": ["knows_product", "direct"]}]}
    )

    traits: Annotated[list[Trait], Field(max_length=20), Once] = Field(
        description="Every trait; replaces those kept before."
    )


class TraitsRead(BaseModel):
    """What was kept of a customer."""

    customer_id: UUID = Field(description="The customer, or the one it was merged into.")
    version: int = Field(description="Counts the changes, from 0 for nothing kept; also the ETag.")
    traits: list[OrLater[Trait]] = Field(description="What the customer is like.")

    @classmethod
    def of(cls, kept: QuotationTraits) -> Self:
        """Return what was kept as the API shows it."""
        return shown(cls, kept, customer_id=kept.id)


class QuoteAdviceRuleRead(BaseModel):
    """What a trait says about the price."""

    model_config = ConfigDict(from_attributes=True)

    trait: Trait = Field(description="The trait.")
    position: Position = Field(description="Where to begin with the price.")
    zh: str = Field(description="The advice in Chinese.")
    en: str = Field(description="The advice in English.")
    source: str = Field(description="The place in the texts.")


class HintRead(BaseModel):
    """How to go about it."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="Which hint it is.")
    zh: str = Field(description="The hint in Chinese.")
    en: str = Field(description="The hint in English.")
    source: str = Field(description="The place in the texts.")


class QuoteAdviceRead(BaseModel):
    """How to tell this customer a price."""

    traits: list[Trait] = Field(description="The traits that were looked at.")
    rules: list[QuoteAdviceRuleRead] = Field(description="What they say about the price.")
    steps: list[HintRead] = Field(description="What comes before the price, in order.")
    techniques: list[HintRead] = Field(description="Answers to the objection that it is dear.")
