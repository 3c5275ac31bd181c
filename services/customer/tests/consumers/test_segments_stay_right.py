"""Whatever happens, members kept by changes are those that the rules mean (C7)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from kehu_contracts import examples
from kehu_contracts.events import event_class
from kehu_contracts.fieldwork import ActivityRecorded
from kehu_contracts.marketing import LeadChanged, LeadConverted, LeadCreated
from kehu_contracts.money import Money
from kehu_contracts.sales import OpportunityCreated, OpportunityWon
from kehu_contracts.service_desk import RequestClosed, RequestCreated
from kehu_customer.behaviour.queries import renew
from kehu_customer.segments import compiler, evaluation
from kehu_customer.segments.changes import note_changes
from kehu_customer.segments.models import Segment
from kehu_kernel import clock, ids
from kehu_kernel.context import Context
from kehu_kernel.records import Fact
from kehu_kernel.testing.events import fact_of
from kehu_kernel.testing.observe import Emitted, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService

ZONE = "Asia/Shanghai"
TODAY = clock.today(clock.now(), ZONE)
CUSTOMERS = 4


def _all(*parts: Any) -> dict[str, Any]:
    return {"test": "all", "of": list(parts)}


def _not(part: Any) -> dict[str, Any]:
    return {"test": "not", "of": part}


STEEL = {"test": "one_of", "fact": "industry", "values": ["steel"]}
TRADE = {"test": "one_of", "fact": "state", "values": ["trade"]}
TALKED = {"test": "between", "fact": "contacts", "at_least": "1", "below": "3"}
SILENT = {"test": "days_ago", "fact": "last_contact_on", "at_least": 2, "below": 5}
WON = {
    "test": "amount_between",
    "fact": "won_amount",
    "currency": "CNY",
    "at_least": "100",
    "below": None,
}
COMPLAINED = {"test": "between", "fact": "complaints_open", "at_least": "1", "below": None}
CAPTURED = {"test": "days_ago", "fact": "last_lead_on", "at_least": 2, "below": 5}
CONVERTED = {"test": "between", "fact": "leads_converted", "at_least": "1", "below": "2"}
AGREED = {"test": "between", "fact": "consents_given", "at_least": "1", "below": "3"}
WITHDREW = {"test": "days_ago", "fact": "last_withdrawal_on", "at_least": 0, "below": 4}
RULES = [
    STEEL, _not(STEEL), _all(TRADE, _not(SILENT)), SILENT, _all(TALKED, STEEL), WON, COMPLAINED,
    {"test": "any", "of": [CAPTURED, CONVERTED]}, _all(AGREED, _not(WITHDREW)),
]  # fmt: skip

which = st.integers(0, CUSTOMERS - 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("industry"), which, st.sampled_from(["steel", "cloth", None])),
        st.tuples(st.just("promote"), which),
        st.tuples(st.just("end"), which),
        st.tuples(st.just("talk"), which, st.integers(0, 6)),
        st.tuples(st.just("win"), which, st.integers(1, 150)),
        st.tuples(st.just("complain"), which, st.sampled_from(["complaint", "service"])),
        st.tuples(st.just("calm")),
        st.tuples(st.just("capture"), which, st.integers(0, 6)),
        st.tuples(st.just("convert")),
        st.tuples(st.just("consent"), which, st.sampled_from(["given", "withdrawn"])),
        st.tuples(st.just("move"), which, which),
        st.tuples(st.just("merge"), which, which),
        st.tuples(st.just("unmerge")),
        st.tuples(st.just("rule"), st.integers(0, len(RULES) - 1), st.integers(0, len(RULES) - 1)),
        st.tuples(st.just("day")),
        st.tuples(st.just("settle")),
    ),
    min_size=3,
    max_size=14,
)


class World:
    """A tenant with a few customers and a segment per rule; what happens may be told late."""

    def __init__(self, running: RunningService, client: httpx.AsyncClient, tenant: str) -> None:
        self.running, self.client, self.tenant = running, client, tenant
        self.today = TODAY
        self.facts: list[Fact] = []
        self.merges: list[str] = []
        self.requests: list[Any] = []
        self.leads: list[Any] = []
        self.contacts: list[str] = []
        self.customers: list[str] = []
        self.segments: list[str] = []

    async def begin(self) -> None:
        """Enter the customers, then the segments."""
        for number in range(CUSTOMERS):
            body = {"kind": "organisation", "name": f"{uuid4().hex} {number}"}
            self.customers.append((await self.client.post("/v1/customers", json=body)).json()["id"])
            person = {"customer_id": self.customers[-1], "name": "赵立新"}
            self.contacts.append((await self.client.post("/v1/contacts", json=person)).json()["id"])
        for place, rule in enumerate(RULES):
            names = {"code": f"S{place}", "name_zh": "甲", "name_en": "A", "kind": "dynamic"}
            made = await self.client.post("/v1/segments", json=names | {"rule": rule})
            self.segments.append(made.json()["id"])

    async def change(self, url: str, **fields: Any) -> None:
        """Change an object as it is now; a refusal changes nothing."""
        version = (await self.client.get(url)).headers["ETag"]
        await self.client.patch(url, json=fields, headers={"If-Match": version})

    def tell(self, of: Any, sequence: int = 1, **fields: Any) -> None:
        """Let another service say something."""
        event = of.from_bytes(examples.load(of.type)[0].data)
        event = event.model_copy(update={of.key: ids.new_id()} | fields)
        self.facts.append(fact_of(event, self.tenant, sequence=sequence))

    async def do(self, what: str, *how: Any) -> None:
        """Do one step."""
        await getattr(self, f"_{what}")(*how)

    async def _industry(self, who: int, industry: str | None) -> None:
        await self.change(f"/v1/customers/{self.customers[who]}", industry=industry)

    async def _promote(self, who: int) -> None:
        await self.client.post(f"/v1/customers/{self.customers[who]}/promote", json={})

    async def _end(self, who: int) -> None:
        await self.client.post(f"/v1/customers/{self.customers[who]}/end", json={"reason": "x"})

    async def _talk(self, who: int, ago: int) -> None:
        on = self.today - timedelta(days=ago)
        self.tell(ActivityRecorded, customer_id=UUID(self.customers[who]), occurred_on=on)

    async def _win(self, who: int, amount: int) -> None:
        deal = {"opportunity_id": ids.new_id(), "customer_id": UUID(self.customers[who])}
        won = Money(amount=f"{amount}.00", currency="CNY")
        closed = {"status": "won", "closed_on": self.today, "won_amount": won}
        self.tell(OpportunityWon, 2, **deal, **closed)
        self.tell(OpportunityCreated, 1, **deal, status="in_progress", closed_on=None)

    async def _complain(self, who: int, kind: str) -> None:
        request = {"request_id": ids.new_id(), "customer_id": UUID(self.customers[who])}
        request |= {"kind": kind, "created_at": datetime.combine(self.today, time(4), UTC)}
        self.tell(RequestCreated, 1, **request, status="open", closed_at=None)
        self.requests.append(request)

    async def _calm(self) -> None:
        if self.requests:
            request = self.requests.pop()
            at = request["created_at"]
            self.tell(RequestClosed, 2, **request, status="closed", closed_at=at)

    async def _capture(self, who: int, ago: int) -> None:
        lead = {"lead_id": ids.new_id(), "created_on": self.today - timedelta(days=ago)}
        self.tell(LeadCreated, 1, **lead, customer_id=None, status="open")
        lead |= {"customer_id": UUID(self.customers[who])}
        self.tell(LeadChanged, 2, **lead, status="converting")
        self.leads.append(lead)

    async def _convert(self) -> None:
        if self.leads:
            self.tell(LeadConverted, 3, **self.leads.pop(), status="converted")

    async def _consent(self, who: int, decision: str) -> None:
        subject = {"contact_id": self.contacts[who]}
        said = {"purpose": "marketing", "channel": "email", "decision": decision}
        proven = {"manner": "form", "proof": "x"}
        answer = await self.client.post("/v1/consents", json=subject | said | proven)
        assert answer.status_code == 201, answer.text

    async def _move(self, who: int, to: int) -> None:
        goal = {"customer_id": self.customers[to], "reason": "x"}
        await self.client.post(f"/v1/contacts/{self.contacts[who]}/move", json=goal)

    async def _merge(self, survivor: int, merged: int) -> None:
        body = {"survivor_id": self.customers[survivor], "merged_ids": [self.customers[merged]]}
        answer = await self.client.post("/v1/merges", json=body)
        if answer.status_code == 201:
            self.merges.append(answer.json()["id"])

    async def _unmerge(self) -> None:
        if self.merges:
            url = f"/v1/merges/{self.merges.pop()}/undo"
            await self.client.post(url, json={"reason": "x"})

    async def _rule(self, segment: int, rule: int) -> None:
        await self.change(f"/v1/segments/{self.segments[segment]}", rule=RULES[rule])

    async def _day(self) -> None:
        self.today += timedelta(days=1)

    async def _settle(self) -> None:
        await self.settle()

    async def settle(self) -> None:
        """Tell the segments everything so far, all of it once more, and settle it in batches."""
        own = [
            one for one in map(self._fact, await emitted(self.running.database, self.tenant)) if one
        ]
        async with self.running.worker_database.worker_transaction() as session:
            await note_changes(session, [*own, *self.facts], zone=ZONE)
        while await self._round():
            pass

    async def _round(self) -> int:
        """Do what a round of the worker does, on the day it is in this world."""
        today, context = self.today, Context(tenant_id=self.tenant, actor="system:segments")
        database = self.running.database
        done = 0
        async with database.transaction(context) as session:
            done += await evaluation.settle_changes(session, today=today, zone=ZONE, limit=2)
        for segment_id in map(UUID, self.segments):
            async with database.transaction(context) as session:
                done += await evaluation.go_on_with_run(session, segment_id, today=today, limit=3)
            async with database.transaction(context) as session:
                done += await evaluation.note_new_day(session, segment_id, today=today)
        return done

    def _fact(self, one: Emitted) -> Fact | None:
        kind = event_class(one.type)
        if kind is None:
            return None
        return fact_of(kind.model_validate(one.data), self.tenant, sequence=one.sequence)

    async def behaviours(self) -> list[dict[str, Any]]:
        """Return what is kept of the customers' behaviour."""
        found = [await self.client.get(f"/v1/customers/{one}/behaviour") for one in self.customers]
        return [one.json() for one in found]

    async def members(self, segment_id: str) -> set[str]:
        """Return who is in a segment."""
        url = f"/v1/segments/{segment_id}/members"
        return {one["customer_id"] for one in (await self.client.get(url)).json()["items"]}

    async def meant(self, segment_id: str) -> set[str]:
        """Return whom the rule means, of all customers, on the day it is in this world."""
        context = Context(tenant_id=self.tenant, actor="tester")
        async with self.running.database.transaction(context) as session:
            segment = await session.get(Segment, (self.tenant, UUID(segment_id)))
            assert segment is not None
            facts = compiler.facts_of_all(self.tenant)
            terms = compiler.Terms(facts, self.today, {})
            rule = compiler.matching(evaluation.rule_of(segment), terms)
            query = select(facts.c.id).where(rule)
            return {str(one) for one in await session.scalars(query)}


