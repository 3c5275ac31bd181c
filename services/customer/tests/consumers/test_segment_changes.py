"""Segments follow what happens to customers, here and elsewhere, and the days (C7)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from kehu_contracts import examples
from kehu_contracts.analytics import CustomerValueChanged
from kehu_contracts.base import Event
from kehu_contracts.customer import CustomerCreated
from kehu_contracts.fieldwork import ActivityRecorded
from kehu_contracts.money import Money
from kehu_contracts.sales import (
    OpportunityChanged,
    OpportunityCreated,
    OpportunityLost,
    OpportunityWon,
)
from kehu_contracts.service_desk import RequestClosed, RequestCreated
from kehu_customer.customers.service import record_customer_value
from kehu_customer.segments import evaluation, queries
from kehu_customer.segments.changes import note_changes
from kehu_customer.segments.models import SegmentReason
from kehu_customer.segments.worker import SegmentWork, Sizes
from kehu_kernel import clock, ids
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.records import Fact
from kehu_kernel.testing.events import fact_of
from kehu_kernel.testing.observe import count_queries, emitted
from kehu_kernel.testing.plugin import RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
Settle = Callable[[], Awaitable[None]]
Members = Callable[[dict[str, Any]], Awaitable[set[str]]]
Note = Callable[..., Awaitable[None]]
Day = Callable[[date], Awaitable[None]]

ZONE = "Asia/Shanghai"
TODAY = clock.today(clock.now(), ZONE)
STEEL = {"test": "one_of", "fact": "industry", "values": ["钢铁"]}
ENTERED = "customer.customer-entered-segment.v1"
LEFT = "customer.customer-left-segment.v1"


def told(of: type[Event], tenant: str, sequence: int = 1, **fields: Any) -> Fact:
    """Return the contract's example of a fact with these fields, as that of a new document."""
    event = of.from_bytes(examples.load(of.type)[0].data)
    return fact_of(
        event.model_copy(update={of.key: ids.new_id()} | fields), tenant, sequence=sequence
    )


@pytest.fixture
def note(worker_database: Database) -> Note:
    """Hands facts of other services to the segments, as their consumer does."""

    async def hand(*facts: Fact) -> None:
        async with worker_database.worker_transaction() as session:
            await note_changes(session, facts, zone=ZONE)

    return hand


@pytest.fixture
def on_day(database: Database, tenant: str) -> Day:
    """Lets a business day begin for the segments of the tenant, and settles what it changes."""

    async def begin(today: date) -> None:
        context = Context(tenant_id=tenant, actor="system:segments")
        async with database.transaction(context) as session:
            found = await session.fetch("SELECT segment_id FROM segment_runs WHERE daily")
        for row in found:
            async with database.transaction(context) as session:
                await evaluation.note_new_day(session, row["segment_id"], today=today)
        async with database.transaction(context) as session:
            await evaluation.settle_changes(session, today=today, zone=ZONE, limit=100)

    return begin


async def change(client: httpx.AsyncClient, url: str, **fields: Any) -> None:
    """Change an object, based on its present version."""
    version = (await client.get(url)).headers["ETag"]
    changed = await client.patch(url, json=fields, headers={"If-Match": version})
    assert changed.status_code == 200, changed.text


