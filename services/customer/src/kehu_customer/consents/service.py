"""What can be done with the consent ledger. Each function runs in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Any, get_args
from uuid import UUID

from kehu_contracts.access import RowScope
from kehu_customer.consents import events, queries
from kehu_customer.consents.errors import OneSubjectNeeded, SubjectIsOrganisation, UnknownSubject
from kehu_customer.consents.models import Consent, ConsentReason, Purpose, answer
from kehu_customer.consents.schemas import (
    Answer,
    ConsentCreate,
    ConsentFilters,
    OneChannel,
    Question,
)
from kehu_customer.contacts.models import Contact
from kehu_customer.customers.models import Customer, CustomerKind
from kehu_kernel import audit, clock, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def record_consent(session: Session, data: ConsentCreate, *, zone: str) -> Consent:
    """Enter what a person said; business days are those of the time zone `zone`.

    Raises `UnknownSubject`, `SubjectIsOrganisation`, and what `Consent.require_sound` raises.
    """
    now = session.context.now
    consent = Consent(
        id=ids.new_id(),
        **data.model_dump(exclude={"at"}),
        at=data.at or now,
        recorded_by=session.context.actor,
    )
    consent.require_sound(now, clock.today(consent.at, zone))
    await _lock_subject(session, data.customer_id, data.contact_id)
    audit.created(session, consent)
    outbox.add(session, events.recorded(consent), sequence=consent.version)
    return consent


async def check(
    session: Session, questions: Sequence[Question], at: datetime | None, *, zone: str
) -> list[Answer]:
    """Answer whether persons may be contacted, at a time (now if None): the newest entry holds.

    Raises `OneSubjectNeeded`. Somebody who is not known, or not in sight, gave no consent.
    """
    at = at or session.context.now
    day = clock.today(at, zone)
    asked = [(_subject(one), one.purpose, one.channel) for one in questions]
    found = await _newest(session, asked, at)
    answers = []
    for question, entry in zip(questions, found, strict=True):
        reason = answer(entry["decision"], entry["expires_on"], day)
        if entry["erased"]:
            reason = ConsentReason.ERASED
        answers.append(
            Answer(
                **question.model_dump(),
                allowed=reason == ConsentReason.GIVEN,
                reason=reason,
                consent_id=entry["id"],
            )
        )
    return answers


async def _newest(
    session: Session, asked: Sequence[tuple[UUID, str, str]], at: datetime
) -> list[Mapping[str, Any]]:
    """Return what holds of whom the caller sees, whoever looks after what was merged into them."""
    if session.context.row_scope == RowScope.ALL:
        return await queries.newest(session, asked, at)
    seen = await queries.in_sight(session, [subject_id for subject_id, _, _ in asked])
    await session.see_all_rows()
    found = await queries.newest(session, asked, at)
    await session.see_rows_in_scope()
    unknown = {"id": None, "decision": None, "expires_on": None}
    return [
        entry if one[0] in seen else {**entry, **unknown}
        for one, entry in zip(asked, found, strict=True)
    ]


async def state_of(session: Session, *, zone: str, **subject: UUID) -> list[Answer]:
    """Return what holds for a person now, for each purpose and channel.

    `subject` is `customer_id` or `contact_id`. Raises `NotFound`.
    """
    for name, model in (("customer_id", Customer), ("contact_id", Contact)):
        if name in subject:
            await require(session, model, subject[name])
    every = [
        Question(**subject, purpose=purpose, channel=channel)
        for purpose, channel in product(Purpose, get_args(OneChannel))
    ]
    return await check(session, every, None, zone=zone)


async def list_consents(
    session: Session, filters: ConsentFilters
) -> tuple[list[Consent], str | None, int | None]:
    """Return one page of the entries that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Consent.id,
    )


def _subject(question: Question) -> UUID:
    if (question.customer_id is None) == (question.contact_id is None):
        raise OneSubjectNeeded
    subject_id = question.contact_id or question.customer_id
    assert subject_id is not None  # noqa: S101 - one of the two is given
    return subject_id


async def _lock_subject(
    session: Session, customer_id: UUID | None, contact_id: UUID | None
) -> None:
    """Hold the person's record, so that what is entered about one person is entered in turn."""
    try:
        if contact_id is not None:
            await require(session, Contact, contact_id, lock=True)
        elif customer_id is not None:
            customer = await require(session, Customer, customer_id, lock=True)
            if customer.kind != CustomerKind.PERSON:
                raise SubjectIsOrganisation(name=customer.name)
            customer.require_unmerged()
    except NotFound as error:
        raise UnknownSubject from error
