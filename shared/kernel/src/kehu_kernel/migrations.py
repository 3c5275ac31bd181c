"""Migrations: the only way a schema changes. One runner for all services, safe on a live database.

Only one process migrates at a time (advisory lock); a statement that cannot get its lock within
four seconds gives up instead of queueing the whole application behind it.
"""

import asyncio
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from kehu_kernel import audit, idempotency, numbering  # noqa: F401 - so that all tables are mapped
from kehu_kernel.columns import PlumbingBase
from kehu_kernel.db import asyncpg_url
from kehu_kernel.plumbing import Operations, create_plumbing

MIGRATION_LOCK = 0x6B656875  # "kehu"
FILE_TEMPLATE = "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s"
APP_ROLE, WORKER_ROLE = "kehu_app", "kehu_worker"

ALL_ROWS = (
    "(SELECT CASE WHEN current_setting('kehu.row_scope', true) IN ('own', 'department', 'subtree')"
    " THEN 'some' ELSE 'all' END) <> 'some'"
)

KERNEL_TABLES = (
    """
    CREATE TABLE audit_log (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        request_id text NOT NULL,
        entity text NOT NULL,
        entity_id uuid NOT NULL,
        version integer NOT NULL,
        action text NOT NULL,
        changes jsonb NOT NULL,
        CONSTRAINT pk_audit_log PRIMARY KEY (tenant_id, id)
    )
    """,
    "CREATE INDEX ix_audit_log_entity ON audit_log (tenant_id, entity_id, version)",
    "CREATE INDEX ix_audit_log_actor ON audit_log (tenant_id, actor, id)",
    """
    CREATE TABLE idempotency_keys (
        tenant_id text NOT NULL,
        actor text NOT NULL,
        key text NOT NULL,
        fingerprint bytea NOT NULL,
        status integer,
        headers jsonb,
        body bytea,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_idempotency_keys PRIMARY KEY (tenant_id, actor, key)
    )
    """,
    "CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at)",
    """
    CREATE TABLE number_series (
        tenant_id text NOT NULL,
        series text NOT NULL,
        last integer NOT NULL,
        CONSTRAINT pk_number_series PRIMARY KEY (tenant_id, series)
    )
    """,
)

ONE_TENANT = """
    SELECT pg_restore_attribute_stats('schemaname', 'public', 'relname', relname::text,
        'attname', 'tenant_id', 'inherited', false, 'null_frac', 0::real, 'avg_width', 12,
        'n_distinct', 1::real)
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'tenant_id'
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND reltuples < 0
"""
"""Tells the planner of tables that were never analysed that all rows may be one tenant's. It took
any index that begins with the tenant for as good as the key, and kept that plan: in the first
minutes of a new database each create took longer than the one before."""


def enable_tenant_security(
    op: Operations, table: str, *, rights: str = "SELECT, INSERT, UPDATE, DELETE"
) -> None:
    """Force row-level security on a table: the application role sees its own tenant only.

    The tenant is looked up once per statement (the sub-select), not once per row.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant ON {table} TO {APP_ROLE} "
        "USING (tenant_id = (SELECT current_setting('kehu.tenant', true)))"
    )
    op.execute(f"GRANT {rights} ON {table} TO {APP_ROLE}")


def limit_rows(op: Operations, table: str, visible: str, *, command: str = "ALL") -> None:
    """Let a caller whose row scope is not `all` see and change only rows for which `visible` holds.

    `visible` is SQL about a row; sub-selects in it obey the policies of their tables. It is not
    evaluated at all for the others: what they are compared with is looked up once per statement.
    The comparison is an inequality so that the planner expects it to hold for almost every row.
    """
    op.execute(
        f"CREATE POLICY row_scope ON {table} AS RESTRICTIVE FOR {command} TO {APP_ROLE} "
        f"USING ({ALL_ROWS} OR {visible})"
    )


def let_worker(
    op: Operations, table: str, *, rights: str = "SELECT, INSERT, UPDATE, DELETE"
) -> None:
    """Let the worker role work on all tenants' rows of a table (plumbing and projections only)."""
    op.execute(f"CREATE POLICY worker ON {table} TO {WORKER_ROLE} USING (true)")
    op.execute(f"GRANT {rights} ON {table} TO {WORKER_ROLE}")


def create_kernel_tables(op: Operations) -> None:
    """Create the tables every service has: event plumbing, audit log, idempotency, numbers."""
    create_plumbing(op)
    for statement in KERNEL_TABLES:
        op.execute(statement)
    enable_tenant_security(op, "audit_log", rights="SELECT, INSERT")
    enable_tenant_security(op, "idempotency_keys", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "number_series", rights="SELECT, INSERT, UPDATE")
    let_worker(op, "audit_log", rights="SELECT, INSERT")
    let_worker(op, "idempotency_keys", rights="SELECT, DELETE")


def run(metadata: MetaData) -> None:
    """Run what Alembic asks for; a service's `migrations/env.py` calls this with its metadata."""
    url: str = context.config.attributes["url"]
    asyncio.run(_run(url, [metadata, PlumbingBase.metadata]))


async def _run(url: str, metadata: list[MetaData]) -> None:
    engine = create_async_engine(
        asyncpg_url(url),
        poolclass=NullPool,
        connect_args={"server_settings": {"lock_timeout": "4000", "application_name": "migrate"}},
    )
    async with engine.connect() as connection:
        await connection.run_sync(_migrate, metadata)
    await engine.dispose()


def _migrate(connection: Connection, metadata: list[MetaData]) -> None:
    connection.execute(text("SET lock_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text("SET lock_timeout = 4000"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if current(connection) is not None:
        # For `is_behind`: a service that is not ready asks which revision it finds.
        connection.execute(text(f"GRANT SELECT ON alembic_version TO {APP_ROLE}"))
        connection.execute(text(ONE_TENANT))
    connection.commit()


def _config(folder: Path, url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("file_template", FILE_TEMPLATE)
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def upgrade(folder: Path, url: str) -> None:
    """Bring the database at `url` (owner role) to the newest revision in `folder`."""
    command.upgrade(_config(folder, url), "head")


def check(folder: Path, url: str) -> None:
    """Raise `alembic.util.AutogenerateDiffsDetected` if models and migrations differ."""
    command.check(_config(folder, url))


def revision(folder: Path, url: str, message: str) -> None:
    """Write a new migration file from the difference between models and database."""
    command.revision(_config(folder, url), message, autogenerate=True)


def newest(folder: Path) -> str | None:
    """Return the newest revision in `folder`."""
    return ScriptDirectory(str(folder)).get_current_head()


def is_behind(folder: Path, found: str | None) -> bool:
    """Whether a database at this revision lacks migrations of `folder`.

    One that is ahead does not: migrations come before the code that needs them.
    """
    older = {script.revision for script in ScriptDirectory(str(folder)).walk_revisions()}
    return found is None or found in older - {newest(folder)}


def current(connection: Connection) -> str | None:
    """Return the revision a database is at."""
    return MigrationContext.configure(connection).get_current_revision()