class TestWhateverHappens:
    @settings(
        max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(steps=steps)
    async def test_members_are_those_that_the_rules_mean(
        self, running: RunningService, client_for: ClientFor, steps: list[Any]
    ) -> None:
        tenant = f"t-{uuid4().hex[:12]}"
        world = World(running, client_for(tenant), tenant)
        await world.begin()
        for step in steps:
            await world.do(*step)
        await world.settle()
        for segment_id in world.segments:
            assert await world.members(segment_id) == await world.meant(segment_id)
        kept = await world.behaviours()
        context = Context(tenant_id=tenant, actor="system:segments")
        async with running.database.transaction(context) as session:
            await renew(session, [UUID(one) for one in world.customers], ZONE)
        assert await world.behaviours() == kept  # as if calculated anew
        await self._events_tell_the_same(world)

    @staticmethod
    async def _events_tell_the_same(world: World) -> None:
        """Who follows the events knows the members: each enters before it leaves, and in turns."""
        inside: dict[str, set[str]] = {one: set() for one in world.segments}
        for one in await emitted(world.running.database, world.tenant):
            if one.type == "customer.customer-entered-segment.v1":
                assert one.data["customer_id"] not in inside[one.data["segment_id"]]
                inside[one.data["segment_id"]].add(one.data["customer_id"])
            elif one.type == "customer.customer-left-segment.v1":
                inside[one.data["segment_id"]].remove(one.data["customer_id"])
        for segment_id, members in inside.items():
            assert members == await world.members(segment_id)
