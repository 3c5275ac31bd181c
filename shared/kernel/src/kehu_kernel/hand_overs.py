"""Hand-overs: what a leaver holds in a service goes to the successors the customer service names.

Each service keeps the hand-overs it hears of beside its own records and moves those batch by batch
(C4). Sales, service desk and marketing do it alike; what they hold, and how it moves, is theirs.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.ownership import HandOverCompleted, HandOverStarted
from kehu_kernel.context import Context
from kehu_kernel.copies import Copy, keep_newest
from kehu_kernel.process import Databases
from kehu_kernel.records import Fact
from kehu_kernel.session import Session

log = logging.getLogger("kehu.hand_overs")

AGAIN = """
    UPDATE hand_over_refs SET done = false
    WHERE tenant_id = $1 AND id > $2 AND employee_id = ANY ($3::uuid[]) AND done
"""


class HandOverCopy(Copy):
    """A hand-over as its newest event said; `done` once nothing is left with the leaver here."""

    __tablename__ = "hand_over_refs"

    employee_id: Mapped[UUID]
    successor_id: Mapped[UUID]
    successor_department_id: Mapped[UUID | None]
    shares: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    done: Mapped[bool]

    def successor_in(self, department_id: UUID | None) -> tuple[UUID, UUID | None]:
        """Return who gets what the leaver holds in a department, and the successor's department."""
        for share in self.shares:
            if department_id is not None and share["department_id"] == str(department_id):
                return UUID(share["successor_id"]), UUID(share["successor_department_id"])
        return self.successor_id, self.successor_department_id

    def successors(self) -> set[UUID]:
        """Return everybody who gets something."""
        return {self.successor_id, *(UUID(share["successor_id"]) for share in self.shares)}

    def crosses(self, other: "HandOverCopy") -> bool:
        """Whether one of the two gives to the leaver of the other."""
        return self.employee_id in other.successors() or other.employee_id in self.successors()


def in_turn(waiting: Iterable[HandOverCopy]) -> list[HandOverCopy]:
    """Return the hand-overs that may go on: of those that cross, the one asked for first.

    The customer service starts none that crosses a running one, but here both may still wait. Side
    by side they would give each other the same records for ever.
    """
    ready: list[HandOverCopy] = []
    ordered = sorted(waiting, key=lambda one: (one.tenant_id, one.id))
    for place, one in enumerate(ordered):
        earlier = (it for it in ordered[:place] if it.tenant_id == one.tenant_id)
        if not any(one.crosses(it) for it in earlier):
            ready.append(one)
    return ready


async def record_hand_overs(
    session: Session, model: type[HandOverCopy], facts: Iterable[Fact]
) -> None:
    """Keep what events say of hand-overs; the worker hands over what they concern here.

    It does so when one starts, and again when it is completed: by then nobody gives the leaver a
    customer any more. `session` is the worker's.
    """
    await keep_newest(session, model, facts, (HandOverStarted, HandOverCompleted), _copy)


def _copy(event: HandOverStarted | HandOverCompleted) -> dict[str, Any]:
    return {
        "employee_id": event.employee_id,
        "successor_id": event.successor_id,
        "successor_department_id": event.successor_department_id,
        "shares": [share.model_dump(mode="json") for share in event.shares],
        "done": False,
    }


Move = Callable[[Session, Any, int], Awaitable[int]]
"""Moves at most that many records of each kind, and returns how many it moved."""


class HandOverWork:
    """Goes on with the hand-overs of all tenants that are not done.

    `move` does it for one batch. It may die anywhere: what was not committed is moved again.
    `wake_relay` is called after a commit that wrote events.
    """

    def __init__(
        self,
        databases: Databases,
        model: type[HandOverCopy],
        move: Move,
        wake_relay: Callable[[], None],
        *,
        batch: int,
    ) -> None:
        self._databases = databases
        self._model = model
        self._move = move
        self._wake_relay = wake_relay
        self._batch = batch

    async def work(self) -> int:
        """Move one batch of each hand-over whose turn it is; return how many went on."""
        async with self._databases.worker.worker_transaction() as session:
            waiting = await session.scalars(select(self._model).where(~self._model.done))
        return sum([await self._go_on(one.tenant_id, one.id) for one in in_turn(waiting)])

    async def _go_on(self, tenant_id: str, hand_over_id: UUID) -> bool:
        """Move a batch; what cannot be moved now waits for the next round."""
        context = Context(tenant_id=tenant_id, actor="system:hand-overs")
        try:
            async with self._databases.app.transaction(context) as session:
                went_on = await self._move_batch(session, hand_over_id)
        except Exception as error:
            known = {"tenant": tenant_id, "hand_over": str(hand_over_id), "error": repr(error)}
            log.warning("hand-over waits", extra=known)
            return False
        self._wake_relay()
        return went_on

    async def _move_batch(self, session: Session, hand_over_id: UUID) -> bool:
        """Hand over the next records of the leaver, and be done when none is left.

        Returns False if another worker is at the same hand-over. Who gets something and was a
        leaver too, in a later hand-over, has that one look again.
        """
        model, tenant_id = self._model, session.context.tenant_id
        query = select(model).where(
            model.tenant_id == tenant_id, model.id == hand_over_id, ~model.done
        )
        hand_over = await session.scalar(query.with_for_update(skip_locked=True))
        if hand_over is None:
            return False
        moved = await self._move(session, hand_over, self._batch)
        if moved:
            await session.fetch(AGAIN, tenant_id, hand_over.id, sorted(hand_over.successors()))
        hand_over.done = moved == 0
        return True
