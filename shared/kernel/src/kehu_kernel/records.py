"""What a Kafka record says, and what a failure to handle it means."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

import httpx
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from kehu_contracts.base import Event
from kehu_contracts.envelope import LONGEST_ATTRIBUTE, Envelope, InvalidEnvelope
from kehu_contracts.events import event_class, known_entity_fact
from kehu_kernel.db import explain
from kehu_kernel.errors import DomainError
from kehu_kernel.session import TENANT

NO_TENANT = "-"
"""Stands for the tenant of a record that does not say whose it is; no tenant has this name."""


class Record(Protocol):
    """The parts of a Kafka record that we use."""

    @property
    def topic(self) -> str:
        """The topic it was read from."""

    @property
    def partition(self) -> int:
        """The partition it was read from."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def key(self) -> bytes | None:
        """The aggregate's id."""

    @property
    def value(self) -> bytes | None:
        """The event's data, as JSON."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """The CloudEvents attributes, and what others added; a header may have no value."""


class Lane(NamedTuple):
    """The facts about one aggregate on one topic: what has to stay in order."""

    topic: str
    tenant_id: str
    key: str


class Poison(Exception):
    """A record that no retry can heal: not an event of ours, or not in a version we know."""


class UnknownVersion(Poison):
    """A known type of event in a version this code does not know: the producer is ahead."""

    def __init__(self, type_: str) -> None:
        super().__init__(f"unknown version: {type_}")
        self.type = type_


class Fact(NamedTuple):
    """A record that was understood."""

    event: Event
    envelope: Envelope


def understand(record: Record) -> Fact | None:
    """Return the event a record carries, or None for a type nobody here knows (skip it).

    Raises `Poison` if the record is not a CloudEvent of ours, its key is not its subject, its data
    does not fit its type, or its type is known but not in this version.
    """
    try:
        envelope = Envelope.from_record(record.headers, record.value)
    except InvalidEnvelope as error:
        raise Poison(f"invalid envelope: {error.reason}") from error
    if not TENANT.fullmatch(envelope.tenant_id):
        raise Poison("the event's tenant is none")
    if record.key != envelope.key:
        raise Poison("the record's key is not the event's subject")
    kind = event_class(envelope.type)
    if kind is None:
        if known_entity_fact(envelope.type):
            raise UnknownVersion(envelope.type)
        return None
    try:
        return Fact(kind.from_bytes(envelope.data), envelope)
    except ValidationError as error:
        # Which fields and why, never their values: reasons are shown and logged.
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        places = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'data'}: {fault['msg']}" for fault in faults[:5]
        )
        raise Poison(f"invalid data: {places}") from error


def lane_of(record: Record, fact: Fact | None = None) -> Lane:
    """Return the lane of any record, also of one that is not understood (no fact)."""
    if fact is not None:
        return Lane(record.topic, fact.envelope.tenant_id, fact.envelope.subject)
    headers = dict(record.headers)
    tenant_id = _indexable(headers.get("ce_tenantid"))
    if not TENANT.fullmatch(tenant_id):  # no transaction can be bound to it, not even to park it
        tenant_id = NO_TENANT
    return Lane(record.topic, tenant_id, _indexable(record.key))


def _indexable(raw: bytes | None) -> str:
    """Return bytes as text that an index can hold: what is too long to be ours, by its hash."""
    if raw is not None and len(raw) > LONGEST_ATTRIBUTE:
        return f"sha256:{sha256(raw).hexdigest()}"
    return printable(raw)


def printable(raw: bytes | None) -> str:
    """Return bytes as text that PostgreSQL can store, whatever they are."""
    return (raw or b"").decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def is_transient(error: BaseException) -> bool:
    """Whether the failure lies with a part that will come back: wait for it, as long as needed."""
    if isinstance(error, (KafkaError, httpx.TransportError, OSError)):
        return True
    failure = error if isinstance(error, DomainError) else explain(error, {})
    return failure is not None and failure.retryable


def is_final(error: BaseException) -> bool:
    """Whether repeating cannot help: poison, or a business rule that said no."""
    return isinstance(error, Poison) or (isinstance(error, DomainError) and not error.retryable)
