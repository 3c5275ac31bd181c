from datetime import timedelta
from uuid import uuid4

from prometheus_client import REGISTRY
from sqlalchemy import text

from kehu_kernel.housekeeping import CHUNK, Housekeeping, Purge, run_purge
from kehu_kernel.relay import republish
from kehu_kernel.testing.events import EventDatabase, change

SENT = Purge("outbox", "sent_at", timedelta(days=7))


async def execute(events: EventDatabase, statement: str, **values: object) -> None:
    async with events.worker.worker_transaction() as session:
        await session.execute(text(statement), values)


class TestPurge:
    async def test_removes_what_was_sent_long_ago_and_nothing_that_waits(
        self, events: EventDatabase, tenant: str
    ) -> None:
        customer = uuid4()
        for _ in range(3):
            await change(events, tenant, customer)
        age = "UPDATE outbox SET sent_at = now() - {} WHERE tenant_id = :t AND sequence = {}"
        await execute(events, age.format("interval '8 days'", 1), t=tenant)
        await execute(events, age.format("interval '6 days'", 2), t=tenant)
        assert await run_purge(events.worker, SENT) == 1
        left = "SELECT array_agg(sequence ORDER BY id) FROM outbox WHERE tenant_id = :t"
        assert await events.scalar(left, t=tenant) == [2, 3]

    async def test_goes_on_until_all_chunks_are_done(
        self, events: EventDatabase, tenant: str
    ) -> None:
        await execute(
            events,
            "INSERT INTO inbox SELECT :t, 'sales', gen_random_uuid(), now() - interval '40 days' "
            "FROM generate_series(1, :n)",
            t=tenant,
            n=CHUNK + 1,
        )
        purge = Purge("inbox", "handled_at", timedelta(days=30))
        assert await run_purge(events.worker, purge) == CHUNK + 1


class TestRounds:
    async def test_show_how_much_waits(self, events: EventDatabase, tenant: str) -> None:
        await change(events, tenant, uuid4())
        service = f"service-{tenant}"
        housekeeping = Housekeeping(events.worker, service=service, purges=(SENT,))
        housekeeping.start_if_due()
        housekeeping.start_if_due()
        await housekeeping.close()
        unsent = REGISTRY.get_sample_value("kehu_outbox_unsent", {"service": service})
        assert unsent == await events.scalar("SELECT count(*) FROM outbox WHERE sent_at IS NULL")


class TestRepublish:
    async def test_makes_sent_events_wait_again(self, events: EventDatabase, tenant: str) -> None:
        await change(events, tenant, uuid4())
        await execute(events, "UPDATE outbox SET sent_at = now() WHERE tenant_id = :t", t=tenant)
        event_id = await events.scalar("SELECT event_id FROM outbox WHERE tenant_id = :t", t=tenant)
        assert await republish(events.worker, event_ids=[event_id]) == 1  # type: ignore[list-item]
        waiting = "SELECT sent_at FROM outbox WHERE tenant_id = :t"
        assert await events.scalar(waiting, t=tenant) is None
