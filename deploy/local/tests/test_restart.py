"""Services are replaced beside each other; what dies or does not answer is started again."""

import os
import signal
import time
from pathlib import Path

import pytest

from kehu_local.config import LocalConfig
from kehu_local.errors import LocalError
from kehu_local.ports import answers, fetch_json
from kehu_local.processes import Running
from kehu_local.supervisor import Supervisor
from kehu_local.watch import SICK_AFTER, Watch

SERVICE = """
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

port = int(os.environ["KEHU_CUSTOMER_PORT"])
ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
BROKEN = "raise SystemExit('the new version is broken')"


@pytest.fixture
def package(config: LocalConfig, tmp_path: Path) -> Path:
    """The code of the installation's only service."""
    package = tmp_path / "kehu_customer"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(SERVICE)
    return package / "__main__.py"


@pytest.fixture
def supervisor(config: LocalConfig, package: Path) -> Supervisor:
    """The installation, up."""
    supervisor = Supervisor(config)
    supervisor.up()
    return supervisor


def service(supervisor: Supervisor) -> Running:
    return next(one for one in supervisor.running() if one.name == "customer")


def answering(config: LocalConfig) -> int:
    """Return which process answers at the gateway."""
    answer = fetch_json(config.gateway_port, "/api/customer/who")
    assert answer is not None
    return int(answer["pid"])


def test_restart_moves_the_gateway_to_a_new_process(
    config: LocalConfig, supervisor: Supervisor, package: Path
) -> None:
    first = service(supervisor)
    assert answering(config) == first.pid
    assert supervisor.restart() == ["customer"]
    second = service(supervisor)
    assert answering(config) == second.pid != first.pid
    assert not first.alive()
    supervisor.restart(["customer"])
    assert service(supervisor).port == first.port  # the ports take turns
    assert supervisor.ended() == []
    with pytest.raises(LocalError, match="No such service: billing"):
        supervisor.restart(["billing"])

    package.write_text(BROKEN)
    with pytest.raises(LocalError, match="the new version is broken"):
        supervisor.restart()
    assert answers(config.gateway_port, "/api/customer/readyz")
    assert [one.name for one in supervisor.running()].count("customer") == 1


def test_watch_starts_again_what_died_and_what_does_not_answer(
    config: LocalConfig, supervisor: Supervisor
) -> None:
    told: list[str] = []
    watch = Watch(supervisor, told.append, look_every=0.0)
    watch.look()
    assert told == []
    first = service(supervisor)
    first.kill()
    watch.look()
    second = service(supervisor)
    assert second.pid != first.pid
    assert "customer ended" in told[-1]

    os.kill(second.pid, signal.SIGSTOP)  # it lives, but does not answer
    deadline = time.monotonic() + 60
    for _ in range(SICK_AFTER):
        assert service(supervisor).pid == second.pid
        watch.look()
    while not answers(config.gateway_port, "/api/customer/healthz"):
        assert time.monotonic() < deadline
        watch.look()
        time.sleep(0.2)
    assert not second.alive()
    assert any("does not answer" in sentence for sentence in told)


def test_watch_leaves_longer_and_longer_pauses(
    supervisor: Supervisor, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    clock = 1000.0
    monkeypatch.setattr("kehu_local.watch.time.monotonic", lambda: clock)
    tries: list[float] = []

    def fail(*, apache: bool) -> list[str]:
        tries.append(clock)
        raise LocalError("it ended while it was starting")

    watch = Watch(supervisor, told.append)
    service(supervisor).kill()
    monkeypatch.setattr(supervisor, "up", fail)
    for _ in range(40):
        watch.look()
        clock += 1.0
    assert tries == [1000.0, 1002.0, 1006.0, 1014.0, 1030.0]


def test_watch_ends_when_the_system_was_stopped(supervisor: Supervisor) -> None:
    supervisor.down()
    Watch(supervisor, lambda _sentence: None).run()
    assert supervisor.status() == []
