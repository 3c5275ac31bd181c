"""Erasing a person: nothing personal stays in any table, and nothing brings it back (C12)."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from kehu_contracts import analytics, examples, marketing, sales, service_desk
from kehu_contracts.erasure import ErasureAcknowledgement
from kehu_contracts.events import EVENTS
from kehu_contracts.fieldwork import ActivityRecorded
from kehu_contracts.sales import OpportunityCreated, OpportunityWon
from kehu_customer.consumers import HANDLERS
from kehu_customer.jobs import erasures
from kehu_customer.timeline.fold import fold_entries
from kehu_kernel.audit_chain import Sealing
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.erasure import KEEP_ORDERS
from kehu_kernel.records import Fact
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.erased import carry_out, published, reads_of_whole_tables
from kehu_kernel.testing.events import Deliver, RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService, Traces

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Work = Callable[[], Awaitable[None]]
NAME, PHONE, PLACE, SECRET = "欧阳云岫", "13917654321", "静安区某路十八号", "喜欢钓鱼"
WORDS = (NAME, PHONE, "+86" + PHONE, PLACE, SECRET)


@pytest.fixture
def work(running: RunningService) -> Work:
    """Lets the worker carry out what was ordered; everything was published meanwhile."""

    async def go_on() -> None:
        await carry_out(erasures(running.databases, lambda: None), running.worker_database)

    return go_on


@pytest.fixture
def deliver(worker_database: Database) -> Deliver:
    """Hands facts to the timeline as its consumer does."""
    fold = partial(fold_entries, zone="Asia/Shanghai")
    return deliveries(fold, worker_database, RecordedDeadLetters())


@pytest.fixture
def acknowledged(database: Database, tenant: str) -> Callable[..., Awaitable[None]]:
    """Hands the acknowledgement of another service to the consumer's handler."""

    async def tell(kind: type[ErasureAcknowledgement], erasure_id: str) -> None:
        event = kind(erasure_id=UUID(erasure_id), counts={"customer_refs": 1})
        fact = fact_of(event, tenant, sequence=1)
        async with database.transaction(Context(tenant_id=tenant, actor="system")) as session:
            await HANDLERS[kind](session, event, fact.envelope)

    return tell


async def end(client: httpx.AsyncClient, customer_id: str) -> None:
    """End the relation with a customer."""
    answer = await client.post(f"/v1/customers/{customer_id}/end", json={"reason": f"{NAME}注销"})
    assert answer.status_code == 200, answer.text


@pytest.fixture
async def person(
    client: httpx.AsyncClient,
    make_customer: Make,
    make_contact: Make,
    deliver: Deliver,
    tenant: str,
) -> dict[str, Any]:
    """A former customer of whom a lot is known, in many tables, whom nothing keeps any more."""
    made = await make_customer(kind="person", name=NAME, source=SECRET, external_ref=PHONE)
    whose = {"customer_id": made["id"]}
    point = {"kind": "mobile", "value": PHONE} | whose
    assert (await client.post("/v1/contact-points", json=point)).status_code == 201
    address = {"kind": "address", "value": PLACE} | whose
    assert (await client.post("/v1/contact-points", json=address)).status_code == 201
    await make_contact(**whose, name=f"{NAME}之妻", mobile=PHONE, title=SECRET)
    await client.post("/v1/archive-defaults")
    known = await client.patch(
        f"/v1/customers/{made['id']}/archive/person/basic",
        json={"source_code": "association", "facts": {"birthday": {"value": "1980-05-04"}}},
        headers={"If-Match": '"0"'},
    )
    assert known.status_code == 200, known.text
    household = (await client.post("/v1/households", json={"name": f"{NAME}家"})).json()
    joined = await client.post(
        f"/v1/households/{household['id']}/join", json=whose | {"relation": "head"}
    )
    assert joined.status_code == 200, joined.text
    await client.patch(
        f"/v1/customers/{made['id']}",
        json={"website": f"https://{PHONE}.cn"},
        headers={"If-Match": '"1"', "Idempotency-Key": uuid4().hex},
    )
    await deliver(visit(made["id"], tenant))
    await end(client, made["id"])
    return made


