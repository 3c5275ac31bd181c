"""Complaints, leads and consents are facts of a customer that segments can ask (C7)."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest

from kehu_contracts import examples
from kehu_contracts.base import Event
from kehu_contracts.marketing import LeadChanged, LeadConverted, LeadCreated
from kehu_contracts.service_desk import RequestClosed, RequestCreated
from kehu_customer.segments.changes import note_changes
from kehu_kernel import ids
from kehu_kernel.db import Database
from kehu_kernel.records import Fact
from kehu_kernel.testing.events import fact_of
from kehu_kernel.testing.observe import emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
Settle = Callable[[], Awaitable[None]]
Members = Callable[[dict[str, Any]], Awaitable[set[str]]]
Tell = Callable[..., Awaitable[None]]
Facts = Callable[..., Awaitable[dict[str, Any]]]


def said(of: type[Event], tenant: str, sequence: int, **fields: Any) -> Fact:
    """Return the contract's example of a fact with these fields."""
    event = of.from_bytes(examples.load(of.type)[0].data).model_copy(update=fields)
    return fact_of(event, tenant, sequence=sequence)


@pytest.fixture
def tell(worker_database: Database, settle: Settle) -> Tell:
    """Hands facts of other services to the segments, each in a batch of its own, and settles."""

    async def hand(*facts: Fact) -> None:
        for fact in facts:
            async with worker_database.worker_transaction() as session:
                await note_changes(session, [fact], zone="Asia/Shanghai")
        await settle()

    return hand


@pytest.fixture
def known(client: httpx.AsyncClient) -> Facts:
    """Reads what is known of a customer's behaviour."""

    async def read(customer: dict[str, Any], *names: str) -> dict[str, Any]:
        answer = await client.get(f"/v1/customers/{customer['id']}/behaviour")
        assert answer.status_code == 200, answer.text
        return {name: answer.json()[name] for name in names}

    return read


@pytest.fixture
def agree(client: httpx.AsyncClient) -> Callable[..., Awaitable[None]]:
    """Enters into the ledger what somebody said about marketing, unless told otherwise."""

    async def enter(decision: str = "given", **who: str) -> None:
        body = {"purpose": "marketing", "channel": "sms", "decision": decision, "manner": "form"}
        answer = await client.post("/v1/consents", json=body | {"proof": "x"} | who)
        assert answer.status_code == 201, answer.text

    return enter


def more_than(fact: str, count: int = 0) -> dict[str, Any]:
    return {"test": "between", "fact": fact, "at_least": str(count + 1), "below": None}


class TestComplaints:
    async def test_a_complaint_is_a_request_and_counted_by_itself(
        self, customer: dict[str, Any], tell: Tell, known: Facts, tenant: str
    ) -> None:
        mine = {"customer_id": UUID(customer["id"])}
        bad = {"request_id": ids.new_id(), "kind": "complaint"} | mine
        usual = {"request_id": ids.new_id(), "kind": "service"} | mine
        early = {"request_id": ids.new_id(), "kind": None} | mine  # before there were kinds
        facts = [
            said(RequestCreated, tenant, 1, **one, status="open") for one in (bad, usual, early)
        ]
        await tell(*facts, *facts)
        names = ("requests", "complaints", "complaints_open", "last_complaint_on")
        expected = {"requests": 3, "complaints": 1, "complaints_open": 1}
        expected |= {"last_complaint_on": "2026-09-14"}
        assert await known(customer, *names) == expected
        # an old process of the service desk closes it: its events know no kinds
        await tell(said(RequestClosed, tenant, 5, **bad | {"kind": None}, status="closed"))
        assert await known(customer, *names) == expected | {"complaints_open": 0}

    async def test_what_happens_to_one_of_a_merged_record_counts_for_its_survivor(
        self, client: httpx.AsyncClient, make_customer: Make, tell: Tell, known: Facts, tenant: str
    ) -> None:
        old, kept = await make_customer(), await make_customer()
        bad = {"request_id": ids.new_id(), "kind": "complaint", "customer_id": UUID(old["id"])}
        await tell(said(RequestCreated, tenant, 1, **bad, status="open"))
        body = {"survivor_id": kept["id"], "merged_ids": [old["id"]]}
        assert (await client.post("/v1/merges", json=body)).status_code == 201
        await tell()
        assert await known(kept, "complaints_open") == {"complaints_open": 1}
        # the service desk goes on naming the record it knew
        await tell(said(RequestClosed, tenant, 2, **bad, status="closed"))
        assert await known(kept, "complaints_open") == {"complaints_open": 0}


