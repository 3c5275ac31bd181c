"""Timelines: every fact about a customer, from every service, once and in order."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_contracts import examples
from kehu_contracts.base import Event
from kehu_contracts.credit import CreditBlocked
from kehu_contracts.customer import CustomerMerged, CustomersMerge, CustomerUnmerged
from kehu_contracts.events import EVENTS
from kehu_contracts.fieldwork import ActivityRecorded
from kehu_contracts.marketing import LeadCreated
from kehu_contracts.money import Money
from kehu_contracts.sales import OpportunityWon
from kehu_contracts.service_desk import RequestCreated
from kehu_customer.timeline.fold import fold_entries
from kehu_customer.timeline.telling import LEFT_OUT, TELLINGS
from kehu_kernel import ids
from kehu_kernel.db import Database
from kehu_kernel.records import Fact
from kehu_kernel.testing.events import Deliver, RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Entries = Callable[..., Awaitable[list[dict[str, Any]]]]
SHANGHAI = partial(fold_entries, zone="Asia/Shanghai")
MORNING = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # nine o'clock in Shanghai
DAY = date(2026, 11, 20)


@pytest.fixture
def deliver(worker_database: Database) -> Iterator[Deliver]:
    """Hands facts to the timeline as its consumer does, in one batch; none of them is poison."""
    dead_letters = RecordedDeadLetters()
    yield deliveries(SHANGHAI, worker_database, dead_letters)
    assert not dead_letters.published


@pytest.fixture
def customer_id(customer: dict[str, Any]) -> UUID:
    """The customer all facts are about."""
    return UUID(customer["id"])


@pytest.fixture
def entries(client: httpx.AsyncClient, customer_id: UUID) -> Entries:
    """Reads the customer's timeline, with filters."""

    async def read(**filters: Any) -> list[dict[str, Any]]:
        response = await client.get(f"/v1/customers/{customer_id}/timeline", params=filters)
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["items"]
        return found

    return read


def happened(
    of: type[Event], customer_id: UUID | None, tenant: str, at: datetime = MORNING, **fields: Any
) -> Fact:
    """Return the contract's example of a fact, about the customer, entered at this moment."""
    event = of.from_bytes(examples.load(of.type)[0].data)
    concerned = "survivor_id" if issubclass(of, CustomersMerge) else "customer_id"
    event = event.model_copy(update={of.key: ids.new_id(), concerned: customer_id} | fields)
    fact = fact_of(event, tenant, sequence=1)
    return fact._replace(envelope=fact.envelope._replace(time=at))


def a_contact(customer_id: UUID, tenant: str, at: datetime = MORNING, **fields: Any) -> Fact:
    """Return the fact that one of us visited, called or wrote to the customer."""
    return happened(ActivityRecorded, customer_id, tenant, at, **{"occurred_on": DAY} | fields)


def test_every_fact_about_a_customer_can_be_told() -> None:
    about_customers = {
        name
        for name, event in EVENTS.items()
        if "customer_id" in event.model_fields or issubclass(event, CustomersMerge)
    }
    assert set(TELLINGS) == about_customers - LEFT_OUT
    for name, telling in TELLINGS.items():
        told = {telling.title, telling.day, telling.employee, telling.channel} - {None}
        assert told <= set(EVENTS[name].model_fields), name


@pytest.mark.parametrize("kind", [EVENTS[name] for name in TELLINGS], ids=lambda kind: kind.type)
async def test_each_kind_of_fact_becomes_an_entry(
    kind: type[Event], deliver: Deliver, entries: Entries, customer_id: UUID, tenant: str
) -> None:
    await deliver(happened(kind, customer_id, tenant))
    (entry,) = await entries()
    telling = TELLINGS[kind.type]
    assert (entry["type"], entry["kind"]) == (kind.type, telling.kind)
    assert (entry["label_en"], entry["label_zh"]) == (telling.en, telling.zh)


async def test_a_merge_is_told_at_every_record_it_concerns_once_however_often_it_comes(
    deliver: Deliver, client: httpx.AsyncClient, make_customer: Make, tenant: str
) -> None:
    names = ("东方机械", "西门机电", "南山电子")
    made = [UUID((await make_customer(name=name))["id"]) for name in names]
    merge = {"merged_ids": made[1:], "reason": "重复建档"}
    facts = [
        happened(kind, made[0], tenant, **merge) for kind in (CustomerMerged, CustomerUnmerged)
    ]
    await deliver(*facts)
    await deliver(*facts)
    for one in made:
        read = (await client.get(f"/v1/customers/{one}/timeline")).json()["items"]
        told = sorted(entry["type"] for entry in read if "merged" in entry["type"])
        assert told == ["customer.customer-merged.v1", "customer.customer-unmerged.v1"]


