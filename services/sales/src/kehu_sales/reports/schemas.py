"""Reports of opportunities on the wire."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, LongText, Text, shown
from kehu_sales.methods.stages import Kind
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.schemas import (
    ID,
)
from kehu_sales.opportunities.words import Interest, NeedKind, ReporterRole, Status


class OpportunityReport(Input):
    """An opportunity that an employee has come upon; sales takes it from there."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "topic": "客户机房服务器即将退役",
                    "customer_id": f"{ID}1",
                    "need": "维护时发现设备已超保修期，客户在询价",
                    "need_kind": "latent",
                    "reporter_role": "maintenance",
                }
            ]
        }
    )

    topic: Text = Field(description="What it is about, in a few words.")
    customer_id: UUID | None = Field(None, description="The customer.")
    contact_id: UUID | None = Field(None, description="The contact at the customer.")
    need: LongText | None = Field(None, description="What the customer needs.")
    need_kind: NeedKind | None = Field(
        None, description="Whether the customer voiced the need by a formal request."
    )
    interest: Interest | None = Field(None, description="How interested the customer is.")
    source: Text | None = Field(None, description="Where it comes from.")
    expected_close_on: Day | None = Field(None, description="Day a decision is expected.")
    reporter_role: ReporterRole | None = Field(None, description="What the reporter does.")
    reported_by_id: UUID | None = Field(
        None, description="The employee, if the token names none; a token's employee always counts."
    )
    assign: Flag = Field(False, description="Have the rules of assignment find an owner.")


class ReportRead(BaseModel):
    """What became of a report."""

    id: UUID = Field(description="The opportunity's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="The opportunity's number.")
    topic: str = Field(description="What it is about.")
    reported_by_id: UUID = Field(description="The employee who reported it.")
    reporter_role: OrLater[ReporterRole] | None = Field(description="What the reporter does.")
    opened_on: date = Field(description="Day it was reported.")
    status: OrLater[Status] = Field(description="Where it stands.")
    kind: OrLater[Kind] = Field(description="Which of the five kinds it is by now.")
    closed_on: date | None = Field(description="Day it was won or lost.")
    created_at: datetime = Field(description="When the record was made.")

    @classmethod
    def of(cls, opportunity: Opportunity) -> Self:
        """Return what the reporter is shown of the opportunity."""
        return shown(cls, opportunity, kind=opportunity.kind)


class ReportFilters(PageParams):
    """Filters of one's own reports."""

    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
