"""Sales contracts on the wire."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import Money, two_places
from kehu_kernel.amounts import POSITIVE, Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, LongText, Patch, Text, shown
from kehu_sales.contracts.errors import AmountOrPercent
from kehu_sales.contracts.models import Contract, ContractState
from kehu_sales.contracts.plan import NOTHING, Share
from kehu_sales.credit.standing import CreditFinding, CreditFound
from kehu_sales.lines import PercentInput
from kehu_sales.quotes.schemas import ID, Lines, QuoteLineRead

PositiveAmount = Annotated[
    DecimalText,
    Field(gt=0, max_digits=18, decimal_places=2),
    AfterValidator(two_places),
    Written(POSITIVE + digits(16, 2)),
]
"""More than nothing, in the currency of the document."""

WHOLE = "What is given off the sum of the lines, percent."
ON_ACCOUNT = "Whether the customer pays after delivery: what is open takes credit then."
PLAN_EXAMPLE: list[JsonValue] = [
    {"due_on": "2027-01-15", "percent": "30", "condition": "合同签订"},
    {"due_on": "2027-03-15", "percent": "70", "condition": "验收合格"},
]


class InstalmentInput(Input):
    """What is due on a day: an amount, or a percentage of the total."""

    due_on: Day = Field(description="Day it is due; not before the signing.")
    amount: PositiveAmount | None = Field(None, description="In the currency of the contract.")
    percent: PercentInput | None = Field(
        None, description="Of the total, percent; the last instalment takes the rest."
    )
    condition: Text | None = Field(None, description="On which condition, such as acceptance.")

    def share(self) -> Share:
        """Return the instalment as the plan holds it; a percentage has no amount yet.

        Raises `AmountOrPercent` if it says neither, or both.
        """
        if (self.amount is None) == (self.percent is None):
            raise AmountOrPercent
        return Share(self.due_on, self.amount or NOTHING, self.percent, self.condition)


Plan = Annotated[list[InstalmentInput], Field(max_length=120)]
PLAN = "When the money comes: all by amounts, or all by percentages; adds up when submitted."


class ContractCreate(Input):
    """A contract from an approved quote, or with lines of its own.

    Lines, discount, currency, customer and opportunity of a quote are taken over.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"quote_id": f"{ID}7", "instalments": PLAN_EXAMPLE}]}
    )

    quote_id: UUID | None = Field(None, description="The approved quote it is pushed down from.")
    opportunity_id: UUID | None = Field(
        None, description="The opportunity it came of; that of the quote if omitted."
    )
    customer_id: UUID | None = Field(
        None, description="The trade customer; that of the quote or opportunity if omitted."
    )
    contact_id: UUID | None = Field(None, description="The contact there.")
    lines: Lines | None = Field(None, description="What is sold, unless a quote says so.")
    discount_percent: PercentInput | None = Field(None, description=WHOLE)
    instalments: Plan | None = Field(None, description=PLAN)
    on_account: Flag = Field(True, description=ON_ACCOUNT)
    settlement_method: Text | None = Field(None, description="How it is paid, such as 电汇.")
    terms: LongText | None = Field(None, description="Further terms.")
    owner_id: UUID | None = Field(
        None, description="Who works on it; the quote's owner, or the caller, if omitted."
    )
    department_id: UUID | None = Field(
        None, description="The owner's department; where the owner works if omitted."
    )
    signed_on: Day | None = Field(
        None, description="Business day of the signatures; today if omitted, never in the future."
    )
    starts_on: Day | None = Field(None, description="First day it holds; the signing if omitted.")
    ends_on: Day | None = Field(None, description="Last day it holds.")


class ContractUpdate(Patch):
    """Changes to a draft; fields left out stay. `lines` and `instalments` replace all of them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"instalments": PLAN_EXAMPLE, "terms": "质保一年"}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"lines", "discount_percent", "instalments", "on_account", "signed_on", "starts_on"}
    )

    contact_id: UUID | None = Field(None, description="The contact there.")
    lines: Lines | None = Field(None, description="What is sold; not of a contract from a quote.")
    discount_percent: PercentInput | None = Field(None, description=WHOLE)
    instalments: Plan | None = Field(None, description=PLAN)
    on_account: Flag | None = Field(None, description=ON_ACCOUNT)
    settlement_method: Text | None = Field(None, description="How it is paid, such as 电汇.")
    terms: LongText | None = Field(None, description="Further terms.")
    owner_id: UUID | None = Field(None, description="Who works on it.")
    department_id: UUID | None = Field(None, description="The owner's department.")
    signed_on: Day | None = Field(None, description="Business day of the signatures.")
    starts_on: Day | None = Field(None, description="First day it holds.")
    ends_on: Day | None = Field(None, description="Last day it holds.")


class ContractStep(Input):
    """A step on a business day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    on: Day | None = Field(None, description="Business day; today if omitted, never in the future.")


