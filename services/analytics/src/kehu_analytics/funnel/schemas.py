"""The funnel on the wire."""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from kehu_analytics.facts.freshness import Fresh
from kehu_analytics.facts.models import OpportunityPast
from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day


class FunnelStage(BaseModel):
    """The opportunities in one stage of one method."""

    method_id: UUID = Field(description="The sales method.")
    stage_code: str = Field(description="Code of the stage in the method.")
    stage_name: str = Field(description="Its name, as it was last called up to that day.")
    stage_position: int = Field(description="Its place in the method, from 1.")
    count: int = Field(description="Number of opportunities.")
    amount: Money = Field(description="Sum of their expected revenues.")
    weighted_amount: Money = Field(
        description="Expected revenue times success rate, summed, then rounded half-even once."
    )


class FunnelLine(BaseModel):
    """A number of opportunities with their expected revenues."""

    count: int = Field(description="Number of opportunities.")
    amount: Money = Field(description="Sum of their expected revenues.")


class FunnelTotal(FunnelLine):
    """All stages together."""

    weighted_amount: Money = Field(description="Weighted over all stages, rounded once.")


class FunnelBlock(BaseModel):
    """The funnel of one currency."""

    currency: str = Field(description="Amounts of this currency only.")
    stages: list[FunnelStage] = Field(description="By method and position.")
    not_in_stage: FunnelLine = Field(
        description="Open opportunities that have no stage yet: not, or being, evaluated."
    )
    total: FunnelTotal = Field(description="All stages; without those that are in none.")


class FunnelRead(Fresh):
    """The sales funnel at the end of a day."""

    as_of: date = Field(description="The business day.")
    currencies: list[FunnelBlock] = Field(description="One funnel per currency.")


class FunnelFilters(BaseModel):
    """Which opportunities the funnel counts; all must match, as of that day."""

    model_config = PageParams.model_config

    as_of: Day | None = Field(None, description="Business day; today if omitted.")
    method_id: UUID | None = Field(None, description="Of this sales method.")
    owner_id: UUID | None = Field(None, description="Of this employee.")
    department_id: UUID | None = Field(
        None, description="Of this department or one below it, as the tree is today."
    )


class FunnelOpportunityFilters(PageParams, FunnelFilters):
    """The opportunities behind a figure of the funnel."""

    currency: str | None = Field(None, description="With amounts of this currency.")
    stage_code: str | None = Field(None, description="In this stage.")
    in_stage: bool | None = Field(
        None, description="True: in any stage. False: in none. Omitted: both."
    )
    sort: Literal["amount", "-amount"] = Field(
        "-amount", description="Order; a leading minus reverses it."
    )


class FunnelOpportunityRead(BaseModel):
    """An opportunity as it was on that day."""

    opportunity_id: UUID = Field(description="The opportunity.")
    number: str = Field(description="Document number.")
    topic: str = Field(description="What it is about.")
    customer_id: UUID | None = Field(description="The customer.")
    customer_name: str | None = Field(description="The customer's name, if known.")
    owner_id: UUID | None = Field(description="The owner.")
    owner_name: str | None = Field(description="The owner's name, if known.")
    department_id: UUID | None = Field(description="The owner's department.")
    status: str = Field(description="Its status on that day.")
    method_id: UUID = Field(description="The sales method.")
    stage_code: str | None = Field(description="Its stage on that day.")
    stage_name: str | None = Field(description="Name of that stage.")
    success_rate: int | None = Field(description="Success rate on that day, in percent.")
    amount: Money = Field(description="Expected revenue on that day.")
    since: date = Field(description="Business day from which it was like this.")

    @classmethod
    def of(
        cls,
        past: OpportunityPast,
        label: tuple[str, str],
        customer_name: str | None,
        owner_name: str | None,
    ) -> Self:
        """Return the opportunity as the API shows it; `label` is number and topic."""
        return cls(
            opportunity_id=past.opportunity_id,
            number=label[0],
            topic=label[1],
            customer_id=past.customer_id,
            customer_name=customer_name,
            owner_id=past.owner_id,
            owner_name=owner_name,
            department_id=past.department_id,
            status=past.status,
            method_id=past.method_id,
            stage_code=past.stage_code,
            stage_name=past.stage_name,
            success_rate=past.success_rate,
            amount=Money(amount=past.amount, currency=past.currency),
            since=past.effective_on,
        )
