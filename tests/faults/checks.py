"""What a true history looks like: pure checks over what was written, published and caused.

Each check returns the violations it finds, as sentences; an empty list means the promise held.
Tests import it as `faults.checks` (the folder `tests` is on pytest's path).
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self
from uuid import UUID

from kehu_contracts.envelope import Envelope


class Aggregate(NamedTuple):
    """One lane of events: what has to stay in order on one topic."""

    topic: str
    tenant_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Written:
    """An event as the outbox has it: it was committed together with its change."""

    topic: str
    key: str
    tenant_id: str
    event_id: UUID
    type: str
    sequence: int
    value: bytes

    @property
    def aggregate(self) -> Aggregate:
        """The lane it belongs to."""
        return Aggregate(self.topic, self.tenant_id, self.key)

    def __str__(self) -> str:
        return f"{self.type} {self.key}#{self.sequence} ({self.event_id}, tenant {self.tenant_id})"


@dataclass(frozen=True, slots=True)
class Published:
    """An event as a topic has it, at one offset."""

    topic: str
    partition: int
    offset: int
    key: str
    tenant_id: str
    event_id: UUID
    type: str
    sequence: int
    headers: tuple[tuple[str, bytes], ...]
    value: bytes

    @classmethod
    def of(cls, record: Any) -> Self:
        """Read a Kafka record; raises `InvalidEnvelope` if it is not an event of ours."""
        envelope = Envelope.from_record(record.headers, record.value)
        return cls(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=(record.key or b"").decode(),
            tenant_id=envelope.tenant_id,
            event_id=envelope.id,
            type=envelope.type,
            sequence=envelope.sequence,
            headers=tuple(record.headers),
            value=envelope.data,
        )

    @property
    def aggregate(self) -> Aggregate:
        """The lane it belongs to."""
        return Aggregate(self.topic, self.tenant_id, self.key)

    def __str__(self) -> str:
        return f"{self.type} {self.key}#{self.sequence} ({self.event_id}, tenant {self.tenant_id})"


def lost_events(outbox: Iterable[Written], published: Iterable[Published]) -> list[str]:
    """Committed events that are not on the topic."""
    there = {(one.topic, one.event_id) for one in published}
    return [f"lost: {one}" for one in outbox if (one.topic, one.event_id) not in there]


def invented_events(outbox: Iterable[Written], published: Iterable[Published]) -> list[str]:
    """Events on the topic that were never committed (outbox: all rows ever, none deleted yet)."""
    committed = {(one.topic, one.event_id) for one in outbox}
    return [
        f"never committed: {one} at {one.topic}/{one.partition}@{one.offset}"
        for one in firsts(published)
        if (one.topic, one.event_id) not in committed
    ]


def altered_events(outbox: Iterable[Written], published: Iterable[Published]) -> list[str]:
    """Events on the topic that say something else than what was committed."""
    committed = {(one.topic, one.event_id): one for one in outbox}
    found = []
    for one in firsts(published):
        source = committed.get((one.topic, one.event_id))
        facts = (one.aggregate, one.type, one.sequence, one.value)
        if source and facts != (source.aggregate, source.type, source.sequence, source.value):
            found.append(f"altered: {one} was committed as {source}")
    return found


def firsts(published: Iterable[Published]) -> list[Published]:
    """Without repetitions: each event where it came first; order per partition is kept."""
    seen: set[tuple[str, UUID]] = set()
    found = []
    for one in sorted(published, key=lambda one: (one.topic, one.partition, one.offset)):
        if (one.topic, one.event_id) not in seen:
            seen.add((one.topic, one.event_id))
            found.append(one)
    return found


def sequence_violations(published: Iterable[Published]) -> list[str]:
    """Aggregates whose events, repetitions removed, are not 1, 2, 3, ... in one partition."""
    lanes: dict[Aggregate, list[Published]] = defaultdict(list)
    for one in firsts(published):
        lanes[one.aggregate].append(one)
    found = []
    for lane, events in lanes.items():
        partitions = {one.partition for one in events}
        if len(partitions) > 1:
            found.append(f"in {len(partitions)} partitions: {lane}")
        found += _steps(f"{lane.key} (tenant {lane.tenant_id})", [one.sequence for one in events])
    return found


def _steps(name: str, sequence: Sequence[int]) -> list[str]:
    """Every step that does not go from n to n + 1, the first from 0."""
    found = []
    for before, after in zip([0, *sequence], sequence, strict=False):
        if after <= before:
            found.append(f"inversion: {name} goes from {before} to {after}")
        elif after > before + 1:
            found.append(f"gap: {name} goes from {before} to {after}")
    return found


def changed_bytes(published: Iterable[Published]) -> list[str]:
    """Event ids that were published more than once and not with the same bytes."""
    first: dict[tuple[str, UUID], Published] = {}
    found = []
    for one in sorted(published, key=lambda one: (one.topic, one.partition, one.offset)):
        other = first.setdefault((one.topic, one.event_id), one)
        if (one.key, one.value, one.headers) != (other.key, other.value, other.headers):
            found.append(f"other bytes: {one} at {one.topic}/{one.partition}@{one.offset}")
    return found


def changes_without_their_event(
    changes: Iterable[tuple[str, str, int]], outbox: Iterable[Written]
) -> list[str]:
    """Versions of aggregates (tenant, key, version) that do not have exactly one event."""
    events = Counter((one.tenant_id, one.key, one.sequence) for one in outbox)
    wanted = set(changes)
    found = [
        f"{events[change]} events: {change[1]}#{change[2]} (tenant {change[0]})"
        for change in sorted(wanted)
        if events[change] != 1
    ]
    found += [
        f"event without its change: {key}#{sequence} (tenant {tenant})"
        for tenant, key, sequence in sorted(events.keys() - wanted)
    ]
    return found


def effects_not_once(expected: Iterable[Hashable], effects: Iterable[Hashable]) -> list[str]:
    """Causes whose effect is missing, was had more than once, or was never asked for.

    Both sides name the cause in the same way, by event id or by (key, sequence), say.
    """
    wanted, had = set(expected), Counter(effects)
    found = [f"no effect: {cause}" for cause in wanted if cause not in had]
    found += [f"{times} effects: {cause}" for cause, times in had.items() if times > 1]
    found += [f"effect of nothing: {cause}" for cause in had if cause not in wanted]
    return found


def out_of_order(effects: Iterable[tuple[str, int]]) -> list[str]:
    """Aggregates whose effects (key, sequence), as they were had, are not those of 1, 2, 3, ..."""
    lanes: dict[str, list[int]] = defaultdict(list)
    for key, sequence in effects:
        lanes[key].append(sequence)
    return [one for key, sequence in lanes.items() for one in _steps(key, sequence)]


def acknowledged_but_missing(
    acknowledged: Iterable[Hashable], found: Iterable[Hashable]
) -> list[str]:
    """Writes that were answered with success and cannot be found."""
    there = set(found)
    return [f"acknowledged, not there: {one}" for one in acknowledged if one not in there]


def foreign_rows(tenant_id: str, rows: Iterable[tuple[str, Any]]) -> list[str]:
    """Rows (tenant, anything) of other tenants among what was given to `tenant_id`."""
    return [
        f"tenant {tenant_id} was given {what!r} of tenant {owner}"
        for owner, what in rows
        if owner != tenant_id
    ]
