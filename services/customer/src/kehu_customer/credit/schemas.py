"""The credit of a customer on the wire."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText
from kehu_contracts.money import CurrencyCode, Money, two_places
from kehu_customer.credit.standing import CreditFinding, Standing
from kehu_customer.credit_contracts.models import CreditContract
from kehu_customer.credit_contracts.schemas import CreditContractRead
from kehu_kernel.amounts import POSITIVE, MoneyInput, Written, digits
from kehu_kernel.wire import Day, Input, Text

PositiveAmount = Annotated[
    DecimalText,
    Field(gt=0, max_digits=18, decimal_places=2),
    AfterValidator(two_places),
    Written(POSITIVE + digits(16, 2)),
]


SHOWN = 100
"""How many contracts the credit of a customer shows at most."""


class PositiveMoney(MoneyInput):
    """An amount that is more than nothing."""

    amount: PositiveAmount = Field(description="Amount, more than nothing.")


class CreditBlocking(Input):
    """Give a customer, and all companies below it, no credit."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "逾期 90 天未付款"}]})

    reason: Text = Field(description="Why.")


class CreditUnblocking(Input):
    """Give a customer credit again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "欠款已结清"}]})

    reason: Text = Field(description="Why.")


class CreditQuestion(BaseModel):
    """What a customer would take on."""

    model_config = ConfigDict(extra="forbid")

    amount: PositiveAmount = Field(description="The amount, e.g. `12000.00`.")
    currency: CurrencyCode = Field(description="Its currency, ISO 4217.")
    on: Day | None = Field(
        None, description="By the limit and the report of this day; today if omitted."
    )


class FindingRead(BaseModel):
    """What speaks against more credit."""

    code: CreditFinding = Field(description="What it is.")
    refuses: bool = Field(description="True: a reason to refuse. False: a warning.")
    zh: str = Field(description="In Chinese.")
    en: str = Field(description="In English.")


class CreditStandingRead(BaseModel):
    """Limit, use and report of a day."""

    customer_id: UUID = Field(description="The customer.")
    head_customer_id: UUID = Field(description="The head company, whose limit all branches share.")
    on: date = Field(description="The day of limit and report.")
    currency: str | None = Field(description="Currency of all amounts; null before a first limit.")
    limit: DecimalText | None = Field(description="The limit in force; null: there is none.")
    used: DecimalText = Field(
        description="What the whole group has taken: `contracted` and `reserved` together."
    )
    contracted: DecimalText = Field(description="What contracts of sales of the group take.")
    reserved: DecimalText = Field(
        description="What reservations of the group have outstanding: not released yet."
    )
    used_by_customer: DecimalText = Field(
        description="What of `used` this customer alone has taken, by contracts and reservations."
    )
    available: DecimalText = Field(description="What is left of the limit.")
    exceeded: DecimalText = Field(description="What is used beyond the limit.")
    blocked: bool = Field(description="Whether the customer, or a company above it, is blocked.")
    block_reason: str | None = Field(description="Why.")
    report_id: UUID | None = Field(description="The head company's last credit report.")
    report_expires_on: date | None = Field(description="First day it is not valid any more.")
    report_valid: bool = Field(description="Whether it is valid on the day.")


class CreditRead(CreditStandingRead):
    """Where the credit of a customer stands."""

    contracts: list[CreditContractRead] = Field(
        description=f"The contracts of the group that take credit, the largest {SHOWN} at most; "
        "all are in `/v1/credit-contracts`."
    )

    @classmethod
    def of(cls, standing: Standing, contracts: Sequence[CreditContract]) -> Self:
        """Return the standing as the API shows it."""
        shown = [CreditContractRead.of(one) for one in contracts]
        return cls.model_validate(_values(standing) | {"contracts": shown})


class CreditCheckRead(CreditStandingRead):
    """Whether a customer may take on an amount, and why."""

    amount: Money = Field(description="The amount asked about.")
    allowed: bool = Field(description="Whether the customer may take it on.")
    findings: list[FindingRead] = Field(description="Reasons to refuse, and warnings.")

    @classmethod
    def answer(cls, standing: Standing, question: CreditQuestion) -> Self:
        """Return the answer as the API shows it."""
        found = standing.findings(question.amount, question.currency)
        return cls.model_validate(
            _values(standing)
            | {
                "amount": Money(amount=question.amount, currency=question.currency),
                "allowed": not any(one.refuses for one in found),
                "findings": [one._asdict() for one in found],
            }
        )


def _values(standing: Standing) -> dict[str, object]:
    return asdict(standing) | {
        "head_customer_id": standing.head_id,
        "reserved": standing.reserved,
        "available": standing.available,
        "exceeded": standing.exceeded,
        "blocked": standing.block_reason is not None,
    }
