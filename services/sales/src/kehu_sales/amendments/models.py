"""The amendment of a contract: what is proposed, and what was agreed before (S10)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.money import Money
from kehu_kernel import ids
from kehu_kernel.columns import Aggregate
from kehu_sales.amendments.errors import AmendmentInForce, NothingAmended
from kehu_sales.approvals.models import ApprovalState
from kehu_sales.contracts.models import Contract
from kehu_sales.contracts.plan import PlanColumn, Share
from kehu_sales.db import Base
from kehu_sales.quotes.lines import QuoteLine, QuoteLinesColumn

AGREED = (
    "lines", "discount_percent", "total", "instalments", "on_account", "settlement_method", "terms",
    "starts_on", "ends_on",
)  # fmt: skip
"""What of a contract both sides agree to, and may agree to anew; the signing is history."""


class AmendmentState(StrEnum):
    """How far an amendment is: 审批中, 已生效, 已驳回, 已撤回; 原合同 is what was agreed first."""

    ORIGINAL = "original"
    IN_APPROVAL = "in_approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


KEPT = (AmendmentState.ORIGINAL, AmendmentState.APPROVED)
"""States of what was agreed to at some time: the revisions of the contract."""


class ContractAmendment(Aggregate, Base):
    """A whole version of a contract that is proposed, or was agreed to; it never changes.

    `revision` is what the contract's becomes with it. The version that was agreed first is kept as
    `original`, without a reason, when a contract is amended for the first time.
    """

    label_zh = "合同变更"
    __tablename__ = "contract_amendments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "contract_id"], ["contracts.tenant_id", "contracts.id"]),
        CheckConstraint(
            "state IN ('original', 'in_approval', 'approved', 'rejected', 'withdrawn')", "state"
        ),
        CheckConstraint("(state = 'original') = (reason IS NULL)", "reason"),
        CheckConstraint("(state IN ('original', 'approved')) = (agreed_on IS NOT NULL)", "agreed"),
        CheckConstraint("ends_on >= starts_on", "period"),
        Index(
            "ix_contract_amendments_open", "tenant_id", "contract_id", unique=True,
            postgresql_where=text("state = 'in_approval'"),
        ),
        Index(
            "ix_contract_amendments_kept", "tenant_id", "contract_id", "revision", unique=True,
            postgresql_where=text("state IN ('original', 'approved')"),
        ),
        Index("ix_contract_amendments_contract", "tenant_id", "contract_id", "created_at", "id"),
        Index("ix_contract_amendments_created_at", "tenant_id", "created_at", "id"),
    )  # fmt: skip

    contract_id: Mapped[UUID]
    number: Mapped[str]
    revision: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str | None]
    lines: Mapped[tuple[QuoteLine, ...]] = mapped_column(QuoteLinesColumn())
    discount_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    total: Mapped[Decimal]
    currency: Mapped[str]
    instalments: Mapped[tuple[Share, ...]] = mapped_column(PlanColumn())
    on_account: Mapped[bool]
    settlement_method: Mapped[str | None]
    terms: Mapped[str | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    agreed_on: Mapped[date | None]
    submitted_by: Mapped[str | None]
    decided_by: Mapped[str | None]

    @classmethod
    def of(cls, contract: Contract, revision: int, state: AmendmentState) -> "ContractAmendment":
        """Return what the contract says now, as a version of it."""
        return cls(
            id=ids.new_id(),
            contract_id=contract.id,
            number=f"{contract.number}-R{revision}",
            revision=revision,
            state=state,
            reason=None,
            currency=contract.currency,
            agreed_on=contract.approved_on if state == AmendmentState.ORIGINAL else None,
            submitted_by=None,
            decided_by=None,
            **{name: getattr(contract, name) for name in AGREED},
        )

    @property
    def sum(self) -> Money:
        """The total with its currency."""
        return Money(amount=self.total, currency=self.currency)

    def differs_in(self, contract: Contract) -> set[str]:
        """Return the names of what it changes of the contract."""
        return {name for name in AGREED if getattr(self, name) != getattr(contract, name)}

    def require_change(self, contract: Contract) -> None:
        """Raise `NothingAmended` if it says what the contract says."""
        if not self.differs_in(contract):
            raise NothingAmended(number=contract.number)

    def follow(self, approval: str, on: date, actor: str) -> None:
        """Be as far as its approval is; what was not agreed to stays as it was proposed.

        Raises `AmendmentInForce`: what is agreed to is not un-approved.
        """
        if self.state != AmendmentState.IN_APPROVAL:
            raise AmendmentInForce(number=self.number)
        self.state = {
            ApprovalState.WAITING: AmendmentState.IN_APPROVAL,
            ApprovalState.APPROVED: AmendmentState.APPROVED,
            ApprovalState.WITHDRAWN: AmendmentState.WITHDRAWN,
        }.get(ApprovalState(approval), AmendmentState.REJECTED)
        if self.state != AmendmentState.IN_APPROVAL:
            self.decided_by = actor
        self.agreed_on = on if self.state == AmendmentState.APPROVED else None

    def put_into(self, contract: Contract) -> None:
        """Have the contract say what was agreed to anew; the next revision of it."""
        for name in AGREED:
            setattr(contract, name, getattr(self, name))
        contract.revision = self.revision
