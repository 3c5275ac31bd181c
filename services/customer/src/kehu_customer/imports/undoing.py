"""Taking back what an import did, the last row first, as far as nobody has worked with it since.

A customer is never deleted: one that an import entered ends as a former one, and gives its code,
its reference and its keys free, so that the file can be imported again. An update goes back to what
it replaced, unless that belongs to somebody else by now.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from kehu_customer.archives.keeping import follow_roles
from kehu_customer.classifications.ruling import follow_rules_together
from kehu_customer.contact_points import events as point_events
from kehu_customer.contacts.models import Contact
from kehu_customer.contacts.queries import has_other_active
from kehu_customer.credit_contracts.counting import count_contracts, with_parents
from kehu_customer.custom_fields.models import CustomEntry
from kehu_customer.customers import events
from kehu_customer.customers.models import Customer
from kehu_customer.customers.service import MATCHED, take_turns
from kehu_customer.duplicates.keys import keys_of
from kehu_customer.duplicates.queries import keep_keys, rules_of
from kehu_customer.duplicates.service import subject_of
from kehu_customer.imports import people, queries, restoring, updating
from kehu_customer.imports.columns import Fields
from kehu_customer.imports.models import Import, ImportRow, Outcome
from kehu_customer.imports.restoring import Restoring
from kehu_kernel import audit, outbox
from kehu_kernel.session import Session

REASON = "导入撤销 / import undone"
"""Why the relation with a customer ended that an import had entered."""
RESTORED: Mapping[str, Any] = {"parent_id": UUID, "annual_revenue": Decimal}
"""How values come back from their document, where they are no text, number or list."""


async def go_on(session: Session, job: Import, *, today: date, limit: int) -> None:
    """Undo the next rows of a locked import; finish behind the first row of the file."""
    rows = await queries.to_undo(session, job, limit)
    if not rows:
        job.finish()
        audit.changed(session, job, job.state)
        return
    moving = {one.customer_id for one in rows if "parent_id" in (one.before or {})}
    if moving:
        await take_turns(session)
    customers = await queries.lock_customers(session, {one.customer_id for one in rows})
    groups = with_parents(*(one for one in customers.values() if one.id in moving))
    contacts = await people.lock(session, {one.contact_id for one in rows if one.contact_id})
    touched = await queries.touched(session, job, rows)
    # A contact that stays keeps its customer, too.
    touched |= {one.customer_id for one in contacts.values() if one.id in touched}
    restored = await restoring.of(session, job, rows)
    undone = []
    for row in rows:
        customer = customers.get(row.customer_id) if row.customer_id else None
        contact = contacts.get(row.contact_id) if row.contact_id else None
        if customer is None or customer.id in touched or customer.merged_into_id is not None:
            row.outcome = Outcome.KEPT
        elif contact is not None and await _is_needed(session, row, contact):
            row.outcome = Outcome.KEPT
            touched.add(customer.id)
        elif found := await restored.reasons_against(session, row, customer):
            row.outcome, row.reasons = Outcome.KEPT, found
        else:
            if contact is not None:
                await people.withdraw(session, contact, today, REASON)
            await _undo(session, row, customer, today, restored)
            undone.append(customer)
        job.count(Outcome(row.outcome))
    await follow_rules_together(session, undone)
    if groups:
        await count_contracts(session, groups)
    job.position, job.attempts = rows[-1].number - 1, 0


async def _is_needed(session: Session, row: ImportRow, contact: Contact) -> bool:
    """Tell whether a contact is the one to turn to first, of several at a customer that stays."""
    if row.outcome == Outcome.CREATED or not contact.is_primary:
        return False
    await session.flush()  # other rows of the batch may have entered the others
    return await has_other_active(session, contact)


async def _undo(
    session: Session, row: ImportRow, customer: Customer, today: date, restored: Restoring
) -> None:
    if row.outcome == Outcome.CREATED:
        await _withdraw(session, customer, today)
    else:
        await _restore(session, customer, row.before or {}, restored.fields)
    row.outcome = Outcome.UNDONE


async def _withdraw(session: Session, customer: Customer, today: date) -> None:
    """End a customer that was entered, and give free what tells it apart from others."""
    customer.end(today, REASON)
    customer.code = customer.external_ref = None
    fields = audit.changed(session, customer, "import-undone")
    outbox.add(session, events.ended(customer, fields), sequence=customer.version)
    await session.execute(
        delete(CustomEntry).where(
            CustomEntry.tenant_id == session.context.tenant_id,
            CustomEntry.customer_id == customer.id,
        )
    )
    await keep_keys(session, {customer.id: []})
    for point in await queries.points_of(session, customer.id):
        point.deactivate(others=False)
        told = audit.changed(session, point, "import-undone")
        if told:
            outbox.add(session, point_events.changed(point, told), sequence=point.version)


async def _restore(
    session: Session, customer: Customer, before: Mapping[str, Any], fields_in_use: Fields
) -> None:
    """Give a customer back what an update replaced."""
    for name, value in before.items():
        if name == "custom":
            await updating.replace_custom(session, fields_in_use, customer, value)
        else:
            read = RESTORED.get(name)
            setattr(customer, name, read(value) if read and value is not None else value)
    fields = audit.changed(session, customer, "import-undone")
    if fields:
        outbox.add(session, events.changed(customer, fields), sequence=customer.version)
    if MATCHED & set(fields):
        domains = (await rules_of(session)).ignored_domains
        await keep_keys(session, {customer.id: keys_of(subject_of(customer), domains)})
    if "roles" in fields:
        await follow_roles(session, customer)