async def test_an_event_that_comes_twice_is_one_entry(
    deliver: Deliver, entries: Entries, customer_id: UUID, tenant: str
) -> None:
    fact = a_contact(customer_id, tenant)
    await deliver(fact, fact)
    await deliver(fact)
    assert len(await entries()) == 1


async def test_a_batch_costs_one_statement(
    deliver: Deliver, worker_database: Database, customer_id: UUID, tenant: str
) -> None:
    async with worker_database.worker_transaction() as session:
        await SHANGHAI(session, [a_contact(customer_id, tenant)])
        with count_queries(worker_database) as sent:
            await SHANGHAI(session, [a_contact(customer_id, tenant) for _ in range(200)])
    assert len(sent.statements) == 1


async def test_the_newest_comes_first_whatever_order_it_arrived_in(
    deliver: Deliver, entries: Entries, make_customer: Make, tenant: str, client: httpx.AsyncClient
) -> None:
    for order in permutations(["2026-11-18", "2026-11-19", "2026-11-20"]):
        customer_id = UUID((await make_customer())["id"])
        for day in order:
            on = date.fromisoformat(day)
            await deliver(a_contact(customer_id, tenant, occurred_on=on))
        page = (await client.get(f"/v1/customers/{customer_id}/timeline")).json()
        days = [entry["happened_on"] for entry in page["items"]]
        assert days == ["2026-11-20", "2026-11-19", "2026-11-18"]


class TestWhen:
    async def test_what_is_entered_on_its_day_happened_at_that_moment(
        self, deliver: Deliver, entries: Entries, customer_id: UUID, tenant: str
    ) -> None:
        await deliver(a_contact(customer_id, tenant))
        (entry,) = await entries()
        assert entry["happened_at"] == entry["recorded_at"] == "2026-11-20T01:00:00Z"

    async def test_what_is_entered_later_happened_at_the_beginning_of_its_day(
        self, deliver: Deliver, entries: Entries, customer_id: UUID, tenant: str
    ) -> None:
        await deliver(a_contact(customer_id, tenant, occurred_on=date(2026, 11, 18)))
        (entry,) = await entries()
        assert entry["happened_on"] == "2026-11-18"
        assert datetime.fromisoformat(entry["happened_at"]) == datetime(
            2026, 11, 17, 16, tzinfo=UTC
        )
        assert entry["recorded_at"] == "2026-11-20T01:00:00Z"

    async def test_the_day_of_a_fact_without_one_is_that_of_the_business_not_of_utc(
        self, deliver: Deliver, entries: Entries, customer_id: UUID, tenant: str
    ) -> None:
        late = datetime(2026, 11, 20, 17, tzinfo=UTC)  # one o'clock at night in Shanghai
        await deliver(happened(RequestCreated, customer_id, tenant, late))
        (entry,) = await entries()
        assert entry["happened_on"] == "2026-11-21"


class TestContacts:
    async def test_a_visit_is_one_with_its_way_place_time_and_expense(
        self, deliver: Deliver, entries: Entries, customer_id: UUID, tenant: str
    ) -> None:
        employee = uuid4()
        await deliver(
            a_contact(
                customer_id,
                tenant,
                kind="visit",
                topic="确认机房条件",
                employee_id=employee,
                place="苏州",
                minutes=90,
                cost=Money(amount="260.00", currency="CNY"),
            )
        )
        (entry,) = await entries(contacts_only=True)
        assert (entry["title"], entry["channel"], entry["place"]) == (
            "确认机房条件",
            "visit",
            "苏州",
        )
        assert (entry["minutes"], entry["employee_id"]) == (90, str(employee))
        assert entry["cost"] == {"amount": "260.00", "currency": "CNY"}

    async def test_a_request_that_comes_in_is_one_and_a_won_opportunity_is_none(
        self, deliver: Deliver, entries: Entries, customer_id: UUID, tenant: str
    ) -> None:
        await deliver(
            happened(RequestCreated, customer_id, tenant, channel="wechat"),
            happened(OpportunityWon, customer_id, tenant),
        )
        assert len(await entries()) == 2
        (entry,) = await entries(contacts_only=True)
        assert (entry["kind"], entry["channel"]) == ("request", "wechat")


