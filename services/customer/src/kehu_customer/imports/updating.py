"""Updates of customers by rows: the rules of a change through the API, for a batch together."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from kehu_customer.archives.keeping import follow_roles
from kehu_customer.classifications.ruling import follow_rules_together
from kehu_customer.credit_contracts.counting import count_contracts, with_parents
from kehu_customer.custom_fields.errors import CustomFieldsInvalid, CustomValueTaken
from kehu_customer.custom_fields.models import CustomEntry, entries_of
from kehu_customer.custom_fields.values import merged
from kehu_customer.customers import events, queries
from kehu_customer.customers.errors import ParentCycle
from kehu_customer.customers.models import Customer
from kehu_customer.customers.service import MATCHED, take_given
from kehu_customer.duplicates.keys import keys_of
from kehu_customer.duplicates.queries import KeysOf
from kehu_customer.duplicates.service import subject_of
from kehu_customer.imports import lookups, people, reasons
from kehu_customer.imports.batches import Batch
from kehu_customer.imports.columns import CUSTOM, Fields
from kehu_customer.imports.lines import Line
from kehu_customer.imports.models import Outcome
from kehu_kernel import audit, outbox, rows
from kehu_kernel.errors import DomainError
from kehu_kernel.session import Session


async def prepare(session: Session, batch: Batch, *, lock: bool) -> None:
    """Read the customers that lines update, and refuse what a change would refuse."""
    lines = [
        one for one in batch.lines
        if one.outcome is Outcome.UPDATED and one.customer_id is not None and not one.reasons
    ]  # fmt: skip
    ids = {one.customer_id for one in lines}
    if not lines:
        return
    query = (
        select(Customer)
        .where(Customer.tenant_id == session.context.tenant_id, Customer.id.in_(ids))
        .order_by(Customer.id)
    )
    if lock:
        query = query.with_for_update(key_share=True)
    batch.on_record = await session.scalars(query)
    by_id = {one.id: one for one in batch.on_record}
    of_people = {one.customer_id for one in lines if one.contact and one.customer_id}
    batch.people = await people.find(session, of_people)
    for line in lines:
        assert line.customer_id is not None  # noqa: S101 - the others are left out
        try:
            await _require_change(session, batch, line, by_id[line.customer_id])
        except CustomFieldsInvalid as error:
            line.reasons += reasons.of_custom(error, batch.how.headers)
        except DomainError as error:
            line.refuse(error)
    await _require_free_values(session, batch, lines)


async def _require_change(session: Session, batch: Batch, line: Line, customer: Customer) -> None:
    """Raise what a change would: `CustomerHasEnded`, `ParentCycle`, `CustomFieldsInvalid`."""
    customer.require_current()
    parent = parent_of(batch, line)
    if parent is not None and parent != customer.parent_id:
        await session.see_all_rows()  # the circle may go through companies of others
        above = await queries.ancestors_of(session, parent)
        await session.see_rows_in_scope()
        if customer.id in above:
            raise ParentCycle
    given = line.change.custom if line.change is not None else None
    line.entries, line.custom = [], customer.custom
    if given:
        fields = batch.how.fields
        scopes = session.context.scopes
        line.custom = merged(fields, given, customer.custom, creating=False, scopes=scopes)
        for code in given:
            before, after = customer.custom.get(code), line.custom.get(code)
            if after is not None and after != before and fields[code].searchable:
                line.entries += entries_of(fields[code], customer.id, after)


def parent_of(batch: Batch, line: Line) -> UUID | None:
    """Return the parent company that a line names, if it names one."""
    return batch.know.parents.get(str(line.said.get("parent_code")))


async def _require_free_values(session: Session, batch: Batch, lines: list[Line]) -> None:
    wanted = {
        (entry.field_id, str(entry.unique_key))
        for line in lines for entry in line.entries if entry.unique_key is not None
    }  # fmt: skip
    taken = batch.know.taken | await lookups.taken_keys(session, wanted)
    codes = {one.id: code for code, one in batch.how.fields.items()}
    for line in lines:
        for entry in line.entries:
            if entry.unique_key is None:
                continue
            if (entry.field_id, entry.unique_key) in taken:
                column = batch.how.headers.get(CUSTOM + codes[entry.field_id])
                line.refuse(CustomValueTaken(), column)
            taken.add((entry.field_id, entry.unique_key))


async def update(session: Session, batch: Batch) -> tuple[dict[UUID, dict[str, object]], KeysOf]:
    """Write the updates; return by row what each replaced, and the match keys that follow."""
    by_id = {one.id: one for one in batch.on_record}
    replaced: dict[UUID, dict[str, object]] = {}
    changed: dict[UUID, Customer] = {}
    renewed: set[UUID] = set()
    groups: set[UUID] = set()
    for line in batch.lines:
        if line.outcome is not Outcome.UPDATED or line.customer_id is None:
            continue
        customer = by_id[line.customer_id]
        if customer.id in changed:
            await session.flush()  # two rows about one customer are two changes
        above = with_parents(customer)
        before = await _write(session, batch, line, customer)
        _join(session, batch, line, customer)
        if not before and line.contact is None:
            line.outcome = Outcome.UNCHANGED
            continue
        replaced[line.id] = before
        changed[customer.id] = customer
        if "parent_id" in before:
            groups |= above
        if MATCHED & before.keys():
            renewed.add(customer.id)
        if "roles" in before:
            await follow_roles(session, customer)
    await follow_rules_together(session, list(changed.values()))
    if groups:
        await count_contracts(session, groups)
        await session.see_rows_in_scope()
    domains = batch.matching.ignored_domains
    return replaced, {one: keys_of(subject_of(changed[one]), domains) for one in renewed}


def _join(session: Session, batch: Batch, line: Line, customer: Customer) -> None:
    """Enter the person whom a line names, unless that one is at the customer already."""
    if line.contact is None:
        return
    there = batch.people[customer.id]
    if there.include(line.contact, line.contact_points):
        line.contact = None
        return
    line.contact.customer_id, line.contact.is_primary = customer.id, not there.has_primary
    people.enter(session, line.contact, line.contact_points, today=batch.today)


async def _write(
    session: Session, batch: Batch, line: Line, customer: Customer
) -> dict[str, object]:
    """Write what a line says into its customer; return the values that it replaced."""
    assert line.change is not None  # noqa: S101 - without one there is a reason
    take_given(customer, line.change)
    parent = parent_of(batch, line)
    if parent is not None:
        customer.parent_id = parent
    if line.custom != customer.custom:
        await replace_custom(session, batch.how.fields, customer, line.custom)
    before = {name: was for name, (was, _) in rows.changes(customer).items()}
    fields = audit.changed(session, customer, "changed")
    if fields:
        outbox.add(session, events.changed(customer, fields), sequence=customer.version)
    return before


async def replace_custom(
    session: Session, fields: Fields, customer: Customer, after: dict[str, Any]
) -> None:
    """Give a locked customer these accepted values of custom fields, and keep their index."""
    before = customer.custom
    changed = {
        code: one for code, one in fields.items()
        if one.searchable and before.get(code) != after.get(code)
    }  # fmt: skip
    if changed:
        await session.execute(
            delete(CustomEntry).where(
                CustomEntry.tenant_id == session.context.tenant_id,
                CustomEntry.customer_id == customer.id,
                CustomEntry.field_id.in_([one.id for one in changed.values()]),
            )
        )
    customer.custom = after
    for code, one in changed.items():
        if code in after:
            for entry in entries_of(one, customer.id, after[code]):
                session.add(entry)
