"""Up, down and status of a whole installation whose only service is a stand-in."""

import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from kehu_local import supervisor as supervisor_module
from kehu_local.config import LocalConfig
from kehu_local.console import progress
from kehu_local.errors import LocalError
from kehu_local.ports import HOST, answers, is_free
from kehu_local.processes import Notes, spawn
from kehu_local.supervisor import Supervisor

SERVICE = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["KEHU_CUSTOMER_DATABASE_URL"].encode())

HTTPServer(("127.0.0.1", int(os.environ["KEHU_CUSTOMER_PORT"])), Handler).serve_forever()
"""
ALL = ["postgres", "broker", "gateway", "customer"]


@pytest.fixture
def install(config: LocalConfig, tmp_path: Path) -> Callable[[str], Supervisor]:
    """Gives the installation a service with this code."""

    def install(code: str) -> Supervisor:
        package = tmp_path / "kehu_customer"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(code)
        return Supervisor(config)

    return install


def _ports(config: LocalConfig) -> list[int]:
    own = [config.postgres_port, config.broker_port, config.gateway_port]
    return own + [service.port for service in config.services]


def test_up_starts_everything_and_down_leaves_nothing(
    config: LocalConfig, install: Callable[[str], Supervisor]
) -> None:
    supervisor = install(SERVICE)
    assert sorted(supervisor.up()) == sorted(ALL)
    status = supervisor.status()
    assert [row.name for row in status] == ALL
    assert all(row.ready and row.memory > 1_000_000 for row in status)
    assert answers(config.gateway_port, "/api/customer/readyz")
    assert supervisor.up() == []

    customer = status[-1]
    psutil.Process(customer.pid).kill()
    while psutil.pid_exists(customer.pid) and psutil.Process(customer.pid).status() != "zombie":
        time.sleep(0.02)
    assert supervisor.ended() == ["customer"]
    assert supervisor.up() == ["customer"]

    assert supervisor.down() == ALL
    assert supervisor.down() == []
    assert supervisor.status() == []
    assert all(is_free(port) for port in _ports(config))


def test_a_service_that_is_never_ready_is_named_while_it_is_waited_for_and_given_up(
    config: LocalConfig,
    install: Callable[[str], Supervisor],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install("import time\nprint('migrating', flush=True)\ntime.sleep(600)")
    monkeypatch.setattr(supervisor_module, "TELL_SECONDS", 0.5)
    told = r"Not ready after 4 s: customer\..*--timeout"
    with progress(Console(), "Starting") as report, pytest.raises(LocalError, match=told) as late:
        Supervisor(replace(config, ready_seconds=4), report).up()
    assert "migrating" in str(late.value)
    assert "Starting: waiting for customer, " in capsys.readouterr().err
    assert Supervisor(config).status() == []


def test_a_service_that_dies_shows_its_log_and_stops_the_rest(
    config: LocalConfig, install: Callable[[str], Supervisor]
) -> None:
    supervisor = install("raise SystemExit('the configuration is wrong')")
    with pytest.raises(LocalError, match=r"customer ended(.|\n)*the configuration is wrong"):
        supervisor.up()
    assert supervisor.running() == []
    assert all(is_free(port) for port in _ports(config))


def test_every_taken_port_is_named_before_anything_starts(
    config: LocalConfig, install: Callable[[str], Supervisor]
) -> None:
    supervisor = install(SERVICE)
    service = config.service("customer")
    with (
        socket.create_server((HOST, service.port)),
        socket.create_server((HOST, config.gateway_port)),
        pytest.raises(LocalError) as refused,
    ):
        supervisor.up()
    message = str(refused.value)
    assert f"Port {service.port} (customer) is taken by" in message
    assert "KEHU_CUSTOMER_PORT=<port>" in message
    assert "KEHU_GATEWAY_PORT=<port>" in message
    if os.geteuid() == 0:
        assert f"process {os.getpid()} (" in message
    assert supervisor.status() == []


def test_down_never_stops_a_stranger(config: LocalConfig, tmp_path: Path) -> None:
    stranger = spawn(
        "customer", [sys.executable, "-c", "import time; time.sleep(60)"], port=1,
        log=tmp_path / "log",
    )  # fmt: skip
    Notes(config.home / "run").write(replace(stranger, created=stranger.created - 100))
    try:
        assert Supervisor(config).down() == []
        assert stranger.alive()
        assert Supervisor(config).status() == []
    finally:
        stranger.kill()


def test_two_commands_do_not_work_at_once(config: LocalConfig, tmp_path: Path) -> None:
    code = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'w'); "
        "fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    )
    config.home.mkdir()
    command = [sys.executable, "-c", code, str(config.home / "lock")]
    holder = spawn("holder", command, port=1, log=tmp_path / "log")
    try:
        while "held" not in holder.log_tail():
            time.sleep(0.02)
        with pytest.raises(LocalError, match="Another `kehu` command"):
            Supervisor(config).up()
    finally:
        holder.kill()


def test_a_given_server_is_used_and_not_started(config: LocalConfig) -> None:
    given = replace(
        config,
        given_postgres="postgresql://boss:pw@db.example:5432/postgres",
        given_kafka="kafka.example:9092",
    )
    environment = given.service_environment(given.service("customer"), "")
    database = "postgresql://kehu_app:kehu@db.example:5432/kehu_customer"
    assert environment["KEHU_CUSTOMER_DATABASE_URL"] == database
    assert environment["KEHU_CUSTOMER_KAFKA_BOOTSTRAP"] == "kafka.example:9092"
    assert environment["KEHU_CUSTOMER_ROOT_PATH"] == "/api/customer"
