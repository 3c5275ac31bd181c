"""One box: who is meant by what somebody types (C15)."""

from uuid import UUID

from kehu_customer.search import queries, reasons
from kehu_customer.search.asking import Part, Question, Way, steps_of
from kehu_customer.search.queries import Present
from kehu_customer.search.ranking import Found, Match, best, without_contacts
from kehu_customer.search.schemas import (
    SearchedContact,
    SearchedCustomer,
    SearchHit,
    SearchParams,
    SearchResult,
)
from kehu_kernel.session import Session

NEEDS = {Part.CONTACTS: "customer:contacts:read", Part.POINTS: "customer:contact-points:read"}
"""Scopes without which a part is not looked into."""
OF_CONTACTS = frozenset(
    {Way.WHOLE, Way.PHONE, Way.DOMAIN, Way.CONTACT_START, Way.CONTACT_INSIDE, Way.CONTACT_SOUND,
     Way.ADDRESS}
)  # fmt: skip
OF_POINTS = frozenset({Way.WHOLE, Way.PHONE, Way.DOMAIN, Way.ADDRESS})


async def search(session: Session, asked: SearchParams) -> SearchResult:
    """Return the customers that are meant, the surest first; those the caller may see only."""
    question, parts = Question(asked.q), parts_of(session, asked)
    steps = steps_of(question, parts)
    if not steps:
        return SearchResult(items=[], more=False)
    candidates = await queries.candidates(session, steps)
    if not candidates.ways:
        return SearchResult(items=[], more=False)
    used = {way for ways in candidates.ways.values() for way in ways}
    rows = await queries.found(
        session,
        candidates,
        contacts=Part.CONTACTS in parts and bool(used & OF_CONTACTS),
        points=Part.POINTS in parts and bool(used & OF_POINTS),
    )
    hits: dict[UUID, tuple[Match, Present, Found]] = {}
    for found, present in rows:
        ways = candidates.ways[found.id]
        seen = found if Part.CONTACTS in parts else without_contacts(found)
        match = best(question, ways, seen, customers=Part.CUSTOMERS in parts)
        if match is None:
            continue
        known = hits.get(present.id)
        if known is None or known[0].score < match.score:
            hits[present.id] = match, present, found
    order = sorted(hits.values(), key=lambda one: (-one[0].score, len(one[1].name), one[1].name))
    return SearchResult(
        items=[_hit(*one) for one in order[: asked.limit]],
        more=candidates.cut or len(order) > asked.limit,
    )


def parts_of(session: Session, asked: SearchParams) -> set[Part]:
    """Return what is looked into: what was asked for, as far as the caller may read it."""
    scopes = session.context.scopes
    parts = {part for part, scope in NEEDS.items() if scopes is None or scope in scopes}
    if asked.type != "contacts":
        parts.add(Part.CUSTOMERS)
    if asked.type == "customers":
        parts.discard(Part.CONTACTS)
    return parts


def _hit(match: Match, present: Present, found: Found) -> SearchHit:
    reason_en, reason_zh = reasons.told(match.field, match.manner)
    names = {person.id: person.name for person in found.contacts}
    contact = match.contact_id
    return SearchHit(
        customer=SearchedCustomer.model_validate(present._asdict()),
        contact=SearchedContact(id=contact, name=names[contact]) if contact else None,
        field=match.field,
        manner=match.manner,
        matched=match.text,
        reason_en=reason_en,
        reason_zh=reason_zh,
        score=match.score,
    )
