"""What becomes of each row of a batch: new, an update, skipped, or refused with every reason (C6).

A check asks this and nothing else; a run then enters what was decided, in the same transaction.
Every look-up is made once for the whole batch.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from kehu_customer.classification_schemes import queries as schemes
from kehu_customer.custom_fields.errors import CustomFieldsInvalid, CustomValueTaken, Problem
from kehu_customer.custom_fields.models import FieldType, entries_of
from kehu_customer.custom_fields.queries import fields_for
from kehu_customer.custom_fields.values import merged
from kehu_customer.customers import queries
from kehu_customer.customers.errors import (
    CustomerCodeTaken,
    ExternalReferenceTaken,
    InvalidCreditCode,
    UnknownOwner,
    UnknownParent,
)
from kehu_customer.customers.service import prospect, take_turns
from kehu_customer.duplicates.errors import DuplicateCustomer
from kehu_customer.duplicates.queries import (
    ALONE,
    MOST_PER_KEY,
    TOO_COMMON,
    Record,
    Sharer,
    candidates,
    locks_of,
    rules_of,
)
from kehu_customer.duplicates.rules import DuplicateVerdict, matching_of
from kehu_customer.duplicates.service import suspects, told_of
from kehu_customer.employees.models import Employee
from kehu_customer.imports import claims, lookups, reasons, updating
from kehu_customer.imports.batches import Batch
from kehu_customer.imports.columns import CUSTOM
from kehu_customer.imports.errors import RowIdentitiesDiffer, RowRepeated
from kehu_customer.imports.lines import Line, Reading, read_change, read_line
from kehu_customer.imports.lookups import Identity, Lookups
from kehu_customer.imports.models import Import, OnDuplicate, Outcome
from kehu_customer.preferences.queries import preferences_of
from kehu_kernel.business_day import DateInFuture
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.session import Session

TAKEN = {"code": CustomerCodeTaken, "external_ref": ExternalReferenceTaken}


async def decide(
    session: Session,
    job: Import,
    headers: Sequence[str],
    rows: Sequence[tuple[int, list[str]]],
    *,
    today: date,
    currency: str,
    entering: bool,
) -> Batch:
    """Return what becomes of the rows. With `entering`, locks keep it true until the commit."""
    batch = await _read(session, job, headers, rows, today, currency)
    if job.on_duplicate == OnDuplicate.UPDATE:
        batch.lines = _until_one_comes_again(batch.lines)
    keys = {key for line in batch.lines for key in line.keys}
    locks = locks_of(session.context.tenant_id, keys) if entering else []
    defined = await queries.defined(session, locks)
    batch.ruled = await schemes.ruled(session) if defined.rules and entering else ()
    if entering and any("parent_code" in line.said for line in batch.lines):
        await take_turns(session)
    batch.know = await _look_up(session, batch)
    if not entering:
        await claims.recall(session, batch)
    if job.on_duplicate == OnDuplicate.UPDATE:
        batch.lines = _until_one_builds_on_another(batch)
    alike = await candidates(session, {one.id: one.keys for one in batch.lines if one.keys})
    for line in batch.lines:
        _decide(batch, line, session.context.scopes)
        if line.outcome is None and line.subject is not None:
            await _compare(session, batch, line, alike.get(line.id, []))
    await _require_references(session, batch)
    await updating.prepare(session, batch, lock=entering)
    for line in batch.lines:
        if line.reasons and line.outcome is not Outcome.SKIPPED:
            line.outcome = Outcome.REFUSED
        elif line.outcome is None:
            line.outcome = Outcome.CREATED
    if not entering:
        await claims.remember(session, batch)
    return batch


async def _read(
    session: Session,
    job: Import,
    headers: Sequence[str],
    rows: Sequence[tuple[int, list[str]]],
    today: date,
    currency: str,
) -> Batch:
    columns = [(n, job.mapping[one]) for n, one in enumerate(headers) if one in job.mapping]
    codes = [one.removeprefix(CUSTOM) for _, one in columns if one.startswith(CUSTOM)]
    rules = await rules_of(session)
    how = Reading(
        columns=columns,
        headers={meaning: header for header, meaning in job.mapping.items()},
        fields=await fields_for(session, codes, creating=True),
        currency=currency,
        region=(await preferences_of(session)).phone_region,
        ignored_domains=tuple(rules.ignored_domains),
    )
    lines = [read_line(number, cells, how) for number, cells in rows]
    return Batch(job, lines, how, matching_of(vars(rules)), today)


def _until_one_comes_again(lines: list[Line]) -> list[Line]:
    """Return the lines before one that updates what an earlier one of them may have entered."""
    seen: set[Identity] = set()
    for place, line in enumerate(lines):
        if not seen.isdisjoint(line.identities):
            return lines[:place]
        seen.update(line.identities)
    return lines


def _until_one_builds_on_another(batch: Batch) -> list[Line]:
    """Return the lines before one whose customer, or its parent, an earlier one of them changes."""
    known, parents = batch.know.known, batch.know.parents
    seen: set[UUID] = set()
    moved: set[UUID] = set()
    for place, line in enumerate(batch.lines):
        about = {known[one] for one in line.identities if one in known}
        parent = parents.get(str(line.said.get("parent_code")))
        if not seen.isdisjoint(about) or parent in moved:
            return batch.lines[:place]
        seen |= about
        if parent is not None:
            moved |= about
    return batch.lines


async def _look_up(session: Session, batch: Batch) -> Lookups:
    identities = {one for line in batch.lines for one in line.identities}
    known, visible = await lookups.known_customers(session, identities)
    said = [line.said for line in batch.lines]
    parents = {str(one["parent_code"]) for one in said if "parent_code" in one}
    codes = {str(one["owner_code"]) for one in said if "owner_code" in one}
    owners, hidden, default = await lookups.owners_of(session, sorted(codes), batch.job.owner_id)
    unique = [one for one in batch.how.fields.values() if one.is_unique]
    for line in batch.lines:
        _accept_custom(batch, line, session.context.scopes)
    wanted = {
        (entry.field_id, str(entry.unique_key))
        for line in batch.lines for entry in line.entries if entry.unique_key is not None
    } if unique else set()  # fmt: skip
    return Lookups(
        known=known,
        visible=visible,
        parents=await lookups.parents_by_code(session, sorted(parents)),
        owners=owners,
        out_of_sight=hidden,
        default_owner=default,
        taken=await lookups.taken_keys(session, wanted),
    )


def _accept_custom(batch: Batch, line: Line, scopes: frozenset[str] | None) -> None:
    """Check the custom fields of a line as those of a new customer."""
    fields = batch.how.fields
    if line.new is None or not (fields or line.new.custom):
        return
    try:
        line.custom = merged(fields, line.new.custom, {}, creating=True, scopes=scopes)
    except CustomFieldsInvalid as error:
        line.new_problems += reasons.of_custom(error, batch.how.headers)
        return
    for code, value in line.custom.items():
        if fields[code].searchable:
            line.entries += entries_of(fields[code], line.id, value)


def _decide(batch: Batch, line: Line, scopes: frozenset[str] | None) -> None:
    """Find whom the line is about, and what is wrong with it."""
    mode, know = batch.job.on_duplicate, batch.know
    owners = {know.known[one] for one in line.identities if one in know.known}
    if len(owners) > 1 and mode == OnDuplicate.UPDATE:
        line.refuse(RowIdentitiesDiffer())
    elif owners and mode == OnDuplicate.SKIP:
        line.outcome, line.reasons = Outcome.SKIPPED, []
        line.customer_id = min(owners & set(know.visible), default=None)
    elif owners and mode == OnDuplicate.UPDATE and owners <= set(know.visible):
        line.outcome, line.customer_id = Outcome.UPDATED, owners.pop()
        read_change(line, batch.how.headers)
        _find_parent(batch, line)
    elif not owners and mode == OnDuplicate.UPDATE and _foreseen(batch, line):
        line.outcome = Outcome.UPDATED
        read_change(line, batch.how.headers)
    else:
        line.reasons += line.new_problems
        for one in line.identities:
            if one in know.known:
                _refuse_identity(batch, line, one)
        _begin(batch, line)


def _foreseen(batch: Batch, line: Line) -> bool:
    """Tell whether a run would have entered the line's customer by then."""
    return any(claims.of_identity(one) in batch.foreseen for one in line.identities)


