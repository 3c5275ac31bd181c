"""Facts of archives that not everybody sees, that fall due, and that are looked at anew (C2)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
Record = Callable[..., Awaitable[httpx.Response]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Kit = Any
"""See `Kit` in conftest.py."""
CHANGED, DUE = "customer.archive-changed.v1", "customer.fact-due.v1"
KNOWN = "2026-03-01"


async def definition(client: httpx.AsyncClient, code: str) -> dict[str, Any]:
    page = await client.get("/v1/fact-definitions", params={"code": code})
    found: dict[str, Any] = page.json()["items"][0]
    return found


class TestSensitive:
    @pytest.fixture
    async def secret(
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record, kit: Kit
    ) -> dict[str, Any]:
        """What troubles the person, of which few may read."""
        more = {"source_note": "其夫人说", "verified": {"how": "失眠门诊病历"}}
        assert (await record("lifestyle", health_complaint="失眠", more=more)).is_success
        (fact,) = await kit.facts_of(client, customer_id=person["id"])
        return fact

    async def test_is_withheld_everywhere_from_who_lacks_the_scope(
        self,
        client_for: ClientFor,
        client: httpx.AsyncClient,
        person: dict[str, Any],
        secret: dict[str, Any],
        tenant: str,
        kit: Kit,
    ) -> None:
        body = {"value": "失眠多年", "source_code": "internal", "reason": "失眠加重"}
        await client.post(f"/v1/facts/{secret['id']}/correct", json=body)
        stranger = client_for(tenant, roles=("sales_representative",))
        archive = await kit.archive_of(stranger, person)
        history = await stranger.get("/v1/facts", params={"customer_id": person["id"]})
        one = await stranger.get(f"/v1/facts/{secret['id']}")
        told = [str(archive), history.text, one.text]
        assert not any("失眠" in answer or "夫人" in answer for answer in told)
        assert (archive["known"], archive["withheld"]) == (1, 1)
        assert [fact["withheld"] for fact in history.json()["items"]] == [True, True]
        assert (one.json()["withheld"], one.json()["value"]) == (True, None)
        insider = client_for(tenant, roles=("sales_manager",))
        assert (await insider.get(f"/v1/facts/{secret['id']}")).json()["value"] == "失眠"

    async def test_is_told_neither_by_events_nor_by_the_audit_log(
        self,
        client: httpx.AsyncClient,
        record: Record,
        secret: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        await record("lifestyle", version=1, health_complaint=None, more={"reason": "失眠已愈"})
        events = await emitted(database, tenant)
        assert [one["sensitive"] for one in events[-1].data["facts"]] == [True]
        log = [entry.changes for entry in await audited(database, tenant)]
        assert "失眠" not in str(events) + str(log)
        assert "夫人" not in str(events) + str(log)
        assert "***" in str(log)

    async def test_is_not_touched_by_who_lacks_the_scope(
        self,
        client_for: ClientFor,
        record: Record,
        secret: dict[str, Any],
        tenant: str,
        problem: ProblemOf,
    ) -> None:
        stranger = client_for(tenant, roles=("sales_representative",))
        for value in ("头痛", None):
            wrote = await record("lifestyle", version=1, by=stranger, health_complaint=value)
            assert problem(wrote) == (403, "fact-is-sensitive")
        for step, body in (
            ("confirm", {"how": "x"}),
            ("correct", {"value": "x", "source_code": "internal", "reason": "x"}),
            ("withdraw", {"reason": "x"}),
        ):
            response = await stranger.post(f"/v1/facts/{secret['id']}/{step}", json=body)
            assert problem(response) == (403, "fact-is-sensitive")
        fine = await record("lifestyle", version=1, by=stranger, hobbies="篮球")
        assert fine.is_success
        assert "失眠" not in fine.text

    async def test_what_is_marked_later_is_withheld_from_then_on(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        record: Record,
        tenant: str,
        kit: Kit,
    ) -> None:
        fact = (await record("lifestyle", hobbies="赌博")).json()
        await kit.change(
            client, "fact-definitions", await definition(client, "hobbies"), sensitive=True
        )
        stranger = client_for(tenant, roles=("analyst",))
        page = await stranger.get("/v1/facts", params={"customer_id": fact["customer_id"]})
        assert page.json()["items"][0]["withheld"]
        assert "赌博" not in page.text


class TestDueFacts:
    @pytest.fixture
    async def due(self, record: Record) -> None:
        """Two facts that third parties told, and one of our own."""
        more = {"source_code": "government"}
        assert (await record(sex="male", place="深圳", more=more)).is_success
        assert (await record("career", version=1, job_type="教师")).is_success

    async def test_are_listed_by_day_owner_and_section(
        self,
        client: httpx.AsyncClient,
        person: dict[str, Any],
        make_employee: Make,
        due: None,
        kit: Kit,
    ) -> None:
        by = {"due_by": KNOWN, "sort": "due_on"}
        assert {one["code"] for one in await kit.facts_of(client, **by)} == {"sex", "place"}
        assert await kit.facts_of(client, **by | {"due_by": "2026-02-28"}) == []
        assert await kit.facts_of(client, **by, section_code="career") == []
        owner = await make_employee()
        assert await kit.facts_of(client, **by, owner_id=owner["id"]) == []
        url = f"/v1/customers/{person['id']}"
        await client.post(f"{url}/hand-over", json={"owner_id": owner["id"]})
        assert len(await kit.facts_of(client, **by, owner_id=owner["id"])) == 2
        await client.post(f"{url}/end", json={"reason": "无"})
        assert await kit.facts_of(client, **by) == []

    async def test_pages_show_each_once(self, client: httpx.AsyncClient, due: None) -> None:
        query: dict[str, Any] = {"due_by": KNOWN, "sort": "due_on", "limit": 1}
        first = (await client.get("/v1/facts", params=query)).json()
        query["cursor"] = first["next_cursor"]
        second = (await client.get("/v1/facts", params=query)).json()
        assert second["next_cursor"] is None
        assert {one["items"][0]["code"] for one in (first, second)} == {"sex", "place"}

    async def test_are_told_once_however_often_it_runs(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        person: dict[str, Any],
        due: None,
        database: Database,
        tenant: str,
    ) -> None:
        url = "/v1/due-facts/announcements"
        assert (await client.post(url, json={"limit": 1})).json() == {"told": 1, "more": True}
        runs = await asyncio.gather(*(client.post(url, json={}) for _ in range(3)))
        assert sum(run.json()["told"] for run in runs) == 1
        told = await emitted(database, tenant, DUE)
        assert sorted(event.data["code"] for event in told) == ["place", "sex"]
        assert {event.data["customer_id"] for event in told} == {person["id"]}
        assert (told[0].key, told[0].sequence) == (told[0].data["fact_id"], 2)
        stranger = client_for(tenant, roles=("sales_representative",))
        assert (await stranger.post(url, json={})).status_code == 403


class TestRefresh:
    async def test_weights_and_validities_reach_archives_by_a_run(
        self,
        client: httpx.AsyncClient,
        person: dict[str, Any],
        record: Record,
        database: Database,
        tenant: str,
        kit: Kit,
    ) -> None:
        await record(sex="male")
        sex = await definition(client, "sex")
        await kit.change(client, "fact-definitions", sex, weight="3", validity_months=6)
        url = "/v1/archive-refreshes"
        done = (await client.post(url, json={"limit": 1})).json()
        assert done == {
            "looked_at": 1, "changed": 1, "rescheduled": 1, "next_after": person["id"]
        }  # fmt: skip
        rest = (await client.post(url, json={"after": done["next_after"]})).json()
        assert (rest["looked_at"], rest["next_after"]) == (0, None)
        again = (await client.post(url, json={})).json()
        assert (again["changed"], again["rescheduled"]) == (0, 0)
        event = (await emitted(database, tenant, CHANGED))[-1]
        assert (event.data["completeness"], event.sequence) == ("5.00", 2)  # 3 of 6 in 1 of 10
        (fact,) = await kit.facts_of(client, customer_id=person["id"])
        assert fact["due_on"] == "2026-09-01"

    async def test_customers_are_found_by_completeness(
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record, make_customer: Make
    ) -> None:
        other = await make_customer(kind="person")
        await record(sex="male", place="深圳")

        async def found(**query: str) -> list[str]:
            page = await client.get("/v1/customers", params=query)
            return [one["id"] for one in page.json()["items"]]

        assert await found(completeness_from="5") == [person["id"]]
        assert await found(completeness_from="5.01") == []
        assert await found(completeness_to="4.99") == [other["id"]]
        assert set(await found(completeness_from="0", completeness_to="5")) == {
            person["id"], other["id"]
        }  # fmt: skip
