"""What can be done with the archive of a customer.

Every command on facts locks the customer first, so that those on one archive take turns.
"""

from datetime import date
from uuid import UUID

from kehu_contracts.archive import FactStep
from kehu_customer.archives import events, keeping, queries
from kehu_customer.archives.errors import FactsInvalid, ReasonMissing, SourceMissing
from kehu_customer.archives.keeping import Statement
from kehu_customer.archives.models import Archive, Fact, Verification
from kehu_customer.archives.queries import Dossier
from kehu_customer.archives.schemas import (
    DueRun,
    FactConfirmation,
    FactCorrection,
    FactFilters,
    FactInput,
    FactWithdrawal,
    RefreshRun,
    SectionUpdate,
    VerificationInput,
)
from kehu_customer.archives.views import DueResult, RefreshResult
from kehu_customer.custom_fields.errors import InvalidValue, Problem
from kehu_customer.customers.models import CustomerState
from kehu_customer.fact_sources.errors import UnknownSource
from kehu_customer.fact_sources.models import FactSource
from kehu_customer.profiles.models import FactDefinition
from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def record_section(
    session: Session,
    customer_id: UUID,
    profile_code: str,
    section_code: str,
    data: SectionUpdate,
    *,
    today: date,
    expected_version: int,
) -> Dossier:
    """Record, correct and withdraw facts of one section, all or none; told as one event.

    Raises `CustomerHasEnded`, `ProfileNotAsked`, `FactsInvalid` with every problem of values,
    `UnknownSource`, `SourceMissing`, `ReasonMissing`, `FactIsSensitive`, `DateInFuture`,
    `DateBeforePrevious`.
    """
    dossier = await queries.open_archive(session, customer_id, lock=True)
    await _require_version(session, dossier.archive, expected_version)
    dossier.customer.require_current()
    section = dossier.section(profile_code, section_code)
    definitions = {one.code: one for one in section.facts}
    steps: list[FactStep] = []
    problems: list[tuple[str, Problem]] = []
    for code, given in sorted(data.facts.items()):
        try:
            steps += _write(session, dossier, definitions.get(code), given, data, today)
        except InvalidValue as error:
            known = definitions.get(code)
            problems.append((known.label if known else code, error.problem))
    if problems:
        raise FactsInvalid.of(problems)
    keeping.close(session, dossier, steps)
    return dossier


async def correct_fact(
    session: Session,
    fact_id: UUID,
    data: FactCorrection,
    *,
    today: date,
    expected_version: int | None,
) -> tuple[Dossier, Fact]:
    """Say what is so instead, and why. To say the same changes nothing.

    Raises `CustomerHasEnded`, `FactIsHistory`, `FactIsSensitive`, `FactsInvalid`, `UnknownSource`,
    `DateInFuture`, `DateBeforePrevious`.
    """
    dossier, definition = await _take(session, fact_id, expected_version)
    said = Statement(
        value=data.value,
        source=_source(dossier, data.source_code),
        source_note=data.source_note,
        known_on=business_day.happened(data.known_on, today),
        verification=_verification(session, data.verified, today),
        reason=data.reason,
    )
    try:
        steps = keeping.state(session, dossier, definition, said)
    except InvalidValue as error:
        raise FactsInvalid.of([(definition.label, error.problem)]) from error
    keeping.close(session, dossier, steps)
    return dossier, dossier.current[definition.id]


async def confirm_fact(
    session: Session,
    fact_id: UUID,
    data: FactConfirmation,
    *,
    today: date,
    expected_version: int | None,
) -> tuple[Dossier, Fact]:
    """Note that somebody made sure of a fact (again): the next version of it.

    Raises `CustomerHasEnded`, `FactIsHistory`, `FactIsSensitive`, `DateInFuture`,
    `DateBeforePrevious`.
    """
    dossier, definition = await _take(session, fact_id, expected_version)
    on = business_day.happened(data.on, today)
    verification = Verification(on=on, by=session.context.actor, how=data.how)
    keeping.close(session, dossier, keeping.confirm(session, dossier, definition, verification))
    return dossier, dossier.current[definition.id]


async def withdraw_fact(
    session: Session, fact_id: UUID, data: FactWithdrawal, *, expected_version: int | None
) -> tuple[Dossier, Fact]:
    """Take a fact out of the archive, with the reason; it stays as history.

    Raises `CustomerHasEnded`, `FactIsHistory`, `FactIsSensitive`.
    """
    dossier, definition = await _take(session, fact_id, expected_version)
    fact = dossier.current[definition.id]
    keeping.close(session, dossier, keeping.withdraw(session, dossier, definition, data.reason))
    return dossier, fact


