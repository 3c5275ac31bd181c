"""The PostgreSQL server of a test session."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from kehu_local.ports import free_port
from kehu_local.postgres import provision, start_postgres

PASSWORD = "kehu"  # of the three local roles


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """One database, entered with each of the three roles."""

    owner: str
    app: str
    worker: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server and its administrator's URL."""

    admin_url: str

    async def create_database(self, name: str) -> DatabaseUrls:
        """Create an empty database owned by the owner role."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(f'CREATE DATABASE "{name}" OWNER kehu_owner')
        finally:
            await connection.close()
        return DatabaseUrls(
            owner=self._url("kehu_owner", name),
            app=self._url("kehu_app", name),
            worker=self._url("kehu_worker", name),
        )

    def superuser(self, url: str) -> str:
        """Return the administrator's URL of the database that a role's URL names."""
        administrator = make_url(self.admin_url).set(database=make_url(url).database)
        return administrator.render_as_string(hide_password=False)

    def _url(self, role: str, database: str) -> str:
        url = make_url(self.admin_url).set(username=role, password=PASSWORD, database=database)
        return url.render_as_string(hide_password=False)


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a server that lasts as long as the block (not durable: no fsync)."""
    given = os.environ.get("KEHU_DATABASE_URL")
    if given:
        provision(given, databases=())
        yield Cluster(given)
        return
    server = start_postgres(folder / "postgres", free_port(), durable=False)
    try:
        provision(server.admin_url, databases=())
        yield Cluster(server.admin_url)
    finally:
        server.stop()
