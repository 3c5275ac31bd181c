"""Credit reports on the wire."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.money import Money
from kehu_customer.credit_reports.models import CreditReport, ReportSource
from kehu_kernel.amounts import PriceInput
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, Text, Whole, shown

GRADE = "The grade it gives, of your own list, e.g. `AA`."


class CreditReportCreate(Input):
    """What an investigation of a customer found out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "reported_on": "2026-03-01",
                    "months": 6,
                    "source": "agency",
                    "agency": "华夏国际企业信用咨询",
                    "grade": "AA",
                    "finance": "流动比率 1.8，应收账款周转放缓",
                    "advised_limit": {"amount": "500000.00", "currency": "CNY"},
                }
            ]
        }
    )

    customer_id: UUID = Field(description="The customer.")
    reported_on: Day | None = Field(
        None, description="Day of the report; today if omitted, never in the future."
    )
    months: Whole | None = Field(
        None, ge=1, le=120, description="Valid for so many months; as the credit policy says."
    )
    source: ReportSource = Field(description="Who found it out.")
    agency: Text | None = Field(None, description="The agency; needed if it is the source.")
    grade: Text | None = Field(None, description=GRADE)
    finance: LongText | None = Field(None, description="What was found about the finances.")
    operation: LongText | None = Field(None, description="What was found about the business.")
    personnel: LongText | None = Field(None, description="What was found about the people.")
    advised_limit: PriceInput | None = Field(None, description="The limit it advises.")


class CreditReportRead(BaseModel):
    """A credit report."""

    id: UUID = Field(description="The report's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID = Field(description="The customer.")
    reported_on: date = Field(description="Day of the report.")
    months: int = Field(description="Valid for so many months.")
    expires_on: date = Field(description="First day on which it is not valid any more.")
    source: ReportSource = Field(description="Who found it out.")
    agency: str | None = Field(description="The agency.")
    grade: str | None = Field(description=GRADE)
    finance: str | None = Field(description="What was found about the finances.")
    operation: str | None = Field(description="What was found about the business.")
    personnel: str | None = Field(description="What was found about the people.")
    advised_limit: Money | None = Field(description="The limit it advises.")
    recorded_by: str = Field(description="Who entered it: a token subject.")
    superseded_at: datetime | None = Field(
        description="When a later report took its place; null: it is the customer's latest."
    )
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, report: CreditReport) -> Self:
        """Return the report as the API shows it."""
        return shown(cls, report, advised_limit=_advised(report))


def _advised(report: CreditReport) -> Money | None:
    if report.advised_amount is None or report.advised_currency is None:
        return None
    return Money(amount=report.advised_amount, currency=report.advised_currency)


class CreditReportFilters(PageParams):
    """Filters of the list of credit reports; all must match."""

    customer_id: UUID | None = Field(None, description="About this customer.")
    source: ReportSource | None = Field(None, description="From this source.")
    grade: str | None = Field(None, description="With exactly this grade.")
    latest: bool | None = Field(None, description="The latest of their customers, or former ones.")
    expired_by: Day | None = Field(
        None,
        description="Not valid any more on this day. With `latest=true`: the customers that are "
        "due for re-investigation then.",
    )
    sort: Literal["reported_on", "-reported_on", "expires_on", "-expires_on"] = Field(
        "-reported_on", description="Order; a leading minus reverses it."
    )
