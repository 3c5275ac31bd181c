"""The local copy of a customer."""

from sqlalchemy.orm import Mapped

from kehu_kernel.columns import TenantRow
from kehu_service_desk.customers.errors import CustomerHasEnded
from kehu_service_desk.db import Base

FORMER = "former"


class CustomerRef(TenantRow, Base):
    """As much of a customer as service needs, as of event number `sequence` of the customer."""

    __tablename__ = "customer_refs"

    name: Mapped[str]
    state: Mapped[str]
    sequence: Mapped[int]

    def require_current(self) -> None:
        """Raise `CustomerHasEnded` if the relation is over."""
        if self.state == FORMER:
            raise CustomerHasEnded(name=self.name)
