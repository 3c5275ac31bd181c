"""The contact point, and the rules about the primary and the verified one (feature row C3)."""

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from kehu_customer.contact_points import normal
from kehu_customer.contact_points.errors import (
    AddressPartsMisplaced,
    ContactPointNotUsed,
    OnePartyNeeded,
    PrimaryPointMustBeActive,
    PrimaryPointNeeded,
)
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate


class PointKind(StrEnum):
    """What kind of number or address: 电话, 手机, 电子邮件, 地址. Each kind has its primary one."""

    PHONE = "phone"
    MOBILE = "mobile"
    EMAIL = "email"
    ADDRESS = "address"


class PointPurpose(StrEnum):
    """What a number or address is for."""

    WORK = "work"
    PRIVATE = "private"
    FAX = "fax"
    BILLING = "billing"
    DELIVERY = "delivery"
    REGISTERED = "registered"
    OTHER = "other"


class ContactPoint(Aggregate, Base):
    """A phone number, an e-mail or a postal address of a customer or of a contact.

    `value` is what was typed, `normalised` the one form in which it is compared; that is missing
    only where a number was taken over from before and cannot be read. Of each kind a party has one
    primary point as long as it has active ones.
    """

    label_zh = "联系方式"
    __tablename__ = "contact_points"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"]),
        *(
            index
            for party in ("customer", "contact")
            for index in (
                Index(
                    f"uq_contact_points_{party}_primary",
                    "tenant_id",
                    f"{party}_id",
                    "kind",
                    unique=True,
                    postgresql_where=text(f"is_primary AND {party}_id IS NOT NULL"),
                ),
                Index(
                    f"uq_contact_points_{party}_value",
                    "tenant_id",
                    f"{party}_id",
                    "kind",
                    "normalised",
                    "extension",
                    unique=True,
                    postgresql_nulls_not_distinct=True,
                    postgresql_where=text(
                        f"active AND {party}_id IS NOT NULL AND normalised IS NOT NULL"
                    ),
                ),
                Index(f"ix_contact_points_{party}", "tenant_id", f"{party}_id", "kind", "id"),
            )
        ),
        Index("ix_contact_points_normalised", "tenant_id", "normalised", "id"),
        Index(
            "ix_contact_points_domain",
            "tenant_id",
            text("split_part(normalised, '@', 2)"),
            postgresql_where=text("kind = 'email'"),
        ),
        Index("ix_contact_points_created_at", "tenant_id", "created_at", "id"),
    )

    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    kind: Mapped[str]
    purpose: Mapped[str]
    value: Mapped[str]
    address: Mapped[dict[str, Any] | None]
    normalised: Mapped[str | None]
    extension: Mapped[str | None]
    verified_on: Mapped[date | None]
    verified_by: Mapped[str | None]
    is_primary: Mapped[bool]
    active: Mapped[bool]

    def require_one_party(self) -> None:
        """Raise `OnePartyNeeded` unless it is that of a customer or of a contact."""
        if (self.customer_id is None) == (self.contact_id is None):
            raise OnePartyNeeded

    def write(self, value: str, parts: dict[str, str] | None, *, region: str) -> None:
        """Take a number or address as it was typed, and its normal form.

        `region` is where a phone number without a country code is. What is written anew has to be
        verified anew, unless only the way of writing differs. Raises `InvalidPhoneNumber`,
        `InvalidEmailAddress`, `AddressPartsMisplaced`.
        """
        if parts and self.kind != PointKind.ADDRESS:
            raise AddressPartsMisplaced
        if self.kind == PointKind.ADDRESS:
            found = normal.address(value, parts or {})
        elif self.kind == PointKind.EMAIL:
            found = normal.email(value)
        else:
            found = normal.phone(value, region)
        if (self.normalised, self.extension) != found:
            self.verified_on = self.verified_by = None
        self.value, self.address = value, parts
        self.normalised, self.extension = found

    def verify(self, on: date, by: str) -> None:
        """Record that somebody has found that it works. Raises `ContactPointNotUsed`."""
        if not self.active:
            raise ContactPointNotUsed
        self.verified_on, self.verified_by = on, by

    def make_primary(self) -> None:
        """Make this the one of its kind to use first. Raises `PrimaryPointMustBeActive`."""
        if not self.active:
            raise PrimaryPointMustBeActive
        self.is_primary = True

    def require_secondary(self) -> None:
        """Raise `PrimaryPointNeeded` if this is the primary one: only another replaces it."""
        if self.is_primary:
            raise PrimaryPointNeeded

    def deactivate(self, *, others: bool) -> None:
        """Stop using it. `others` tells whether there are other active ones of its kind.

        Then one of them has to become primary first. Raises `PrimaryPointNeeded`.
        """
        if others:
            self.require_secondary()
        self.active = self.is_primary = False
