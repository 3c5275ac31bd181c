"""What a contract of sales takes of the credit: the newest its events said (feature row C9)."""

from decimal import Decimal
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from kehu_contracts.contracting import ContractFact
from kehu_customer.db import Base
from kehu_kernel.copies import Copy

NOTHING = Decimal("0.00")

TAKING = frozenset({"in_approval", "approved"})
"""States in which a contract takes credit: submitted, since sales has let it through, or in force.
A draft takes none yet, a fulfilled or cancelled one none any more."""


def taken_by(contract: ContractFact) -> Decimal:
    """Return what a contract takes of the credit: on account, what was agreed and has not come in.

    Receipts need not be heard of: whatever a receipt pays or takes back, the contract says.
    """
    if not contract.on_account or contract.state not in TAKING:
        return NOTHING
    return max(contract.total.amount - contract.collected.amount, NOTHING)


class CreditContract(Copy, Base):
    """A contract of sales as far as it concerns the credit; the id is the contract's.

    It counts for the group its customer belongs to today, by the account that `MISCOUNTED` says.
    """

    label_zh = "合同信用占用"
    __tablename__ = "credit_contracts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        CheckConstraint("taken >= 0", "taken"),
        Index(
            "ix_credit_contracts_taking",
            "tenant_id",
            "customer_id",
            postgresql_where=text("taken > 0"),
        ),
        Index("ix_credit_contracts_customer", "tenant_id", "customer_id", "taken", "id"),
        Index("ix_credit_contracts_taken", "tenant_id", "taken", "id"),
    )

    customer_id: Mapped[UUID]
    number: Mapped[str]
    state: Mapped[str]
    on_account: Mapped[bool]
    currency: Mapped[str]
    total: Mapped[Decimal]
    collected: Mapped[Decimal]
    taken: Mapped[Decimal]

    @classmethod
    def of(cls, contract: ContractFact, sequence: int) -> Self:
        """Return what is kept of a contract that was not known."""
        known = cls(id=contract.contract_id)
        known.follow(contract, sequence)
        return known

    def follow(self, contract: ContractFact, sequence: int) -> None:
        """Say what an event says that is newer than what is known."""
        self.sequence = sequence
        self.customer_id = contract.customer_id
        self.number = contract.number
        self.state = contract.state
        self.on_account = contract.on_account
        self.currency = contract.total.currency
        self.total = contract.total.amount
        self.collected = contract.collected.amount
        self.taken = taken_by(contract)
