"""What this service knows of a customer."""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from kehu_kernel.copies import MergingCopy
from kehu_marketing.customers.errors import CustomerHasEnded, CustomerMerged
from kehu_marketing.db import Base

FORMER = "former"


class CustomerRef(MergingCopy, Base):
    """A copy of a customer's name and state, as of its event number `sequence`.

    One that was merged is as good as former, and has a survivor.
    """

    __tablename__ = "customer_refs"
    __table_args__ = (
        Index(
            "ix_customer_refs_merged",
            "tenant_id",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    name: Mapped[str]
    state: Mapped[str]

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
