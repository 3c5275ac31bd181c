"""Who of us knows which contact, and how well (feature row C3; 4 L2454)."""

from datetime import date
from enum import IntEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate


class Closeness(IntEnum):
    """How well one of us knows a person: 见过, 认识, 熟悉, 密友或亲属. Higher is closer."""

    HAS_MET = 1
    KNOWS = 2
    KNOWS_WELL = 3
    CLOSE = 4


class Acquaintance(Aggregate, Base):
    """One of our employees knows a contact.

    It belongs to the person, not to the customer: it goes along when the person changes employer.
    One that is not `active` was entered in error or is over.
    """

    label_zh = "相识关系"
    __tablename__ = "acquaintances"
    __table_args__ = (
        UniqueConstraint("tenant_id", "employee_id", "contact_id"),
        ForeignKeyConstraint(["tenant_id", "employee_id"], ["employees.tenant_id", "employees.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"]),
        Index("ix_acquaintances_contact", "tenant_id", "contact_id", "closeness", "id"),
        Index("ix_acquaintances_closeness", "tenant_id", "closeness", "id"),
    )

    employee_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    closeness: Mapped[int]
    how: Mapped[str | None]
    met_on: Mapped[date | None]
    active: Mapped[bool]
