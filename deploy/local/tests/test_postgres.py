"""The embedded PostgreSQL: roles, databases, and all that can be wrong with its folder."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from kehu_local.errors import LocalError
from kehu_local.ports import HOST, free_port
from kehu_local.postgres import PostgresServer, provision, start_postgres, url_for
from kehu_local.processes import spawn


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    folder = tmp_path_factory.mktemp("postgres") / "data"
    server = start_postgres(folder, free_port(), durable=False)
    yield server
    server.stop()


async def test_provisioning_twice_gives_roles_that_cannot_bypass_row_security(
    server: PostgresServer,
) -> None:
    provision(server.admin_url, ["kehu_customer", "kehu_sales"])
    provision(server.admin_url, ["kehu_customer", "kehu_sales"])
    owner = await asyncpg.connect(server.url("kehu_owner", "kehu_sales"))
    rows = await owner.fetch(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole AS powerful "
        "FROM pg_roles WHERE rolname LIKE 'kehu%'"
    )
    await owner.execute("CREATE TABLE proof ()")
    await owner.close()
    assert {row["rolname"]: row["powerful"] for row in rows} == {
        "kehu_owner": False,
        "kehu_app": False,
        "kehu_worker": False,
    }


async def test_a_wrong_password_is_refused(server: PostgresServer) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.admin_url.replace(":kehu@", ":guess@"))


async def test_a_role_that_bypasses_row_security_is_not_accepted(server: PostgresServer) -> None:
    provision(server.admin_url, [])
    admin = await asyncpg.connect(server.admin_url)
    await admin.execute("ALTER ROLE kehu_app BYPASSRLS")
    try:
        with pytest.raises(LocalError, match="ALTER ROLE kehu_app NOSUPERUSER NOBYPASSRLS"):
            provision(server.admin_url, [])
    finally:
        await admin.execute("ALTER ROLE kehu_app NOBYPASSRLS")
        await admin.close()


def test_a_server_that_cannot_be_reached_is_named() -> None:
    port = free_port()
    with pytest.raises(LocalError, match=f"{HOST}:{port} cannot be used.*KEHU_DATABASE_URL"):
        provision(f"postgresql://postgres:kehu@{HOST}:{port}/postgres")


def test_a_given_url_keeps_its_place_and_options_for_every_role() -> None:
    given = "postgresql://boss:s%40crt@db.example:6432/postgres?sslmode=require"
    assert (
        url_for(given, "kehu_app", "kehu_sales")
        == "postgresql://kehu_app:kehu@db.example:6432/kehu_sales?sslmode=require"
    )


def test_a_server_killed_hard_starts_again_with_its_data(tmp_path: Path) -> None:
    server = start_postgres(tmp_path / "data", free_port(), durable=True)
    provision(server.admin_url, ["kehu_sales"])
    server.kill()
    assert (tmp_path / "data" / "postmaster.pid").exists()
    server = start_postgres(tmp_path / "data", free_port(), durable=True)
    provision(server.admin_url, ["kehu_sales"])
    server.stop()


def test_a_stale_pid_file_with_a_strangers_number_does_not_stand_in_the_way(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    start_postgres(data, free_port(), durable=False).stop()
    stranger = spawn(
        "stranger", [sys.executable, "-c", "import time; time.sleep(60)"], port=1,
        log=tmp_path / "log",
    )  # fmt: skip
    (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n1\n5432\n\n127.0.0.1\n1 1\n")
    try:
        start_postgres(data, free_port(), durable=False).stop()
        assert stranger.alive()
    finally:
        stranger.kill()


def test_a_folder_that_is_already_served_is_left_alone(server: PostgresServer) -> None:
    data = Path(server.running.log).with_suffix("")
    with pytest.raises(LocalError, match=rf"already serves .*kill -INT {server.running.pid}"):
        start_postgres(data, free_port(), durable=False)
    provision(server.admin_url, [])


def test_data_of_another_major_version_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("17\n")
    with pytest.raises(LocalError, match=r"PostgreSQL 17.*PostgreSQL 18.*rm -rf"):
        start_postgres(tmp_path, free_port(), durable=True)


def test_a_folder_with_something_else_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(LocalError, match="is not a PostgreSQL data directory"):
        start_postgres(tmp_path, free_port(), durable=True)
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_a_taken_port_is_named_with_its_owner(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=rf"Port {port} \(PostgreSQL\).*KEHU_POSTGRES_PORT"):
            start_postgres(tmp_path / "data", port, durable=True)
    assert not (tmp_path / "data").exists()
