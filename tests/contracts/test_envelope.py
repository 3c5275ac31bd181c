"""The envelope survives the trip through Kafka headers, and refuses what is not ours."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_contracts.envelope import Envelope, InvalidEnvelope

ENVELOPE = Envelope(
    id=UUID("019f26df-5d74-78c5-8c64-9dd77a3d466e"),
    type="sales.opportunity-won.v1",
    source="/kehu/sales",
    time=datetime(2026, 7, 3, 7, 26, 40, 500000, tzinfo=UTC),
    tenant_id="demo",
    subject="019d6fcc-4c60-7077-a0e9-5ab823aef988",
    sequence=10,
    actor="zhang.min",
    traceparent="00-4aefedd9cf4e71c742ce3e72019e4c01-3df830d27fa0f810-01",
    data=b'{"topic": "x"}',
)

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


class TestHeaders:
    def test_name_every_attribute(self) -> None:
        assert ENVELOPE.headers() == [
            ("ce_specversion", b"1.0"),
            ("ce_id", b"019f26df-5d74-78c5-8c64-9dd77a3d466e"),
            ("ce_source", b"/kehu/sales"),
            ("ce_type", b"sales.opportunity-won.v1"),
            ("ce_time", b"2026-07-03T07:26:40.500000Z"),
            ("ce_subject", b"019d6fcc-4c60-7077-a0e9-5ab823aef988"),
            ("ce_tenantid", b"demo"),
            ("ce_sequence", b"10"),
            ("ce_actor", b"zhang.min"),
            ("content-type", b"application/json"),
            ("traceparent", b"00-4aefedd9cf4e71c742ce3e72019e4c01-3df830d27fa0f810-01"),
        ]

    def test_leave_a_missing_trace_out(self) -> None:
        assert "traceparent" not in dict(ENVELOPE._replace(traceparent=None).headers())

    def test_write_times_in_utc(self) -> None:
        shanghai = ENVELOPE.time.astimezone(timezone(timedelta(hours=8)))
        assert ENVELOPE._replace(time=shanghai).headers() == ENVELOPE.headers()

    def test_refuse_a_time_without_zone(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            ENVELOPE._replace(time=datetime(2026, 7, 3)).headers()  # noqa: DTZ001

    def test_the_key_is_the_subject(self) -> None:
        assert ENVELOPE.key == b"019d6fcc-4c60-7077-a0e9-5ab823aef988"


class TestFromRecord:
    @given(
        st.builds(
            Envelope,
            id=st.uuids(),
            type=text,
            source=text,
            time=st.datetimes(timezones=st.just(UTC)),
            tenant_id=text,
            subject=text,
            sequence=st.integers(min_value=1, max_value=10**18 - 1),
            actor=text,
            traceparent=st.none() | text,
            data=st.binary(),
        )
    )
    def test_gives_back_what_was_sent(self, envelope: Envelope) -> None:
        assert Envelope.from_record(envelope.headers(), envelope.data) == envelope

    def test_ignores_unknown_headers(self) -> None:
        headers = [*ENVELOPE.headers(), ("x-proxy", b"7")]
        assert Envelope.from_record(headers, ENVELOPE.data) == ENVELOPE

    def test_accepts_a_charset(self) -> None:
        headers = [*ENVELOPE.headers(), ("content-type", b"application/json; charset=utf-8")]
        assert Envelope.from_record(headers, ENVELOPE.data) == ENVELOPE

    @pytest.mark.parametrize("name", [name for name, _ in ENVELOPE.headers()[:-1]])
    def test_without_a_header(self, name: str) -> None:
        headers = [(other, value) for other, value in ENVELOPE.headers() if other != name]
        with pytest.raises(InvalidEnvelope, match=f"{name} is missing"):
            Envelope.from_record(headers, ENVELOPE.data)

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("ce_specversion", b"0.3", "ce_specversion is not 1.0"),
            ("ce_id", b"7", "ce_id is not a UUID"),
            ("ce_time", b"yesterday", "ce_time is not an RFC 3339 time"),
            ("ce_time", b"2026-07-03T07:26:40", "ce_time has no time zone"),
            ("ce_sequence", b"0", "ce_sequence is not a whole number from 1"),
            ("ce_sequence", b"-1", "ce_sequence is not a whole number from 1"),
            ("ce_sequence", "²".encode(), "ce_sequence is not a whole number from 1"),
            ("ce_sequence", b"9" * 19, "ce_sequence is not a whole number from 1"),
            ("ce_sequence", b"9" * 1001, "ce_sequence is longer than 1000 bytes"),
            ("ce_id", None, "ce_id is missing"),
            ("ce_tenantid", b"", "ce_tenantid is missing"),
            ("ce_actor", b"\xff", "ce_actor is not UTF-8"),
            ("ce_subject", b"a\0b", "ce_subject holds a NUL character"),
            ("content-type", b"application/cloudevents+json", "content-type is not"),
        ],
    )
    def test_with_a_bad_header(self, name: str, value: bytes | None, reason: str) -> None:
        headers = [*ENVELOPE.headers(), (name, value)]
        with pytest.raises(InvalidEnvelope, match=reason):
            Envelope.from_record(headers, ENVELOPE.data)

    def test_without_a_value(self) -> None:
        with pytest.raises(InvalidEnvelope, match="no value"):
            Envelope.from_record(ENVELOPE.headers(), None)

    def test_ignores_foreign_headers_in_any_encoding(self) -> None:
        headers = [*ENVELOPE.headers(), ("x-blob", b"\xff")]
        assert Envelope.from_record(headers, ENVELOPE.data) == ENVELOPE
