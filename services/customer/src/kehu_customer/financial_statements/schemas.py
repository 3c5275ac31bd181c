"""Financial statements and ratios on the wire."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText
from kehu_contracts.money import CurrencyCode, two_places
from kehu_customer.credit_policy.defaults import default_ratios
from kehu_customer.credit_policy.models import CreditPolicy
from kehu_customer.credit_policy.schemas import GOOD, HIGH, LOW
from kehu_customer.credit_policy.thresholds import CreditVerdict, Ratio, Thresholds
from kehu_customer.financial_statements.models import FinancialStatement
from kehu_customer.financial_statements.ratios import NotComputable, compute, rounded
from kehu_kernel.amounts import Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, Text, shown

Figure = Annotated[
    DecimalText,
    Field(ge=0, max_digits=18, decimal_places=2),
    AfterValidator(two_places),
    Written(digits(16, 2)),
]
VERDICTS = {
    CreditVerdict.TOO_LOW: ("过低，需要注意", "too low: needs attention"),
    CreditVerdict.SHORT: ("未达到良好水平", "short of good"),
    CreditVerdict.GOOD: ("良好", "good"),
    CreditVerdict.TOO_HIGH: ("过高，需要注意", "too high: needs attention"),
    CreditVerdict.UNRATED: ("没有评价标准", "no threshold to judge by"),
}


class StatementCreate(Input):
    """A financial statement of a customer; what is not known is left out, not zero."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "starts_on": "2025-01-01",
                    "ends_on": "2025-12-31",
                    "currency": "CNY",
                    "audited": True,
                    "current_assets": "1000000.00",
                    "inventory": "300000.00",
                    "prepayments": "50000.00",
                    "deferred_expenses": "10000.00",
                    "cash": "120000.00",
                    "marketable_securities": "30000.00",
                    "net_receivables": "400000.00",
                    "total_assets": "2000000.00",
                    "current_liabilities": "500000.00",
                    "total_liabilities": "800000.00",
                }
            ]
        }
    )

    customer_id: UUID = Field(description="The customer.")
    starts_on: Day = Field(description="First day of the period.")
    ends_on: Day = Field(description="Last day of the period: the figures are of this day.")
    currency: CurrencyCode = Field(description="Currency of all figures, ISO 4217.")
    source: Text | None = Field(None, description="Where the figures come from.")
    audited: Flag = Field(False, description="Whether an auditor has confirmed it.")
    current_assets: Figure | None = Field(None, description="Current assets.")
    inventory: Figure | None = Field(None, description="Inventory.")
    prepayments: Figure | None = Field(None, description="Prepayments.")
    deferred_expenses: Figure | None = Field(None, description="Deferred expenses.")
    cash: Figure | None = Field(None, description="Cash.")
    marketable_securities: Figure | None = Field(
        None, description="Marketable and short-term securities."
    )
    net_receivables: Figure | None = Field(None, description="Receivables, net.")
    total_assets: Figure | None = Field(None, description="All assets.")
    current_liabilities: Figure | None = Field(None, description="Current liabilities.")
    total_liabilities: Figure | None = Field(None, description="All liabilities.")


