"""Reasons of winning and losing on the wire."""

from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, Text, shown
from kehu_sales.close_reasons.models import CloseReason, Outcome


class CloseReasonCreate(Input):
    """A new reason."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"outcome": "lost", "code": "price", "name": "价格过高"}]}
    )

    outcome: Outcome = Field(description="What it is a reason of.")
    code: Text = Field(description="Code, unique for the outcome.")
    name: Text = Field(description="Name.")
    name_en: Text | None = Field(None, description="Name in English.")


class CloseReasonUpdate(Patch):
    """Changes to a reason; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"name", "active"})

    name: Text | None = Field(None, description="Name.")
    name_en: Text | None = Field(None, description="Name in English.")
    active: Flag | None = Field(None, description="False takes it out of use.")


class CloseReasonRead(BaseModel):
    """A reason of winning or losing."""

    id: UUID = Field(description="The reason's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    outcome: OrLater[Outcome] = Field(description="What it is a reason of.")
    code: str = Field(description="Code.")
    name: str = Field(description="Name.")
    name_en: str | None = Field(description="Name in English.")
    active: bool = Field(description="Whether it is in use.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, reason: CloseReason) -> Self:
        """Return the reason as the API shows it."""
        return shown(cls, reason)


class CloseReasonFilters(PageParams):
    """Filters of the list of reasons; all must match."""

    outcome: Outcome | None = Field(None, description="Of this outcome.")
    active: bool | None = Field(None, description="In use, or not.")
    sort: Literal["created_at", "-created_at"] = Field(
        "created_at", description="Order; a leading minus reverses it."
    )


class ReasonReportQuery(BaseModel):
    """Of which days; both included, both may be left open."""

    model_config = ConfigDict(extra="forbid")

    closed_from: Day | None = Field(None, alias="from", description="Closed then or later.")
    closed_to: Day | None = Field(None, alias="to", description="Closed then or earlier.")


class ReasonCount(BaseModel):
    """How much was won or lost for one reason, in one currency."""

    outcome: OrLater[Outcome] = Field(description="Won or lost.")
    code: str | None = Field(description="Code of the reason; null: none of the list was named.")
    name: str | None = Field(description="Its name.")
    opportunities: int = Field(description="How many.")
    amount: Money = Field(description="What was won, or was expected of what was lost.")


class ReasonReport(BaseModel):
    """Why we win and lose."""

    items: list[ReasonCount] = Field(description="The most frequent first.")
