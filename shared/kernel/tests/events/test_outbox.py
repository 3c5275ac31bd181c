from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from kehu_kernel import outbox
from kehu_kernel.context import Context
from kehu_kernel.errors import EventTooLarge
from kehu_kernel.plumbing import OutboxMessage
from kehu_kernel.relay import headers
from kehu_kernel.testing.events import EventDatabase, change, customer_changed

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class TestAdd:
    async def test_writes_the_bytes_that_are_published(
        self, events: EventDatabase, tenant: str
    ) -> None:
        event = customer_changed(uuid4())
        context = Context(tenant_id=tenant, actor="li.na", traceparent=TRACE)
        async with events.app.transaction(context) as session:
            outbox.add(session, event, sequence=7)
        async with events.app.transaction(context) as session:
            (row,) = await session.scalars(select(OutboxMessage))
        assert row.payload == event.to_bytes()
        assert (row.topic, row.key) == ("kehu-customer-events", str(event.customer_id))
        attributes = dict(headers(vars(row)))  # type: ignore[arg-type]
        assert attributes["ce_id"] == str(row.event_id).encode()
        assert attributes["ce_sequence"] == b"7"
        assert attributes["ce_actor"] == b"li.na"
        assert attributes["ce_tenantid"] == tenant.encode()
        assert attributes["ce_source"] == b"/kehu/customer"
        assert attributes["traceparent"] == TRACE.encode()

    async def test_of_a_transaction_that_fails_leaves_nothing(
        self, events: EventDatabase, tenant: str
    ) -> None:
        async def fail() -> None:
            async with events.app.transaction(Context(tenant_id=tenant, actor="a")) as session:
                outbox.add(session, customer_changed(uuid4()), sequence=1)
                await session.flush()
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        count = "SELECT count(*) FROM outbox WHERE tenant_id = :t"
        assert await events.scalar(count, t=tenant) == 0

    async def test_refuses_an_event_that_no_broker_would_take(
        self, events: EventDatabase, context: Context
    ) -> None:
        huge = customer_changed(uuid4(), name="x" * outbox.MAX_EVENT_BYTES)
        async with events.app.transaction(context) as session:
            with pytest.raises(EventTooLarge):
                outbox.add(session, huge, sequence=1)

    async def test_without_a_context_is_a_mistake(self, events: EventDatabase) -> None:
        async with events.worker.worker_transaction() as session:
            with pytest.raises(LookupError):
                outbox.add(session, customer_changed(uuid4()), sequence=1)


class TestRights:
    async def test_a_tenant_sees_only_its_own_events(
        self, events: EventDatabase, tenant: str
    ) -> None:
        await change(events, tenant, uuid4())
        stranger = Context(tenant_id=f"{tenant}-b", actor="a")
        async with events.app.transaction(stranger) as session:
            assert await session.scalars(select(OutboxMessage)) == []

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE outbox SET sent_at = now()",
            "DELETE FROM outbox",
            "DELETE FROM inbox",
            "SELECT * FROM projection_offsets",
        ],
    )
    async def test_the_application_cannot(
        self, events: EventDatabase, context: Context, statement: str
    ) -> None:
        async with events.app.session(context) as session:
            with pytest.raises(DBAPIError, match="permission denied"):
                await session.execute(text(statement))
