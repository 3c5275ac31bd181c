"""What is put right once every process runs the new version.

`python -m kehu_customer.after_rollout`. While a rolling upgrade goes on, an old process may still
enter a contact, change it or take a number from it without its contact points (C3), and counts no
consents, leads and complaints, which segments can ask about (C7). It may be run at any time, twice,
and two at once: what is right stays as it is.
"""

import asyncio
import logging
from uuid import UUID

from kehu_customer.__main__ import SERVICE
from kehu_customer.behaviour.dealings import FACTS
from kehu_customer.behaviour.models import DealingKind
from kehu_customer.contact_points.service import take_over
from kehu_customer.segments.changes import CONSENTS, NOTE
from kehu_customer.settings import Settings
from kehu_kernel import telemetry
from kehu_kernel.app import open_database
from kehu_kernel.context import Context
from kehu_kernel.erasure_schema import WORD
from kehu_kernel.process import Databases

log = logging.getLogger("kehu.after_rollout")

ACTOR = "system:after-rollout"
BATCH = 500
FIRST = ("", UUID(int=0))

# Of whoever was erased both are blanked: nothing is shown, and there is nothing to be made right.
UNLIKE = f"""
    SELECT c.tenant_id, c.id FROM contacts c
    WHERE (c.tenant_id, c.id) > ($1, $2) AND EXISTS (
        SELECT FROM (VALUES ('phone', c.phone), ('mobile', c.mobile), ('email', c.email))
            AS shown (kind, value)
        LEFT JOIN contact_points p ON p.tenant_id = c.tenant_id AND p.contact_id = c.id
            AND p.kind = shown.kind AND p.is_primary
        WHERE p.value IS DISTINCT FROM shown.value
            AND NOT (shown.value IS NULL AND p.value = {WORD})
    )
    ORDER BY c.tenant_id, c.id LIMIT $3
"""  # noqa: S608 - our own word
CONSENTED = """
    SELECT DISTINCT tenant_id, coalesce(contact_id, customer_id) AS subject_id FROM consents
    WHERE (tenant_id, coalesce(contact_id, customer_id)) > ($1, $2) AND purpose = 'marketing'
    ORDER BY 1, 2 LIMIT $3
"""
DEALT = """
    SELECT DISTINCT tenant_id, customer_id AS subject_id FROM dealings
    WHERE (tenant_id, customer_id) > ($1, $2) AND (kind = 'lead' OR is_complaint)
    ORDER BY 1, 2 LIMIT $3
"""


async def give_contacts_their_points(databases: Databases) -> int:
    """Let every contact have the numbers it shows, and no other first; return how many had not.

    Each contact is a transaction of its own, locked as by any command.
    """
    count, last = 0, FIRST
    while True:
        async with databases.worker.worker_transaction() as session:
            found = await session.fetch(UNLIKE, *last, BATCH)
        for tenant_id, contact_id in found:
            context = Context(tenant_id=tenant_id, actor=ACTOR)
            try:
                async with databases.app.transaction(context) as session:
                    count += await take_over(session, contact_id)
            except Exception as error:  # the others have theirs; this one is seen to by hand
                known = {"tenant": tenant_id, "contact": str(contact_id), "error": repr(error)}
                log.warning("contact left as it is", extra=known)
        if len(found) < BATCH:
            return count
        last = (found[-1]["tenant_id"], found[-1]["id"])


async def note_new_facts(databases: Databases) -> int:
    """Have consents, leads and complaints of before counted; return of how many."""
    leads = FACTS[DealingKind.LEAD] | FACTS[DealingKind.REQUEST]
    return await _note(databases, CONSENTED, CONSENTS) + await _note(databases, DEALT, leads)


async def _note(databases: Databases, query: str, names: frozenset[str]) -> int:
    count, last = 0, FIRST
    while True:
        async with databases.worker.worker_transaction() as session:
            found = await session.fetch(query, *last, BATCH)
            if found:
                facts = [" ".join(sorted(names))] * len(found)
                tenants = [one["tenant_id"] for one in found]
                await session.fetch(NOTE, tenants, [one["subject_id"] for one in found], facts)
        count += len(found)
        if len(found) < BATCH:
            return count
        last = (found[-1]["tenant_id"], found[-1]["subject_id"])


async def _run() -> None:
    settings = Settings()
    telemetry.configure_logging(settings.log_level, settings.log_format)
    databases = Databases(
        app=open_database(SERVICE.name, settings),
        worker=open_database(SERVICE.name, settings, worker=True),
    )
    try:
        log.info(
            "contacts got points", extra={"count": await give_contacts_their_points(databases)}
        )
        log.info("facts are counted", extra={"count": await note_new_facts(databases)})
    finally:
        await databases.app.dispose()
        await databases.worker.dispose()


if __name__ == "__main__":
    asyncio.run(_run())