async def refresh_archives(session: Session, data: RefreshRun) -> RefreshResult:
    """Work out completeness and due days of the next lot, after what is asked has changed.

    In the order of customers' ids. A run that is interrupted goes on after the lot that was
    answered last; repeating a lot changes nothing. Archives of former customers stay as they are.
    """
    customers = await queries.next_customers(session, data.after, data.limit)
    ids = [customer.id for customer in customers]
    forms = await queries.forms(session)
    archives = await queries.archives_of(session, ids)
    known: dict[UUID, dict[UUID, Fact]] = {customer_id: {} for customer_id in ids}
    for fact in await queries.current_facts(session, ids, lock=True):
        known[fact.customer_id][fact.definition_id] = fact
    changed = rescheduled = 0
    for customer in customers:
        if customer.state == CustomerState.FORMER:
            continue
        archive, current = archives[customer.id], known[customer.id]
        before = archive.completeness
        dossier = Dossier(customer, archive, forms, forms.asked_of(customer), current)
        keeping.close(session, dossier, [])
        changed += archive.completeness != before
        rescheduled += _reschedule(session, dossier)
    return RefreshResult(
        looked_at=len(ids),
        changed=changed,
        rescheduled=rescheduled,
        next_after=ids[-1] if len(ids) == data.limit else None,
    )


async def announce_due(session: Session, data: DueRun, *, today: date) -> DueResult:
    """Tell of facts whose due day has come, once each; two runs at once share them out."""
    facts = await queries.untold(session, today, data.limit)
    forms = await queries.forms(session)
    customers = await queries.customers_by_id(session, {fact.customer_id for fact in facts})
    for fact in facts:
        fact.due_told_at = session.context.now
        audit.changed(session, fact, "told-due")
        definition = forms.definitions[fact.definition_id]
        event = events.fact_due(fact, definition, customers[fact.customer_id])
        outbox.add(session, event, sequence=fact.version)
    return DueResult(told=len(facts), more=len(facts) == data.limit)


async def list_facts(
    session: Session, filters: FactFilters
) -> tuple[list[Fact], str | None, int | None]:
    """Return one page of the facts that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Fact.id,
    )


def _write(
    session: Session,
    dossier: Dossier,
    definition: FactDefinition | None,
    given: FactInput | None,
    data: SectionUpdate,
    today: date,
) -> list[FactStep]:
    """Record, correct or (null) withdraw one fact of a section; the section says the rest."""
    if definition is None:
        raise InvalidValue(Problem.UNKNOWN_FIELD)
    if given is None:
        keeping.require_insight(session, definition)
        if definition.id not in dossier.current:
            return []
        if data.reason is None:
            raise ReasonMissing(fact=definition.label)
        return keeping.withdraw(session, dossier, definition, data.reason)
    source_code = given.source_code or data.source_code
    if source_code is None:
        raise SourceMissing(fact=definition.label)
    said = Statement(
        value=given.value,
        source=_source(dossier, source_code),
        source_note=given.source_note or data.source_note,
        known_on=business_day.happened(given.known_on or data.known_on, today),
        verification=_verification(session, given.verified or data.verified, today),
        reason=data.reason,
    )
    return keeping.state(session, dossier, definition, said)


async def _take(
    session: Session, fact_id: UUID, expected_version: int | None
) -> tuple[Dossier, FactDefinition]:
    """Open the archive a fact belongs to, for a change of that fact, which must be current."""
    found = await require(session, Fact, fact_id)
    dossier = await queries.open_archive(session, found.customer_id, lock=True)
    fact = await require(session, Fact, fact_id, lock=True, expected_version=expected_version)
    definition = dossier.forms.definitions[fact.definition_id]
    dossier.customer.require_current()
    fact.require_current(definition.label)
    return dossier, definition


def _source(dossier: Dossier, code: str) -> FactSource:
    for source in dossier.forms.sources.values():
        if source.code == code and source.active:
            return source
    raise UnknownSource(source=code)


def _verification(
    session: Session, data: VerificationInput | None, today: date
) -> Verification | None:
    if data is None:
        return None
    on = business_day.happened(data.on, today)
    return Verification(on=on, by=session.context.actor, how=data.how)


def _reschedule(session: Session, dossier: Dossier) -> int:
    """Let the facts of an archive fall due as their definitions and sources say now."""
    moved = 0
    for fact in dossier.current.values():
        source = dossier.forms.sources[fact.source_id]
        definition = dossier.forms.definitions[fact.definition_id]
        if fact.fall_due(
            needs_confirmation=source.needs_confirmation,
            validity_months=definition.validity_months,
        ):
            audit.changed(session, fact, "rescheduled")
            moved += 1
    return moved


async def _require_version(session: Session, archive: Archive, expected: int) -> None:
    """Raise `VersionConflict` unless the archive is at this version, 0 if it has no facts."""
    if archive.version > 0:
        await require(session, Archive, archive.id, expected_version=expected)
    elif expected != 0:
        raise VersionConflict(current=0, expected=expected)
