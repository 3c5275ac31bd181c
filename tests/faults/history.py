"""What was asked of the system and what it answered; and whether the one follows from the other.

An operation is one command with one idempotency key. It may have been sent several times, at once
or again later. Each attempt ends in one of three ways:

- ok: it was acknowledged;
- failed: it was refused, and nothing was done;
- unknown: nobody can tell. The connection broke, or the answer leaves it open.

Each attempt carries a trace id of its own, which the service hands on to the events it writes: so
every event on a topic tells which attempt caused it.

All checks are pure functions that return violations as sentences.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from faults.checks import Published, firsts

Key = TypeVar("Key", bound=Hashable)


class Outcome(StrEnum):
    """How an attempt, or all attempts of an operation together, ended."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


PROMISE = "Nothing was done"
"""What the detail of an answer says if the service is certain; it is held to it."""
REFUSED_AT_THE_DOOR = frozenset({"issuer-unavailable"})
"""Codes of 5xx answers that are given before anything is begun, but do not say so."""


def outcome_of(status: int, code: str | None, detail: str = "") -> Outcome:
    """Return what an answer says about the attempt."""
    if status < 300:
        return Outcome.OK
    if status < 500 or PROMISE in detail or code in REFUSED_AT_THE_DOOR:
        return Outcome.FAILED
    return Outcome.UNKNOWN


@dataclass(slots=True)
class Attempt:
    """One time an operation was sent. `status` is None if no answer came."""

    trace_id: str
    sent_at: float
    ended_at: float | None = None
    outcome: Outcome = Outcome.UNKNOWN
    status: int | None = None
    code: str | None = None
    etag: str | None = None
    body: Any = None
    error: str | None = None
    final: bool = False
    """Sent after the faults had stopped: it has to be answered, and for good."""


@dataclass(slots=True)
class Operation:
    """One command and its attempts. `event` is the type of event that the command causes."""

    number: int
    tenant: str
    name: str
    method: str
    path: str
    request: Any
    key: str | None
    event: str
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """What is certain: done, not done, or neither.

        A refusal says that this attempt did nothing. An earlier attempt without an answer may
        still have.
        """
        outcomes = {attempt.outcome for attempt in self.attempts}
        for outcome in (Outcome.OK, Outcome.UNKNOWN):
            if outcome in outcomes:
                return outcome
        return Outcome.FAILED

    @property
    def answers(self) -> list[Attempt]:
        """The attempts that were acknowledged."""
        return [attempt for attempt in self.attempts if attempt.outcome is Outcome.OK]

    def __str__(self) -> str:
        tries = ", ".join(f"{one.outcome} {one.status or one.error}" for one in self.attempts)
        return f"#{self.number} {self.name} of {self.tenant} ({tries})"


def trace_of(event: Published) -> str | None:
    """Return the trace id of the attempt that caused an event."""
    traceparent = dict(event.headers).get("traceparent", b"").decode()
    return traceparent.split("-")[1] if traceparent.count("-") == 3 else None


def wrong_effects(operations: Iterable[Operation], published: Iterable[Published]) -> list[str]:
    """Commands that had not exactly the effect that was promised.

    An acknowledged one has exactly one event, about the object and with the version it was
    answered with; a refused one has none; an unknown one has one or none.
    """
    caused = _caused(published)
    found = []
    for operation in operations:
        events = [
            event
            for attempt in operation.attempts
            for event in caused.get(attempt.trace_id, ())
            if event.type == operation.event
        ]
        found += _wrong_effect(operation, events)
    return found


def _wrong_effect(operation: Operation, events: Sequence[Published]) -> list[str]:
    if len(events) > 1:
        return [f"done {len(events)} times: {operation}"]
    if operation.outcome is Outcome.FAILED and events:
        return [f"refused, and done: {operation}: {events[0]}"]
    if operation.outcome is not Outcome.OK:
        return []
    if not events:
        return [] if _changed_nothing(operation) else [f"acknowledged, and lost: {operation}"]
    event, answer = events[0], operation.answers[0]
    told = answer.body.get("id", event.key), answer.etag or f'"{event.sequence}"', operation.tenant
    if told != (event.key, f'"{event.sequence}"', event.tenant_id):
        return [f"answered {told[0]} at version {told[1]}, but did {event}: {operation}"]
    return []


def _changed_nothing(operation: Operation) -> bool:
    """Whether it was a hand-over to who was the owner already: another one came first.

    Had it changed something without telling, the version would have no event: that is looked for.
    """
    return (
        operation.name == "customer.hand-over"
        and len(operation.attempts) > 1
        and operation.answers[-1].body.get("owner_id") == operation.request["owner_id"]
    )


