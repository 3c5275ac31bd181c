"""The segment, who is in it, and the rules about its life (feature row C7)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.db import Base
from kehu_customer.segments import rules
from kehu_customer.segments.errors import (
    SegmentIsArchived,
    SegmentKeptByRule,
    SegmentNeedsRule,
)
from kehu_kernel.columns import Aggregate


class SegmentKind(StrEnum):
    """Who decides on the members: the rule, or somebody by hand: 动态, 静态."""

    DYNAMIC = "dynamic"
    STATIC = "static"


class SegmentState(StrEnum):
    """Whether the segment is used: 启用, 已归档."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class SegmentReason(StrEnum):
    """Why a customer entered or left: it changed, the rule did, somebody's hand, a merge."""

    CHANGE = "change"
    RULE = "rule"
    HAND = "hand"
    MERGE = "merge"


class Segment(Aggregate, Base):
    """A group of customers. A dynamic one has a rule, a static one is a list kept by hand.

    `reads` are the facts the rule looks at; only a change of these can change who is in it.
    """

    label_zh = "客户分群"
    __tablename__ = "segments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_segments_code", "tenant_id", "code", "id"),
    )

    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    description: Mapped[str | None]
    kind: Mapped[str]
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    rule_version: Mapped[int]
    reads: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str]

    def take_rule(self, rule: rules.Condition | None) -> bool:
        """Be kept by this rule from now on; return whether it is another one than before.

        Raises `SegmentNeedsRule` if a dynamic segment gets none, or a static one gets one.
        """
        if (rule is None) != (self.kind == SegmentKind.STATIC):
            raise SegmentNeedsRule
        if rule is None:
            self.rule, self.reads, self.rule_version = None, [], 0
            return False
        stored = rule.model_dump(mode="json")
        if stored == self.__dict__.get("rule"):
            return False
        self.rule, self.reads = stored, rules.reads(rule)
        self.rule_version = (self.__dict__.get("rule_version") or 0) + 1
        return True

    def require_active(self) -> None:
        """Raise `SegmentIsArchived` if nobody can enter or leave any more."""
        if self.state == SegmentState.ARCHIVED:
            raise SegmentIsArchived(segment=self.name_en, segment_zh=self.name_zh)

    def require_list(self) -> None:
        """Raise `SegmentKeptByRule` unless members are put on the list by hand."""
        if self.kind == SegmentKind.DYNAMIC:
            raise SegmentKeptByRule(segment=self.name_en, segment_zh=self.name_zh)

    def archive(self) -> None:
        """Stop using the segment; its members stay as they are. Raises `SegmentIsArchived`."""
        self.require_active()
        self.state = SegmentState.ARCHIVED


class SegmentMember(Aggregate, Base):
    """A customer and a segment it is in, or was: one row however often it comes and goes.

    `version` counts that. The memberships of a rule have no audit entries: the events tell of each.
    """

    label_zh = "分群成员"
    __tablename__ = "segment_members"
    __table_args__ = (
        UniqueConstraint("tenant_id", "segment_id", "customer_id"),
        ForeignKeyConstraint(["tenant_id", "segment_id"], ["segments.tenant_id", "segments.id"]),
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        Index(
            "ix_segment_members_current",
            "tenant_id",
            "segment_id",
            "entered_at",
            "id",
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("ix_segment_members_customer", "tenant_id", "customer_id", "segment_id"),
    )

    segment_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    reason: Mapped[str]
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None]

    def enter(self, at: datetime, reason: SegmentReason) -> bool:
        """Let the customer be a member; return whether it was none."""
        if self.__dict__.get("entered_at") is not None and self.left_at is None:
            return False
        self.entered_at, self.left_at, self.reason = at, None, reason
        return True

    def leave(self, at: datetime, reason: SegmentReason) -> bool:
        """Let the customer be no member any more; return whether it was one."""
        if self.left_at is not None:
            return False
        self.left_at, self.reason = at, reason
        return True


class SegmentRun(Base):
    """How far the members of a dynamic segment are calculated for its present rule.

    Customers are looked at in the order of their ids, `looked_to` is the last one. `settled_on` is
    the business day up to which what depends on the day is right.
    """

    __tablename__ = "segment_runs"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "segment_id"], ["segments.tenant_id", "segments.id"]),
        Index("ix_segment_runs_open", "tenant_id", postgresql_where=text("NOT complete")),
        Index("ix_segment_runs_due", "settled_on", postgresql_where=text("complete AND daily")),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    complete: Mapped[bool]
    looked_to: Mapped[UUID | None]
    looked_at: Mapped[int]
    daily: Mapped[bool]
    settled_on: Mapped[date]


class SegmentChange(Base):
    """A customer, or a contact of one, whose facts changed: its segments are to be settled.

    One row per customer, however much of it changes meanwhile.
    """

    __tablename__ = "segment_changes"
    __table_args__ = (Index("ix_segment_changes_at", "tenant_id", "at"),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    facts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    at: Mapped[datetime]
