"""Amendments and revisions of contracts on the wire."""

from datetime import date, datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, LongText, Patch, Text, shown
from kehu_sales.amendments.models import AmendmentState, ContractAmendment
from kehu_sales.contracts.schemas import ON_ACCOUNT, PLAN_EXAMPLE, WHOLE, InstalmentRead, Plan
from kehu_sales.lines import PercentInput
from kehu_sales.quotes.schemas import Lines, QuoteLineRead

State = Literal["in_approval", "approved", "rejected", "withdrawn"]


class AmendmentCreate(Patch):
    """What a contract in force is to say anew; fields left out stay, lists are replaced whole."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "客户要求分期", "instalments": PLAN_EXAMPLE}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"lines", "discount_percent", "instalments", "on_account", "starts_on"}
    )

    reason: LongText = Field(description="Why it is amended.")
    lines: Lines | None = Field(None, description="What is sold; not of a contract from a quote.")
    discount_percent: PercentInput | None = Field(None, description=WHOLE)
    instalments: Plan | None = Field(
        None, description="When the money comes; what is paid keeps its place, day and amount."
    )
    on_account: Flag | None = Field(None, description=ON_ACCOUNT)
    settlement_method: Text | None = Field(None, description="How it is paid, such as 电汇.")
    terms: LongText | None = Field(None, description="Further terms.")
    starts_on: Day | None = Field(None, description="First day it holds.")
    ends_on: Day | None = Field(None, description="Last day it holds.")


class RevisionRead(BaseModel):
    """What both sides agreed to at one time: by the contract, or by an amendment of it."""

    revision: int = Field(description="Counts what both sides agreed to, from 1: the contract.")
    reason: str | None = Field(description="Why it was amended; null: the contract as it was made.")
    agreed_on: date | None = Field(description="Day it came into force.")
    submitted_by: str | None = Field(description="The subject who submitted it.")
    decided_by: str | None = Field(description="The subject who decided last.")
    lines: list[QuoteLineRead] = Field(description="Every product line, in order.")
    discount_percent: DecimalText = Field(description=WHOLE)
    total: Money = Field(description="Sum of the lines less the discount.")
    instalments: list[InstalmentRead] = Field(description="When the money comes.")
    on_account: bool = Field(description=ON_ACCOUNT)
    settlement_method: str | None = Field(description="How it is paid.")
    terms: str | None = Field(description="Further terms.")
    starts_on: date = Field(description="First day it holds.")
    ends_on: date | None = Field(description="Last day it holds.")

    @classmethod
    def of(cls, kept: ContractAmendment) -> Self:
        """Return the version as the API shows it."""
        return shown(
            cls,
            kept,
            total=kept.sum,
            lines=[
                QuoteLineRead.of(line, kept.currency, kept.discount_percent) for line in kept.lines
            ],
            instalments=InstalmentRead.of_plan(kept.instalments, kept.currency),
        )


class RevisionList(BaseModel):
    """Every version of a contract that was agreed to."""

    items: list[RevisionRead] = Field(description="The versions, oldest first.")


class AmendmentRead(RevisionRead):
    """A version of a contract that somebody proposed."""

    id: UUID = Field(description="The amendment's id; approvals name it as their document.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="The contract's number and the revision, such as ...-R2.")
    contract_id: UUID = Field(description="The contract.")
    state: OrLater[AmendmentState] = Field(
        description="How far it is; approved: the contract says so."
    )
    created_at: datetime = Field(description="When it was submitted.")
    updated_at: datetime = Field(description="When it was decided on last.")


class AmendmentFilters(PageParams):
    """Filters of the list of amendments; all must match."""

    contract_id: UUID | None = Field(None, description="Of this contract.")
    state: State | None = Field(None, description="In this state.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