class StatementUpdate(Patch):
    """Corrections of a statement; fields left out stay, null means not known."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"inventory": "420000.00", "audited": True}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset({"audited"})

    source: Text | None = Field(None, description="Where the figures come from.")
    audited: Flag | None = Field(None, description="Whether an auditor has confirmed it.")
    current_assets: Figure | None = Field(None, description="Current assets.")
    inventory: Figure | None = Field(None, description="Inventory.")
    prepayments: Figure | None = Field(None, description="Prepayments.")
    deferred_expenses: Figure | None = Field(None, description="Deferred expenses.")
    cash: Figure | None = Field(None, description="Cash.")
    marketable_securities: Figure | None = Field(
        None, description="Marketable and short-term securities."
    )
    net_receivables: Figure | None = Field(None, description="Receivables, net.")
    total_assets: Figure | None = Field(None, description="All assets.")
    current_liabilities: Figure | None = Field(None, description="Current liabilities.")
    total_liabilities: Figure | None = Field(None, description="All liabilities.")


class StatementRead(BaseModel):
    """A financial statement as it stands."""

    id: UUID = Field(description="The statement's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID = Field(description="The customer.")
    starts_on: date = Field(description="First day of the period.")
    ends_on: date = Field(description="Last day of the period: the figures are of this day.")
    currency: str = Field(description="Currency of all figures, ISO 4217.")
    source: str | None = Field(description="Where the figures come from.")
    audited: bool = Field(description="Whether an auditor has confirmed it.")
    current_assets: DecimalText | None = Field(description="Current assets.")
    inventory: DecimalText | None = Field(description="Inventory.")
    prepayments: DecimalText | None = Field(description="Prepayments.")
    deferred_expenses: DecimalText | None = Field(description="Deferred expenses.")
    cash: DecimalText | None = Field(description="Cash.")
    marketable_securities: DecimalText | None = Field(
        description="Marketable and short-term securities."
    )
    net_receivables: DecimalText | None = Field(description="Receivables, net.")
    total_assets: DecimalText | None = Field(description="All assets.")
    current_liabilities: DecimalText | None = Field(description="Current liabilities.")
    total_liabilities: DecimalText | None = Field(description="All liabilities.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, statement: FinancialStatement) -> Self:
        """Return the statement as the API shows it."""
        return shown(cls, statement)


class RatioRead(BaseModel):
    """A ratio of a statement and what it means; or why it cannot be computed."""

    ratio: Ratio = Field(description="The ratio.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    percent: DecimalText | None = Field(
        description="The value in percent, rounded to be shown; null: cannot be computed."
    )
    verdict: CreditVerdict | None = Field(description="What the exact value means.")
    verdict_zh: str | None = Field(description="The same in Chinese.")
    verdict_en: str | None = Field(description="The same in English.")
    not_computable_zh: str | None = Field(description="Why it has no value, in Chinese.")
    not_computable_en: str | None = Field(description="Why it has no value, in English.")
    attention_below: DecimalText | None = Field(description=LOW)
    good_from: DecimalText | None = Field(description=GOOD)
    attention_above: DecimalText | None = Field(description=HIGH)


class RatiosRead(BaseModel):
    """Every ratio of a statement, measured by the thresholds of today."""

    financial_statement_id: UUID = Field(description="The statement.")
    customer_id: UUID = Field(description="The customer.")
    ends_on: date = Field(description="The day of the figures.")
    ratios: list[RatioRead] = Field(description="Every ratio, in the order of the texts.")

    @classmethod
    def of(cls, statement: FinancialStatement, policy: CreditPolicy) -> Self:
        """Return the ratios as the API shows them."""
        return cls(
            financial_statement_id=statement.id,
            customer_id=statement.customer_id,
            ends_on=statement.ends_on,
            ratios=[_ratio(ratio, statement, policy) for ratio in default_ratios()],
        )


def _ratio(ratio: Ratio, statement: FinancialStatement, policy: CreditPolicy) -> RatioRead:
    bounds, names = policy.bounds_of(ratio), default_ratios()[ratio]
    value = compute(ratio, statement.figures())
    not_computable = value if isinstance(value, NotComputable) else None
    verdict = None if isinstance(value, NotComputable) else Thresholds.of(bounds).verdict(value)
    verdict_zh, verdict_en = (None, None) if verdict is None else VERDICTS[verdict]
    return RatioRead.model_validate(
        {
            "ratio": ratio,
            "name_zh": names.name_zh,
            "name_en": names.name_en,
            "percent": None if isinstance(value, NotComputable) else rounded(value),
            "verdict": verdict,
            "verdict_zh": verdict_zh,
            "verdict_en": verdict_en,
            "not_computable_zh": not_computable and not_computable.told("zh"),
            "not_computable_en": not_computable and not_computable.told("en"),
            **bounds,
        }
    )


class StatementFilters(PageParams):
    """Filters of the list of financial statements; all must match."""

    customer_id: UUID | None = Field(None, description="Of this customer.")
    audited: bool | None = Field(None, description="Audited, or not.")
    sort: Literal["ends_on", "-ends_on"] = Field(
        "-ends_on", description="Order; a leading minus reverses it."
    )