class TestLeads:
    async def test_a_lead_counts_once_its_customer_is_known(
        self,
        customer: dict[str, Any],
        make_segment: Make,
        members: Members,
        tell: Tell,
        known: Facts,
        tenant: str,
    ) -> None:
        segment = await make_segment(rule=more_than("leads_converted"))
        lead = {"lead_id": ids.new_id(), "created_on": date(2026, 3, 2)}
        captured = said(LeadCreated, tenant, 1, **lead, customer_id=None, status="open")
        mine = {"customer_id": UUID(customer["id"])}
        converting = said(LeadChanged, tenant, 3, **lead, **mine, status="converting")
        converted = said(LeadConverted, tenant, 4, **lead, **mine, status="converted")
        await tell(captured)
        assert await known(customer, "leads") == {"leads": 0}
        await tell(converting, captured)
        names = ("leads", "leads_open", "leads_converted", "leads_disqualified", "last_lead_on")
        assert await known(customer, *names) == {
            "leads": 1, "leads_open": 1, "leads_converted": 0, "leads_disqualified": 0,
            "last_lead_on": "2026-03-02",
        }  # fmt: skip
        assert await members(segment) == set()
        await tell(converted, converting)
        assert await members(segment) == {customer["id"]}
        given_up = {"lead_id": ids.new_id(), "created_on": date(2026, 3, 1)} | mine
        await tell(said(LeadChanged, tenant, 2, **given_up, status="disqualified"))
        assert await known(customer, *names) == {
            "leads": 2, "leads_open": 0, "leads_converted": 1, "leads_disqualified": 1,
            "last_lead_on": "2026-03-02",
        }  # fmt: skip

    async def test_only_segments_that_ask_about_leads_are_asked(
        self,
        customer: dict[str, Any],
        make_segment: Make,
        tell: Tell,
        settle: Settle,
        database: Database,
        tenant: str,
    ) -> None:
        for fact in ("leads", "contacts", "complaints"):
            await make_segment(rule=more_than(fact))
        await settle()
        lead = {"lead_id": ids.new_id(), "customer_id": UUID(customer["id"])}
        await tell(said(LeadCreated, tenant, 1, **lead, status="open"))
        (entered,) = await emitted(database, tenant, "customer.customer-entered-segment.v1")
        assert "leads" in entered.data["facts"]
        assert not {"contacts", "complaints"} & {*entered.data["facts"]}


class TestConsents:
    async def test_what_the_customer_and_its_contacts_said_about_marketing(
        self,
        *,
        make_customer: Make,
        make_contact: Make,
        make_segment: Make,
        members: Members,
        agree: Callable[..., Awaitable[None]],
        settle: Settle,
        known: Facts,
    ) -> None:
        customer = await make_customer(kind="person", name="王海燕")
        agreed = await make_segment(rule=more_than("consents_given", 1))
        ago = {"test": "days_ago", "fact": "last_withdrawal_on", "at_least": 0, "below": 3}
        withdrew = await make_segment(rule=ago)
        contact = await make_contact(customer_id=customer["id"])
        await agree(customer_id=customer["id"])
        await agree(contact_id=contact["id"], at="2026-03-02T17:00:00Z")
        await agree(contact_id=contact["id"], purpose="service")
        await settle()
        assert await members(agreed) == {customer["id"]}
        assert await members(withdrew) == set()
        await agree("withdrawn", contact_id=contact["id"])
        await settle()
        assert await members(withdrew) == {customer["id"]}
        names = ("consents_given", "consents_withdrawn")
        assert await known(customer, *names) == {"consents_given": 2, "consents_withdrawn": 1}

    async def test_the_days_are_business_days(
        self,
        make_contact: Make,
        agree: Callable[..., Awaitable[None]],
        settle: Settle,
        known: Facts,
    ) -> None:
        contact = await make_contact()
        customer = {"id": contact["customer_id"]}
        await agree(contact_id=contact["id"], at="2026-03-02T17:00:00Z")  # after midnight here
        await settle()
        assert await known(customer, "last_consent_on") == {"last_consent_on": "2026-03-03"}

    async def test_they_go_with_the_contact_and_with_a_merged_record(
        self,
        *,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_contact: Make,
        agree: Callable[..., Awaitable[None]],
        settle: Settle,
        known: Facts,
    ) -> None:
        one, two, three = [await make_customer() for _ in range(3)]
        contact = await make_contact(customer_id=one["id"])
        other = await make_contact(customer_id=two["id"])
        for person in (contact, other):
            await agree(contact_id=person["id"])
        await settle()
        assert await known(one, "consents_given") == {"consents_given": 1}
        goal = {"customer_id": two["id"], "reason": "跳槽"}
        moved = await client.post(f"/v1/contacts/{contact['id']}/move", json=goal)
        assert moved.status_code == 200, moved.text
        await settle()
        counts = [(await known(it, "consents_given"))["consents_given"] for it in (one, two)]
        assert counts == [0, 2]
        body = {"survivor_id": three["id"], "merged_ids": [two["id"]]}
        merge = await client.post("/v1/merges", json=body)
        assert merge.status_code == 201, merge.text
        await settle()
        assert await known(three, "consents_given") == {"consents_given": 2}
