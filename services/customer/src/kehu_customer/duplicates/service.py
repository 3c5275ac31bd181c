"""What is done about duplicates: at a create, on demand, over existing data, and by review."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kehu_customer.contact_points import normal
from kehu_customer.customers.credit_code import credit_code
from kehu_customer.customers.models import Customer
from kehu_customer.duplicates import queries
from kehu_customer.duplicates.errors import DuplicateCustomer
from kehu_customer.duplicates.keys import Subject, address_key, keys_of
from kehu_customer.duplicates.models import DuplicatePair, DuplicateRules, PairSource, PairState
from kehu_customer.duplicates.pairs import enter_pair, keep_decision
from kehu_customer.duplicates.queries import Record, Sharer
from kehu_customer.duplicates.rules import DuplicateReason, DuplicateVerdict, Matching, matching_of
from kehu_customer.duplicates.schemas import (
    Candidate,
    DuplicateCheck,
    DuplicateCheckResult,
    DuplicateRulesUpdate,
    DuplicateScan,
    DuplicateScanResult,
    PairDismissal,
    PairFilters,
)
from kehu_customer.duplicates.sight import within_sight
from kehu_customer.preferences.queries import preferences_of
from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

MOST_SHOWN = 20
NOBODY = UUID(int=0)
"""Stands for a customer that is not entered yet."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A record that may be the same customer: how sure, and why."""

    record: Record
    score: int
    reasons: list[DuplicateReason]


def subject_of(customer: Customer, points: dict[str, list[str]] | None = None) -> Subject:
    """Return what of a customer is compared; the stand-in for a name says nothing."""
    points = points or {}
    return Subject(
        customer.kind,
        "" if customer.anonymous else customer.name,
        customer.credit_code,
        customer.website,
        phones=tuple(points.get("phone", ())),
        emails=tuple(points.get("email", ())),
        addresses=tuple(points.get("address", ())),
    )


def locks_for(session: Session, customer: Customer) -> list[int]:
    """Return the advisory locks a create takes, so that of two equal ones the second waits."""
    return queries.locks_of(session.context.tenant_id, keys_of(subject_of(customer)))


async def enter_new(
    session: Session, customer: Customer, decided: dict[str, Any] | None, *, allowed: str | None
) -> list[Suspect]:
    """Enter the match keys of a new customer and return who may be the same.

    Raises `DuplicateCustomer` where that is as good as certain, unless it is `allowed` for a
    reason. `decided` are the tenant's rules. The caller holds the locks of `locks_for`.
    """
    matching = matching_of(decided)
    subject = subject_of(customer)
    keys = keys_of(subject, matching.ignored_domains)
    found = suspects(matching, subject, await queries.enter_and_find(session, customer.id, keys))
    if allowed is None and _verdict(matching, found) is DuplicateVerdict.REFUSE:
        certain = [one for one in found if matching.verdict(one.score) is DuplicateVerdict.REFUSE]
        told = await told_of(session, certain)
        shown = [candidate.model_dump(mode="json") for candidate in told]
        raise DuplicateCustomer(name=customer.name, extra={"candidates": shown})
    state, by = (PairState.DISMISSED, session.context.actor) if allowed else (PairState.OPEN, None)
    for one in found:
        pair = DuplicatePair.of(
            customer.id,
            one.record.customer_id,
            score=one.score,
            reasons=list(one.reasons),
            source=PairSource.CREATION,
            state=state,
            decided_by=by,
            decision_reason=allowed,
        )
        enter_pair(session, pair)
    return found


async def renew_keys(session: Session, customer: Customer) -> None:
    """Bring the match keys up to date with what a customer says now."""
    rules = await queries.rules_of(session)
    keys = keys_of(subject_of(customer), rules.ignored_domains)
    await queries.keep_keys(session, {customer.id: keys})


async def forget_keys(session: Session, customer: Customer) -> None:
    """Let a customer have no match keys."""
    await queries.keep_keys(session, {customer.id: []})


async def check(session: Session, data: DuplicateCheck) -> DuplicateCheckResult:
    """Return who may be the same as somebody who is not entered yet.

    Raises `InvalidCreditCode`, `InvalidPhoneNumber`, `InvalidEmailAddress`.
    """
    rules = await queries.rules_of(session)
    matching = matching_of(vars(rules))
    region = (await preferences_of(session)).phone_region if data.phone else ""
    subject = Subject(
        data.kind,
        data.name,
        credit_code(data.credit_code) if data.credit_code else None,
        data.website,
        phones=(normal.phone(data.phone, region).value,) if data.phone else (),
        emails=(normal.email(data.email).value,) if data.email else (),
        addresses=(address_key(data.address),) if data.address else (),
    )
    keys = keys_of(subject, matching.ignored_domains)
    records = await queries.candidates(session, {NOBODY: keys})
    found = suspects(matching, subject, records.get(NOBODY, []))
    told = await told_of(session, found)
    return DuplicateCheckResult(verdict=_verdict(matching, found), candidates=told)


