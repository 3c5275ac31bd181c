"""The verdict is red for every kind of damage that is done by hand to a good system."""

from collections.abc import Sequence

import pytest

from faults import world
from faults.campaign import campaign
from faults.stage import Stage

pytestmark = [pytest.mark.durability, pytest.mark.timeout(420)]

ONE = "WHERE ctid = (SELECT ctid FROM {table} WHERE tenant_id IN ($1, $2) LIMIT 1)"
STRANGER = "CASE tenant_id WHEN $1 THEN $2 ELSE $1 END"
FAIL = "UPDATE conversions SET state = 'failed', opportunity_id = NULL, last_error = '{}'"
DAMAGE = [
    ("sales", "UPDATE customer_refs SET name = name || '?'", "customer in sales"),
    ("customer", "DELETE FROM inbox", "customer: no effect"),
    ("customer", f"UPDATE contacts SET title = 'of ' || {STRANGER}", "in customer.contacts of"),
    ("customer", "UPDATE customers SET value_score = value_score + 1", "value of customer"),
    ("customer", "DELETE FROM audit_log", "event without its change"),
    ("marketing", "UPDATE leads SET number = 'LEAD-2026-999999'", "have gaps"),
    ("analytics", "UPDATE customer_figures SET won_count = 99", "customer_figures of"),
    ("analytics", "UPDATE request_facts SET sequence = 99", "row of request_facts"),
    ("customer", "DELETE FROM timeline_entries", "timeline entry"),
    ("sales", "UPDATE outbox SET type = 'sales.unheard-of.v1'", "altered"),
    ("service-desk", "DELETE FROM outbox", "never committed"),
    ("service-desk", "UPDATE requests SET version = version + 1", "newest event of"),
    ("marketing", FAIL, "is failed"),
]
"""What is done to one row of one of two tenants, and what the verdict says of it."""


async def test_every_damage_is_seen(stage: Stage) -> None:
    async def tamper(tenants: Sequence[str]) -> None:
        for slug, damage, _ in DAMAGE:
            table = damage.removeprefix("DELETE FROM ").removeprefix("UPDATE ").split()[0]
            async with world.database(stage, slug) as connection:
                # Past the triggers, as only who owns the server can: the audit log is append-only.
                await connection.execute("SET session_replication_role = replica")
                statement = f"{damage} {ONE.replace('{table}', table)}"
                assert (await connection.execute(statement, *tenants[:2])).endswith(" 1"), damage

    report = await campaign(stage, seed=1, seconds=20, kinds=(), every=20, tamper=tamper)
    missed = [sign for *_, sign in DAMAGE if not any(sign in one for one in report.violations)]
    assert not missed, str(report)
