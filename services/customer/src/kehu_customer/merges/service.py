"""What can be done with a merge.

All customers concerned are locked first, in the order of their ids: so nothing that hangs on them
changes meanwhile. Whatever a merge changes is noted row by row, and undoing it goes the same way
back; what was changed by somebody else since stays as it is now.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, NoReturn
from uuid import UUID

from kehu_customer.affiliations.models import Affiliation
from kehu_customer.archives.keeping import follow_roles
from kehu_customer.classifications.ruling import follow_rules, follow_rules_together
from kehu_customer.credit_contracts.counting import count_contracts, with_parents
from kehu_customer.custom_fields.models import entries_of
from kehu_customer.custom_fields.queries import fields_for, hidden_from_caller
from kehu_customer.customers import events as customer_events
from kehu_customer.customers.errors import ParentCycle
from kehu_customer.customers.models import Customer
from kehu_customer.customers.queries import ancestors_of
from kehu_customer.customers.schemas import CustomerRead
from kehu_customer.customers.service import take_turns
from kehu_customer.duplicates.models import PairState
from kehu_customer.duplicates.queries import rules_of
from kehu_customer.duplicates.service import renew_keys, settle_pairs
from kehu_customer.duplicates.sight import within_sight
from kehu_customer.households import events as household_events
from kehu_customer.households.models import Household
from kehu_customer.households.queries import members_of
from kehu_customer.merges import belongings, events, queries
from kehu_customer.merges.belongings import BELONGINGS, SUBSIDIARIES, Belonging
from kehu_customer.merges.errors import (
    AnonymousSurvivor,
    CreditOnRecord,
    KindsDiffer,
    MergedOn,
    MergeWithItself,
    UnknownMember,
)
from kehu_customer.merges.facts import gone_back, move_facts, tell_archives
from kehu_customer.merges.models import Merge, MergeState
from kehu_customer.merges.notes import CUSTOMER, Notes, restore
from kehu_customer.merges.schemas import (
    MergeCreate,
    MergeFilters,
    MergeRead,
    MergeResult,
    MergeUndoing,
)
from kehu_customer.merges.survivorship import (
    UNIQUE,
    columns_of,
    combine,
    custom_values,
    sources,
)
from kehu_kernel import audit, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

Customers = dict[UUID, Customer]


class _Undone(Exception):
    """Makes the savepoint of a dry run undo everything."""


async def merge_customers(session: Session, data: MergeCreate) -> MergeResult:
    """Make several records of one customer one; a dry run does it, looks at it, and undoes it.

    Raises `MergeWithItself`, `UnknownMember`, `CreditOnRecord`, `KindsDiffer`,
    `AnonymousSurvivor`, `CustomerMerged`, `CustomerHasEnded` (of the survivor), `SourceNotMember`,
    `ParentCycle`.
    """
    if not data.dry_run:
        return await _merge(session, data)
    seen: list[MergeResult] = []
    with suppress(_Undone):
        async with session.savepoint():
            seen.append(await _merge(session, data))
            _end_dry_run()
    planned = {"id": None, "version": 0, "state": MergeState.PLANNED}
    return seen[0].model_copy(update=planned)


def _end_dry_run() -> NoReturn:
    raise _Undone


async def _merge(session: Session, data: MergeCreate) -> MergeResult:
    survivor, losers, others = await _lock(session, data)
    groups = with_parents(survivor, *losers)
    merge = Merge(
        id=ids.new_id(),
        survivor_id=survivor.id,
        merged_ids=[str(one.id) for one in losers],
        reason=data.reason,
        state=MergeState.MERGED,
    )
    audit.created(session, merge)
    notes = Notes(session, merge.id)
    fields = await _choose_values(session, notes, survivor, losers, data)
    await _move_belongings(session, notes, survivor.id, data.merged_ids)
    moved = await move_facts(session, notes, survivor.id, data.merged_ids)
    await _move_companies(session, notes, survivor, others, data.merged_ids)
    outbox.add(session, events.merged(merge), sequence=merge.version)
    await renew_keys(session, survivor)
    await _index_custom(session, [survivor, *losers])
    members = [survivor.id, *data.merged_ids]
    await settle_pairs(session, members, PairState.OPEN, PairState.MERGED, data.reason)
    await follow_rules(session, survivor)
    await tell_archives(session, moved)
    if "roles" in fields and not moved:
        await follow_roles(session, survivor)
    await count_contracts(session, groups)
    return await _result(session, merge, survivor, notes.counted, [])


async def unmerge_customers(
    session: Session, merge_id: UUID, data: MergeUndoing, *, expected_version: int | None
) -> MergeResult:
    """Undo a merge: everything goes back to where it came from, unless it has gone on since.

    Raises `MergeUndone`, `UnmergeTooLate`, `MergedOn`, `ParentCycle`; the database refuses a code,
    reference or unique value that somebody else has got since.
    """
    await take_turns(session)
    found = await require(session, Merge, merge_id)
    await session.see_all_rows()  # what goes back may be out of the caller's sight
    moves = await queries.moves_of(session, merge_id)
    concerned = {found.survivor_id, *map(UUID, found.merged_ids)}
    concerned |= {one.row_id for one in moves if one.kind in (CUSTOMER, SUBSIDIARIES.kind)}
    customers = await queries.lock_customers(session, concerned)
    merge = await require(session, Merge, merge_id, lock=True, expected_version=expected_version)
    rules = await rules_of(session)
    merge.undo(session.context.now, data.reason, within_days=rules.unmerge_within_days)
    survivor = customers[merge.survivor_id]
    if survivor.merged_into_id is not None:
        raise MergedOn(merged_into_id=survivor.merged_into_id)
    # Before anything is written in between: the version goes along with the change.
    audit.changed(session, merge, "undone")
    outbox.add(session, events.unmerged(merge), sequence=merge.version)
    roles, groups = survivor.roles, with_parents(*customers.values())
    parents = {one.id: one.parent_id for one in customers.values()}
    counted, left, households = await restore(session, moves, survivor.id)
    await session.flush()
    await _refuse_circles(
        session, [one for one in customers.values() if one.parent_id != parents[one.id]]
    )
    await _tell_households(session, households)
    losers = [customers[UUID(one)] for one in merge.merged_ids]
    await renew_keys(session, survivor)
    await _index_custom(session, [survivor, *losers])
    members = [survivor.id, *(one.id for one in losers)]
    reason = data.reason or "unmerged"
    await settle_pairs(session, members, PairState.MERGED, PairState.DISMISSED, reason)
    await session.flush()
    await follow_rules_together(session, [survivor, *losers])
    moved = await gone_back(session, moves, survivor.id)
    await tell_archives(session, moved)
    if survivor.roles != roles and not moved:
        await follow_roles(session, survivor)
    await count_contracts(session, groups)
    return await _result(session, merge, survivor, counted, left)


async def list_merges(
    session: Session, filters: MergeFilters
) -> tuple[list[Merge], str | None, int | None]:
    """Return one page of the merges that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Merge.id,
    )


