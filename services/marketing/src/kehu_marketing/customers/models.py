"""What this service knows of a customer."""

from sqlalchemy.orm import Mapped

from kehu_kernel.columns import TenantRow
from kehu_marketing.customers.errors import CustomerHasEnded
from kehu_marketing.db import Base

FORMER = "former"


class CustomerRef(TenantRow, Base):
    """A copy of a customer's name and state, as of its event number `sequence`."""

    __tablename__ = "customer_refs"

    name: Mapped[str]
    state: Mapped[str]
    sequence: Mapped[int]

    def require_current(self) -> None:
        """Raise `CustomerHasEnded` if the relation is over."""
        if self.state == FORMER:
            raise CustomerHasEnded(name=self.name)
