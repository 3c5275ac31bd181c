"""The tests that every service passes which hands over what a leaver holds (C4).

A service's test class derives from `HandOvers`, and has two fixtures: `make_held` makes something
that an employee holds, `held` reads the ids of what one holds.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from kehu_contracts.ownership import HandOverCompleted, HandOverStarted
from kehu_kernel import ids
from kehu_kernel.db import Database
from kehu_kernel.hand_overs import HandOverCopy, HandOverWork
from kehu_kernel.testing.events import Deliver, RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.plugin import RunningService

MakeHeld = Callable[[UUID], Awaitable[str]]
Held = Callable[[UUID], Awaitable[set[str]]]
Work = Callable[[], Awaitable[None]]

ROUNDS = 50
"""More than any hand-over of a test needs: one that goes on longer goes on for ever."""


def started(leaver: UUID, successor: UUID, hand_over_id: UUID | None = None) -> HandOverStarted:
    """Return the event that everything of a leaver goes to one successor."""
    return HandOverStarted(
        hand_over_id=hand_over_id or ids.new_id(),
        employee_id=leaver,
        successor_id=successor,
        successor_department_id=uuid4(),
        shares=[],
        reason="离职",
        state="running",
        failure=None,
        changed=[],
    )


def completed(start: HandOverStarted) -> HandOverCompleted:
    """Return the event that ends a hand-over."""
    return HandOverCompleted(**start.model_dump() | {"state": "completed"})


class HandOvers:
    """What is true of hand-overs, whatever a service holds."""

    fold: ClassVar[Any]
    """Folds a batch, as the service's consumer does; a static method."""
    copies: ClassVar[type[HandOverCopy]]
    """The class that hand-overs are mapped to."""
    move: ClassVar[Any]
    """Moves a batch; a static method."""

    @pytest.fixture
    def deliver(self, worker_database: Database) -> Deliver:
        """Hands facts to the service as its consumer does, in one batch."""
        return deliveries(self.fold, worker_database, RecordedDeadLetters())

    @pytest.fixture
    def work(self, running: RunningService) -> Work:
        """Lets the worker go on until nothing is left, two records at a time."""
        worker = HandOverWork(running.databases, self.copies, self.move, lambda: None, batch=2)

        async def go_on() -> None:
            for _ in range(ROUNDS):
                if not await worker.work():
                    return
            pytest.fail("the hand-overs never end")

        return go_on

    async def test_told_twice_it_moves_nothing_twice_and_told_of_the_end_it_looks_again(
        self, deliver: Deliver, work: Work, make_held: MakeHeld, held: Held, tenant: str
    ) -> None:
        leaver, successor, other = uuid4(), uuid4(), uuid4()
        mine = {await make_held(leaver) for _ in range(5)}
        others = await make_held(other)
        start = started(leaver, successor)
        told = fact_of(start, tenant, sequence=1)
        await deliver(told, told)
        await work()
        assert await held(successor) == mine
        late = await make_held(leaver)
        await deliver(told)
        await work()
        assert await held(leaver) == {late}
        await deliver(fact_of(completed(start), tenant, sequence=2))
        await work()
        assert (await held(leaver), await held(successor)) == (set(), mine | {late})
        assert await held(other) == {others}

    async def test_hand_overs_that_cross_end_with_who_was_named_last(
        self, deliver: Deliver, work: Work, make_held: MakeHeld, held: Held, tenant: str
    ) -> None:
        one, other = uuid4(), uuid4()
        records = {await make_held(employee) for employee in (one, other) for _ in range(3)}
        there, back = started(one, other), started(other, one)
        facts = [fact_of(event, tenant, sequence=1) for event in (back, there)]
        await deliver(*facts)
        await work()
        assert (await held(one), await held(other)) == (records, set())
        # Told late that the first one ended, it moves all there once more: and the second back.
        await deliver(fact_of(completed(there), tenant, sequence=2))
        await work()
        assert (await held(one), await held(other)) == (records, set())

    async def test_what_goes_on_to_a_leaver_goes_on_to_the_successor_of_that_one(
        self, deliver: Deliver, work: Work, make_held: MakeHeld, held: Held, tenant: str
    ) -> None:
        first, second, third = uuid4(), uuid4(), uuid4()
        earlier, later = started(first, second), started(second, third)
        await deliver(fact_of(later, tenant, sequence=1))
        await work()
        record = await make_held(first)
        await deliver(fact_of(earlier, tenant, sequence=1))
        await work()
        assert await held(third) == {record}