def forgotten_keys(operations: Iterable[Operation], published: Iterable[Published]) -> list[str]:
    """Commands that were done, and are refused when they are sent again with the same key."""
    caused = _caused(published)
    return [
        f"done, but its key is not known any more: {operation}"
        for operation in operations
        if operation.key is not None
        and any(one.final and one.outcome is Outcome.FAILED for one in operation.attempts)
        and any(
            event.type == operation.event
            for one in operation.attempts
            for event in caused.get(one.trace_id, ())
        )
    ]


def unanswered(operations: Iterable[Operation]) -> list[str]:
    """Commands that got no definite answer even after the faults had stopped."""
    return [
        f"no answer after the faults: {operation}"
        for operation in operations
        if any(one.final and one.outcome is Outcome.UNKNOWN for one in operation.attempts)
    ]


def different_answers(operations: Iterable[Operation]) -> list[str]:
    """Commands whose repetitions with the same key were not answered the same."""
    found = []
    for operation in operations:
        answers = {
            (one.status, one.etag, json.dumps(one.body, sort_keys=True))
            for one in operation.answers
        }
        if operation.key is not None and len(answers) > 1:
            found.append(f"{len(answers)} different answers: {operation}")
    return found


def _caused(published: Iterable[Published]) -> Mapping[str, list[Published]]:
    caused: dict[str, list[Published]] = defaultdict(list)
    for event in firsts(published):
        trace = trace_of(event)
        if trace is not None:
            caused[trace].append(event)
    return caused


def differences(
    what: str, expected: Mapping[Key, object], found: Mapping[Key, object]
) -> list[str]:
    """Entries of a copy that are missing, too many, or not the same as in the original."""
    wrong = [f"{what}: {key} is missing" for key in expected.keys() - found.keys()]
    wrong += [f"{what}: {key} should not be there" for key in found.keys() - expected.keys()]
    wrong += [
        f"{what}: {key} is {found[key]}, should be {expected[key]}"
        for key in expected.keys() & found.keys()
        if expected[key] != found[key]
    ]
    return sorted(wrong)


def newest_versions(published: Iterable[Published]) -> dict[tuple[str, str], int]:
    """Return the highest sequence of every aggregate, by tenant and key."""
    newest: dict[tuple[str, str], int] = {}
    for event in published:
        key = event.tenant_id, event.key
        newest[key] = max(newest.get(key, 0), event.sequence)
    return newest


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of a lead that was to be converted: ids, and how many carry its reference."""

    tenant: str
    lead: str
    state: str
    ids: tuple[str | None, str | None, str | None]
    """Customer, contact, opportunity, as the lead names them."""
    made: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    """Ids of the customers, contacts, opportunities with the lead's external reference."""


def wrong_conversions(
    operations: Iterable[Operation], conversions: Iterable[Converted], *, asked: str
) -> list[str]:
    """Leads whose conversion was acknowledged and that did not become exactly one of each.

    `asked` is the name of the operation that asks for a conversion; its answer names the lead.
    """
    known = {(one.tenant, one.lead): one for one in conversions}
    found = []
    for operation in operations:
        if operation.name != asked or operation.outcome is not Outcome.OK:
            continue
        lead = operation.answers[0].body["lead_id"]
        one = known.get((operation.tenant, lead))
        if one is None:
            found.append(f"no conversion: {operation}")
        elif one.state != "completed":
            found.append(f"conversion of {lead} is {one.state}: {operation}")
        elif any((identity,) != made for identity, made in zip(one.ids, one.made, strict=True)):
            found.append(f"conversion of {lead} names {one.ids} and made {one.made}")
    return found


def strangers(marks: Mapping[str, str], rows: Iterable[tuple[str, str, str]]) -> list[str]:
    """Rows (where, tenant, text) that hold the mark of another tenant than their own.

    `marks` names a text for each tenant that only its own data contains.
    """
    return [
        f"data of {tenant} in {where} of {owner}"
        for where, owner, text in rows
        for tenant, mark in marks.items()
        if owner != tenant and mark in text
    ]


def shared_keys(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Ids (tenant, id) that more than one tenant has."""
    owners: dict[str, set[str]] = defaultdict(set)
    for tenant, identity in rows:
        owners[identity].add(tenant)
    return [f"{one} belongs to {sorted(of)}" for one, of in owners.items() if len(of) > 1]


def gaps(numbers: Mapping[Hashable, Sequence[int]]) -> list[str]:
    """Series of document numbers that are not 1, 2, 3, ..."""
    return [
        f"numbers of {series} have gaps or repetitions: {len(given)} were given, up to {max(given)}"
        for series, given in numbers.items()
        if sorted(given) != list(range(1, len(given) + 1))
    ]


def summary(operations: Collection[Operation]) -> str:
    """Return the counts of a history in one line."""
    outcomes = [operation.outcome for operation in operations]
    attempts = sum(len(operation.attempts) for operation in operations)
    counts = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in Outcome)
    return f"{len(outcomes)} commands ({counts}) in {attempts} attempts"
