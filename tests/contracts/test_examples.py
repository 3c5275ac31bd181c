"""Every event has examples, and they are what a producer would send."""

import json

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from kehu_contracts import examples, schemas
from kehu_contracts.base import Event
from kehu_contracts.envelope import source_of
from kehu_contracts.events import EVENTS, event_class
from kehu_contracts.topics import topic_of


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
class TestExamples:
    def test_exist(self, event: type[Event]) -> None:
        assert examples.load(event.type), f"add one to shared/contracts/examples/{event.type}/"

    def test_match_the_frozen_schema(self, event: type[Event]) -> None:
        frozen = json.loads((schemas.FOLDER / f"{event.type}.json").read_text(encoding="utf-8"))
        validator = Draft202012Validator(frozen, format_checker=FormatChecker())
        for name, document in examples.documents(event.type).items():
            problems = [problem.message for problem in validator.iter_errors(document["data"])]
            assert not problems, name

    def test_are_what_the_model_writes(self, event: type[Event]) -> None:
        for envelope in examples.load(event.type):
            fact = event.from_bytes(envelope.data)
            assert json.loads(fact.to_bytes()) == json.loads(envelope.data)

    def test_headers_fit_the_event(self, event: type[Event]) -> None:
        for envelope in examples.load(event.type):
            assert event_class(envelope.type) is event
            assert envelope.source == source_of(topic_of(event).producer)
            assert envelope.subject == event.from_bytes(envelope.data).aggregate_id

    def test_headers_are_what_the_envelope_writes(self, event: type[Event]) -> None:
        for document, envelope in zip(
            examples.documents(event.type).values(), examples.load(event.type), strict=True
        ):
            assert {name: raw.decode() for name, raw in envelope.headers()} == document["headers"]

    def test_changed_names_real_fields(self, event: type[Event]) -> None:
        for document in examples.documents(event.type).values():
            assert set(document["data"].get("changed", ())) <= set(event.model_fields)


def test_each_example_is_an_event_of_its_own() -> None:
    envelopes = [envelope for event_type in EVENTS for envelope in examples.load(event_type)]
    assert len({envelope.id for envelope in envelopes}) == len(envelopes)
    versions = [(envelope.source, envelope.subject, envelope.sequence) for envelope in envelopes]
    assert len(set(versions)) == len(versions)
