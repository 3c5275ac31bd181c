"""What search keeps: the terms of each customer, and how far the index was built (C15)."""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.db import Base


class SearchDocument(Base):
    """The terms by which a customer is found, its contacts' included, as numbers.

    A hint and no truth: it is made from the rows after each change, and what it finds is looked at
    again. `sound` is how `name` is pronounced, in syllables; of another name it says nothing.
    """

    __tablename__ = "search_documents"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        Index(
            "ix_search_documents_terms",
            "terms",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    terms: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    name: Mapped[str]
    sound: Mapped[str]


class SearchBuild(Base):
    """How far the terms of all customers on record were made, by edition of the terms.

    Without a place it has not begun; the last one looked at is the place where it goes on.
    """

    __tablename__ = "search_builds"

    edition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_tenant: Mapped[str]
    at_customer: Mapped[UUID]
    finished: Mapped[bool]
