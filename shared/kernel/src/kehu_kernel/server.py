"""The HTTP server: uvicorn, stopped together with the workers, patient with nobody for ever."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kehu_kernel.settings import ServiceSettings

LONGEST_HEAD = 64 * 1024


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the process stops it together with the workers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def new_server(app: FastAPI, settings: ServiceSettings) -> Server:
    """Return a server of the app; `should_exit` makes it finish what is begun and end."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=_protocol(settings.head_seconds),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        root_path=settings.root_path,
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=int(settings.shutdown_grace_seconds),
    )
    return Server(config)


def _protocol(head_seconds: float) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol, with bounds on time and size of a request's head.

    A head that comes in one piece, as almost all do, starts no timer.
    """

    class BoundedHead(HttpToolsProtocol):
        _in_head = True
        _head_bytes = 0
        _too_late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._too_late = self.loop.call_later(head_seconds, transport.close)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def on_message_begin(self) -> None:
            self._in_head = True
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._in_head = False
            self._head_bytes = 0
            super().on_headers_complete()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if not self._in_head:
                self._stop_waiting()
                return
            self._head_bytes += len(data)
            if self._head_bytes > LONGEST_HEAD:
                self.transport.close()
            elif self._too_late is None:
                self._too_late = self.loop.call_later(head_seconds, self.transport.close)

        def _stop_waiting(self) -> None:
            if self._too_late is not None:
                self._too_late.cancel()
                self._too_late = None

    return BoundedHead