async def _lock(session: Session, data: MergeCreate) -> tuple[Customer, list[Customer], Customers]:
    """Lock everybody concerned; return the survivor, the losers, and companies that follow."""
    if data.survivor_id in data.merged_ids:
        raise MergeWithItself
    await take_turns(session)
    members = [data.survivor_id, *data.merged_ids]
    visible = await within_sight(session, members)
    for member in members:
        if member not in visible:
            raise UnknownMember(id=member)
    await session.see_all_rows()  # what hangs on them may be out of the caller's sight
    followers = await queries.dependents_of(session, data.merged_ids)
    customers = await queries.lock_customers(session, {*members, *followers})
    for member in members:
        if member not in customers:
            raise UnknownMember(id=member)
    survivor = customers.pop(data.survivor_id)
    losers = [customers.pop(one) for one in data.merged_ids]
    survivor.require_current()
    if await queries.have_credit(session, data.merged_ids):
        raise CreditOnRecord
    for one in losers:
        one.require_unmerged()
        if one.kind != survivor.kind:
            raise KindsDiffer
        if survivor.anonymous and not one.anonymous:
            raise AnonymousSurvivor(name=survivor.name)
    return survivor, losers, customers


async def _choose_values(
    session: Session,
    notes: Notes,
    survivor: Customer,
    losers: Sequence[Customer],
    data: MergeCreate,
) -> list[str]:
    """Let the survivor say what survives, and the losers lead to it; return its changed fields."""
    chosen = sources(survivor, losers, data.fields, data.rule)
    custom = custom_values(survivor, losers, data.custom, data.rule)
    values = {
        name: getattr(source, name)
        for field, source in chosen.items()
        for name in columns_of(field)
    }
    if values["parent_id"] in {survivor.id, *data.merged_ids}:
        values["parent_id"] = _parent_outside(survivor, losers)
    for field in UNIQUE:
        if chosen[field] is not survivor:
            setattr(chosen[field], field.value, None)
    for one in losers:
        one.merged_into_id = survivor.id
        fields = notes.take(CUSTOMER, one, "merged")
        outbox.add(session, customer_events.changed(one, fields), sequence=one.version)
    await session.flush()  # a unique value is free before the survivor takes it
    for name, value in values.items():
        if getattr(survivor, name) != value:
            setattr(survivor, name, value)
    combine(survivor, losers)
    if custom != survivor.custom:
        survivor.custom = custom
    fields = notes.take(CUSTOMER, survivor, "merged-with")
    if fields:
        outbox.add(session, customer_events.changed(survivor, fields), sequence=survivor.version)
    return fields


