"""The contact, and the rules about the primary one (feature row C3)."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from kehu_customer.contacts.errors import PrimaryContactNeeded, PrimaryMustBeActive
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate


class BuyingRole(StrEnum):
    """The part a person plays in a purchase: 经办人, 业务主管, 决策者."""

    HANDLER = "handler"
    BUSINESS_CONTACT = "business_contact"
    DECISION_MAKER = "decision_maker"


class Contact(Aggregate, Base):
    """A person we talk to at a customer.

    A customer with active contacts has exactly one primary contact, and that one is active: the
    first contact becomes it, and making another one primary takes it from the one before.
    """

    label_zh = "联系人"
    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_ref"),
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        Index(
            "uq_contacts_primary",
            "tenant_id",
            "customer_id",
            unique=True,
            postgresql_where=text("is_primary"),
        ),
        Index("ix_contacts_customer", "tenant_id", "customer_id", "name", "id"),
        Index("ix_contacts_name", "tenant_id", "name", "id"),
    )

    customer_id: Mapped[UUID]
    external_ref: Mapped[str | None]
    name: Mapped[str]
    title: Mapped[str | None]
    department: Mapped[str | None]
    buying_role: Mapped[str | None]
    phone: Mapped[str | None]
    mobile: Mapped[str | None]
    email: Mapped[str | None]
    is_primary: Mapped[bool]
    active: Mapped[bool]

    def make_primary(self) -> None:
        """Make this the contact to turn to first. Raises `PrimaryMustBeActive`."""
        if not self.active:
            raise PrimaryMustBeActive(name=self.name)
        self.is_primary = True

    def move(self, customer_id: UUID, place: dict[str, str | None], *, primary: bool) -> None:
        """Go to another customer, to a place that has nothing of the one before (4 L3126-3128).

        `primary` tells whether the contact comes first there, because there is no other.
        """
        self.customer_id = customer_id
        for name, value in place.items():
            setattr(self, name, value)
        self.active, self.is_primary = True, primary

    def require_secondary(self) -> None:
        """Raise `PrimaryContactNeeded` if this is the primary contact: only another replaces it."""
        if self.is_primary:
            raise PrimaryContactNeeded(name=self.name)

    def deactivate(self, *, others: bool) -> None:
        """Stop turning to this contact, who has left the customer, say.

        `others` tells whether the customer has other active contacts; then one of them has to
        become primary first. Raises `PrimaryContactNeeded`.
        """
        if others:
            self.require_secondary()
        self.active = self.is_primary = False
