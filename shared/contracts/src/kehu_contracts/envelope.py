"""The CloudEvents 1.0 envelope in Kafka binary mode: attributes as headers, data as value.

Source: CloudEvents, Kafka protocol binding 3.2. `tenantid`, `sequence` and `actor` are extensions.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, Self
from uuid import UUID

from kehu_contracts.base import utc_text

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
LONGEST_ATTRIBUTE = 1000  # bytes: far more than ours need, and little enough for an index
SEQUENCE = re.compile(r"^[1-9][0-9]{0,17}$")  # fits a bigint


class InvalidEnvelope(ValueError):
    """A record whose headers do not make a CloudEvent of ours; `reason` says what is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Envelope(NamedTuple):
    """One event on its way: who, when and about what, with the data still as bytes."""

    id: UUID
    """Stays the same over every retry and replay: consumers recognise duplicates by it."""
    type: str
    source: str
    time: datetime
    """When the fact happened; has a time zone."""
    tenant_id: str
    subject: str
    """The aggregate's id, also the Kafka key."""
    sequence: int
    """The aggregate's version after the change, from 1; orders the facts about one aggregate."""
    actor: str
    traceparent: str | None
    data: bytes

    @property
    def key(self) -> bytes:
        """The Kafka key: all facts about one aggregate land in one partition, in order."""
        return self.subject.encode()

    def headers(self) -> list[tuple[str, bytes]]:
        """The record's headers; a missing `traceparent` is left out."""
        headers = [
            ("ce_specversion", SPEC_VERSION.encode()),
            ("ce_id", str(self.id).encode()),
            ("ce_source", self.source.encode()),
            ("ce_type", self.type.encode()),
            ("ce_time", utc_text(self.time).encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_tenantid", self.tenant_id.encode()),
            ("ce_sequence", str(self.sequence).encode()),
            ("ce_actor", self.actor.encode()),
            ("content-type", CONTENT_TYPE.encode()),
        ]
        if self.traceparent is not None:
            headers.append(("traceparent", self.traceparent.encode()))
        return headers

    @classmethod
    def from_record(cls, headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> Self:
        """Reads a Kafka record; raises `InvalidEnvelope` when it is not one of ours.

        Unknown headers are ignored. A type nobody knows is not an error here.
        """
        raw = dict(headers)
        if raw.get("ce_specversion") != SPEC_VERSION.encode():
            _required(raw, "ce_specversion")
            raise InvalidEnvelope(f"ce_specversion is not {SPEC_VERSION}")
        if raw.get("content-type") != CONTENT_TYPE.encode():
            content_type = _required(raw, "content-type").partition(";")[0].strip().lower()
            if content_type != CONTENT_TYPE:
                raise InvalidEnvelope(f"content-type is not {CONTENT_TYPE}")
        if value is None:
            raise InvalidEnvelope("the record has no value")
        return cls(
            _id(_required(raw, "ce_id")),
            _required(raw, "ce_type"),
            _required(raw, "ce_source"),
            _time(_required(raw, "ce_time")),
            _required(raw, "ce_tenantid"),
            _required(raw, "ce_subject"),
            _sequence(_required(raw, "ce_sequence")),
            _required(raw, "ce_actor"),
            _optional(raw, "traceparent"),
            value,
        )


@lru_cache
def source_of(service: str) -> str:
    """The `ce_source` of a service, `/kehu/sales`."""
    return f"/kehu/{service}"


def _required(headers: dict[str, bytes | None], name: str) -> str:
    value = _optional(headers, name)
    if value is None:
        raise InvalidEnvelope(f"{name} is missing")
    return value


def _optional(headers: dict[str, bytes | None], name: str) -> str | None:
    raw = headers.get(name)
    if not raw:  # Kafka knows headers without a value
        return None
    try:
        return _text(raw)
    except ValueError as error:
        raise InvalidEnvelope(f"{name} {error}") from None


@lru_cache(maxsize=50_000)
def _text(raw: bytes) -> str:
    """Return an attribute as text; most values come again and again. Raises `ValueError`."""
    if len(raw) > LONGEST_ATTRIBUTE:
        raise ValueError(f"is longer than {LONGEST_ATTRIBUTE} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    if "\0" in text:  # PostgreSQL cannot store it, not even as a dead letter
        raise ValueError("holds a NUL character")
    return text


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidEnvelope("ce_id is not a UUID") from None


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidEnvelope("ce_time is not an RFC 3339 time") from None
    if moment.utcoffset() is None:
        raise InvalidEnvelope("ce_time has no time zone")
    return moment


def _sequence(text: str) -> int:
    if not SEQUENCE.fullmatch(text):
        raise InvalidEnvelope("ce_sequence is not a whole number from 1")
    return int(text)
