"""The local copy of a customer."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from kehu_kernel.copies import Copy, MergingCopy
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged
from kehu_sales.db import Base

FORMER = "former"
TRADE = "trade"


class CustomerRef(MergingCopy, Base):
    """A customer as the newest event about it said; `sequence` is that event's.

    One that was merged is as good as former, and has a survivor. Its territory is its owner's.
    """

    __tablename__ = "customer_refs"
    __table_args__ = (
        Index(
            "ix_customer_refs_merged",
            "tenant_id",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        Index(
            "ix_customer_refs_parent",
            "tenant_id",
            "parent_id",
            postgresql_where=text("parent_id IS NOT NULL"),
        ),
        Index(
            "ix_customer_refs_industry",
            "tenant_id",
            "industry",
            postgresql_where=text("industry IS NOT NULL"),
        ),
    )

    name: Mapped[str]
    state: Mapped[str]
    value_grade: Mapped[str | None]
    parent_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    industry: Mapped[str | None]
    country: Mapped[str | None]

    def require_current(self, survivor: "CustomerRef | None") -> None:
        """Refuse one that was merged, naming its survivor as far as that is known, or a former one.

        Raises `CustomerMerged`, `CustomerHasEnded`.
        """
        if self.merged_into_id is not None:
            survivor_id = str(self.merged_into_id)
            raise CustomerMerged(
                name=self.name,
                survivor=survivor.name if survivor else survivor_id,
                merged_into_id=survivor_id,
                extra={"merged_into_id": survivor_id},
            )
        if self.state == FORMER:
            raise CustomerHasEnded(name=self.name)


class CustomerGroupRef(Copy, Base):
    """That a customer is, or was, in a segment or a class; the other one of the two is None.

    The id is the membership's or the classification's; `class_code` is `scheme/class`.
    """

    __tablename__ = "customer_group_refs"
    __table_args__ = (Index("ix_customer_group_refs_customer", "tenant_id", "customer_id"),)

    customer_id: Mapped[UUID]
    segment_id: Mapped[UUID | None]
    class_code: Mapped[str | None]
    member: Mapped[bool]


class DuplicatePairRef(Copy, Base):
    """That two customers may be one; not `suspected` any more once somebody has decided."""

    __tablename__ = "duplicate_pair_refs"
    __table_args__ = (
        Index("ix_duplicate_pair_refs_first", "tenant_id", "first_id"),
        Index("ix_duplicate_pair_refs_second", "tenant_id", "second_id"),
    )

    first_id: Mapped[UUID]
    second_id: Mapped[UUID]
    suspected: Mapped[bool]
