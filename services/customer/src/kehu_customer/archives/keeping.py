"""How facts enter, change and leave an archive, and what follows from it (C2).

The caller has opened the archive locked. Each function does one step and returns it as the event
tells it; `close` works out the completeness and tells all steps of a command at once.

The audit log names sensitive facts without their values and notes: whoever may read the log need
not be allowed to read those.
"""

from datetime import date
from typing import NamedTuple

from kehu_contracts.archive import FactStep
from kehu_customer.archives import events, queries
from kehu_customer.archives.completeness import completeness
from kehu_customer.archives.errors import FactIsSensitive
from kehu_customer.archives.models import Fact, Step, Verification
from kehu_customer.archives.queries import Dossier
from kehu_customer.archives.views import TELLTALE, sees
from kehu_customer.customers.models import Customer
from kehu_customer.fact_sources.models import FactSource
from kehu_customer.profiles.models import FactDefinition
from kehu_kernel import audit, outbox
from kehu_kernel.session import Session

WITHHELD = "***"
"""Stands in the audit log for what is sensitive."""


class Statement(NamedTuple):
    """What somebody says is so, and how they know."""

    value: object
    source: FactSource
    source_note: str | None
    known_on: date
    verification: Verification | None
    reason: str | None


def state(
    session: Session, dossier: Dossier, definition: FactDefinition, said: Statement
) -> list[FactStep]:
    """Take a statement into the archive: a new fact, or a correction of the present one.

    To say what is on record already changes nothing. Raises `InvalidValue`, `FactIsSensitive`,
    `DateBeforePrevious` for a verification before the fact was known.
    """
    require_insight(session, definition)
    present = dossier.current.get(definition.id)
    # What is on record may stay though the definition would not take it now: a retired option, say.
    kept = present is not None and present.value == said.value
    value = said.value if kept else definition.accept(said.value)
    same = present is not None and present.says(
        value, said.source.id, said.source_note, said.known_on
    )
    if same and (said.verification is None or _verified_so(present, said.verification)):
        return []
    fact = Fact(
        customer_id=dossier.customer.id,
        definition_id=definition.id,
        step=Step.RECORDED if present is None else Step.CONFIRMED if same else Step.CORRECTED,
        value=value,
        source_id=said.source.id,
        source_note=said.source_note,
        known_on=said.known_on,
        entered_by=session.context.actor,
    )
    return [_replace(session, dossier, definition, fact, said.verification, said.reason)]


def confirm(
    session: Session, dossier: Dossier, definition: FactDefinition, verification: Verification
) -> list[FactStep]:
    """Note that the present fact was verified (again); it holds from then on anew.

    Raises `FactIsSensitive`, `DateBeforePrevious`.
    """
    require_insight(session, definition)
    present = dossier.current[definition.id]
    fact = Fact(
        customer_id=present.customer_id,
        definition_id=definition.id,
        step=Step.CONFIRMED,
        value=present.value,
        source_id=present.source_id,
        source_note=present.source_note,
        known_on=present.known_on,
        entered_by=session.context.actor,
    )
    return [_replace(session, dossier, definition, fact, verification, None)]


def withdraw(
    session: Session, dossier: Dossier, definition: FactDefinition, reason: str
) -> list[FactStep]:
    """Take the present fact out of the archive; it stays as history. Raises `FactIsSensitive`."""
    require_insight(session, definition)
    present = dossier.current.pop(definition.id)
    _finish(session, present, definition, Step.WITHDRAWN, reason)
    source = dossier.forms.sources[present.source_id]
    return [events.step(present, definition, source, withdrawn=True)]


def close(session: Session, dossier: Dossier, steps: list[FactStep]) -> None:
    """Work out the completeness, and tell what one command did; nothing if it did nothing."""
    archive = dossier.archive
    archive.completeness = completeness(dossier.asked, dossier.current)
    told = sorted(one.code for one in steps)
    if archive.version > 0:
        changed = audit.changed(session, archive, "changed", facts=([], told))
    else:
        changed = told
        if told:
            audit.created(session, archive, facts=told)
    if changed:
        event = events.archive_changed(archive, steps)
        outbox.add(session, event, sequence=archive.version)


async def follow_roles(session: Session, customer: Customer) -> None:
    """Work out the completeness again: in other roles a customer is asked for other things."""
    if await queries.archives_of(session, [customer.id]):
        close(session, await queries.open_archive(session, customer.id, lock=True), [])


def require_insight(session: Session, definition: FactDefinition) -> None:
    """Raise `FactIsSensitive` if the caller may not deal with it."""
    if not sees(definition, session.context.scopes):
        raise FactIsSensitive(fact=definition.label)


def _verified_so(fact: Fact | None, verification: Verification) -> bool:
    told = fact and (fact.verified_on, fact.verified_by, fact.verified_how)
    return told == tuple(verification)


def _replace(
    session: Session,
    dossier: Dossier,
    definition: FactDefinition,
    fact: Fact,
    verification: Verification | None,
    reason: str | None,
) -> FactStep:
    """Put a new version in the place of the present one, if there is one."""
    present = dossier.current.get(definition.id)
    if verification is not None:
        fact.verify(verification)
    source = dossier.forms.sources[fact.source_id]
    fact.fall_due(
        needs_confirmation=source.needs_confirmation, validity_months=definition.validity_months
    )
    if present is not None:
        _finish(session, present, definition, Step(fact.step), reason)
    audit.created(session, fact, **_hidden(fact, definition))
    dossier.current[definition.id] = fact
    return events.step(fact, definition, source)


def _finish(
    session: Session, present: Fact, definition: FactDefinition, end: Step, reason: str | None
) -> None:
    present.finish(
        end, session.context.now, by=session.context.actor, reason=reason, code=definition.label
    )
    hidden = _hidden(present, definition)
    ending = {"end_reason": (None, hidden["end_reason"])} if "end_reason" in hidden else {}
    audit.changed(session, present, end, **ending)


def _hidden(fact: Fact, definition: FactDefinition) -> dict[str, str]:
    """Return what stands in the audit log in place of what is sensitive."""
    if not definition.sensitive:
        return {}
    return {name: WITHHELD for name in TELLTALE if getattr(fact, name) is not None}