def _parent_outside(survivor: Customer, losers: Sequence[Customer]) -> UUID | None:
    """Return the first parent of the records that is none of them."""
    members = {survivor.id, *(one.id for one in losers)}
    outside = (one.parent_id for one in (survivor, *losers) if one.parent_id not in members)
    return next((one for one in outside if one is not None), None)


async def _move_belongings(
    session: Session, notes: Notes, survivor_id: UUID, losers: Sequence[UUID]
) -> None:
    for belonging in BELONGINGS:
        if belonging is belongings.HOUSEHOLD_MEMBERS:
            await queries.lock_households(session, customer_ids=losers)
        rows = await queries.rows_of(session, belonging, [survivor_id, *losers])
        if belonging is belongings.AFFILIATIONS:
            await _give_way(session, notes, rows, survivor_id)
        belongings.move(belonging, rows, survivor_id, losers)
        if belonging is belongings.HOUSEHOLD_MEMBERS:
            moved = [one for one in rows if notes.note(belonging.kind, one)]
            await _tell_households(session, {one.household_id for one in moved})
            continue
        for row in rows:
            _record(session, notes, belonging, row)
        await session.flush()


async def _give_way(
    session: Session, notes: Notes, rows: Sequence[Affiliation], survivor_id: UUID
) -> None:
    """Close, before anything moves, what would overlap afterwards."""
    for row in belongings.give_way(rows, survivor_id):
        _record(session, notes, belongings.AFFILIATIONS, row)
    await session.flush()


async def _move_companies(
    session: Session,
    notes: Notes,
    survivor: Customer,
    others: Customers,
    losers: Collection[UUID],
) -> None:
    """Let companies below a merged one be below the survivor, and earlier merges lead there.

    Raises `ParentCycle` if the survivor would be its own parent then.
    """
    for one in others.values():
        if one.parent_id in losers:
            one.parent_id = survivor.id
        if one.merged_into_id in losers:
            one.merged_into_id = survivor.id
        _record(session, notes, SUBSIDIARIES, one)
    await session.flush()
    await _refuse_circles(session, [survivor])


async def _refuse_circles(session: Session, companies: Sequence[Customer]) -> None:
    """Raise `ParentCycle` if one of the companies is its own parent, directly or through others."""
    for one in companies:
        if one.parent_id is not None and one.id in await ancestors_of(session, one.parent_id):
            raise ParentCycle


def _record(session: Session, notes: Notes, belonging: Belonging, row: Any) -> None:
    """Note, audit and tell of a row that the merge changed, if it did."""
    fields = notes.take(belonging.kind, row, "merged")
    if fields and belonging.tell is not None:
        outbox.add(session, belonging.tell(row, fields), sequence=row.version)


async def _tell_households(session: Session, household_ids: Collection[UUID]) -> None:
    """Tell of households whose member is another record now: they change with their members."""
    if not household_ids:
        return
    await session.flush()
    found = await queries.rows_with(session, Household, household_ids)
    members = await members_of(session, list(found.values()))
    for one in found.values():
        told = [str(member.customer_id) for member in members[one.id] if member.customer_id]
        fields = audit.changed(session, one, "member-merged", members=(None, told))
        event = household_events.changed(one, members[one.id], fields)
        outbox.add(session, event, sequence=one.version)


async def _index_custom(session: Session, customers: Sequence[Customer]) -> None:
    """Make the index of custom values anew; records that were merged are not found by them."""
    if not any(one.custom for one in customers):
        return
    await queries.forget_entries(session, [one.id for one in customers])
    codes = sorted({code for one in customers for code in one.custom})
    fields = await fields_for(session, codes, creating=False)
    for one in customers:
        if one.merged_into_id is None:
            for code in one.custom.keys() & fields.keys():
                if fields[code].searchable:
                    for entry in entries_of(fields[code], one.id, one.custom[code]):
                        session.add(entry)


async def _result(
    session: Session, merge: Merge, survivor: Customer, moved: Counter[str], left: list[UUID]
) -> MergeResult:
    hidden = await hidden_from_caller(session, [survivor])
    return MergeResult(
        **MergeRead.of(merge).model_dump(),
        survivor=CustomerRead.of(survivor, hidden),
        moved=dict(sorted(moved.items())),
        left=left,
    )
