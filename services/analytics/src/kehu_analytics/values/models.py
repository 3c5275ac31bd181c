"""Customer values, the figures they are calculated from, and what was published of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_analytics.db import Base
from kehu_kernel.columns import TenantRow


class CustomerFigures(Base):
    """Raw figures of every customer that any fact names, whether the customer is known yet or not.

    `amounts` maps a currency to `{"won", "won_count", "open"}`, amounts as text. The row is also
    what workers lock before they calculate a customer: their facts come from different partitions.
    """

    __tablename__ = "customer_figures"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    won_count: Mapped[int] = mapped_column(server_default="0")
    lost_count: Mapped[int] = mapped_column(server_default="0")
    request_count: Mapped[int] = mapped_column(server_default="0")
    amounts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    facts_at: Mapped[datetime | None]


class CustomerValue(TenantRow, Base):
    """The value of a customer by the active model: a function of facts and scoring alone.

    Every known customer is valued, also one without any business: it scores what zeros score.
    `inputs` lists per dimension the value, the interval it fell into, points, weight and
    contribution; the id is the customer's. `calculated_at` is the time of the newest fact or
    scoring change it depends on.
    """

    __tablename__ = "customer_values"
    __table_args__ = (
        Index("ix_customer_values_score", "tenant_id", "score", "id"),
        Index("ix_customer_values_grade", "tenant_id", "grade", "score", "id"),
    )

    model_id: Mapped[UUID]
    score: Mapped[Decimal] = mapped_column(Numeric(9, 4))
    grade: Mapped[str]
    inputs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    calculated_at: Mapped[datetime]


class ValuePublication(Base):
    """The value that was published last; `version` is the sequence of its event.

    This is a record of what was said, not a projection: a rebuild keeps it, and so says nothing
    twice. `facts` may pass a value within one batch without its being published.
    """

    __tablename__ = "value_publications"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    score: Mapped[Decimal] = mapped_column(Numeric(9, 4))
    grade: Mapped[str]
