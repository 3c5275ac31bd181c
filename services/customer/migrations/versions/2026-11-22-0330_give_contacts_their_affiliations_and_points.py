"""Give the contacts on record their main affiliations and contact points.

Runs beside a live service, in batches, each statement for itself; it may be stopped and run again:
what is there already stays. A contact that changes at the same moment keeps what was written then.
No events are published: what is known of a contact does not change.
"""

from typing import Any

import phonenumbers
from alembic import op
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection, text

from kehu_kernel import ids

revision = "2026112233"
down_revision = "2026112232"

BATCH = 500
REGION = "CN"  # the default; no tenant can have decided otherwise before this has run
KINDS = ("phone", "mobile", "email")
TABLES = ("contacts", "contact_points", "affiliations")

NEXT = """
    SELECT tenant_id, id, phone, mobile, email FROM contacts
    WHERE (tenant_id, id) > (:tenant_id, :id) ORDER BY tenant_id, id LIMIT :batch
"""
AFFILIATE = """
    INSERT INTO affiliations (tenant_id, id, version, created_at, updated_at, contact_id,
                              customer_id, is_main, title, department, buying_role, started_on)
    SELECT c.tenant_id, CAST(n.id AS uuid), 1, now(), now(), c.id, c.customer_id, true, c.title,
           c.department, c.buying_role, CAST(c.created_at AT TIME ZONE 'UTC' AS date)
    FROM unnest(CAST(:tenants AS text[]), CAST(:contacts AS text[]), CAST(:ids AS text[]))
        AS n (tenant_id, contact_id, id)
    JOIN contacts c ON c.tenant_id = n.tenant_id AND c.id = CAST(n.contact_id AS uuid)
    WHERE NOT EXISTS (
        SELECT FROM affiliations a
        WHERE a.tenant_id = c.tenant_id AND a.contact_id = c.id AND a.is_main
    )
    FOR NO KEY UPDATE OF c
    ON CONFLICT DO NOTHING
"""
POINT = """
    INSERT INTO contact_points (tenant_id, id, version, created_at, updated_at, contact_id, kind,
                                purpose, value, normalised, extension, is_primary, active)
    SELECT c.tenant_id, CAST(n.id AS uuid), 1, now(), now(), c.id, '{kind}', 'work', c.{kind},
           n.normalised, n.extension, true, true
    FROM unnest(CAST(:tenants AS text[]), CAST(:contacts AS text[]), CAST(:ids AS text[]),
                CAST(:read AS text[]), CAST(:normalised AS text[]), CAST(:extensions AS text[]))
        AS n (tenant_id, contact_id, id, read, normalised, extension)
    JOIN contacts c ON c.tenant_id = n.tenant_id AND c.id = CAST(n.contact_id AS uuid)
        AND c.{kind} = n.read
    FOR NO KEY UPDATE OF c
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        for table in TABLES:  # the owner of a table with forced row security sees nothing else
            op.execute(f"DROP POLICY IF EXISTS backfill ON {table}")
            op.execute(f"CREATE POLICY backfill ON {table} TO CURRENT_USER USING (true)")
        last: dict[str, Any] = {"tenant_id": "", "id": "00000000-0000-0000-0000-000000000000"}
        while rows := connection.execute(text(NEXT), last | {"batch": BATCH}).all():
            _affiliate(connection, rows)
            for kind in KINDS:
                _point(connection, kind, [row for row in rows if getattr(row, kind)])
            last = {"tenant_id": rows[-1].tenant_id, "id": rows[-1].id}
        for table in TABLES:
            op.execute(f"DROP POLICY backfill ON {table}")


def _who(rows: Any) -> dict[str, list[str]]:
    return {
        "tenants": [row.tenant_id for row in rows],
        "contacts": [str(row.id) for row in rows],
        "ids": [str(ids.new_id()) for _ in rows],
    }


def _affiliate(connection: Connection, rows: Any) -> None:
    connection.execute(text(AFFILIATE), _who(rows))


def _point(connection: Connection, kind: str, rows: Any) -> None:
    read = [getattr(row, kind) for row in rows]
    normal = [_email(one) if kind == "email" else _phone(one) for one in read]
    found = {
        "read": read,
        "normalised": [value for value, _extension in normal],
        "extensions": [extension for _value, extension in normal],
    }
    connection.execute(text(POINT.format(kind=kind)), _who(rows) | found)


def _phone(typed: str) -> tuple[str | None, str | None]:
    try:
        number = phonenumbers.parse(typed, REGION)
    except phonenumbers.NumberParseException:
        return None, None
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:  # not a number of one place only
        return None, None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164, number.extension or None


def _email(typed: str) -> tuple[str | None, str | None]:
    try:
        valid = validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None, None
    return valid.normalized.lower(), None
