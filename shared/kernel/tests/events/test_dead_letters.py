"""Dead letters: what goes out when a record does not fit any more."""

from typing import Any
from uuid import uuid4

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from kehu_kernel import broker
from kehu_kernel.broker import DeadLetters
from kehu_kernel.testing.events import customer_changed, record_of


class SmallProducer:
    """A producer that takes no values of any size."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def start(self) -> None:
        """Connect to nothing."""

    async def send_and_wait(self, topic: str, **record: Any) -> None:
        """Keep the record, unless it has a value."""
        if record["value"] is not None:
            raise MessageSizeTooLargeError
        self.sent.append({"topic": topic, **record})


async def test_a_record_too_large_for_more_headers_goes_without_its_value(
    monkeypatch: pytest.MonkeyPatch, tenant: str
) -> None:
    producer = SmallProducer()
    monkeypatch.setattr(broker, "new_producer", lambda *_, **__: producer)
    record = record_of(customer_changed(uuid4()), tenant, sequence=1, offset=7)
    await DeadLetters("nowhere:1", consumer="sales").publish(record, reason="bug", attempts=1)
    (sent,) = producer.sent
    headers = dict(sent["headers"])
    assert sent["key"] == record.key
    assert headers["kehu_original_offset"] == b"7"
    assert headers["kehu_value_left_out"] == str(len(record.value or b"")).encode()