def _refuse_identity(batch: Batch, line: Line, identity: Identity) -> None:
    error = TAKEN.get(identity.kind)
    if error is not None:
        line.refuse(error(), batch.how.headers[identity.kind])
    # The same credit code is found by the comparison, which tells whose it is.


def _find_parent(batch: Batch, line: Line) -> UUID | None:
    code = line.said.get("parent_code")
    if code is None:
        return None
    if code not in batch.know.parents and (
        claims.of_identity(Identity("code", code)) not in batch.foreseen
    ):
        line.refuse(UnknownParent(), batch.how.headers["parent_code"])
    return batch.know.parents.get(code)


def _find_owner(batch: Batch, line: Line) -> Employee | None:
    code, column = line.said.get("owner_code"), None
    owner = batch.know.default_owner
    if code is not None:
        owner, column = batch.know.owners.get(code), batch.how.headers["owner_code"]
    if owner is None and (code is not None or batch.job.owner_id is not None):
        line.refuse(UnknownOwner(), column)
    elif owner is not None and owner.id in batch.know.out_of_sight:
        line.refuse(OutsideRowScope(), column)
    return owner


def _begin(batch: Batch, line: Line) -> None:
    """Make the new customer, as the API would."""
    owner, parent = _find_owner(batch, line), _find_parent(batch, line)
    if line.new is None:
        return
    try:
        customer = prospect(line.new, owner, today=batch.today)
    except DateInFuture as error:
        line.refuse(error, batch.how.headers["created_on"])
    except InvalidCreditCode:
        pass  # told when the line was read
    else:
        customer.id, customer.parent_id, customer.custom = line.id, parent, line.custom
        line.customer = customer
    for entry in line.entries:
        claim = claims.of_value(entry.field_id, entry.unique_key) if batch.foreseen else None
        if (entry.field_id, entry.unique_key) in batch.know.taken or claim in batch.foreseen:
            codes = {one.id: code for code, one in batch.how.fields.items()}
            line.refuse(CustomValueTaken(), batch.how.headers.get(CUSTOM + codes[entry.field_id]))


