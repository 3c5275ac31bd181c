"""Credit investigations on the wire."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_customer.credit_investigations.models import CreditInvestigation, InvestigationState
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, Text, Whole, shown


class InvestigationCreate(Input):
    """Ask for an investigation, for instance because finances, business or people changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "reason": "更换法定代表人",
                    "due_on": "2026-12-31",
                }
            ]
        }
    )

    customer_id: UUID = Field(description="The customer.")
    reason: Text = Field(description="Why.")
    due_on: Day | None = Field(None, description="By when; today if omitted.")


class InvestigationCancellation(Input):
    """Close an investigation without a report."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "业务已停止"}]})

    reason: Text = Field(description="Why.")


class InvestigationRun(Input):
    """Open the investigations that are due, so many at a time."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit": 200}]})

    limit: Whole = Field(200, ge=1, le=1000, description="How many to open, at most.")


class InvestigationRunResult(BaseModel):
    """What a run did."""

    opened: int = Field(description="How many were opened; fewer than `limit`: all are.")


class InvestigationRead(BaseModel):
    """A credit investigation as it stands."""

    id: UUID = Field(description="The investigation's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID = Field(description="The customer.")
    expired_report_id: UUID | None = Field(
        description="The report that expired; null: a person asked."
    )
    assignee_id: UUID | None = Field(
        description="Who is to see to it: the customer's owner when it was opened."
    )
    due_on: date = Field(description="By when.")
    reason: str | None = Field(description="Why, in the words of who asked.")
    state: InvestigationState = Field(description="Open, done or cancelled.")
    new_report_id: UUID | None = Field(description="The report that came of it.")
    closed_at: datetime | None = Field(description="When it was closed.")
    closed_by: str | None = Field(description="Who closed it.")
    close_reason: str | None = Field(description="Why it was cancelled.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, investigation: CreditInvestigation) -> Self:
        """Return the investigation as the API shows it."""
        return shown(cls, investigation)


class InvestigationFilters(PageParams):
    """Filters of the list of credit investigations; all must match."""

    customer_id: UUID | None = Field(None, description="Of this customer.")
    assignee_id: UUID | None = Field(None, description="For this employee.")
    state: InvestigationState | None = Field(None, description="In this state.")
    due_by: Day | None = Field(None, description="Due on this day or before.")
    sort: Literal["due_on", "-due_on"] = Field(
        "due_on", description="Order; a leading minus reverses it."
    )
