"""Approvals and chains on the wire."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import CurrencyCode, Money
from kehu_kernel.amounts import Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, LongText, Patch, Text, shown
from kehu_sales.approvals.models import (
    Approval,
    ApprovalChain,
    ApprovalDecision,
    ApprovalState,
    Decision,
    DocumentKind,
    Level,
)
from kehu_sales.lines import PercentInput

AmountInput = Annotated[
    DecimalText, Field(ge=0, max_digits=18, decimal_places=2), Written(digits(16, 2))
]
EMPLOYEE = "019364c2-7d5e-7000-8000-000000000002"
LEVELS: list[JsonValue] = [
    {"name": "销售经理审批", "role": "sales_manager"},
    {"name": "总经理审批", "employee_id": EMPLOYEE, "discount_from": "20"},
]


class ApprovalLevelInput(Input):
    """One level of a chain."""

    name: Text = Field(description="Name of the level.")
    employee_id: UUID | None = Field(None, description="The employee who approves; or a role.")
    role: Text | None = Field(
        None, description="The role, as tokens name it, anybody of which approves."
    )
    amount_from: AmountInput | None = Field(
        None, description="Only documents of this amount or more, in the chain's currency."
    )
    amount_below: AmountInput | None = Field(None, description="Only documents of less than this.")
    discount_from: PercentInput | None = Field(
        None, description="Only documents with a discount of this many percent or more."
    )
    discount_below: PercentInput | None = Field(None, description="Only with less than this.")

    def level(self) -> Level:
        """Return the level that was described."""
        return Level(**self.model_dump())


Levels = Annotated[list[ApprovalLevelInput], Field(min_length=1, max_length=20)]


class ChainCreate(Input):
    """A chain of approval for one kind of document."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "quote", "levels": LEVELS}]})

    kind: DocumentKind = Field(description="The kind of document.")
    levels: Levels = Field(description="Every level, in order.")
    own_allowed: Flag = Field(
        False, description="True: one may approve what one submitted oneself."
    )
    currency: CurrencyCode = Field(
        "CNY", description="Currency of the amounts in conditions, ISO 4217."
    )


class ChainUpdate(Patch):
    """Changes to a chain; fields left out stay. What is being approved goes on as it began."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"levels": LEVELS, "active": True}]})
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"levels", "own_allowed", "currency", "active"}
    )

    levels: Levels | None = Field(None, description="Every level, in order.")
    own_allowed: Flag | None = Field(
        None, description="True: one may approve what one submitted oneself."
    )
    currency: CurrencyCode | None = Field(
        None, description="Currency of the amounts in conditions."
    )
    active: Flag | None = Field(None, description="False: nobody is asked by this chain.")


class LevelRead(BaseModel):
    """One level."""

    name: str = Field(description="Name of the level.")
    employee_id: UUID | None = Field(description="The employee who approves.")
    role: str | None = Field(description="The role anybody of which approves.")
    amount_from: DecimalText | None = Field(description="Only this amount or more.")
    amount_below: DecimalText | None = Field(description="Only less than this amount.")
    discount_from: DecimalText | None = Field(description="Only this discount or more, percent.")
    discount_below: DecimalText | None = Field(description="Only less than this, percent.")

    @classmethod
    def of(cls, level: Level) -> Self:
        """Return the level as the API shows it."""
        return cls.model_validate(level, from_attributes=True)


class ChainRead(BaseModel):
    """A chain of approval."""

    id: UUID = Field(description="The chain's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    kind: OrLater[DocumentKind] = Field(description="The kind of document.")
    active: bool = Field(description="Whether anybody is asked by it.")
    own_allowed: bool = Field(description="Whether one may approve one's own documents.")
    currency: str = Field(description="Currency of the amounts in conditions.")
    levels: list[LevelRead] = Field(description="Every level, in order.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, chain: ApprovalChain) -> Self:
        """Return the chain as the API shows it."""
        return shown(cls, chain, levels=[LevelRead.of(one) for one in chain.levels])


class Remark(Input):
    """A word to a decision that does not need one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "同意"}]})

    reason: LongText | None = Field(None, description="Why.")


class ApprovalRefusal(Input):
    """Why a document goes back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "折扣过高，请重新核价"}]})

    reason: LongText = Field(description="Why.")


class ApprovalRead(BaseModel):
    """A document on its way through the levels."""

    id: UUID = Field(description="The approval's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    kind: OrLater[DocumentKind] = Field(description="The kind of document.")
    document_id: UUID = Field(description="The document.")
    document_number: str = Field(description="The document's number.")
    customer_id: UUID | None = Field(description="The customer the document is for.")
    opportunity_id: UUID | None = Field(description="The opportunity the document belongs to.")
    stage_code: str | None = Field(
        description="The stage it was in when the document was approved: there it counts."
    )
    approved_at: datetime | None = Field(
        description="When it was approved, if it ever was; null, too, of documents without an "
        "opportunity that were approved before this was kept of them."
    )
    state: OrLater[ApprovalState] = Field(description="How far it is.")
    levels: list[LevelRead] = Field(description="The levels asked for, as they were then.")
    position: int = Field(description="The level that decides, or decided last, from 1.")
    waiting_employee_id: UUID | None = Field(description="The employee it waits for.")
    waiting_role: str | None = Field(description="The role it waits for.")
    own_allowed: bool = Field(description="Whether the submitter may approve it.")
    amount: Money | None = Field(description="What the document is about.")
    discount_percent: DecimalText | None = Field(description="Its discount, percent.")
    submitted_by: str = Field(description="The subject who submitted it.")
    owner_id: UUID | None = Field(description="That subject's employee.")
    document_owner_id: UUID | None = Field(
        description="Whose document it was then, who may not approve it either."
    )
    created_at: datetime = Field(description="When it was submitted.")
    updated_at: datetime = Field(description="When it was decided on last.")

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """Return the approval as the API shows it."""
        levels = [LevelRead.of(one) for one in approval.levels]
        return shown(cls, approval, levels=levels, amount=approval.sum)


class DecisionRead(BaseModel):
    """One step of an approval."""

    step: int = Field(description="Counts the steps; the version of the approval it made.")
    decision: OrLater[Decision] = Field(description="What was decided.")
    level_name: str | None = Field(description="The level that decided.")
    reason: str | None = Field(description="Why.")
    decided_by: str = Field(description="The subject who decided.")
    employee_id: UUID | None = Field(description="That subject's employee.")
    decided_at: datetime = Field(description="When, UTC.")

    @classmethod
    def of(cls, decision: ApprovalDecision) -> Self:
        """Return the step as the API shows it."""
        return shown(cls, decision)


class DecisionList(BaseModel):
    """Every step of an approval."""

    items: list[DecisionRead] = Field(description="The steps, oldest first.")


class ApprovalFilters(PageParams):
    """Filters of the list of approvals; all must match."""

    waiting_for: Literal["me"] | None = Field(
        None, description="Only what waits for the caller, as the employee or by a role."
    )
    kind: DocumentKind | None = Field(None, description="Of this kind of document.")
    document_id: UUID | None = Field(None, description="Of this document.")
    state: ApprovalState | None = Field(None, description="In this state.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class ChainFilters(PageParams):
    """Filters of the list of chains."""

    kind: DocumentKind | None = Field(None, description="Of this kind of document.")
    sort: Literal["kind", "-kind"] = Field(
        "kind", description="Order; a leading minus reverses it."
    )
