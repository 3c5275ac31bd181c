"""The affiliation of a person with a customer, and its dates (feature row C3; 4 L3126-3128)."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, func, literal_column, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped

from kehu_customer.affiliations.errors import AffiliationHasEnded, MainAffiliation
from kehu_customer.db import Base
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate


class Affiliation(Aggregate, Base):
    """A person's place at a customer from `started_on` until the day before `ended_on`.

    The main one tells where the contact is now; others may run beside it, with other customers. It
    is never rewritten when the person goes elsewhere, so the relationship follows the person and
    the history stays.
    """

    label_zh = "任职关系"
    __tablename__ = "affiliations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"]),
        ExcludeConstraint(
            ("tenant_id", "="),
            ("contact_id", "="),
            ("customer_id", "="),
            (func.daterange(literal_column("started_on"), literal_column("ended_on")), "&&"),
            name="ex_affiliations_overlap",
        ),
        Index(
            "uq_affiliations_main",
            "tenant_id",
            "contact_id",
            unique=True,
            postgresql_where=text("is_main AND ended_on IS NULL"),
        ),
        Index("ix_affiliations_contact", "tenant_id", "contact_id", "started_on", "id"),
        Index("ix_affiliations_customer", "tenant_id", "customer_id", "started_on", "id"),
        Index("ix_affiliations_started_on", "tenant_id", "started_on", "id"),
    )

    contact_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    is_main: Mapped[bool]
    title: Mapped[str | None]
    department: Mapped[str | None]
    buying_role: Mapped[str | None]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]

    def require_open(self) -> None:
        """Raise `AffiliationHasEnded` if it is history."""
        if self.ended_on is not None:
            raise AffiliationHasEnded(on=self.ended_on)

    def require_secondary(self) -> None:
        """Raise `MainAffiliation` if it is the main one, which changes with the contact only."""
        if self.is_main:
            raise MainAffiliation

    def end(self, on: date, reason: str | None) -> None:
        """End it: `on` is the first day the person is not there any more.

        Raises `AffiliationHasEnded`, `DateBeforePrevious`.
        """
        self.require_open()
        business_day.follows(on, self.started_on)
        self.ended_on, self.end_reason = on, reason