def visit(customer_id: str, tenant: str) -> Fact:
    """Return the fact that one of us visited the person at home."""
    event = ActivityRecorded.from_bytes(examples.load(ActivityRecorded.type)[0].data)
    told = {"activity_id": uuid4(), "customer_id": UUID(customer_id), "topic": NAME, "place": PLACE}
    return fact_of(event.model_copy(update=told), tenant, sequence=1)


def order(**fields: Any) -> dict[str, Any]:
    return {"legal_basis": "request", "reason": "GR-118"} | fields


class TestErasing:
    async def test_nothing_personal_stays_in_any_table(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        person: dict[str, Any],
        work: Work,
        traces: Traces,
        tenant: str,
    ) -> None:
        assert await traces(*WORDS)  # it was there, so it would be found
        answer = await client.post("/v1/erasures", json=order(customer_id=person["id"]))
        assert answer.status_code == 202, answer.text
        await work()
        assert await traces(*WORDS) == {}
        shown = (await client.get(f"/v1/customers/{person['id']}")).json()
        assert shown["name"] == f"erased-{person['id'][-12:]}"
        assert (shown["state"], shown["created_on"]) == ("former", person["created_on"])
        assert (await client.get(f"/v1/customers/{person['id']}/timeline")).status_code == 200
        assert (await client.get(f"/v1/customers/{person['id']}/archive")).status_code == 200

    async def test_an_old_event_that_comes_again_brings_nothing_back(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        person: dict[str, Any],
        work: Work,
        traces: Traces,
        deliver: Deliver,
        tenant: str,
    ) -> None:
        async with running.worker_database.worker_transaction() as session:
            stored = await session.fetch(
                "SELECT type, sequence, payload FROM outbox WHERE tenant_id = $1 ORDER BY id",
                tenant,
            )
        history = [
            fact_of(
                EVENTS[row["type"]].from_bytes(row["payload"]), tenant, sequence=row["sequence"]
            )
            for row in stored
        ]
        await client.post("/v1/erasures", json=order(customer_id=person["id"]))
        await work()
        await deliver(*history, visit(person["id"], tenant))
        assert any(NAME in str(fact.event) for fact in history)
        assert await traces(*WORDS) == {}

    async def test_an_old_event_between_order_and_blanking_brings_nothing_back(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        person: dict[str, Any],
        work: Work,
        traces: Traces,
        deliver: Deliver,
        tenant: str,
    ) -> None:
        await client.post("/v1/erasures", json=order(customer_id=person["id"]))
        await deliver(visit(person["id"], tenant))
        await work()
        assert await traces(*WORDS) == {}

    async def test_nobody_types_it_again(
        self,
        client: httpx.AsyncClient,
        make_contact: Make,
        work: Work,
        problem: ProblemOf,
    ) -> None:
        contact = await make_contact(name=NAME)
        await client.patch(
            f"/v1/contacts/{contact['id']}", json={"active": False}, headers={"If-Match": '"1"'}
        )
        assert (
            await client.post("/v1/erasures", json=order(contact_id=contact["id"]))
        ).status_code == 202
        await work()
        again = await client.patch(
            f"/v1/contacts/{contact['id']}", json={"name": NAME}, headers={"If-Match": '"2"'}
        )
        assert problem(again) == (409, "person-erased")
        point = {"contact_id": contact["id"], "kind": "mobile", "value": PHONE}
        assert problem(await client.post("/v1/contact-points", json=point)) == (
            409,
            "person-erased",
        )

    async def test_records_merged_into_the_person_go_too(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        make_customer: Make,
        work: Work,
        traces: Traces,
        tenant: str,
    ) -> None:
        survivor = await make_customer(kind="person", name=NAME)
        loser = await make_customer(kind="person", name=f"{SECRET}", website=f"https://{PHONE}.cn")
        merged = await client.post(
            "/v1/merges", json={"survivor_id": survivor["id"], "merged_ids": [loser["id"]]}
        )
        assert merged.status_code == 201, merged.text
        await end(client, survivor["id"])
        answer = await client.post("/v1/erasures", json=order(customer_id=survivor["id"]))
        assert set(answer.json()["subject_ids"]) == {survivor["id"], loser["id"]}
        await work()
        assert await traces(*WORDS) == {}

    async def test_a_record_once_merged_by_mistake_does_not_tell_of_the_person(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        make_customer: Make,
        work: Work,
        traces: Traces,
    ) -> None:
        other = await make_customer(kind="person", name="司马青岚")
        third = await make_customer(kind="person", name="诸葛长风")
        person = await make_customer(kind="person", name=NAME, website=f"https://{PHONE}.cn")

        async def merge(survivor: dict[str, Any], merged: dict[str, Any]) -> str:
            body = {
                "survivor_id": survivor["id"],
                "merged_ids": [merged["id"]],
                "fields": {"name": merged["id"]},
            }
            answer = await client.post("/v1/merges", json=body)
            assert answer.status_code == 201, answer.text
            return str(answer.json()["id"])

        merges = [await merge(other, person), await merge(third, other)]
        for one in reversed(merges):
            undone = await client.post(f"/v1/merges/{one}/undo", json={"reason": "看错了"})
            assert undone.status_code == 200, undone.text
        await Sealing(running.worker_database, entries=100).work()
        await end(client, person["id"])
        asked = await client.post("/v1/erasures", json=order(customer_id=person["id"]))
        assert asked.json()["subject_ids"] == [person["id"]]
        await published(running.worker_database)
        assert {"audit_log.changes", "outbox.payload"} <= (await traces(NAME)).keys()
        await work()
        assert await traces(*WORDS) == {}
        assert (await client.get(f"/v1/customers/{other['id']}")).json()["name"] == "司马青岚"
        told = (await client.get("/v1/audit-log", params={"entity_id": other["id"]})).json()
        assert [(one["action"], one["erased"]) for one in told["items"]] == [
            ("customer.unmerged", True),
            ("customer.unmerged", True),
            ("customer.merged", True),
            ("customer.merged-with", True),
            ("customer.created", False),
        ]
        assert (await client.post("/v1/audit-checks", json={})).json()["intact"]

    async def test_others_keep_what_is_theirs(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        person: dict[str, Any],
        make_customer: Make,
        work: Work,
    ) -> None:
        other = await make_customer(kind="person", name="司马青岚")
        await client.post("/v1/erasures", json=order(customer_id=person["id"]))
        await work()
        assert (await client.get(f"/v1/customers/{other['id']}")).json() == other

    async def test_it_waits_for_events_that_are_not_published(
        self, client: httpx.AsyncClient, running: RunningService, person: dict[str, Any]
    ) -> None:
        asked = (await client.post("/v1/erasures", json=order(customer_id=person["id"]))).json()
        worker = erasures(running.databases, lambda: None)
        await worker.work()
        await worker.work()
        url = f"/v1/erasures/{asked['id']}"
        assert (await client.get(url)).json()["acknowledgements"] == []
        await published(running.worker_database)
        await worker.work()
        (told,) = (await client.get(url)).json()["acknowledgements"]
        assert told["service"] == "customer"
        assert told["counts"]["customers"] == 1
        assert told["counts"]["outbox"] > 0
        assert told["counts"]["audit_log"] > 0

    async def test_a_transaction_that_began_before_the_order_is_waited_for(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        person: dict[str, Any],
        work: Work,
        tenant: str,
    ) -> None:
        """It may have written what the trigger could not know of yet."""
        async with running.database.transaction(Context(tenant_id=tenant, actor="slow")) as slow:
            await slow.fetch("SELECT pg_current_xact_id()")
            asked = (await client.post("/v1/erasures", json=order(customer_id=person["id"]))).json()
            await work()
            url = f"/v1/erasures/{asked['id']}"
            assert (await client.get(url)).json()["acknowledgements"] == []
        await work()
        assert len((await client.get(url)).json()["acknowledgements"]) == 1

    async def test_a_transaction_that_began_before_the_order_was_committed_is_waited_for(
        self, running: RunningService, work: Work, tenant: str
    ) -> None:
        context, erasure_id = Context(tenant_id=tenant, actor="slow"), uuid4()
        counts = text("SELECT counts FROM erasure_orders WHERE erasure_id = :id")
        async with AsyncExitStack() as late:
            async with running.worker_database.worker_transaction() as ordering:
                await ordering.fetch(KEEP_ORDERS, [tenant], [erasure_id])
                slow = await late.enter_async_context(running.database.transaction(context))
                await slow.fetch("SELECT pg_current_xact_id()")  # knows of no order
            await work()
            async with running.worker_database.worker_transaction() as session:
                assert await session.scalar(counts, {"id": erasure_id}) is None
        await work()
        async with running.worker_database.worker_transaction() as session:
            assert await session.scalar(counts, {"id": erasure_id}) == {}

    async def test_a_member_of_a_segment_can_still_be_listed(
        self, client: httpx.AsyncClient, person: dict[str, Any], make_list: Make, work: Work
    ) -> None:
        segment = await make_list()
        added = await client.post(
            f"/v1/segments/{segment['id']}/add", json={"customer_ids": [person["id"]]}
        )
        assert added.status_code == 200, added.text
        await client.post("/v1/erasures", json=order(customer_id=person["id"]))
        await work()
        members = await client.get(f"/v1/segments/{segment['id']}/members")
        assert [one["customer_id"] for one in members.json()["items"]] == [person["id"]]

    async def test_no_table_is_read_from_end_to_end(
        self, running: RunningService, cluster: Cluster
    ) -> None:
        work, url = erasures(running.databases, lambda: None), running.settings.database_url
        assert await reads_of_whole_tables(work, cluster.superuser(url)) == set()


