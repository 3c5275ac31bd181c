"""Credit checks on the wire."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.money import CurrencyCode, Money
from kehu_sales.contracts.schemas import CreditFindingRead, PositiveAmount
from kehu_sales.credit.standing import CreditFound, CreditStanding


class CreditQuestion(BaseModel):
    """What a customer would take on."""

    model_config = ConfigDict(extra="forbid")

    customer_id: UUID = Field(description="The customer, a branch perhaps.")
    amount: PositiveAmount = Field(description="The amount, e.g. `12000.00`.")
    currency: CurrencyCode = Field(description="Its currency, ISO 4217.")


class CreditCheckRead(BaseModel):
    """Whether a contract on account would be let through, and why."""

    customer_id: UUID = Field(description="The customer.")
    head_customer_id: UUID = Field(description="The head company, whose limit all branches share.")
    on: date = Field(description="The day of limit and report.")
    amount: Money = Field(description="The amount asked about.")
    limit: Money | None = Field(description="The limit in force; null: there is none.")
    used: list[Money] = Field(
        description="What contracts on account of the whole group have open, and other documents "
        "have reserved, by currency."
    )
    reserved: list[Money] = Field(
        description="The part of it that other documents have reserved at the customer service."
    )
    available: Money | None = Field(description="What is left of the limit.")
    published_exposure: Money | None = Field(
        description="What the customer service counts in all, contracts as far as it has heard of "
        "them; not added to `used`."
    )
    stopped: bool = Field(description="Whether the customer, or a company above it, is stopped.")
    stop_reason: str | None = Field(description="Why.")
    report_expires_on: date | None = Field(description="First day the last report does not hold.")
    allowed: bool = Field(description="Whether the contract would be let through.")
    findings: list[CreditFindingRead] = Field(description="Reasons to refuse, and warnings.")

    @classmethod
    def answer(cls, standing: CreditStanding, asked: Money, found: list[CreditFound]) -> Self:
        """Return the answer as the API shows it."""
        return cls(
            customer_id=standing.customer_id,
            head_customer_id=standing.head_id,
            on=standing.on,
            amount=asked,
            limit=standing.limit,
            used=_listed(standing.used),
            reserved=_listed(standing.reserved),
            available=standing.available,
            published_exposure=standing.published,
            stopped=standing.stopped,
            stop_reason=standing.stop_reason,
            report_expires_on=standing.report_expires_on,
            allowed=not any(one.refuses for one in found),
            findings=[CreditFindingRead.of(one) for one in found],
        )


def _listed(sums: Mapping[str, Decimal]) -> list[Money]:
    return [Money(amount=amount, currency=one) for one, amount in sorted(sums.items())]
