"""Win rates on the wire."""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from kehu_analytics.facts.freshness import Fresh
from kehu_analytics.facts.models import OpportunityFact
from kehu_contracts.base import DecimalText
from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day

By = Literal["none", "owner", "department"]


class WinRateLine(BaseModel):
    """The decided opportunities of one owner or department, or of all."""

    key: UUID | None = Field(description="The owner or department; null: without one, or all.")
    name: str | None = Field(description="Its name, if known.")
    won: int = Field(description="Number of opportunities won.")
    lost: int = Field(description="Number of opportunities lost.")
    win_rate: DecimalText | None = Field(
        description="Won in percent of won and lost, rounded half-even to two places."
    )
    won_amounts: list[Money] = Field(description="What was agreed, one sum per currency.")
    average_cycle_days: DecimalText | None = Field(
        description="Days from opening to the decision, on average, one decimal place."
    )
    average_days_to_win: DecimalText | None = Field(
        description="The same for the opportunities won."
    )


class WinRateRead(Fresh):
    """Win rates of a period."""

    start: date | None = Field(alias="from", description="First day; null: from the beginning.")
    end: date = Field(alias="to", description="Last day.")
    by: By = Field(description="What the lines are.")
    lines: list[WinRateLine] = Field(description="The biggest number of decisions first.")
    total: WinRateLine = Field(description="All lines together.")


class WinRateFilters(BaseModel):
    """Which decisions count: won or lost on a day of the period; all filters must match."""

    model_config = PageParams.model_config

    start: Day | None = Field(
        None, alias="from", description="First business day; from the beginning if omitted."
    )
    end: Day | None = Field(None, alias="to", description="Last business day; today if omitted.")
    by: By = Field("none", description="Lines per owner, per department, or one for all.")
    method_id: UUID | None = Field(None, description="Of this sales method.")
    owner_id: UUID | None = Field(None, description="Of this employee.")
    department_id: UUID | None = Field(
        None, description="Of this department or one below it, as the tree is today."
    )


class WinRateOpportunityFilters(PageParams, WinRateFilters):
    """The opportunities behind a line: give `by` and, for a line with one, its `key`."""

    outcome: Literal["won", "lost"] | None = Field(None, description="Only won, or only lost.")
    key: UUID | None = Field(
        None, description="Key of the line; omitted with `by`: the line without one."
    )
    sort: Literal["closed_on", "-closed_on"] = Field(
        "-closed_on", description="Order; a leading minus reverses it."
    )


class ClosedOpportunityRead(BaseModel):
    """An opportunity that was won or lost."""

    opportunity_id: UUID = Field(description="The opportunity.")
    number: str = Field(description="Document number.")
    topic: str = Field(description="What it was about.")
    customer_id: UUID | None = Field(description="The customer.")
    customer_name: str | None = Field(description="The customer's name, if known.")
    owner_id: UUID | None = Field(description="The owner.")
    department_id: UUID | None = Field(description="The owner's department.")
    status: Literal["won", "lost"] = Field(description="How it ended.")
    opened_on: date = Field(description="Business day it was opened.")
    closed_on: date = Field(description="Business day of the decision.")
    close_reason: str | None = Field(description="Why.")
    amount: Money = Field(description="What was agreed; for a lost one, what was expected.")

    @classmethod
    def of(cls, fact: OpportunityFact, customer_name: str | None) -> Self:
        """Return the opportunity as the API shows it."""
        amount = fact.amount if fact.won_amount is None else fact.won_amount
        return cls.model_validate(
            {
                "opportunity_id": fact.id,
                "number": fact.number,
                "topic": fact.topic,
                "customer_id": fact.customer_id,
                "customer_name": customer_name,
                "owner_id": fact.owner_id,
                "department_id": fact.department_id,
                "status": fact.status,
                "opened_on": fact.opened_on,
                "closed_on": fact.closed_on,
                "close_reason": fact.close_reason,
                "amount": {"amount": amount, "currency": fact.won_currency or fact.currency},
            }
        )
