"""A TCP proxy that can misbehave: what lies between the services and Kafka or PostgreSQL.

It runs in a thread of its own. Its faults may be set from any thread and hold for every connection
until `heal` is called.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"
CHUNK = 64 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class FaultProxy:
    """Forwards connections to one port of this machine.

    - `latency`: seconds that every piece of data is held up, in each direction.
    - `bandwidth`: bytes per second and direction.
    - `cut_after`: a connection is reset once it has carried about that many bytes, perhaps in the
      middle of a message.
    - `refuse`: nobody gets through, open connections are reset. The other side is unreachable.
    - `stall`: connections stay open and are accepted, but nothing moves; `heal` lets it flow on.
    - `swallow`: what clients send arrives, what they are answered is lost. The connections end
      when it is healed.
    """

    def __init__(self, target: int, *, seed: int = 0) -> None:
        self.target = target
        self.port = 0
        self.latency = 0.0
        self.bandwidth: float | None = None
        self.cut_after: int | None = None
        self._refusing = False
        self._swallowing = False
        self._random = random.Random(seed)
        self._connections: set[_Connection] = set()

    async def start(self) -> None:
        """Listen on a free port."""
        self._loop = asyncio.get_running_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and end all connections."""
        self._server.close()
        self.reset_now()
        await self._server.wait_closed()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def refuse(self) -> None:
        """Let nobody through any more."""
        self._refusing = True
        self.reset()

    def stall(self) -> None:
        """Stop everything on its way."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def swallow(self) -> None:
        """Lose every answer from now on."""
        self._swallowing = True

    def heal(self) -> None:
        """End every fault. A connection that has lost data cannot go on and is reset."""
        self.latency, self.bandwidth, self.cut_after = 0.0, None, None
        if self._swallowing:
            self.reset()
        self._refusing = self._swallowing = False
        self._loop.call_soon_threadsafe(self._flowing.set)

    def reset(self) -> None:
        """Reset every open connection."""
        self._loop.call_soon_threadsafe(self.reset_now)

    def reset_now(self) -> None:
        """Reset every open connection; to be called in the proxy's own loop."""
        for connection in list(self._connections):
            connection.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            _abort(writer)
            return
        try:
            there = await asyncio.open_connection(HOST, self.target)
        except OSError:
            _abort(writer)
            return
        connection = _Connection(writer, there[1])
        self._connections.add(connection)
        try:
            await self._carry(connection, (reader, writer), there)
        finally:
            self._connections.discard(connection)
            connection.abort()

    async def _carry(
        self,
        connection: "_Connection",
        here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        if self.cut_after is not None:
            connection.left = self._random.randint(self.cut_after // 2, self.cut_after * 2)
        pumps = {
            asyncio.create_task(self._pump(connection, here[0], there[1], answers=False)),
            asyncio.create_task(self._pump(connection, there[0], here[1], answers=True)),
        }
        done, rest = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        clean = all(task.result() for task in done)
        for task in rest:
            task.cancel()
        await asyncio.wait(pumps)
        if clean:  # one side closed: tell the other in the same way
            here[1].close()
            there[1].close()

    async def _pump(
        self,
        connection: "_Connection",
        source: asyncio.StreamReader,
        drain: asyncio.StreamWriter,
        *,
        answers: bool,
    ) -> bool:
        """Carry one direction; tell whether it ended in order."""
        try:
            while data := await source.read(CHUNK):
                await self._flowing.wait()
                await asyncio.sleep(self.latency + len(data) / (self.bandwidth or float("inf")))
                await self._flowing.wait()
                if self._swallowing and answers:
                    continue
                data, cut = connection.allow(data)
                drain.write(data)
                await drain.drain()
                if cut:
                    return False
        except OSError:
            return False
        return True


class _Connection:
    """The two sockets of one connection, and how much it may still carry."""

    def __init__(self, *writers: asyncio.StreamWriter) -> None:
        self._writers = writers
        self.left: int | None = None

    def allow(self, data: bytes) -> tuple[bytes, bool]:
        """Return what may pass of the data, and whether that was the last."""
        if self.left is None:
            return data, False
        passed = data[: self.left]
        self.left -= len(passed)
        return passed, self.left == 0

    def abort(self) -> None:
        """Reset both sides, unless they were closed in order."""
        for writer in self._writers:
            if not writer.is_closing():
                _abort(writer)


def _abort(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset rather than with a goodbye."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE
        )
    writer.transport.abort()


@contextmanager
def running_proxy(target: int, *, seed: int = 0) -> Iterator[FaultProxy]:
    """A proxy before `target`, in a thread of its own."""
    proxy = FaultProxy(target, seed=seed)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=f"proxy-{target}", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(proxy.start(), loop).result(10)
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(proxy.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
