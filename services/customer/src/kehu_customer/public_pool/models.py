"""The rules of the public pool, and the day of the last contact with a customer (C4)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.customers.models import CustomerState
from kehu_customer.db import Base
from kehu_customer.public_pool.errors import PoolLimitReached, ReturnedLately
from kehu_kernel.columns import Aggregate

DEFAULTS: Mapping[str, Any] = {
    "max_held": 100,
    "protection_days": 30,
    "reclaim_after_days": 7,
    "recycled_states": [CustomerState.PROSPECT.value],
}
"""What holds where a tenant has decided nothing."""


class PoolRules(Aggregate, Base):
    """What a tenant has decided: one row for all, and one for each department that differs.

    A department without a row has the rules of the nearest one above it, then those of the tenant.
    `max_held` customers is as many as one may look after by claiming; `protection_days` after the
    last contact, or after getting the customer, an owner loses it (those in `recycled_states`); for
    `reclaim_after_days` others come first.
    """

    label_zh = "公海规则"
    __tablename__ = "pool_rules"
    __table_args__ = (
        UniqueConstraint("tenant_id", "department_id", postgresql_nulls_not_distinct=True),
        ForeignKeyConstraint(
            ["tenant_id", "department_id"], ["departments.tenant_id", "departments.id"]
        ),
    )

    department_id: Mapped[UUID | None]
    max_held: Mapped[int]
    protection_days: Mapped[int]
    reclaim_after_days: Mapped[int]
    recycled_states: Mapped[list[str]] = mapped_column(ARRAY(Text))

    def require_room(self, held: int) -> None:
        """Refuse a claim by somebody who looks after enough. Raises `PoolLimitReached`."""
        if held >= self.max_held:
            raise PoolLimitReached(held=held, limit=self.max_held)

    def require_waited(self, lost_on: date | None, today: date) -> None:
        """Refuse a claim by who has just lost or returned the customer. Raises `ReturnedLately`."""
        if lost_on is not None:
            again_on = lost_on + timedelta(days=self.reclaim_after_days)
            if today < again_on:
                raise ReturnedLately(on=again_on)

    def protected_until(self, owned_since: date, last_contact_on: date | None) -> date:
        """Return the last day on which the owner keeps a customer without another contact."""
        since = max(owned_since, last_contact_on or owned_since)
        return since + timedelta(days=self.protection_days)


class FollowUp(Base):
    """The business day of the last contact with a customer that sales has recorded."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_on: Mapped[date]


def nearest(rules: Mapping[UUID | None, PoolRules], path: Sequence[UUID]) -> PoolRules:
    """Return the rules of a department: its own, or the nearest ones above, or the defaults."""
    for department_id in (*reversed(path), None):
        if department_id in rules:
            return rules[department_id]
    return PoolRules(version=0, **DEFAULTS)