async def scan(session: Session, data: DuplicateScan) -> DuplicateScanResult:
    """Look for duplicates of the next lot of customers, and put new pairs up for review.

    Also renews their match keys. A scan that is interrupted goes on after the lot that was answered
    last; repeating a lot changes nothing, and what was decided stays decided.
    """
    matching = matching_of(vars(await queries.rules_of(session)))
    lot = await queries.next_customers(session, data.after, data.limit)
    ids = [customer.id for customer in lot]
    points = await queries.points_of(session, ids)
    await session.see_all_rows()  # a pair with a colleague's customer is no new one
    known = set(await queries.known_pairs(session, ids)) if ids else set()
    await session.see_rows_in_scope()
    own = {one.id: subject_of(one) for one in lot}
    await queries.keep_keys(
        session, {who: keys_of(one, matching.ignored_domains) for who, one in own.items()}
    )
    subjects = {one.id: subject_of(one, points.get(one.id)) for one in lot}
    records = await queries.candidates(
        session, {who: keys_of(one, matching.ignored_domains) for who, one in subjects.items()}
    )
    new: list[DuplicatePair] = []
    for who, subject in subjects.items():
        for one in suspects(matching, subject, records.get(who, [])):
            pair = _found_pair(who, one)
            if (pair.first_id, pair.second_id) not in known:
                known.add((pair.first_id, pair.second_id))
                enter_pair(session, pair)
                new.append(pair)
    next_after = ids[-1] if len(ids) == data.limit else None
    members = {one for pair in new for one in (pair.first_id, pair.second_id)}
    seen = await within_sight(session, members)
    found = sum(seen.issuperset((pair.first_id, pair.second_id)) for pair in new)
    return DuplicateScanResult(looked_at=len(lot), found=found, next_after=next_after)


async def dismiss_pair(
    session: Session, pair_id: UUID, data: PairDismissal, *, expected_version: int | None
) -> DuplicatePair:
    """Decide that two records are two customers; they do not come up again.

    Raises `PairIsDecided`.
    """
    pair = await require(
        session, DuplicatePair, pair_id, lock=True, expected_version=expected_version
    )
    pair.dismiss(data.reason, by=session.context.actor)
    keep_decision(session, pair, "dismissed")
    return pair


async def settle_pairs(
    session: Session,
    customer_ids: Collection[UUID],
    before: PairState,
    after: PairState,
    reason: str | None,
) -> None:
    """Decide the pairs of customers among each other, because they were merged or parted."""
    members = set(customer_ids)
    for (first, second), pair in sorted((await queries.known_pairs(session, members)).items()):
        if first in members and second in members and pair.state == before:
            pair.decide(after, reason, by=session.context.actor)
            keep_decision(session, pair, after.value)


async def list_pairs(
    session: Session, filters: PairFilters
) -> tuple[list[DuplicatePair], str | None, int | None]:
    """Return one page of the pairs that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=DuplicatePair.id,
    )


async def change_rules(
    session: Session, data: DuplicateRulesUpdate, *, expected_version: int
) -> DuplicateRules:
    """Change what the tenant has decided about duplicates; the first change makes the row.

    Raises `ThresholdsCross`. Of two first changes at once the database lets one win.
    """
    rules = await queries.rules_of(session)
    decided = rules.version > 0
    if decided:
        rules = await require(
            session, DuplicateRules, rules.id, lock=True, expected_version=expected_version
        )
    elif expected_version != 0:
        raise VersionConflict(current=0, expected=expected_version)
    given = data.given()
    if data.points is not None:
        rules.points = rules.points | data.points.model_dump(exclude_none=True)
        del given["points"]
    for name, value in given.items():
        setattr(rules, name, value)
    rules.require_order()
    if decided:
        audit.changed(session, rules, "changed")
    elif data.given():
        audit.created(session, rules)
    return rules


def suspects(matching: Matching, subject: Subject, sharers: Iterable[Sharer]) -> list[Suspect]:
    """Return who of those that share a key may be the same customer, the surest first."""
    best: dict[UUID, Suspect] = {}
    least = min(matching.warn_from, matching.refuse_from)
    for record, shared in sharers:
        score, reasons = matching.compare(subject, record.matched, shared)
        if record.former:  # a relation that begins again needs a record of its own
            score = min(score, matching.refuse_from - 1)
        if score < least:
            continue
        known = best.get(record.customer_id)
        if known is None or known.score < score:
            best[record.customer_id] = Suspect(record, score, reasons)
    return sorted(best.values(), key=lambda one: (-one.score, one.record.customer_id))


def _verdict(matching: Matching, found: Sequence[Suspect]) -> DuplicateVerdict:
    return matching.verdict(found[0].score) if found else DuplicateVerdict.NONE


async def told_of(session: Session, found: Sequence[Suspect]) -> list[Candidate]:
    """Return what the caller may hear of suspects; each department that hides some, once."""
    visible = await within_sight(session, [one.record.customer_id for one in found])
    told, hidden = [], set()
    for one in found:
        if one.record.customer_id in visible:
            told.append(
                Candidate(
                    customer_id=one.record.customer_id,
                    name=one.record.name,
                    score=one.score,
                    reasons=one.reasons,
                    served_by=one.record.department,
                )
            )
        else:
            hidden.add(one.record.department or "")
    told += [
        Candidate(customer_id=None, name=None, score=None, reasons=[], served_by=name or None)
        for name in sorted(hidden)
    ]
    return told[:MOST_SHOWN]


def _found_pair(customer_id: UUID, suspect: Suspect) -> DuplicatePair:
    return DuplicatePair.of(
        customer_id,
        suspect.record.customer_id,
        score=suspect.score,
        reasons=list(suspect.reasons),
        source=PairSource.SCAN,
        state=PairState.OPEN,
    )
