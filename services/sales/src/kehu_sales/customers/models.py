"""The local copy of a customer."""

from sqlalchemy.orm import Mapped

from kehu_kernel.columns import TenantRow
from kehu_sales.customers.errors import CustomerHasEnded
from kehu_sales.db import Base

FORMER = "former"


class CustomerRef(TenantRow, Base):
    """A customer as the newest event about it said; `sequence` is that event's."""

    __tablename__ = "customer_refs"

    name: Mapped[str]
    state: Mapped[str]
    sequence: Mapped[int]

    def require_current(self) -> None:
        """Raise `CustomerHasEnded` if the relation is over."""
        if self.state == FORMER:
            raise CustomerHasEnded(name=self.name)
