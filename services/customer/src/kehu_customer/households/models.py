"""The household and its members (feature row C3; 4 L3100, 6.2)."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate, TenantRow


class Relation(StrEnum):
    """What a member is in the household: 户主, 配偶, 子女, 父母, 其他."""

    HEAD = "head"
    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    OTHER = "other"


class Household(Aggregate, Base):
    """Persons who live and decide together; its members change with it."""

    label_zh = "家庭"
    __tablename__ = "households"
    __table_args__ = (Index("ix_households_name", "tenant_id", "name", "id"),)

    name: Mapped[str]


class HouseholdMember(TenantRow, Base):
    """A person in a household until the day before `left_on`: a customer of our own, or a contact.

    A person belongs to one household at a time, and a household has one head at most.
    """

    __tablename__ = "household_members"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "household_id"], ["households.tenant_id", "households.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"]),
        Index("ix_household_members_customer", "tenant_id", "customer_id"),
        Index("ix_household_members_contact", "tenant_id", "contact_id"),
        Index(
            "uq_household_members_customer",
            "tenant_id",
            "customer_id",
            unique=True,
            postgresql_where=text("left_on IS NULL AND customer_id IS NOT NULL"),
        ),
        Index(
            "uq_household_members_contact",
            "tenant_id",
            "contact_id",
            unique=True,
            postgresql_where=text("left_on IS NULL AND contact_id IS NOT NULL"),
        ),
        Index(
            "uq_household_members_head",
            "tenant_id",
            "household_id",
            unique=True,
            postgresql_where=text("left_on IS NULL AND relation = 'head'"),
        ),
        Index("ix_household_members_household", "tenant_id", "household_id", "id"),
    )

    household_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    relation: Mapped[str]
    joined_on: Mapped[date]
    left_on: Mapped[date | None]

    def leave(self, on: date) -> None:
        """Leave the household; `on` is the first day without. Raises `DateBeforePrevious`."""
        business_day.follows(on, self.joined_on)
        self.left_on = on
