"""Credit limits on the wire."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.money import Money
from kehu_customer.credit_limits.models import CreditLimit, CreditLimitChange
from kehu_kernel.amounts import PriceInput
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Text, Whole, shown

OVERRIDE = (
    "Put it below what is used already; needs the scope `customer:credit:override` when sent."
)


class CreditLimitCreate(Input):
    """Grant a head company a limit for a year."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "year": 2026,
                    "amount": {"amount": "500000.00", "currency": "CNY"},
                    "reason": "资信良好，年度授信",
                    "agreement": "授信协议 2026-017",
                }
            ]
        }
    )

    customer_id: UUID = Field(description="The head company.")
    year: Whole = Field(
        ge=1990, le=2200, description="The fiscal year, named after the calendar year it starts in."
    )
    amount: PriceInput = Field(description="The limit.")
    reason: Text = Field(description="Why.")
    agreement: Text | None = Field(None, description="The agreement with the customer.")
    override: Flag = Field(False, description=OVERRIDE)


class CreditLimitAdjustment(Input):
    """Raise or lower a limit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"amount": {"amount": "300000.00", "currency": "CNY"}, "reason": "回款放缓"}
            ]
        }
    )

    amount: PriceInput = Field(description="The new limit, in the same currency.")
    reason: Text = Field(description="Why: a change of finance, business or people, for instance.")
    override: Flag = Field(False, description=OVERRIDE)


class CreditLimitRead(BaseModel):
    """A credit limit as it stands."""

    id: UUID = Field(description="The limit's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID = Field(description="The head company.")
    year: int = Field(description="The fiscal year.")
    starts_on: date = Field(description="First day.")
    ends_on: date = Field(description="First day after it.")
    amount: Money = Field(description="The limit.")
    agreement: str | None = Field(description="The agreement with the customer.")
    granted_by: str = Field(description="Who granted it: a token subject.")
    overridden: bool = Field(description="Whether it was put below what was used already.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, limit: CreditLimit) -> Self:
        """Return the limit as the API shows it."""
        return shown(cls, limit, amount=Money(amount=limit.amount, currency=limit.currency))


class CreditLimitChangeRead(BaseModel):
    """A step in the history of a limit."""

    id: UUID = Field(description="The step's id.")
    credit_limit_id: UUID = Field(description="The limit.")
    customer_id: UUID = Field(description="The head company.")
    amount_before: Money | None = Field(description="The limit before; null when it was granted.")
    amount_after: Money = Field(description="The limit from then on.")
    used: Money = Field(description="What the group had used at that moment.")
    overridden: bool = Field(description="Whether it was put below that.")
    reason: str = Field(description="Why.")
    changed_by: str = Field(description="Who did it: a token subject.")
    changed_at: datetime = Field(description="When.")

    @classmethod
    def of(cls, change: CreditLimitChange) -> Self:
        """Return the step as the API shows it."""
        before, currency = change.amount_before, change.currency
        return shown(
            cls,
            change,
            amount_before=None if before is None else Money(amount=before, currency=currency),
            amount_after=Money(amount=change.amount_after, currency=currency),
            used=Money(amount=change.used, currency=currency),
        )


class CreditLimitFilters(PageParams):
    """Filters of the list of credit limits; all must match."""

    customer_id: UUID | None = Field(None, description="Of this head company.")
    year: int | None = Field(None, ge=1990, le=2200, description="Of this fiscal year.")
    on: Day | None = Field(None, description="In force on this day.")
    sort: Literal["starts_on", "-starts_on"] = Field(
        "-starts_on", description="Order; a leading minus reverses it."
    )


class CreditLimitChangeFilters(PageParams):
    """Filters of the history of limits; all must match."""

    customer_id: UUID | None = Field(None, description="Of this head company, over all years.")
    credit_limit_id: UUID | None = Field(None, description="Of this limit.")
    overridden: bool | None = Field(None, description="Put below what was used, or not.")
    sort: Literal["changed_at", "-changed_at"] = Field(
        "changed_at", description="Order; a leading minus reverses it."
    )
