"""Targets on the wire."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText
from kehu_contracts.money import Money
from kehu_kernel.amounts import PriceInput, Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, LongText, Patch, shown
from kehu_sales.periods import PeriodText
from kehu_sales.targets.models import Target

ID = "019364c2-7d5e-7000-8000-00000000000"
PERIOD = "A year, quarter or month: `2026`, `2026-Q4`, `2026-11`."
AmountInput = Annotated[
    DecimalText, Field(ge=0, max_digits=18, decimal_places=2), Written(digits(16, 2))
]


class TargetCreate(Input):
    """A new target, for an employee or for a department."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "period": "2026-Q4",
                    "employee_id": f"{ID}3",
                    "amount": {"amount": "500000.00", "currency": "CNY"},
                }
            ]
        }
    )

    period: PeriodText = Field(description=PERIOD)
    employee_id: UUID | None = Field(None, description="The employee it is for.")
    department_id: UUID | None = Field(
        None, description="The department it is for, with those below it."
    )
    amount: PriceInput = Field(description="What is to be won.")
    note: LongText | None = Field(None, description="Why so much, or so little.")


class TargetUpdate(Patch):
    """Changes to a target; fields left out stay. Period, subject and currency never change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "550000.00"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"amount"})

    amount: AmountInput | None = Field(None, description="What is to be won, in its currency.")
    note: LongText | None = Field(None, description="Why so much, or so little.")


class TargetRead(BaseModel):
    """A target."""

    id: UUID = Field(description="The target's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    period: str = Field(description=PERIOD)
    starts_on: date = Field(description="First day.")
    ends_on: date = Field(description="Last day.")
    employee_id: UUID | None = Field(description="The employee it is for.")
    department_id: UUID | None = Field(description="The department it is for.")
    amount: Money = Field(description="What is to be won.")
    note: str | None = Field(description="Why so much, or so little.")
    active: bool = Field(description="False: it was withdrawn.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, target: Target) -> Self:
        """Return the target as the API shows it."""
        return shown(cls, target, amount=target.sum)


class Attainment(BaseModel):
    """A target, and what was won of it so far."""

    target: TargetRead = Field(description="The target.")
    won: Money = Field(
        description="Agreed amounts of the opportunities won in the period, in its currency."
    )
    won_without_largest: Money = Field(
        description="The same without the largest order: what does not hang on one lucky strike."
    )
    orders: int = Field(description="How many opportunities that are.")
    percent: DecimalText | None = Field(
        description="Won, in percent of the target; null for a target of nothing."
    )
    percent_without_largest: DecimalText | None = Field(description="The same without the largest.")
    assigned_below: Money | None = Field(
        description="Of a department: sum of the targets of its own people and of the departments "
        "right below it, for the same period. Null of an employee."
    )
    assigned_quarters: Money | None = Field(
        description="Sum of the same one's targets of the quarters within; null if there are none."
    )
    assigned_months: Money | None = Field(
        description="Sum of the same one's targets of the months within; null if there are none."
    )


class TargetFilters(PageParams):
    """Filters of the target list; all must match."""

    period: PeriodText | None = Field(None, description=f"Of this period. {PERIOD}")
    employee_id: UUID | None = Field(None, description="Of this employee.")
    department_id: UUID | None = Field(None, description="Of this department.")
    active: bool | None = Field(None, description="Pursued, or withdrawn.")
    sort: Literal["starts_on", "-starts_on"] = Field(
        "-starts_on", description="Order; a leading minus reverses it."
    )
