"""Where the gateway finds each service: a small file that the supervisor writes.

A service has one port most of the time, and two while it is being replaced. Without the file, or
for a service it does not name, the port of the configuration counts.
"""

import json
import os
from pathlib import Path

from kehu_local.config import LocalConfig
from kehu_local.upstream import Upstream


def routes_file(config: LocalConfig) -> Path:
    """Return where the file lies."""
    return config.home / "run" / "routes"


def write_route(config: LocalConfig, slug: str, port: int) -> None:
    """Have the gateway send the service's new requests to this port."""
    path = routes_file(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"routes.{os.getpid()}")
    draft.write_text(json.dumps(_read(path) | {slug: port}))
    draft.replace(path)


def _read(path: Path) -> dict[str, int]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


class Routes:
    """What the gateway knows: the process that gets new requests, and those it still waits for."""

    def __init__(self, config: LocalConfig) -> None:
        self._config = config
        self._path = routes_file(config)
        self._read_at = -1
        self._current: dict[str, Upstream] = {}
        self._leaving: list[tuple[str, Upstream]] = []
        self._refresh()

    def find(self, slug: str) -> Upstream | None:
        """Return where the service is now; None if there is no such service."""
        self._refresh()
        return self._current.get(slug)

    def in_flight(self) -> dict[str, dict[int, int]]:
        """Return how many requests wait for an answer, by service and port."""
        self._refresh()
        found = {slug: {one.port: one.in_flight} for slug, one in self._current.items()}
        for slug, upstream in self._leaving:
            found[slug][upstream.port] = upstream.in_flight
        return found

    def close(self) -> None:
        """Close the connections that nobody uses."""
        for upstream in [*self._current.values(), *(one for _, one in self._leaving)]:
            upstream.close()

    def _refresh(self) -> None:
        """Read the file again if it has changed: looking costs two microseconds."""
        try:
            changed_at = os.stat(self._path).st_mtime_ns
        except FileNotFoundError:
            changed_at = 0
        if changed_at == self._read_at:
            return
        self._read_at = changed_at
        given = _read(self._path)
        self._leaving = [(slug, one) for slug, one in self._leaving if one.in_flight]
        for service in self._config.services:
            port = given.get(service.slug, service.port)
            known = self._current.get(service.slug)
            if known is not None and known.port != port:
                known.close()
                self._leaving.append((service.slug, known))
            if known is None or known.port != port:
                self._current[service.slug] = Upstream(port)
