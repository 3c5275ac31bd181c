"""What a service forgets of an erased person, held by the database itself.

A trigger on each table with personal values looks up whether the row, or what it belongs to, was
erased; then the values are blanked, whoever writes: a copy made from an old event, a replay, a
command that began before. So nothing brings them back, and blanking itself is an UPDATE that
changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kehu_kernel.db import ERASED_PERSON
from kehu_kernel.migrations import APP_ROLE, WORKER_ROLE, enable_tenant_security, let_worker
from kehu_kernel.plumbing import Operations

NOTHING = "NULL"
WORD = "'erased'"
"""For texts that may not be missing."""
IF_GIVEN = "CASE WHEN NEW.{column} IS NOT NULL THEN 'erased' END"
"""For texts that may be missing, where their being there says something."""
NO_VALUES = "'{{}}'::jsonb"
PSEUDONYM = "'erased-' || right(NEW.{key}::text, 12)"
"""For names: tells two erased persons apart, and says nothing about them."""


@dataclass(frozen=True, slots=True)
class Personal:
    """What is personal in the rows of a table that belong to an erased person.

    `by` names the columns that say whose a row is: the person's id, or that of another row that was
    erased (parents stand before children in a service's list). `blank` maps columns to the SQL of
    what stays. What nobody types is in `computed`: it is blanked silently, while a command that
    types a personal value anew is refused. `delete` is for indexes that are nothing but values.
    `key` is the row's own id, by which its events and audit entries are found, if it has one.
    """

    table: str
    by: tuple[str, ...]
    blank: Mapping[str, str] = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    key: str | None = "id"
    delete: bool = False
    on: str = "INSERT OR UPDATE"


OURS = "ARRAY(SELECT subject_id FROM erased_subjects WHERE tenant_id = $1 AND erasure_id = $2)"
IDS = OURS.replace("subject_id FROM", "subject_id::text FROM")
"""Whom the erasure `$2` of `$1` is about: looked up once, and each id of it then by an index."""

TABLES = (
    """
    CREATE TABLE erased_subjects (
        tenant_id text NOT NULL,
        subject_id uuid NOT NULL,
        erasure_id uuid NOT NULL,
        CONSTRAINT pk_erased_subjects PRIMARY KEY (tenant_id, subject_id)
    )
    """,
    "CREATE INDEX ix_erased_subjects_erasure ON erased_subjects (tenant_id, erasure_id)",
    """
    CREATE TABLE erasure_orders (
        tenant_id text NOT NULL,
        erasure_id uuid NOT NULL,
        ordered_at timestamptz NOT NULL DEFAULT now(),
        horizon bigint,
        counts jsonb,
        acknowledged_at timestamptz,
        CONSTRAINT pk_erasure_orders PRIMARY KEY (tenant_id, erasure_id)
    )
    """,
    """
    CREATE INDEX ix_erasure_orders_open ON erasure_orders (ordered_at)
        WHERE acknowledged_at IS NULL
    """,
)

BODY = """
    DECLARE erasure uuid;
    BEGIN
        SELECT erasure_id INTO erasure FROM erased_subjects
            WHERE tenant_id = NEW.tenant_id AND subject_id = ANY (ARRAY[{owners}]) LIMIT 1;
        IF erasure IS NULL THEN RETURN NEW; END IF;
        {rest}
    END"""
REFUSE = f"""
        IF current_user = '{APP_ROLE}' AND ({{typed}}) THEN
            RAISE EXCEPTION 'this person was erased'
                USING ERRCODE = 'check_violation', CONSTRAINT = '{ERASED_PERSON}';
        END IF;"""
REMEMBER = """
        INSERT INTO erased_subjects (tenant_id, subject_id, erasure_id)
            VALUES (NEW.tenant_id, NEW.{key}, erasure) ON CONFLICT DO NOTHING;"""


INDEXES = ("ix_outbox_sent_key ON outbox (tenant_id, key) WHERE sent_at IS NOT NULL",)
"""By which an erasure finds what it cleans. Only of events that were sent: commands pay nothing,
the relay an entry for each event that it marks."""


def create_erasure_tables(op: Operations) -> None:
    """Create what every service needs to erase persons, and let its worker clean the plumbing."""
    for statement in TABLES:
        op.execute(statement)
    for table in ("erased_subjects", "erasure_orders"):
        enable_tenant_security(op, table, rights="SELECT, INSERT")
        let_worker(op, table, rights="SELECT, INSERT, UPDATE")
    # The status too: the journal of an acknowledgement names it, though it has no key.
    op.execute(f"GRANT UPDATE (status, headers, body) ON idempotency_keys TO {WORKER_ROLE}")


def forget(op: Operations, what: Sequence[Personal]) -> None:
    """Make the triggers of a service's tables; call it again when the list changes."""
    for personal in what:
        table, name = personal.table, f"erase_{personal.table}_by_{personal.by[0]}"
        op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                   f"$$ {_body(personal)} $$")  # fmt: skip
        op.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {personal.on} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
    for table in dict.fromkeys(personal.table for personal in what):
        op.execute(f"DROP POLICY IF EXISTS erasure ON {table}")
        op.execute(f"CREATE POLICY erasure ON {table} TO {WORKER_ROLE} USING (true)")
        op.execute(f"GRANT SELECT, UPDATE (tenant_id) ON {table} TO {WORKER_ROLE}")
    for table in dict.fromkeys(personal.table for personal in what if personal.delete):
        op.execute(f"GRANT DELETE ON {table} TO {WORKER_ROLE}")


def blanking(personal: Personal) -> Iterator[str]:
    """Return the statements that have the triggers blank the rows of the erasure `$2` of `$1`."""
    verb = f"UPDATE {personal.table} SET tenant_id = $1"  # noqa: S608 - our own names
    if personal.delete:
        verb = f"DELETE FROM {personal.table}"  # noqa: S608
    for column in personal.by:
        yield f"{verb} WHERE tenant_id = $1 AND {column} = ANY ({OURS}) RETURNING 1"


def _body(personal: Personal) -> str:
    owners = ", ".join(f"NEW.{column}" for column in personal.by)
    key = personal.key or personal.by[0]
    blank = {name: value.format(key=key, column=name) for name, value in personal.blank.items()}
    typed = [
        f"NEW.{name} IS DISTINCT FROM {value} AND NEW.{name} IS DISTINCT FROM OLD.{name}"
        for name, value in blank.items()
        if name not in personal.computed
    ]
    refuse = REFUSE.format(typed=" OR ".join(f"({one})" for one in typed)) if typed else ""
    assign = "".join(f"NEW.{name} := {value}; " for name, value in blank.items())
    remember = REMEMBER.format(key=key) if personal.key else ""
    # Of a new row of an index of values nothing would stay: it is left out.
    end = "NULL" if personal.delete else "NEW"
    return BODY.format(owners=owners, rest=f"{refuse} {assign} {remember} RETURN {end};")
