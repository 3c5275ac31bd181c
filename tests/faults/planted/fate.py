"""Where processes die and things fail: decided by a seed, at places that hurt."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from kehu_kernel.broker import abort
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.process import Worker
from kehu_kernel.session import Session


class Died(BaseException):
    """A process ended here, without a chance to tidy up."""


class Fate:
    """Strikes at every so many visits of a place, a bounded number of times."""

    def __init__(self, seed: int) -> None:
        self.struck: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._left: dict[str, int] = {}

    def strikes(self, place: str, *, every: int, at_most: int = 3) -> bool:
        """Decide whether something happens here, and note it."""
        left = self._left.get(place) or self._chance.randint(1, 2 * every - 1)
        self._left[place] = left - 1
        if left > 1 or self.struck[place] >= at_most:
            return False
        self.struck[place] += 1
        return True

    def moment(self, place: str, *, every: int, at_most: int = 3) -> None:
        """A moment where the process may die. Raises `Died`."""
        if self.strikes(f"death {place}", every=every, at_most=at_most):
            raise Died(place)


class MortalDatabase(Database):
    """A database whose user may die just before and just after a commit."""

    def __init__(self, url: str, fate: Fate, name: str) -> None:
        super().__init__(url, application_name=name)
        self._fate, self._name = fate, name

    @asynccontextmanager
    async def transaction(self, context: Context) -> AsyncIterator[Session]:
        """A tenant's transaction that may not come to its end, or not get beyond it."""
        async with super().transaction(context) as session:
            yield session
            self._fate.moment(f"of {self._name} before a commit", every=50, at_most=8)
        self._fate.moment(f"of {self._name} after a commit", every=50, at_most=8)

    @asynccontextmanager
    async def worker_transaction(self) -> AsyncIterator[Session]:
        """The same for a transaction over all tenants."""
        async with super().worker_transaction() as session:
            yield session
            self._fate.moment(f"of {self._name} before a commit", every=4, at_most=2)
        self._fate.moment(f"of {self._name} after a commit", every=4, at_most=2)


def mortal_producer(fate: Fate) -> Callable[..., AIOKafkaProducer]:
    """Return the class of producers of relays that may die, and are refused an event at times."""

    class MortalProducer(AIOKafkaProducer):  # type: ignore[misc]
        async def send(self, *args: Any, **record: Any) -> asyncio.Future[object]:
            if fate.strikes("event refused by the broker", every=25, at_most=10):
                raise MessageSizeTooLargeError
            if fate.strikes("relay held up while sending", every=20, at_most=10):
                await asyncio.sleep(0.05)
            await self._moment("of the relay while sending", every=60)
            future: asyncio.Future[object] = await super().send(*args, **record)
            # Nobody looks at it any more if the relay dies.
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
            return future

        async def flush(self) -> None:
            await super().flush()
            await self._moment("of the relay between sending and marking", every=5)

        async def _moment(self, place: str, every: int) -> None:
            try:
                fate.moment(place, every=every)
            except Died:
                await abort(self)  # a dead process delivers nothing more
                raise

    return MortalProducer


async def keep_running(make: Callable[[], Worker], stop: asyncio.Event) -> None:
    """Run a worker until `stop` is set; start a new one whenever one dies."""
    while not stop.is_set():
        try:
            await make().run(stop)
        except Died:
            await asyncio.sleep(0.02)
