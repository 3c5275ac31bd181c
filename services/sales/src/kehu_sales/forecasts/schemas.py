"""Forecasts on the wire."""

from datetime import date, datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, Patch, Whole, shown
from kehu_sales.forecasts.models import Category, ForecastCall, ForecastRules
from kehu_sales.periods import MonthText

ID = "019364c2-7d5e-7000-8000-00000000000"
FROM = "Success rate in percent from which on an opportunity nobody has called counts as "


class ForecastCallCreate(Input):
    """A word on an opportunity in progress."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"opportunity_id": f"{ID}5", "category": "commit", "reason": "合同已在会签"}
            ]
        }
    )

    opportunity_id: UUID = Field(description="The opportunity.")
    category: Category | None = Field(
        description="How sure it is to come; null, said so, takes the word back: the stage decides."
    )
    reason: LongText | None = Field(None, description="Why.")


class ForecastCallRead(BaseModel):
    """A word on an opportunity."""

    id: UUID = Field(description="Its id.")
    version: int = Field(description="Counts the changes.")
    opportunity_id: UUID = Field(description="The opportunity.")
    category: OrLater[Category] | None = Field(
        description="How sure it is to come; null: taken back."
    )
    reason: str | None = Field(description="Why.")
    updated_at: datetime = Field(description="When it was said.")

    @classmethod
    def of(cls, call: ForecastCall) -> Self:
        """Return the call as the API shows it."""
        return shown(cls, call)


class ForecastCallFilters(PageParams):
    """Filters of the list of calls; all must match."""

    opportunity_id: UUID | None = Field(None, description="On this opportunity.")
    category: Category | None = Field(None, description="Of this category.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class ForecastRulesUpdate(Patch):
    """Changes to the rules; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"commit_from": 80}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"commit_from", "likely_from", "best_from"})

    commit_from: Whole | None = Field(None, ge=0, le=100, description=f"{FROM}commit.")
    likely_from: Whole | None = Field(None, ge=0, le=100, description=f"{FROM}likely.")
    best_from: Whole | None = Field(None, ge=0, le=100, description=f"{FROM}best.")


class ForecastRulesRead(BaseModel):
    """The rules as they stand."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    commit_from: int = Field(description=f"{FROM}commit.")
    likely_from: int = Field(description=f"{FROM}likely.")
    best_from: int = Field(description=f"{FROM}best.")

    @classmethod
    def of(cls, rules: ForecastRules) -> Self:
        """Return the rules as the API shows them."""
        return shown(cls, rules)


class Figures(BaseModel):
    """What a month will bring, in one currency. What is won is in every sum."""

    won: Money = Field(description="Agreed amounts of what was won in the month.")
    weighted: Money = Field(
        description="Won, and expected revenue times success rate of what is in progress."
    )
    commit: Money = Field(description="Won, and what is called or counts as commit.")
    likely: Money = Field(description="The same with likely.")
    best: Money = Field(description="The same with best: nothing better may be hoped for.")


class ForecastRead(Figures):
    """The forecast of a month in one currency."""

    month: str = Field(description="The month, such as `2026-11`.")
    open_count: int = Field(description="Opportunities in progress expected to close in it.")


class LeftOut(BaseModel):
    """Opportunities in progress that no month to come counts, in one currency."""

    opportunities: int = Field(description="How many.")
    expected: Money = Field(description="Their expected revenue, not weighted.")


class ForecastAnswer(BaseModel):
    """The forecast of some months, of what the caller may see."""

    as_of: date = Field(description="As it stood at the beginning of this day, or today, now.")
    months: list[ForecastRead] = Field(description="A line per month and currency, in order.")
    undated: list[LeftOut] | None = Field(
        description="In progress without an expected day of closing: in no month. "
        "A line per currency; null with `as_of`: snapshots do not keep it."
    )
    past_due: list[LeftOut] | None = Field(
        description="In progress though the expected day of closing is past: in a month that is "
        "over, or in the present one. A line per currency; null with `as_of`."
    )


class ForecastQuery(Input):
    """Which forecast."""

    month_from: MonthText = Field(description="First month, such as `2026-10`.")
    month_to: MonthText = Field(description="Last month; two years at most.")
    owner_id: UUID | None = Field(None, description="Of this employee only.")
    department_id: UUID | None = Field(
        None, description="Of this department and those below it only."
    )
    as_of: Day | None = Field(
        None, description="As it stood when this day began, from the snapshots; now if omitted."
    )


class AccuracyQuery(Input):
    """Whose forecasts of which month to compare with what came."""

    month: MonthText = Field(description="The month, such as `2026-10`.")
    currency: str = Field("CNY", min_length=3, max_length=3, description="In this currency.")
    owner_id: UUID | None = Field(None, description="Of this employee only.")
    department_id: UUID | None = Field(
        None, description="Of this department and those below it only."
    )


class Accuracy(Figures):
    """What was forecast on a day, beside what came."""

    day: date = Field(description="The day at whose beginning it was forecast.")
    days_before_end: int = Field(description="Days left until the month's end.")
    weighted_error: DecimalText | None = Field(
        description="Weighted minus what came, in percent of what came; null if nothing came."
    )
    commit_error: DecimalText | None = Field(description="The same of commit.")
    likely_error: DecimalText | None = Field(description="The same of likely.")
    best_error: DecimalText | None = Field(description="The same of best.")


class AccuracyAnswer(BaseModel):
    """How good the forecasts of a month were, by their age."""

    month: str = Field(description="The month.")
    final: bool = Field(description="Whether the month is over; else what came is what came so far")
    came: Money = Field(description="Agreed amounts of what was won in the month.")
    snapshots: list[Accuracy] = Field(description="A line per day, oldest first; 366 at most.")
