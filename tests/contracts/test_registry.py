"""The registry holds together: names, producers, consumers, keys and fields follow the rules."""

import ast
import re
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import kehu_contracts
from kehu_contracts import examples, schemas
from kehu_contracts.base import Event
from kehu_contracts.events import EVENTS, event_class, known_entity_fact
from kehu_contracts.sales import OpportunityState, OpportunityWon
from kehu_contracts.topics import (
    CONSUMERS,
    CUSTOMER,
    SALES,
    SERVICES,
    TOPICS,
    Topic,
    dlq_name,
    topic_of,
    topics_for,
)

TYPE = re.compile(
    r"(?P<service>[a-z]+(-[a-z]+)*)\.(?P<fact>[a-z]+(-[a-z]+)+)\.v(?P<version>[1-9]\d*)"
)
SUFFIX_OF_TYPE = {UUID: "_id", date: "_on", datetime: "_at"}

every_topic = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
every_event = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)


@every_topic
class TestTopics:
    def test_is_named_after_its_producer(self, topic: Topic) -> None:
        assert topic.name == f"kehu-{topic.producer}-events"

    def test_knows_services_and_consumers_only(self, topic: Topic) -> None:
        assert topic.producer in SERVICES
        assert set(topic.consumers) <= set(CONSUMERS)
        assert topic.producer not in topic.consumers
        assert topic.consumers, "a topic nobody reads needs no topic"

    def test_has_a_dead_letter_topic_per_consumer(self, topic: Topic) -> None:
        for consumer in topic.consumers:
            assert dlq_name(topic, consumer) == f"kehu-{topic.producer}-events-{consumer}-dlq"
            assert dlq_name(topic.name, consumer) == dlq_name(topic, consumer)

    def test_carries_facts_of_its_producer(self, topic: Topic) -> None:
        assert {event.type.partition(".")[0] for event in topic.events} == {topic.producer}

    def test_keeps_records_for_days(self, topic: Topic) -> None:
        assert topic.partitions > 0
        assert topic.retention_days > 0
        assert topic.description.endswith(".")


def test_each_service_publishes_on_one_topic() -> None:
    assert [topic.producer for topic in TOPICS] == list(SERVICES)


def test_each_type_and_class_name_is_used_once() -> None:
    published = [event for topic in TOPICS for event in topic.events]
    assert len(EVENTS) == len(published)
    assert len({event.__name__ for event in published}) == len(published)


@every_event
class TestEvents:
    def test_type_follows_the_pattern(self, event: type[Event]) -> None:
        assert TYPE.fullmatch(event.type), "use <service>.<entity>-<fact>.v<n>"

    def test_class_is_named_like_its_type(self, event: type[Event]) -> None:
        match = TYPE.fullmatch(event.type)
        assert match is not None
        name = "".join(word.capitalize() for word in match["fact"].split("-"))
        assert event.__name__ == (name if match["version"] == "1" else f"{name}V{match['version']}")

    def test_key_is_an_id(self, event: type[Event]) -> None:
        assert event.model_fields[event.key].annotation is UUID

    def test_says_what_happened(self, event: type[Event]) -> None:
        assert event.__doc__
        assert event.__doc__ != (event.__base__ or object).__doc__, "give the event a docstring"

    def test_fields_have_no_defaults(self, event: type[Event]) -> None:
        silent = [
            name
            for name, field in _fields(event)
            if not field.is_required() and not _joined_later(field)
        ]
        assert not silent, (
            f"{silent} have defaults: a producer must say every field. For a field that joins a "
            'published version: default=None, json_schema_extra={"x-added-on": "<date>"}'
        )

    def test_fields_have_descriptions(self, event: type[Event]) -> None:
        bare = [
            name for name, field in _fields(event) if not (field.description or "").endswith(".")
        ]
        assert not bare, f"describe {bare} in Field(description=...), with a full stop"

    def test_fields_are_named_by_their_kind(self, event: type[Event]) -> None:
        for name, field in _fields(event):
            for kind in {field.annotation, *get_args(field.annotation)} & set(SUFFIX_OF_TYPE):
                assert kind is not None
                if field.annotation != list[kind]:  # type: ignore[valid-type]
                    assert name.endswith(SUFFIX_OF_TYPE[kind]), f"{name} should end differently"

    def test_is_found(self, event: type[Event]) -> None:
        assert event_class(event.type) is event
        assert event in topic_of(event).events

    def test_is_immutable_and_tolerant(self, event: type[Event]) -> None:
        assert event.model_config["frozen"]
        assert event.model_config["extra"] == "ignore"


class TestLookUps:
    def test_of_an_unknown_type(self) -> None:
        assert event_class("sales.moon-landed.v1") is None
        assert not known_entity_fact("sales.moon-landed.v1")

    def test_of_an_unknown_version(self) -> None:
        assert event_class("sales.opportunity-won.v9") is None
        assert known_entity_fact("sales.opportunity-won.v9")

    def test_of_a_known_type(self) -> None:
        assert not known_entity_fact("sales.opportunity-won.v1")

    @pytest.mark.parametrize("nonsense", ["", ".", "sales", "sales.opportunity-won", "v1"])
    def test_of_nonsense(self, nonsense: str) -> None:
        assert event_class(nonsense) is None
        assert not known_entity_fact(nonsense)

    def test_of_the_topic(self) -> None:
        assert topic_of(OpportunityWon) is SALES

    def test_of_the_topic_of_something_unpublished(self) -> None:
        with pytest.raises(LookupError, match="OpportunityState"):
            topic_of(OpportunityState)

    def test_of_a_consumer(self) -> None:
        assert topics_for("sales") == (CUSTOMER,)


class TestFiles:
    def test_no_orphan_schema(self) -> None:
        frozen = {file.name.removesuffix(".json") for file in schemas.FOLDER.iterdir()}
        assert frozen <= set(EVENTS), "put the event back, or delete its schema when it has retired"

    def test_no_orphan_example(self) -> None:
        assert {folder.name for folder in examples.FOLDER.iterdir()} <= set(EVENTS)

    def test_imports_pydantic_only(self) -> None:
        with_pydantic = {"pydantic", "pydantic_core", "typing_extensions"}  # one installation
        allowed = {*sys.stdlib_module_names, *with_pydantic, "kehu_contracts"}
        for file in Path(kehu_contracts.__file__).parent.rglob("*.py"):
            assert set(_imports(file)) <= allowed, f"{file.name} imports too much"


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The fields of a model and of the models inside it."""
    for name, field in model.model_fields.items():
        yield name, field
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _fields(inner)


def _joined_later(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return field.default is None and isinstance(extra, dict) and "x-added-on" in extra


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
