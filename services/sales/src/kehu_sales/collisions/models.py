"""The collision, its life, and what a tenant has decided about collisions (S13)."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import Aggregate, TenantRow
from kehu_sales.collisions.errors import (
    AlreadyClaimed,
    CollisionIsOver,
    CreditNotWhole,
    NotASide,
    NotClaimed,
    NotThatSide,
)
from kehu_sales.collisions.rules import Clash, Relation
from kehu_sales.db import Base

WHOLE = Decimal(100)


class State(StrEnum):
    """How far a collision is."""

    OPEN = "open"
    CLAIMED = "claimed"
    CONTESTED = "contested"
    YIELDED = "yielded"
    ARBITRATED = "arbitrated"
    DISMISSED = "dismissed"
    LAPSED = "lapsed"


UNDECIDED = (State.OPEN, State.CLAIMED, State.CONTESTED)


class AtEntry(StrEnum):
    """What happens to an opportunity that collides: nothing, it is told, it is refused."""

    IGNORE = "ignore"
    REMIND = "remind"
    REFUSE = "refuse"


class OnYield(StrEnum):
    """What becomes of the opportunity that gives way: the keeper gets it, or the reserve pool."""

    HAND_OVER = "hand_over"
    POOL = "pool"


class OnNoAnswer(StrEnum):
    """What becomes of a claim that is not answered in time: it waits, or is settled by itself.

    `arbitrate`: somebody has to decide, as if it were contested. `claimant`: who claims keeps the
    chance, as if the other side had yielded.
    """

    WAIT = "wait"
    ARBITRATE = "arbitrate"
    CLAIMANT = "claimant"


UNANSWERED = "unanswered"
"""The reason of what nobody gave one for."""

DEFAULTS: Mapping[str, Any] = {
    "at_entry": AtEntry.REMIND,
    "relations": [Relation.SAME, Relation.PARENT, Relation.SISTER, Relation.DUPLICATE],
    "by_category": True,
    "without_lines": True,
    "within_days": None,  # both are open: their times overlap, whenever they were opened
    "across_departments": False,
    "answer_days": 5,
    "on_yield": OnYield.HAND_OVER,
    "on_no_answer": OnNoAnswer.WAIT,
}


class CollisionPolicy(Aggregate, Base):
    """What a tenant has decided: one row at most. Without one, the defaults hold, as version 0.

    `relations`: which related customers count. `by_category`: a product of the same category is
    the same. `without_lines`: what names no product overlaps with everything. `within_days`: how
    far apart two were opened at most; None: however far. `across_departments`: only between
    departments. `answer_days`: how long a claim waits for the other side; `on_no_answer`: what
    becomes of it then.
    """

    label_zh = "撞单规则"
    __tablename__ = "collision_policies"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    at_entry: Mapped[str]
    relations: Mapped[list[str]]
    by_category: Mapped[bool]
    without_lines: Mapped[bool]
    within_days: Mapped[int | None]
    across_departments: Mapped[bool]
    answer_days: Mapped[int]
    on_yield: Mapped[str]
    on_no_answer: Mapped[str] = mapped_column(server_default=text("'wait'"))


class Collision(Aggregate, Base):
    """Two opportunities that are one chance to sell in two hands; `first_id` is the smaller id.

    There is one of any two. `claimant_id` is the opportunity whose side claims, `kept_id` the one
    that goes on alone. What was decided stays so; what has lapsed may collide again.
    """

    label_zh = "撞单"
    __tablename__ = "collisions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "first_id", "second_id", name="uq_collisions_pair"),
        ForeignKeyConstraint(
            ["tenant_id", "first_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "second_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        CheckConstraint("first_id < second_id", "order"),
        Index("ix_collisions_second", "tenant_id", "second_id"),
        Index("ix_collisions_created_at", "tenant_id", "created_at", "id"),
        Index("ix_collisions_state", "tenant_id", "state", "created_at", "id"),
        Index(
            "ix_collisions_undecided",
            "tenant_id",
            "id",
            postgresql_where=text("state IN ('open', 'claimed', 'contested')"),
        ),
        Index(
            "ix_collisions_due",
            "tenant_id",
            "answer_due_on",
            postgresql_where=text("state = 'claimed' AND NOT overdue_told"),
        ),
        Index(
            "ix_collisions_unanswered",
            "tenant_id",
            "answer_due_on",
            postgresql_where=text("state = 'claimed' AND overdue_told"),
        ),
    )

    number: Mapped[str]
    first_id: Mapped[UUID]
    second_id: Mapped[UUID]
    relation: Mapped[str]
    overlap: Mapped[str]
    state: Mapped[str]
    found_on: Mapped[date]
    entry_reason: Mapped[str | None]
    claimant_id: Mapped[UUID | None]
    claim_reason: Mapped[str | None]
    claim_proof: Mapped[str | None]
    claimed_on: Mapped[date | None]
    answer_due_on: Mapped[date | None]
    overdue_told: Mapped[bool]
    contest_reason: Mapped[str | None]
    kept_id: Mapped[UUID | None]
    credit: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    decided_on: Mapped[date | None]
    decided_by: Mapped[str | None]
    decision_reason: Mapped[str | None]

    @classmethod
    def of(
        cls, one: UUID, other: UUID, clash: Clash, *, number: str, today: date, reason: str | None
    ) -> "Collision":
        """Return the collision of two opportunities, in the order of their ids."""
        first, second = sorted((one, other))
        return cls(
            number=number,
            first_id=first,
            second_id=second,
            relation=clash.relation,
            overlap=clash.overlap,
            state=State.OPEN,
            found_on=today,
            entry_reason=reason,
            overdue_told=False,
        )

    @property
    def sides(self) -> tuple[UUID, UUID]:
        """The two opportunities."""
        return self.first_id, self.second_id

    def other(self, opportunity_id: UUID) -> UUID:
        """Return the opportunity on the other side. Raises `NotASide`."""
        if opportunity_id not in self.sides:
            raise NotASide(number=self.number)
        return self.second_id if opportunity_id == self.first_id else self.first_id

    def require_undecided(self) -> None:
        """Raise `CollisionIsOver` if nothing is left to decide."""
        if self.state not in UNDECIDED:
            raise CollisionIsOver(number=self.number, state=self.state)

    def collide_again(self, clash: Clash, today: date) -> None:
        """Begin anew: what had lapsed collides once more."""
        self.state, self.found_on = State.OPEN, today
        self.relation, self.overlap = clash.relation, clash.overlap
        self.claimant_id = self.claim_reason = self.claim_proof = self.claimed_on = None
        self.answer_due_on = self.contest_reason = None
        self.overdue_told = False
        self.decided_on = self.decided_by = self.decision_reason = None

    def claim(
        self, opportunity_id: UUID, reason: str, proof: str | None, today: date, due: date
    ) -> None:
        """Claim the chance for one side; the other one has until `due` to answer.

        Raises `CollisionIsOver`, `AlreadyClaimed`, `NotASide`.
        """
        self.require_undecided()
        self.other(opportunity_id)
        if self.state != State.OPEN:
            raise AlreadyClaimed(number=self.number)
        self.state, self.claimant_id = State.CLAIMED, opportunity_id
        self.claim_reason, self.claim_proof = reason, proof
        self.claimed_on, self.answer_due_on = today, due

    def contest(self, opportunity_id: UUID, reason: str) -> None:
        """Answer that the claim is not accepted: somebody has to arbitrate.

        Raises `CollisionIsOver`, `NotClaimed`, `NotASide`, `NotThatSide`.
        """
        self.require_undecided()
        if self.state != State.CLAIMED:
            raise NotClaimed(number=self.number, state=self.state)
        if self.other(opportunity_id) != self.claimant_id:
            raise NotThatSide(number=self.number)
        self.state, self.contest_reason = State.CONTESTED, reason

    def yield_(self, opportunity_id: UUID, reason: str, today: date, by: str) -> None:
        """Give way: the other side goes on alone. Either may, also the one that claims.

        Raises `CollisionIsOver`, `NotASide`.
        """
        self.require_undecided()
        self._decide(State.YIELDED, reason, today, by, kept_id=self.other(opportunity_id))

    def settle_unanswered(self, then: OnNoAnswer, today: date, by: str) -> None:
        """Settle a claim that the other side has not answered in time, as the tenant decided.

        Raises `NotClaimed`, `CollisionIsOver`.
        """
        self.require_undecided()
        if self.claimant_id is None or self.state != State.CLAIMED:
            raise NotClaimed(number=self.number, state=self.state)
        silent = self.other(self.claimant_id)
        if then is OnNoAnswer.CLAIMANT:
            self.yield_(silent, UNANSWERED, today, by)
        elif then is OnNoAnswer.ARBITRATE:
            self.contest(silent, UNANSWERED)

    def arbitrate(
        self,
        kept_id: UUID,
        reason: str,
        today: date,
        by: str,
        *,
        credit: Mapping[UUID, Decimal] | None = None,
    ) -> None:
        """Decide which side goes on, and whose merit it is, in percent.

        Raises `CollisionIsOver`, `NotASide`, `CreditNotWhole`.
        """
        self.require_undecided()
        self.other(kept_id)
        total = sum((credit or {}).values(), Decimal(0))
        if credit and total != WHOLE:
            raise CreditNotWhole(total=total)
        self._decide(State.ARBITRATED, reason, today, by, kept_id=kept_id)
        if credit:
            self.credit = {str(who): str(percent) for who, percent in credit.items()}

    def dismiss(self, reason: str, today: date, by: str) -> None:
        """Decide that both go on: they are two chances. Raises `CollisionIsOver`."""
        self.require_undecided()
        self._decide(State.DISMISSED, reason, today, by)

    def lapse(self, reason: str, today: date, by: str) -> None:
        """Take note that the two collide no more. Raises `CollisionIsOver`."""
        self.require_undecided()
        self._decide(State.LAPSED, reason, today, by)

    def _decide(
        self, state: State, reason: str, today: date, by: str, *, kept_id: UUID | None = None
    ) -> None:
        self.state, self.kept_id = state, kept_id
        self.decision_reason, self.decided_on, self.decided_by = reason, today, by


class CollisionWalk(TenantRow, Base):
    """That the rules find more than before: the round notes what is open already to be looked at.

    Up to `after_id` it has. Of two walks the one with the greater id, the newer one, counts. Who
    had opportunities before collisions were looked for at all had a walk noted by the upgrade.
    """

    __tablename__ = "collision_walks"

    after_id: Mapped[UUID]


class CollisionCheck(TenantRow, Base):
    """That an opportunity, whose id it has, is to be looked at again: one row however often asked.

    `asked` counts how often, so that what is asked while it is being looked at is not forgotten.
    `after_id`: compared already with the opportunities up to this one. `waiting_since`: when it was
    asked for first, or last gone on with; who waits longest is next. Rows are also made by the
    trigger `look_at_collisions_again` of the opportunities, when one that collides is closed,
    changes hands or customer: no way to do that forgets it, and none costs a round trip more.
    """

    __tablename__ = "collision_checks"
    __table_args__ = (Index("ix_collision_checks_waiting", "tenant_id", "waiting_since", "id"),)

    asked: Mapped[int]
    after_id: Mapped[UUID | None]
    waiting_since: Mapped[datetime] = mapped_column(server_default=text("now()"))
