"""TCP ports on this machine: is one free, and if not, who has it."""

import json
import random
import socket
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any

import psutil

from kehu_local.errors import LocalError

HOST = "127.0.0.1"
JUST_KILLED_SECONDS = 2.0
NOT_EPHEMERAL = (15_000, 30_000)
CHANCE = random.SystemRandom()

_given: set[int] = set()


def free_port() -> int:
    """Return a port that nobody listens on right now, each only once.

    It lies below the ports that the system gives to outgoing connections: one of those could take
    it while its server is restarted. Chance comes from the system: test runners set the seed of
    `random` again and again, and a server that is just being restarted would lose its port.
    """
    while True:
        port = CHANCE.randrange(*NOT_EPHEMERAL)
        if port not in _given and is_free(port):
            _given.add(port)
            return port


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def owner_of(port: int) -> str:
    """Describe the process that listens on the port, as far as this user may know."""
    try:
        listening = [
            connection
            for connection in psutil.net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,)
        ]
        process = next(psutil.Process(one.pid) for one in listening if one.pid)
        return f"process {process.pid} ({process.name()})"
    except (psutil.Error, StopIteration):
        return "a process this user may not see"


def require_free(ports: dict[str, tuple[int, str]]) -> None:
    """Raise `LocalError` naming every port that is taken.

    `ports` maps what the port is for to the port and the variable that changes it.
    """
    deadline = time.monotonic() + JUST_KILLED_SECONDS
    while time.monotonic() < deadline and not all(is_free(port) for port, _ in ports.values()):
        time.sleep(0.1)  # a process that was killed may take a moment to let go
    taken = [
        f"Port {port} ({name}) is taken by {owner_of(port)}. "
        f"Stop it, or choose another port: {variable}=<port>."
        for name, (port, variable) in ports.items()
        if not is_free(port)
    ]
    if taken:
        raise LocalError("\n".join(taken))


def wait_until_listening(port: int, alive: Callable[[], bool], *, seconds: float) -> bool:
    """Wait until something accepts connections; False when it is no longer alive, or too late."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and alive():
        try:
            with socket.create_connection((HOST, port), timeout=1):
                return True
        except OSError:
            time.sleep(0.05)
    return False


def answers(port: int, path: str) -> bool:
    """Tell whether an HTTP server answers 200 at the path."""
    return _fetch(port, path) is not None


def fetch_json(port: int, path: str) -> dict[str, Any] | None:
    """Return the JSON object that an HTTP server has at the path, or None."""
    body = _fetch(port, path)
    return None if body is None else dict(json.loads(body))


def _fetch(port: int, path: str) -> bytes | None:
    connection = HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.read() if response.status == HTTPStatus.OK else None
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
