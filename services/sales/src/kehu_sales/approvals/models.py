"""Approval chains, approvals, and the rules about who decides (1.4: 多级审核, 驳回审核)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from kehu_contracts.money import Money
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_kernel.context import Context
from kehu_sales.approvals.errors import (
    ApprovalIsOver,
    ApproverMissing,
    NotApproved,
    NotTheApprover,
    NotTheSubmitter,
    OwnDocument,
    RangeReversed,
)
from kehu_sales.db import Base

DECIDE_SCOPE = "sales:approvals:decide"


class DocumentKind(StrEnum):
    """What can be submitted: 合同, 合同变更, 价目表, 报价单, 项目, 样品申请, 竞争对手."""

    CONTRACT = "contract"
    CONTRACT_AMENDMENT = "contract_amendment"
    PRICE_LIST = "price_list"
    QUOTE = "quote"
    SAMPLE = "sample"
    COMPETITOR = "competitor"
    PROJECT = "project"


class ApprovalState(StrEnum):
    """How far an approval is: 审批中, 已审核, 已驳回, 已撤回, 已反审核."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


class Decision(StrEnum):
    """What was decided at one step."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions of levels look at; None: the document has no such thing."""

    amount: Money | None = None
    discount_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a chain: who decides, and for which documents it is asked.

    `employee_id` or `role` names the approver; a level of neither is for holders of the scope
    `sales:approvals:decide`. Ranges include where they begin and exclude where they end; a range
    without a side is open there. All ranges that are given must hold.
    """

    name: str
    employee_id: UUID | None = None
    role: str | None = None
    amount_from: Decimal | None = None
    amount_below: Decimal | None = None
    discount_from: Decimal | None = None
    discount_below: Decimal | None = None

    def require_sound(self) -> None:
        """Raise `ApproverMissing` or `RangeReversed` for a level that makes no sense."""
        if (self.employee_id is None) == (self.role is None):
            raise ApproverMissing(level=self.name)
        for start, end in (
            (self.amount_from, self.amount_below),
            (self.discount_from, self.discount_below),
        ):
            if start is not None and end is not None and end <= start:
                raise RangeReversed(level=self.name)

    def is_asked(self, facts: Facts, currency: str) -> bool:
        """Whether the level decides on a document with these facts.

        What cannot be compared is asked about: an unknown value, an amount in another currency.
        """
        amount = facts.amount
        same = amount is not None and amount.currency == currency
        return _holds(
            self.amount_from, self.amount_below, amount.amount if amount and same else None
        ) and _holds(self.discount_from, self.discount_below, facts.discount_percent)

    def names(self, context: Context) -> bool:
        """Whether the level names the caller."""
        if self.employee_id is not None:
            return self.employee_id == context.employee_id
        return self.role is not None and self.role in context.roles


ANYBODY_ENTITLED = Level("审批")
"""Asked for what has to be approved although no chain says by whom."""


def _holds(start: Decimal | None, end: Decimal | None, value: Decimal | None) -> bool:
    if value is None:
        return True
    return (start is None or value >= start) and (end is None or value < end)


class LevelsColumn(TypeDecorator[tuple[Level, ...]]):
    """Levels in a jsonb column; decimals are text, so that they stay exact."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: tuple[Level, ...] | None, _dialect: Dialect) -> Any:
        """Return the levels as JSON can hold them."""
        return [
            {name: None if one is None else str(one) for name, one in asdict(level).items()}
            for level in value or ()
        ]

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[Level, ...]:
        """Return the stored levels."""
        return tuple(_level(one) for one in value)


def _level(stored: dict[str, str | None]) -> Level:
    values: dict[str, Any] = {
        name: Decimal(one) if one is not None and name.startswith(("amount", "discount")) else one
        for name, one in stored.items()
    }
    employee = stored["employee_id"]
    return Level(**values | {"employee_id": UUID(employee) if employee else None})


class ApprovalChain(Aggregate, Base):
    """Who has to agree to one kind of document, level by level. A tenant has one per kind."""

    label_zh = "审批流程"
    __tablename__ = "approval_chains"
    __table_args__ = (UniqueConstraint("tenant_id", "kind"),)

    kind: Mapped[str]
    active: Mapped[bool]
    own_allowed: Mapped[bool]
    currency: Mapped[str]
    levels: Mapped[tuple[Level, ...]] = mapped_column(LevelsColumn())

    def asked_for(self, facts: Facts) -> tuple[Level, ...]:
        """Return the levels that decide on a document with these facts, in order."""
        if not self.active:
            return ()
        return tuple(one for one in self.levels if one.is_asked(facts, self.currency))


def levels_of(chain: ApprovalChain | None, facts: Facts, *, must: bool) -> tuple[Level, ...]:
    """Return who decides on a document, level by level; nobody: it is approved at once.

    `must`: somebody has to, whatever the chain says.
    """
    levels = chain.asked_for(facts) if chain else ()
    return levels or ((ANYBODY_ENTITLED,) if must else ())