class TestWhose:
    async def test_a_survivor_tells_of_the_records_that_were_merged_into_it(
        self,
        client: httpx.AsyncClient,
        deliver: Deliver,
        entries: Entries,
        make_customer: Make,
        customer_id: UUID,
        tenant: str,
    ) -> None:
        other = UUID((await make_customer(name="大北农业"))["id"])
        await deliver(a_contact(customer_id, tenant), a_contact(other, tenant))
        assert len(await entries()) == 1
        body = {"survivor_id": str(customer_id), "merged_ids": [str(other)]}
        merge = (await client.post("/v1/merges", json=body)).json()
        await deliver(a_contact(other, tenant))  # what was entered with the old id meanwhile
        assert len(await entries(contacts_only=True)) == 3
        await client.post(f"/v1/merges/{merge['id']}/undo", json={"reason": "两家公司"})
        assert len(await entries(contacts_only=True)) == 1

    async def test_a_fact_about_no_customer_is_no_entry_and_does_no_harm(
        self, deliver: Deliver, entries: Entries, customer_id: UUID, tenant: str
    ) -> None:
        await deliver(happened(LeadCreated, None, tenant), a_contact(customer_id, tenant))
        assert [entry["kind"] for entry in await entries()] == ["activity"]

    async def test_facts_of_another_tenant_are_not_shown(
        self, deliver: Deliver, entries: Entries, customer_id: UUID, tenant: str
    ) -> None:
        await deliver(
            a_contact(customer_id, f"other-{tenant}"[:60]), a_contact(customer_id, tenant)
        )
        assert len(await entries()) == 1

    async def test_the_timeline_of_an_unknown_customer_is_not_found(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        for what in ("timeline", "investment"):
            response = await client.get(f"/v1/customers/{uuid4()}/{what}")
            assert problem(response) == (404, "not-found")

    async def test_what_happened_with_credit_is_told_to_those_who_may_see_credit(
        self,
        deliver: Deliver,
        entries: Entries,
        client_for: ClientFor,
        customer_id: UUID,
        tenant: str,
    ) -> None:
        await deliver(happened(CreditBlocked, customer_id, tenant), a_contact(customer_id, tenant))
        assert {entry["kind"] for entry in await entries()} == {"credit", "activity"}
        representative = client_for(tenant, roles=["sales_representative"])
        for kind in ({}, {"kind": "credit"}):
            page = await representative.get(f"/v1/customers/{customer_id}/timeline", params=kind)
            assert page.status_code == 200
            assert "credit" not in {entry["kind"] for entry in page.json()["items"]}

    async def test_whoever_may_not_see_timelines_is_refused(
        self, client_for: ClientFor, customer_id: UUID, tenant: str, problem: ProblemOf
    ) -> None:
        stranger = client_for(tenant, roles=["service-agent"])
        for what in ("timeline", "investment"):
            response = await stranger.get(f"/v1/customers/{customer_id}/{what}")
            assert problem(response) == (403, "scope-missing")


class TestFilters:
    async def test_kind_channel_person_subject_and_days_narrow_it(
        self, deliver: Deliver, entries: Entries, customer_id: UUID, tenant: str
    ) -> None:
        who = uuid4()
        visit = a_contact(customer_id, tenant, kind="visit", employee_id=who)
        call = a_contact(customer_id, tenant, kind="call", occurred_on=date(2026, 11, 18))
        won = happened(OpportunityWon, customer_id, tenant, effective_on=DAY)
        await deliver(visit, call, won)

        async def found(**filters: Any) -> set[str]:
            return {entry["id"] for entry in await entries(**filters)}

        one, two, three = (str(fact.envelope.id) for fact in (visit, call, won))
        assert await found(kind=["opportunity"]) == {three}
        assert await found(kind=["opportunity", "activity"]) == {one, two, three}
        assert await found(channel="phone") == {two}
        assert await found(channel="call") == {two}  # the word of sales is understood
        assert await found(employee_id=str(who)) == {one}
        assert await found(subject_id=won.event.aggregate_id) == {three}
        assert await found(happened_to="2026-11-18") == {two}
        assert await found(happened_from="2026-11-19", contacts_only=True) == {one}

    async def test_pages_follow_one_another_without_gap_or_overlap(
        self,
        deliver: Deliver,
        client: httpx.AsyncClient,
        customer_id: UUID,
        tenant: str,
    ) -> None:
        facts = [a_contact(customer_id, tenant) for _ in range(5)]  # all of one moment
        await deliver(*facts)
        seen: list[str] = []
        cursor: str | None = None
        while True:
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = await client.get(f"/v1/customers/{customer_id}/timeline", params=params)
            seen += [entry["id"] for entry in page.json()["items"]]
            cursor = page.json()["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == 5
        assert set(seen) == {str(fact.envelope.id) for fact in facts}

    @pytest.mark.parametrize("what", ["timeline", "investment"])
    async def test_a_period_that_ends_before_it_starts_is_refused(
        self, client: httpx.AsyncClient, customer_id: UUID, problem: ProblemOf, what: str
    ) -> None:
        period = {"happened_from": "2026-11-20", "happened_to": "2026-11-19"}
        response = await client.get(f"/v1/customers/{customer_id}/{what}", params=period)
        assert problem(response) == (422, "period-reversed")
        one_day = {"happened_from": "2026-11-20", "happened_to": "2026-11-20"}
        response = await client.get(f"/v1/customers/{customer_id}/{what}", params=one_day)
        assert response.status_code == 200

    async def test_a_call_and_a_request_by_phone_came_the_same_way(
        self, deliver: Deliver, entries: Entries, client: httpx.AsyncClient,
        customer_id: UUID, tenant: str,
    ) -> None:  # fmt: skip
        await deliver(
            a_contact(customer_id, tenant, kind="call"),
            happened(RequestCreated, customer_id, tenant, channel="phone"),
            a_contact(customer_id, tenant, kind="email"),
            happened(RequestCreated, customer_id, tenant, channel="e_mail"),
        )
        told = [entry["channel"] for entry in await entries()]
        assert sorted(told) == ["email", "email", "phone", "phone"]
        read = (await client.get(f"/v1/customers/{customer_id}/investment")).json()
        ways = {part["channel"]: part["contacts"] for part in read["by_channel"]}
        assert ways == {"email": 2, "phone": 2}


class TestInvestment:
    async def test_adds_up_contacts_time_and_cost_per_way_and_person(
        self, deliver: Deliver, client: httpx.AsyncClient, customer_id: UUID, tenant: str
    ) -> None:
        who, other = uuid4(), uuid4()
        spent = [
            ("visit", who, 90, Money(amount="260.00", currency="CNY"), date(2026, 11, 18)),
            ("visit", other, 30, Money(amount="40.50", currency="CNY"), date(2026, 11, 19)),
            ("call", who, 10, None, DAY),
            ("visit", who, None, Money(amount="20.00", currency="USD"), DAY),
        ]
        for way, employee, minutes, cost, on in spent:
            fields = {"kind": way, "employee_id": employee, "minutes": minutes, "cost": cost}
            await deliver(a_contact(customer_id, tenant, occurred_on=on, **fields))
        await deliver(happened(OpportunityWon, customer_id, tenant, effective_on=DAY))

        url = f"/v1/customers/{customer_id}/investment"
        read = (await client.get(url)).json()
        assert (read["contacts"], read["minutes"]) == (4, 130)
        cny, usd = {"amount": "300.50", "currency": "CNY"}, {"amount": "20.00", "currency": "USD"}
        assert read["costs"] == [cny, usd]
        assert read["first_contact_on"] == "2026-11-18"
        assert read["last_contact"]["is_contact"]
        assert read["last_contact"]["happened_on"] == "2026-11-20"
        assert [(part["channel"], part["contacts"]) for part in read["by_channel"]] == [
            ("visit", 3),
            ("phone", 1),
        ]
        assert [(part["employee_id"], part["minutes"]) for part in read["by_employee"]] == [
            (str(who), 100),
            (str(other), 30),
        ]
        later = (await client.get(url, params={"happened_from": "2026-11-20"})).json()
        assert (later["contacts"], later["costs"]) == (2, [usd])

    async def test_of_a_customer_nobody_talked_to_is_nothing(
        self, client: httpx.AsyncClient, customer_id: UUID
    ) -> None:
        read = (await client.get(f"/v1/customers/{customer_id}/investment")).json()
        assert (read["contacts"], read["minutes"], read["costs"]) == (0, 0, [])
        assert (read["first_contact_on"], read["last_contact"]) == (None, None)


async def test_reading_costs_a_fixed_number_of_statements(
    deliver: Deliver,
    client: httpx.AsyncClient,
    database: Database,
    customer_id: UUID,
    tenant: str,
) -> None:
    await deliver(*(a_contact(customer_id, tenant) for _ in range(20)))
    with count_queries(database) as timeline:
        await client.get(f"/v1/customers/{customer_id}/timeline")
    with count_queries(database) as investment:
        await client.get(f"/v1/customers/{customer_id}/investment")
    assert (len(timeline), len(investment)) == (4, 5)