class TestTheSaga:
    async def test_ends_when_all_services_have_acknowledged(
        self,
        client: httpx.AsyncClient,
        database: Database,
        person: dict[str, Any],
        work: Work,
        acknowledged: Callable[..., Awaitable[None]],
        tenant: str,
    ) -> None:
        asked = (await client.post("/v1/erasures", json=order(customer_id=person["id"]))).json()
        assert asked["state"] == "ordered"
        assert asked["waiting_for"] == [
            "customer", "sales", "service-desk", "marketing", "analytics",
        ]  # fmt: skip
        (event,) = await emitted(database, tenant, "customer.erasure-ordered.v1")
        assert event.data["subject_ids"] == [person["id"]]
        url = f"/v1/erasures/{asked['id']}"
        await work()
        await acknowledged(sales.SalesErasureAcknowledged, asked["id"])
        await acknowledged(sales.SalesErasureAcknowledged, asked["id"])  # comes twice
        await acknowledged(service_desk.ServiceDeskErasureAcknowledged, asked["id"])
        await acknowledged(marketing.MarketingErasureAcknowledged, asked["id"])
        waiting = (await client.get(url)).json()
        assert (waiting["state"], waiting["waiting_for"]) == ("ordered", ["analytics"])
        await acknowledged(analytics.AnalyticsErasureAcknowledged, asked["id"])
        done = (await client.get(url)).json()
        assert (done["state"], done["waiting_for"]) == ("completed", [])
        assert done["completed_at"] is not None
        assert len(await emitted(database, tenant, "customer.erasure-completed.v1")) == 1
        entries = [one.action for one in await audited(database, tenant) if one.entity == "erasure"]
        assert entries == ["erasure.created", "erasure.completed"]

    async def test_one_that_takes_too_long_is_overdue(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        person: dict[str, Any],
        tenant: str,
    ) -> None:
        asked = (await client.post("/v1/erasures", json=order(customer_id=person["id"]))).json()
        assert (await client.get("/v1/erasures", params={"overdue": True})).json()["items"] == []
        async with running.worker_database.worker_transaction() as session:
            await session.fetch(
                "UPDATE erasures SET created_at = created_at - interval '25 hours' "
                "WHERE tenant_id = $1",
                tenant,
            )
        page = (await client.get("/v1/erasures", params={"overdue": True})).json()
        assert [(one["id"], one["overdue"]) for one in page["items"]] == [(asked["id"], True)]


