"""Match keys, a tenant's rules about duplicates, and the pairs to be reviewed (feature row C5)."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.db import Base
from kehu_customer.duplicates.errors import PairIsDecided, ThresholdsCross
from kehu_customer.duplicates.rules import (
    DEFAULT_OTHER_CREDIT_CODE,
    DEFAULT_POINTS,
    DEFAULT_REFUSE_FROM,
    DEFAULT_UNMERGE_WITHIN_DAYS,
    DEFAULT_WARN_FROM,
)
from kehu_kernel.columns import Aggregate


class MatchKey(Base):
    """A key by which a customer is found; made of the customer's own fields."""

    __tablename__ = "match_keys"
    __table_args__ = (
        # Checked at the commit: keys are entered while looking for the same ones, before the row.
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        Index("ix_match_keys_customer", "tenant_id", "customer_id"),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)


class DuplicateRules(Aggregate, Base):
    """What a tenant has decided about duplicates: one row at most, without one the defaults hold.

    `points` says what each shared thing is worth, 0 to 100; what is left out has its default.
    """

    label_zh = "查重规则"
    __tablename__ = "duplicate_rules"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    points: Mapped[dict[str, Any]]
    refuse_from: Mapped[int]
    warn_from: Mapped[int]
    other_credit_code: Mapped[int]
    ignored_domains: Mapped[list[str]]
    unmerge_within_days: Mapped[int]

    @classmethod
    def by_default(cls) -> "DuplicateRules":
        """Return what holds where a tenant has decided nothing, as version 0."""
        return cls(
            version=0,
            points=DEFAULT_POINTS,
            refuse_from=DEFAULT_REFUSE_FROM,
            warn_from=DEFAULT_WARN_FROM,
            other_credit_code=DEFAULT_OTHER_CREDIT_CODE,
            ignored_domains=[],
            unmerge_within_days=DEFAULT_UNMERGE_WITHIN_DAYS,
        )

    def require_order(self) -> None:
        """Raise `ThresholdsCross` if what is refused would not be warned of."""
        if self.warn_from > self.refuse_from:
            raise ThresholdsCross(refuse=self.refuse_from)


class PairState(StrEnum):
    """What was decided about two records: 待处理, 已合并, 已排除."""

    OPEN = "open"
    MERGED = "merged"
    DISMISSED = "dismissed"


class PairSource(StrEnum):
    """What found two records to be alike: 扫描, 新建."""

    SCAN = "scan"
    CREATION = "creation"


class DuplicatePair(Aggregate, Base):
    """Two records that may be one customer, for somebody to decide; `first_id` is the smaller id.

    There is one of any two: what was dismissed does not come again.
    """

    label_zh = "疑似重复"
    __tablename__ = "duplicate_pairs"
    __table_args__ = (
        UniqueConstraint("tenant_id", "first_id", "second_id"),
        ForeignKeyConstraint(["tenant_id", "first_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "second_id"], ["customers.tenant_id", "customers.id"]),
        Index("ix_duplicate_pairs_second", "tenant_id", "second_id"),
        Index("ix_duplicate_pairs_score", "tenant_id", "state", "score", "id"),
        Index("ix_duplicate_pairs_created_at", "tenant_id", "created_at", "id"),
    )

    first_id: Mapped[UUID]
    second_id: Mapped[UUID]
    score: Mapped[int]
    reasons: Mapped[list[str]]
    source: Mapped[str]
    state: Mapped[str]
    decided_by: Mapped[str | None]
    decision_reason: Mapped[str | None]

    @classmethod
    def of(cls, one: UUID, other: UUID, **values: object) -> "DuplicatePair":
        """Return the pair of two customers, in the order of their ids."""
        first, second = sorted((one, other))
        return cls(first_id=first, second_id=second, **values)

    def dismiss(self, reason: str, *, by: str) -> None:
        """Decide that they are two customers. Raises `PairIsDecided`."""
        if self.state != PairState.OPEN:
            raise PairIsDecided(state=self.state)
        self.decide(PairState.DISMISSED, reason, by=by)

    def decide(self, state: PairState, reason: str | None, *, by: str) -> None:
        """Record what was decided, and by whom."""
        self.state, self.decision_reason, self.decided_by = state, reason, by
