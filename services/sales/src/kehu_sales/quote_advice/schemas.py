"""Advice on quoting, on the wire."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_sales.quote_advice.rules import Position, Trait


class AdviceQuestion(BaseModel):
    """Whom a price is to be told."""

    model_config = ConfigDict(extra="forbid")

    trait: list[Trait] = Field(
        default_factory=list, max_length=20, description="What the customer is like."
    )
    customer_id: UUID | None = Field(
        None, description="The customer: one with the value grade of a key account is one."
    )


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