class TestRefusals:
    async def test_lists_every_objection(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        deliver: Deliver,
        problem: ProblemOf,
        tenant: str,
    ) -> None:
        person = await make_customer(kind="person", name=NAME)
        opened = OpportunityCreated.from_bytes(examples.load(OpportunityCreated.type)[0].data)
        opened = opened.model_copy(update={"customer_id": UUID(person["id"])})
        await deliver(fact_of(opened, tenant, sequence=1))
        body = order(customer_id=person["id"])
        answer = await client.post("/v1/erasures", json=body)
        assert problem(answer) == (409, "erasure-refused")
        assert answer.json()["objections"] == ["customer_current", "opportunity_open"]
        chinese = await client.post("/v1/erasures", json=body, headers={"Accept-Language": "zh"})
        assert "尚有未结束的商机" in chinese.json()["detail"]
        preview = await client.post("/v1/erasure-previews", json={"customer_id": person["id"]})
        assert preview.json()["objections"] == ["customer_current", "opportunity_open"]
        assert preview.json()["counts"]["customers"] == 1
        await end(client, person["id"])
        assert problem(await client.post("/v1/erasures", json=body)) == (409, "erasure-refused")
        despite = body | {"despite": ["opportunity_open"]}
        assert problem(await client.post("/v1/erasures", json=despite)) == (409, "erasure-refused")

    async def test_what_is_closed_is_no_objection(
        self, client: httpx.AsyncClient, person: dict[str, Any], deliver: Deliver, tenant: str
    ) -> None:
        for kind in (OpportunityCreated, OpportunityWon):
            event = kind.from_bytes(examples.load(kind.type)[0].data)
            update = {"customer_id": UUID(person["id"]), "opportunity_id": UUID(int=7)}
            await deliver(fact_of(event.model_copy(update=update), tenant, sequence=1))
        answer = await client.post("/v1/erasures", json=order(customer_id=person["id"]))
        assert answer.status_code == 202, answer.text

    async def test_a_current_customer_cannot_be_forced(
        self, client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
    ) -> None:
        person = await make_customer(kind="person", name=NAME)
        body = order(customer_id=person["id"], despite=["customer_current"])
        assert problem(await client.post("/v1/erasures", json=body)) == (409, "erasure-refused")

    async def test_an_active_contact(
        self, client: httpx.AsyncClient, make_contact: Make, problem: ProblemOf
    ) -> None:
        contact = await make_contact(name=NAME)
        answer = await client.post("/v1/erasures", json=order(contact_id=contact["id"]))
        assert problem(answer) == (409, "erasure-refused")
        assert answer.json()["objections"] == ["contact_active"]

    async def test_organisations_nobody_and_two_at_once(
        self, client: httpx.AsyncClient, customer: dict[str, Any], problem: ProblemOf
    ) -> None:
        async def refused(**fields: Any) -> tuple[int, str]:
            return problem(await client.post("/v1/erasures", json=order(**fields)))

        assert await refused(customer_id=customer["id"]) == (422, "organisation-not-erased")
        assert await refused(customer_id=str(uuid4())) == (422, "unknown-person")
        assert await refused() == (422, "one-person-needed")
        both = {"customer_id": customer["id"], "contact_id": str(uuid4())}
        assert await refused(**both) == (422, "one-person-needed")

    async def test_nobody_is_erased_twice(
        self, client: httpx.AsyncClient, person: dict[str, Any], problem: ProblemOf
    ) -> None:
        body = order(customer_id=person["id"])
        assert (await client.post("/v1/erasures", json=body)).status_code == 202
        assert problem(await client.post("/v1/erasures", json=body)) == (409, "already-erased")

    async def test_needs_a_right_of_its_own(
        self, client_for: ClientFor, person: dict[str, Any], problem: ProblemOf, tenant: str
    ) -> None:
        manager = client_for(tenant, roles=("sales_manager",))
        answer = await manager.post("/v1/erasures", json=order(customer_id=person["id"]))
        assert problem(answer) == (403, "scope-missing")