class TestChangesOfTheCustomer:
    async def test_a_change_of_a_fact_of_the_rule_lets_it_enter_and_leave(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        make_segment: Make,
        settle: Settle,
        members: Members,
        database: Database,
        tenant: str,
    ) -> None:
        segment = await make_segment(rule=STEEL)
        await settle()
        url = f"/v1/customers/{customer['id']}"
        await change(client, url, industry="钢铁", website="https://steel.example")
        await settle()
        assert await members(segment) == {customer["id"]}
        (entry,) = (await client.get(f"{url}/segments")).json()["items"]
        assert (entry["segment_id"], entry["reason"]) == (segment["id"], "change")
        await change(client, url, industry="纺织")
        await settle()
        assert await members(segment) == set()
        entered, left = (
            await emitted(database, tenant, ENTERED),
            await emitted(database, tenant, LEFT),
        )
        assert [(one.sequence, one.data["facts"]) for one in (*entered, *left)] == [
            (1, ["industry"]),
            (2, ["industry"]),
        ]
        assert entered[0].key == left[0].key == entered[0].data["membership_id"]

    async def test_only_segments_that_look_at_what_changed_are_asked(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        make_segment: Make,
        settle: Settle,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        by_industry = await make_segment(rule=STEEL)
        await make_segment(rule=STEEL | {"fact": "country"})
        await settle()
        asked: list[str] = []

        async def spy(session: Any, segments: Any, *rest: Any, **more: Any) -> None:
            asked.extend(str(one.id) for one in segments)
            await settle_really(session, segments, *rest, **more)

        settle_really = evaluation.settle
        monkeypatch.setattr(evaluation, "settle", spy)
        await change(client, f"/v1/customers/{customer['id']}", industry="纺织")
        await settle()
        assert asked == [by_industry["id"]]

    async def test_a_new_customer_is_asked_everything(
        self, make_customer: Make, make_segment: Make, settle: Settle, members: Members
    ) -> None:
        segment = await make_segment(rule=STEEL)
        await settle()
        made = await make_customer(industry="钢铁")
        await settle()
        assert await members(segment) == {made["id"]}

    async def test_a_class_a_custom_field_a_number_and_a_value_count(
        self,
        *,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        make_segment: Make,
        make_contact: Make,
        make_point: Make,
        scheme: dict[str, Any],
        classify: Callable[..., Awaitable[httpx.Response]],
        taste: dict[str, Any],
        settle: Settle,
        members: Members,
        database: Database,
        tenant: str,
    ) -> None:
        rules = {
            "class": {"test": "in_class", "scheme_id": scheme["id"], "classes": ["key"]},
            "custom": {"test": "one_of", "fact": "custom.taste", "values": ["spicy"]},
            "mobile": {"test": "reachable", "by": ["mobile"]},
            "value": {"test": "one_of", "fact": "value_grade", "values": ["A"]},
        }
        segments = {name: await make_segment(rule=rule) for name, rule in rules.items()}
        await settle()
        assert [await members(one) for one in segments.values()] == [set()] * 4
        await classify("key")
        await change(client, f"/v1/customers/{customer['id']}", custom={"taste": ["mild", "spicy"]})
        contact = await make_contact(customer_id=customer["id"])
        await make_point(contact_id=contact["id"])
        found = CustomerValueChanged.from_bytes(
            examples.load(CustomerValueChanged.type)[0].data
        ).model_copy(update={"customer_id": UUID(customer["id"]), "grade": "A"})
        async with database.transaction(Context(tenant_id=tenant, actor="tester")) as session:
            await record_customer_value(session, found, 1)
        await settle()
        for name, segment in segments.items():
            assert await members(segment) == {customer["id"]}, name
        await change(client, f"/v1/contacts/{contact['id']}", active=False)
        await settle()
        assert await members(segments["mobile"]) == set(), "a contact who is gone is not reachable"

    async def test_a_merged_record_leaves_and_the_survivor_takes_its_place_on_lists(
        self,
        *,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_segment: Make,
        make_list: Make,
        settle: Settle,
        members: Members,
        note: Note,
        tenant: str,
    ) -> None:
        survivor, merged = [(await make_customer())["id"] for _ in range(2)]
        talked = {"test": "between", "fact": "contacts", "at_least": "2", "below": None}
        ruled, vip = await make_segment(rule=talked), await make_list()
        await client.post(f"/v1/segments/{vip['id']}/add", json={"customer_ids": [merged]})
        for whose in (survivor, merged, merged):
            await note(told(ActivityRecorded, tenant, customer_id=UUID(whose)))
        await settle()
        assert await members(ruled) == {merged}
        body = {"survivor_id": survivor, "merged_ids": [merged]}
        merge = (await client.post("/v1/merges", json=body)).json()
        await settle()
        assert (await members(ruled), await members(vip)) == ({survivor}, {survivor})
        behaviour = (await client.get(f"/v1/customers/{survivor}/behaviour")).json()
        assert behaviour["contacts"] == 3
        undone = await client.post(f"/v1/merges/{merge['id']}/undo", json={"reason": "误并"})
        assert undone.status_code == 200, undone.text
        await settle()
        assert await members(ruled) == {merged}


class TestBehaviour:
    async def test_it_is_what_the_dealings_come_to_in_whatever_order_they_are_told(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        note: Note,
        settle: Settle,
        tenant: str,
    ) -> None:
        customer_id = UUID(customer["id"])
        yuan = Money(amount="100.00", currency="CNY")
        deal = {"opportunity_id": ids.new_id(), "customer_id": customer_id}
        lost = {"opportunity_id": ids.new_id(), "customer_id": customer_id}
        asked = {"request_id": ids.new_id(), "customer_id": customer_id}
        won_on = date(2026, 3, 2)
        facts = [
            told(
                OpportunityWon, tenant, 4, **deal, status="won", closed_on=won_on, won_amount=yuan
            ),
            told(OpportunityCreated, tenant, 1, **deal, status="in_progress", closed_on=None),
            told(OpportunityCreated, tenant, 1, **lost, status="in_progress", closed_on=None),
            told(OpportunityLost, tenant, 2, **lost, status="lost", closed_on=won_on),
            told(OpportunityCreated, tenant, 1, customer_id=customer_id, status="in_progress"),
            told(RequestClosed, tenant, 3, **asked, status="closed"),
            told(RequestCreated, tenant, 1, **asked, status="open"),
            told(ActivityRecorded, tenant, customer_id=customer_id, occurred_on=date(2030, 1, 5)),
        ]
        await note(*facts)
        for fact in (*reversed(facts), *facts):  # each late, in a batch of its own
            await note(fact)
        await settle()
        found = (await client.get(f"/v1/customers/{customer_id}/behaviour")).json()
        numbers = {name: found[name] for name in (
            "contacts", "last_contact_on", "opportunities_open", "opportunities_won",
            "opportunities_lost", "last_won_on", "won_amounts", "requests", "requests_open",
        )}  # fmt: skip
        assert numbers == {
            "contacts": 2,
            "last_contact_on": "2030-01-05",
            "opportunities_open": 1,
            "opportunities_won": 1,
            "opportunities_lost": 1,
            "last_won_on": "2026-03-02",
            "won_amounts": [{"amount": "100.00", "currency": "CNY"}],
            "requests": 1,
            "requests_open": 0,
        }

    async def test_a_document_that_comes_to_another_customer_takes_its_dealing_along(
        self,
        make_customer: Make,
        make_segment: Make,
        note: Note,
        settle: Settle,
        members: Members,
        tenant: str,
    ) -> None:
        one, two = [UUID((await make_customer())["id"]) for _ in range(2)]
        rule = {"test": "between", "fact": "opportunities_open", "at_least": "1", "below": None}
        segment = await make_segment(rule=rule)
        deal = {"opportunity_id": ids.new_id(), "status": "in_progress", "closed_on": None}
        await note(told(OpportunityCreated, tenant, 1, customer_id=one, **deal))
        await settle()
        assert await members(segment) == {str(one)}
        await note(told(OpportunityChanged, tenant, 2, customer_id=two, **deal))
        await settle()
        assert await members(segment) == {str(two)}

    async def test_nothing_is_known_of_a_customer_without_dealings(
        self, client: httpx.AsyncClient, customer: dict[str, Any]
    ) -> None:
        found = (await client.get(f"/v1/customers/{customer['id']}/behaviour")).json()
        assert (found["contacts"], found["last_contact_on"], found["won_amounts"]) == (0, None, [])


class TestDays:
    @pytest.fixture
    def silent(self) -> dict[str, Any]:
        """No contact for 90 days, but less than a year."""
        return {"test": "days_ago", "fact": "last_contact_on", "at_least": 90, "below": 365}

    async def test_customers_enter_and_leave_on_the_day_it_becomes_so(
        self,
        *,
        make_customer: Make,
        make_segment: Make,
        note: Note,
        settle: Settle,
        members: Members,
        on_day: Day,
        silent: dict[str, Any],
        tenant: str,
        database: Database,
    ) -> None:
        one, _ = [UUID((await make_customer())["id"]) for _ in range(2)]
        segment = await make_segment(rule=silent)
        await note(told(ActivityRecorded, tenant, customer_id=one, occurred_on=TODAY))
        await settle()
        assert await members(segment) == set()
        await on_day(TODAY + timedelta(days=89))
        assert await members(segment) == set()
        await on_day(TODAY + timedelta(days=90))
        assert await members(segment) == {str(one)}
        (entered,) = await emitted(database, tenant, ENTERED)
        assert entered.data["facts"] == ["today.last_contact_on"]
        await on_day(TODAY + timedelta(days=364))
        assert await members(segment) == {str(one)}
        await on_day(TODAY + timedelta(days=365))
        assert await members(segment) == set()

    async def test_days_that_nobody_worked_are_made_up_for(
        self,
        *,
        customer: dict[str, Any],
        make_segment: Make,
        note: Note,
        settle: Settle,
        members: Members,
        on_day: Day,
        silent: dict[str, Any],
        tenant: str,
    ) -> None:
        segment = await make_segment(rule=silent)
        customer_id = UUID(customer["id"])
        await note(told(ActivityRecorded, tenant, customer_id=customer_id, occurred_on=TODAY))
        await settle()
        await on_day(TODAY + timedelta(days=200))
        assert await members(segment) == {customer["id"]}

    async def test_only_customers_whose_day_has_come_are_looked_at(
        self,
        make_customer: Make,
        make_segment: Make,
        note: Note,
        settle: Settle,
        silent: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        made = [UUID((await make_customer())["id"]) for _ in range(3)]
        segment = await make_segment(rule=silent)
        for days, one in enumerate(made):
            on = TODAY - timedelta(days=days)
            await note(told(ActivityRecorded, tenant, customer_id=one, occurred_on=on))
        await settle()
        context = Context(tenant_id=tenant, actor="system:segments")
        async with database.transaction(context) as session:
            day = TODAY + timedelta(days=89)
            await evaluation.note_new_day(session, UUID(segment["id"]), today=day)
        async with database.transaction(context) as session:
            noted = await session.fetch("SELECT subject_id, facts FROM segment_changes")
        assert {row["subject_id"] for row in noted} == set(made[1:])


class TestTwiceAndTogether:
    async def test_a_fact_that_is_told_twice_changes_nothing(
        self,
        customer: dict[str, Any],
        make_segment: Make,
        note: Note,
        settle: Settle,
        database: Database,
        tenant: str,
    ) -> None:
        rule = {"test": "between", "fact": "contacts", "at_least": "1", "below": "2"}
        await make_segment(rule=rule)
        fact = told(ActivityRecorded, tenant, customer_id=UUID(customer["id"]))
        for _ in range(2):
            await note(fact, fact)
            await settle()
        assert len(await emitted(database, tenant, ENTERED)) == 1
        assert await emitted(database, tenant, LEFT) == []

    async def test_workers_at_once_let_nobody_enter_twice(
        self,
        running: RunningService,
        make_customer: Make,
        make_segment: Make,
        database: Database,
        tenant: str,
    ) -> None:
        for _ in range(2):
            await make_segment(rule=STEEL)
        for _ in range(7):
            await make_customer(industry="钢铁")
        created = await emitted(database, tenant, "customer.customer-created.v1")
        facts = [fact_of(CustomerCreated(**one.data), tenant, sequence=1) for one in created]
        async with running.worker_database.worker_transaction() as session:
            await note_changes(session, facts, zone=ZONE)
        workers = [
            SegmentWork(running.databases, ZONE, lambda: None, sizes=Sizes(2, 3)) for _ in range(3)
        ]
        while sum(await asyncio.gather(*(one.work() for one in workers))):
            pass
        entered = await emitted(database, tenant, ENTERED)
        assert len(entered) == len({one.key for one in entered}) == 14

    async def test_whoever_is_in_does_not_enter_and_whoever_is_out_does_not_leave(
        self, customer: dict[str, Any], make_list: Make, database: Database, tenant: str
    ) -> None:
        """What two workers find out about one customer, the second one after the first."""
        pair = (UUID((await make_list())["id"]), UUID(customer["id"]))
        context = Context(tenant_id=tenant, actor="system:segments")
        moved = []
        for move in (queries.leave, queries.enter, queries.enter, queries.leave, queries.leave):
            async with database.transaction(context) as session:
                found = await move(session, [pair], context.now, SegmentReason.CHANGE)
                moved.append([one.version for one in found])
        assert moved == [[], [1], [], [2], []]

    async def test_a_run_that_dies_goes_on_where_it_was(
        self,
        *,
        client: httpx.AsyncClient,
        running: RunningService,
        make_customer: Make,
        make_segment: Make,
        settle: Settle,
        members: Members,
        database: Database,
        tenant: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        made = {(await make_customer(industry="钢铁"))["id"] for _ in range(5)}
        await settle()
        segment = await make_segment(rule=STEEL)
        tries = iter([False, True, False, True])
        settle_really = evaluation.settle

        async def dying(*some: Any, **more: Any) -> None:
            await settle_really(*some, **more)
            if next(tries, False):
                raise ConnectionError("the process died before the commit")

        monkeypatch.setattr(evaluation, "settle", dying)
        work = SegmentWork(running.databases, ZONE, lambda: None, sizes=Sizes(2, 2))
        for _ in range(8):
            await work.work()
        read = (await client.get(f"/v1/segments/{segment['id']}")).json()
        assert (read["computing"], read["looked_at"]) == (False, 5)
        assert await members(segment) == made
        assert len(await emitted(database, tenant, ENTERED)) == 5

    async def test_a_batch_of_changes_costs_the_same_however_many_customers_and_segments(
        self,
        make_customer: Make,
        make_segment: Make,
        settle: Settle,
        note: Note,
        database: Database,
        tenant: str,
    ) -> None:
        rule = {"test": "between", "fact": "contacts", "at_least": "1", "below": None}
        for _ in range(5):
            await make_segment(rule=rule)
        customers = [UUID((await make_customer())["id"]) for _ in range(10)]
        await settle()
        context = Context(tenant_id=tenant, actor="system:segments")
        counts = []
        for some in (customers[:1], customers[1:]):
            await note(*(told(ActivityRecorded, tenant, customer_id=one) for one in some))
            with count_queries(database) as queries:
                async with database.transaction(context) as session:
                    settled = await evaluation.settle_changes(
                        session, today=TODAY, zone=ZONE, limit=100
                    )
            assert settled == len(some)
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 10
        assert len(await emitted(database, tenant, ENTERED)) == 50
