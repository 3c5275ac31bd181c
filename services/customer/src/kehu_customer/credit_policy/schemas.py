"""The credit policy on the wire."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText
from kehu_customer.credit_policy.defaults import default_ratios
from kehu_customer.credit_policy.models import CreditPolicy
from kehu_customer.credit_policy.thresholds import Ratio
from kehu_kernel.amounts import Written, digits
from kehu_kernel.wire import Flag, Input, Patch, Whole, shown

PercentInput = Annotated[
    DecimalText, Field(ge=0, max_digits=9, decimal_places=2), Written(digits(7, 2))
]
LOW = "Percent; below it (not included) the customer needs attention."
GOOD = "Percent; from it on (included) the ratio is good."
HIGH = "Percent; above it (not included) the customer needs attention."


class ThresholdsInput(Input):
    """What one ratio is measured by; null: no such bound."""

    ratio: Ratio = Field(description="The ratio.")
    attention_below: PercentInput | None = Field(None, description=LOW)
    good_from: PercentInput | None = Field(None, description=GOOD)
    attention_above: PercentInput | None = Field(None, description=HIGH)

    def bounds(self) -> dict[str, str | None]:
        """Return the bounds as the database keeps them."""
        bounds: dict[str, str | None] = self.model_dump(mode="json", exclude={"ratio"})
        return bounds


class CreditPolicyUpdate(Patch):
    """Changes to the credit policy; fields left out stay."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "report_months": 6,
                    "thresholds": [{"ratio": "cash", "good_from": "20", "attention_above": "80"}],
                }
            ]
        }
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {
            "report_months_min", "report_months_max", "report_months", "notice_days",
            "report_required", "fiscal_year_month", "thresholds",
        }
    )  # fmt: skip

    report_months_min: Whole | None = Field(
        None, ge=1, le=120, description="Shortest validity of a credit report, in months."
    )
    report_months_max: Whole | None = Field(
        None, ge=1, le=120, description="Longest validity of a credit report, in months."
    )
    report_months: Whole | None = Field(
        None, ge=1, le=120, description="Validity where a report does not say it, in months."
    )
    notice_days: Whole | None = Field(
        None, ge=0, le=366, description="Days before a report expires to ask for the next one."
    )
    report_required: Flag | None = Field(
        None, description="True: no credit without a valid report of the head company."
    )
    fiscal_year_month: Whole | None = Field(
        None, ge=1, le=12, description="Month in which years of limits granted from now on begin."
    )
    thresholds: list[ThresholdsInput] | None = Field(
        None, max_length=20, description="Bounds of these ratios, each as a whole; others stay."
    )


class RatioThresholdsRead(BaseModel):
    """A ratio, and what it is measured by."""

    ratio: Ratio = Field(description="The ratio.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    formula_zh: str = Field(description="Formula in Chinese; all ratios are in percent.")
    formula_en: str = Field(description="Formula in English; all ratios are in percent.")
    source: str = Field(description="The place in the texts.")
    attention_below: DecimalText | None = Field(description=LOW)
    good_from: DecimalText | None = Field(description=GOOD)
    attention_above: DecimalText | None = Field(description=HIGH)


class CreditPolicyRead(BaseModel):
    """The credit policy as it stands."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    report_months_min: int = Field(description="Shortest validity of a credit report, in months.")
    report_months_max: int = Field(description="Longest validity of a credit report, in months.")
    report_months: int = Field(description="Validity where a report does not say it, in months.")
    notice_days: int = Field(description="Days before a report expires to ask for the next one.")
    report_required: bool = Field(description="Whether credit needs a valid report.")
    fiscal_year_month: int = Field(description="Month in which years of limits begin.")
    thresholds: list[RatioThresholdsRead] = Field(description="Every ratio, in the texts' order.")

    @classmethod
    def of(cls, policy: CreditPolicy) -> Self:
        """Return the policy as the API shows it."""
        ratios = [
            {"ratio": ratio, **default._asdict(), **policy.bounds_of(ratio)}
            for ratio, default in default_ratios().items()
        ]
        return shown(cls, policy, thresholds=ratios)