class ContractCancellation(ContractStep):
    """The end of a contract before it is fulfilled."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户项目取消"}]})

    reason: LongText = Field(description="Why.")


class CreditOverride(Input):
    """Let a contract pass that the customer's credit refuses."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "总部已书面担保"}]})

    reason: LongText = Field(description="Why.")


class CreditFindingRead(BaseModel):
    """What speaks against a contract on account."""

    code: OrLater[CreditFinding] = Field(description="What it is.")
    refuses: bool = Field(description="True: a reason to refuse. False: a warning.")
    zh: str = Field(description="In Chinese.")
    en: str = Field(description="In English.")

    @classmethod
    def of(cls, found: CreditFound) -> Self:
        """Return the finding as the API shows it."""
        return cls.model_validate(found._asdict())


class InstalmentRead(BaseModel):
    """One instalment of the plan."""

    position: int = Field(description="Its place in the plan, from 1.")
    due_on: date = Field(description="Day it is due.")
    amount: Money = Field(description="What is due.")
    percent: DecimalText | None = Field(description="Of the total, if it was agreed like that.")
    condition: str | None = Field(description="On which condition.")

    @classmethod
    def of_plan(cls, plan: tuple[Share, ...], currency: str) -> list[Self]:
        """Return a plan as the API shows it."""
        return [
            cls(
                position=position,
                due_on=share.due_on,
                amount=Money(amount=share.amount, currency=currency),
                percent=share.percent,
                condition=share.condition,
            )
            for position, share in enumerate(plan, 1)
        ]


class ContractRead(BaseModel):
    """A sales contract."""

    id: UUID = Field(description="The contract's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as CON-2026-000123.")
    state: OrLater[ContractState] = Field(description="How far it is; approved: in force.")
    revision: int = Field(description="Counts what both sides agreed to, from 1.")
    quote_id: UUID | None = Field(description="The quote it was pushed down from.")
    opportunity_id: UUID | None = Field(description="The opportunity it came of.")
    customer_id: UUID = Field(description="The customer it is with.")
    contact_id: UUID | None = Field(description="The contact there.")
    owner_id: UUID | None = Field(description="The employee who works on it.")
    department_id: UUID | None = Field(description="The owner's department.")
    lines: list[QuoteLineRead] = Field(description="Every product line, in order.")
    discount_percent: DecimalText = Field(description=WHOLE)
    total: Money = Field(description="Sum of the lines less the discount, rounded half-even.")
    collected: Money = Field(description="What receipts have brought in of it.")
    open: Money = Field(description="What has not come in yet.")
    instalments: list[InstalmentRead] = Field(description="When the money comes.")
    on_account: bool = Field(description=ON_ACCOUNT)
    settlement_method: str | None = Field(description="How it is paid.")
    terms: str | None = Field(description="Further terms.")
    signed_on: date = Field(description="Business day of the signatures.")
    starts_on: date = Field(description="First day it holds.")
    ends_on: date | None = Field(description="Last day it holds.")
    approved_on: date | None = Field(description="Day it came into force.")
    closed_on: date | None = Field(description="Day it was fulfilled or cancelled.")
    cancel_reason: str | None = Field(description="Why it was cancelled.")
    credit_override_reason: str | None = Field(
        description="Why it may be submitted although the customer's credit refuses it."
    )
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, contract: Contract, **besides: object) -> Self:
        """Return the contract as the API shows it."""
        return shown(
            cls,
            contract,
            **besides,
            total=contract.sum,
            collected=contract.received,
            open=contract.open,
            lines=[
                QuoteLineRead.of(line, contract.currency, contract.discount_percent)
                for line in contract.lines
            ],
            instalments=InstalmentRead.of_plan(contract.instalments, contract.currency),
        )


class ContractSubmitted(ContractRead):
    """A contract that was submitted, and what speaks against it."""

    credit_findings: list[CreditFindingRead] = Field(
        description="What speaks against it in the customer's credit: warnings, or overridden."
    )

    @classmethod
    def told(cls, contract: Contract, found: list[CreditFound]) -> Self:
        """Return the contract with the findings as the API shows it."""
        return cls.of(contract, credit_findings=[CreditFindingRead.of(one) for one in found])


class ContractFilters(PageParams):
    """Filters of the contract list; all must match."""

    quote_id: UUID | None = Field(None, description="Made from this quote.")
    opportunity_id: UUID | None = Field(None, description="Of this opportunity.")
    customer_id: UUID | None = Field(
        None, description="With this customer, also if entered for a record merged with it."
    )
    owner_id: UUID | None = Field(None, description="Of this employee.")
    number: str | None = Field(None, description="With exactly this number.")
    state: ContractState | None = Field(None, description="In this state.")
    ends_from: Day | None = Field(None, description="With a last day, this one or later.")
    ends_before: Day | None = Field(None, description="With a last day before this one.")
    q: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Number or the customer's name contains this.",
    )
    sort: Literal["created_at", "-created_at", "number", "-number"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
