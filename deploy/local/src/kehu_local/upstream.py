"""The gateway's side of its connections to one service process.

Made for the gateway alone: HTTP/1.1 to a server of ours, kept open between requests. It tells
exactly what the caller must know to repeat a request: whether it was sent, and whether an answer
had begun.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress

import httptools

from kehu_local.ports import HOST

CONNECT_SECONDS = 2.0
IDLE_SECONDS = 4.0  # shorter than the 5 s after which a service closes an idle connection
MOST_BUFFERED = 256 * 1024
WITHOUT_BODY = frozenset({204, 304})
FINAL = 200  # the first status that is not provisional

Headers = list[tuple[bytes, bytes]]


class NotSent(Exception):
    """No connection could be made: the request has certainly had no effect."""


class NoAnswer(Exception):
    """The request was sent, and the connection closed before its answer was complete."""


class Upstream:
    """One service process and the connections to it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.in_flight = 0
        self._idle: deque[Connection] = deque()

    async def send(self, method: str, head: bytes, body: bytes) -> "Connection":
        """Send a request and return the connection, whose answer has begun.

        Raises `NotSent`, `NoAnswer`. The caller gives the connection back with `release`.
        """
        connection = self._unused() or await self._connect()
        try:
            await connection.ask(method, head + body)
        except BaseException:
            connection.close()
            raise
        return connection

    async def open(self, method: str, head: bytes) -> "Connection":
        """Send the head of a request whose body follows by `write`. Raises `NotSent`."""
        connection = self._unused() or await self._connect()
        connection.begin(method, head)
        return connection

    def release(self, connection: "Connection") -> None:
        """Keep a connection for the next request, or close it if its answer was not read."""
        if connection.reusable():
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _unused(self) -> "Connection | None":
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable() and connection.idle_since > oldest:
                return connection
            connection.close()
        return None

    async def _connect(self) -> "Connection":
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(Connection, HOST, self.port)
        except (OSError, TimeoutError) as error:
            raise NotSent(str(error)) from error
        return connection


class Connection(asyncio.Protocol):
    """One connection: one request after the other, each answered before the next."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self.status = 0
        self.headers: Headers = []
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._complete = True
        self._keep = True

    def begin(self, method: str, head: bytes) -> None:
        """Send the head of a request."""
        self._method = method
        self.status, self.headers = 0, []
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._complete = self._lost = False
        self._parser = httptools.HttpResponseParser(self)
        self._begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._news = asyncio.Event()
        if self._transport is None or self._transport.is_closing():
            raise NotSent("closed")
        self._transport.write(head)

    async def ask(self, method: str, request: bytes) -> None:
        """Send a whole request and wait until its answer begins. Raises `NotSent`, `NoAnswer`."""
        self.begin(method, request)
        await self.answer()

    async def write(self, part: bytes) -> bool:
        """Send a part of the body; False when it is not wanted any more."""
        await self._writable.wait()
        if self._transport is None or self._transport.is_closing() or self._begun.done():
            return False
        self._transport.write(part)
        return True

    async def answer(self) -> None:
        """Wait until the answer begins: status and headers are there. Raises `NoAnswer`."""
        await self._begun

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the body of the answer as it comes. Raises `NoAnswer` if it breaks off."""
        while True:
            while self._chunks:
                chunk = self._chunks.popleft()
                self._buffered -= len(chunk)
                if self._buffered < MOST_BUFFERED and self._transport is not None:
                    self._transport.resume_reading()
                yield chunk
            if self._complete:
                return
            if self._lost:
                raise NoAnswer("the answer broke off")
            self._news.clear()
            await self._news.wait()

    def reusable(self) -> bool:
        """Tell whether another request may be sent on it."""
        open_ = self._transport is not None and not self._transport.is_closing()
        return open_ and self._complete and self._keep

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if self._complete:  # nobody asked for it
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.close()
            self._fail(NoAnswer(f"not HTTP: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._writable.set()
        if self._complete:
            return
        if self._begun.done() and error is None and not self._has_length():
            self.on_message_complete()  # an answer without a length ends with the connection
            return
        self._fail(NoAnswer("the connection was closed"))

    def _fail(self, error: NoAnswer) -> None:
        self._lost = True
        self._news.set()
        if not self._begun.done():
            self._begun.set_exception(error)
            self._begun.exception()  # it may be that nobody waits any more

    def _has_length(self) -> bool:
        return any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers)

    # httptools

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < FINAL:
            self.headers = []
            return
        self.status = status
        self._keep = self._parser.should_keep_alive()
        if not self._begun.done():
            self._begun.set_result(None)
        if self._method == "HEAD" or status in WITHOUT_BODY:
            self.on_message_complete()

    def on_body(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._buffered += len(chunk)
        if self._buffered >= MOST_BUFFERED and self._transport is not None:
            with suppress(RuntimeError):  # it is paused already
                self._transport.pause_reading()
        self._news.set()

    def on_message_complete(self) -> None:
        if self.status:
            self._complete = True
            self._news.set()