async def _compare(session: Session, batch: Batch, line: Line, found: Sequence[Sharer]) -> None:
    """Compare a new customer with those on record and those of earlier lines (C5)."""
    assert line.subject is not None  # noqa: S101 - the caller looked
    matching, skip = batch.matching, batch.job.on_duplicate == OnDuplicate.SKIP
    earlier = _earlier(batch, line)
    line.suspects = suspects(matching, line.subject, [*found, *earlier.values()])
    certain = [
        one for one in line.suspects if matching.verdict(one.score) is DuplicateVerdict.REFUSE
    ]
    numbers = {record.customer_id: n for n, (record, _) in earlier.items()} if certain else {}
    repeated = [batch.claimed[one] for one in line.identities if one in batch.claimed]
    repeated += claims.repeated(batch, line)
    repeated += [
        numbers[one.record.customer_id] for one in certain if one.record.customer_id in numbers
    ]
    known = [one for one in certain if one.record.customer_id not in numbers]
    if skip and (repeated or known):
        line.outcome, line.reasons = Outcome.SKIPPED, []
        return
    if repeated:
        line.refuse(RowRepeated(row=min(repeated)), row=min(repeated))
    if known:
        told = [one.model_dump(mode="json") for one in await told_of(session, known)]
        line.refuse(DuplicateCustomer(name=line.subject.name), candidates=told)
    if not line.reasons:
        _claim(batch, line)


def _earlier(batch: Batch, line: Line) -> dict[int, Sharer]:
    """Return the earlier lines that share keys with this one, by number, as if on record."""
    shared: dict[int, Sharer] = {}
    for key in line.keys:
        sharing: Sequence[tuple[Record, int]] = batch.by_key.get(key, ())
        if len(sharing) > MOST_PER_KEY:
            if key.kind in TOO_COMMON:
                continue
            sharing = sharing[:MOST_PER_KEY]
        kind = ALONE[key.kind]
        for record, number in sharing:
            known = shared.get(number)
            shared[number] = (record, known[1] | kind if known else kind)
    return shared


def _claim(batch: Batch, line: Line) -> None:
    """Let later lines of the batch know of a line that is entered."""
    assert line.subject is not None  # noqa: S101 - the caller looked
    assert line.customer is not None  # noqa: S101 - without one there is a reason
    record = Record(
        line.id,
        line.subject.name,
        former=False,
        owner_id=line.customer.owner_id,
        department_id=line.customer.department_id,
        department=None,
        matched=line.subject,
    )
    for key in line.keys:
        batch.by_key.setdefault(key, []).append((record, line.number))
    for identity in line.identities:
        batch.claimed[identity] = line.number
    for entry in line.entries:
        if entry.unique_key is not None:
            batch.know.taken.add((entry.field_id, entry.unique_key))


async def _require_references(session: Session, batch: Batch) -> None:
    """Refuse lines whose custom fields refer to what does not exist: a query for each kind."""
    fields = {
        code: one for code, one in batch.how.fields.items() if one.type == FieldType.REFERENCE
    }
    asked: dict[str, set[str]] = {}
    for line in batch.lines:
        for code in fields.keys() & line.custom.keys():
            asked.setdefault(str(fields[code].reference_to), set()).add(line.custom[code])
    missing = await lookups.missing_references(session, asked)
    if not missing:
        return
    for line in batch.lines:
        wrong = [
            (code, Problem.UNKNOWN_REFERENCE)
            for code in sorted(fields.keys() & line.custom.keys())
            if (str(fields[code].reference_to), line.custom[code]) in missing
        ]
        if wrong and line.outcome is not Outcome.SKIPPED:
            line.reasons += reasons.of_custom(CustomFieldsInvalid.of(wrong), batch.how.headers)