class Approval(Aggregate, Base):
    """One document on its way through the levels that were asked for when it was submitted.

    Changes to the chain do not touch it. `position` counts the levels from 1; `waiting_*` name who
    decides next. `submitted_by` is a subject, `owner_id` that subject's employee, and
    `document_owner_id` whose document it was when it was submitted. `stage_code` is the stage the
    opportunity was in at `approved_at`: there it counts for the gate. `about_id` is another
    document that this one changes: whoever decides reads that one, too.
    """

    label_zh = "审批"
    __tablename__ = "approvals"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'approved', 'rejected', 'withdrawn', 'revoked')", "state"
        ),
        Index(
            "ix_approvals_open", "tenant_id", "kind", "document_id", unique=True,
            postgresql_where=text("state IN ('waiting', 'approved')"),
        ),
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        Index(
            "ix_approvals_opportunity", "tenant_id", "opportunity_id", "stage_code",
            postgresql_where=text("stage_code IS NOT NULL AND state = 'approved'"),
        ),
        Index(
            "ix_approvals_about", "tenant_id", "about_id",
            postgresql_where=text("about_id IS NOT NULL"),
        ),
        Index("ix_approvals_customer", "tenant_id", "customer_id"),
        Index("ix_approvals_document", "tenant_id", "document_id", "created_at", "id"),
        Index("ix_approvals_created_at", "tenant_id", "created_at", "id"),
        Index(
            "ix_approvals_waiting_employee", "tenant_id", "waiting_employee_id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_approvals_waiting_role", "tenant_id", "waiting_role",
            postgresql_where=text("state = 'waiting'"),
        ),
    )  # fmt: skip

    kind: Mapped[str]
    document_id: Mapped[UUID]
    document_number: Mapped[str]
    customer_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    document_owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None]
    discount_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    levels: Mapped[tuple[Level, ...]] = mapped_column(LevelsColumn())
    own_allowed: Mapped[bool]
    state: Mapped[str]
    position: Mapped[int]
    waiting_employee_id: Mapped[UUID | None]
    waiting_role: Mapped[str | None]
    submitted_by: Mapped[str]
    opportunity_id: Mapped[UUID | None]
    stage_code: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    about_id: Mapped[UUID | None]

    @property
    def level(self) -> Level | None:
        """The level that decides next."""
        return self.levels[self.position - 1] if self.state == ApprovalState.WAITING else None

    @property
    def sum(self) -> Money | None:
        """The amount the document is about."""
        if self.amount is None or self.currency is None:
            return None
        return Money(amount=self.amount, currency=self.currency)

    def begin(self) -> None:
        """Wait at the first level; without levels it is approved at once."""
        self._go_to(1)

    def approve(self, context: Context) -> None:
        """Agree to it at this level; after the last one it is approved.

        Raises `ApprovalIsOver`, `NotTheApprover`, `OwnDocument`.
        """
        self._require_approver(context)
        self._go_to(self.position + 1)

    def reject(self, context: Context) -> None:
        """Give it back to who submitted it. Raises what `approve` raises."""
        self._require_approver(context)
        self._end(ApprovalState.REJECTED)

    def count_for(self, stage_code: str | None, at: datetime) -> None:
        """Count, once approved, for the stage the opportunity is in (推进条件: 审批)."""
        self.stage_code, self.approved_at = stage_code, at

    def withdraw(self, context: Context) -> None:
        """Take it back before it is decided. Raises `ApprovalIsOver`, `NotTheSubmitter`."""
        self._require_waiting()
        if context.actor != self.submitted_by:
            raise NotTheSubmitter(number=self.document_number)
        self._end(ApprovalState.WITHDRAWN)

    def revoke(self, context: Context) -> None:
        """Un-approve it (驳回审核), as its last approver or with the scope to decide.

        Raises `NotApproved`, `NotTheApprover`.
        """
        if self.state != ApprovalState.APPROVED:
            raise NotApproved(number=self.document_number)
        named = bool(self.levels) and self.levels[-1].names(context)
        if not named and DECIDE_SCOPE not in (context.scopes or ()):
            raise NotTheApprover(number=self.document_number, scope=DECIDE_SCOPE)
        self._end(ApprovalState.REVOKED)

    def hand_over(self, leaver: UUID, successor_id: UUID) -> None:
        """Ask the successor where the leaver was to decide, now or later (C4)."""
        self.levels = tuple(
            Level(**asdict(one) | {"employee_id": successor_id})
            if one.employee_id == leaver
            else one
            for one in self.levels
        )
        self._go_to(self.position)

    def _require_waiting(self) -> Level:
        level = self.level
        if level is None:
            raise ApprovalIsOver(number=self.document_number)
        return level

    def _require_approver(self, context: Context) -> None:
        level = self._require_waiting()
        if not level.names(context) and DECIDE_SCOPE not in (context.scopes or ()):
            raise NotTheApprover(number=self.document_number, scope=DECIDE_SCOPE)
        me = context.employee_id
        mine = context.actor == self.submitted_by or (
            me is not None and me in (self.owner_id, self.document_owner_id)
        )
        if mine and not self.own_allowed:
            raise OwnDocument(number=self.document_number)

    def _go_to(self, position: int) -> None:
        if position > len(self.levels):
            self._end(ApprovalState.APPROVED)
            return
        level = self.levels[position - 1]
        self.state, self.position = ApprovalState.WAITING, position
        self.waiting_employee_id, self.waiting_role = level.employee_id, level.role

    def _end(self, state: ApprovalState) -> None:
        self.state = state
        self.waiting_employee_id = self.waiting_role = None


class ApprovalDecision(TenantRow, Base):
    """One step of an approval; `decided_by` is a subject."""

    __tablename__ = "approval_decisions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "approval_id", "step"),
        ForeignKeyConstraint(["tenant_id", "approval_id"], ["approvals.tenant_id", "approvals.id"]),
    )

    approval_id: Mapped[UUID]
    step: Mapped[int]
    decision: Mapped[str]
    level_name: Mapped[str | None]
    reason: Mapped[str | None]
    decided_by: Mapped[str]
    employee_id: Mapped[UUID | None]
    decided_at: Mapped[datetime]
