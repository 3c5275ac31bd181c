"""What is known of a customer: recorded with its source, verified, corrected, withheld."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
Record = Callable[..., Awaitable[httpx.Response]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
CHANGED, DUE = "customer.archive-changed.v1", "customer.fact-due.v1"
KNOWN = "2026-03-01"


@pytest.fixture
async def person(client: httpx.AsyncClient, make_customer: Make) -> dict[str, Any]:
    """A person, where the profiles of the texts are installed."""
    assert (await client.post("/v1/archive-defaults", json={})).is_success
    return await make_customer(kind="person", name="刘洋")


@pytest.fixture
def record(client: httpx.AsyncClient, person: dict[str, Any]) -> Record:
    """Records facts of a section of the person's archive: `record("basic", sex="male")`."""

    async def record(
        section: str = "basic",
        *,
        version: int = 0,
        of: dict[str, Any] | None = None,
        by: httpx.AsyncClient | None = None,
        profile: str = "person",
        more: dict[str, Any] | None = None,
        **values: Any,
    ) -> httpx.Response:
        facts = {
            code: None if value is None else {"value": value} for code, value in values.items()
        }
        body = {"source_code": "internal", "known_on": KNOWN, "facts": facts} | (more or {})
        url = f"/v1/customers/{(of or person)['id']}/archive/{profile}/{section}"
        return await (by or client).patch(url, json=body, headers={"If-Match": f'"{version}"'})

    return record


async def archive_of(client: httpx.AsyncClient, customer: dict[str, Any]) -> dict[str, Any]:
    response = await client.get(f"/v1/customers/{customer['id']}/archive")
    body: dict[str, Any] = response.json()
    assert response.headers["etag"] == f'"{body["version"]}"'
    return body


async def facts_of(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    page = await client.get("/v1/facts", params={"sort": "created_at"} | filters)
    assert page.is_success, page.text
    items: list[dict[str, Any]] = page.json()["items"]
    return items


async def definition(client: httpx.AsyncClient, code: str) -> dict[str, Any]:
    page = await client.get("/v1/fact-definitions", params={"code": code})
    found: dict[str, Any] = page.json()["items"][0]
    return found


async def change(client: httpx.AsyncClient, path: str, made: dict[str, Any], **given: Any) -> None:
    headers = {"If-Match": f'"{made["version"]}"'}
    response = await client.patch(f"/v1/{path}/{made['id']}", json=given, headers=headers)
    assert response.is_success, response.text


def section_of(archive: dict[str, Any], code: str) -> dict[str, Any]:
    return next(one for one in archive["sections"] if one["section_code"] == code)


class TestWhatIsAsked:
    async def test_follows_kind_and_roles(
        self, client: httpx.AsyncClient, person: dict[str, Any], make_customer: Make
    ) -> None:
        archive = await archive_of(client, person)
        assert (archive["profiles"], len(archive["sections"])) == (["person"], 10)
        assert (archive["version"], archive["completeness"], archive["known"]) == (0, "0.00", 0)
        dealer = await make_customer(roles=["distributor"])
        assert (await archive_of(client, dealer))["profiles"] == ["dealer", "enterprise"]
        shop = await make_customer(roles=["merchant"])
        assert (await archive_of(client, shop))["profiles"] == ["enterprise", "retail_terminal"]

    async def test_other_roles_ask_for_other_things(
        self,
        client: httpx.AsyncClient,
        person: dict[str, Any],
        record: Record,
        make_customer: Make,
        database: Database,
        tenant: str,
    ) -> None:
        shop = await make_customer(roles=["merchant"])
        location = {"profile": "retail_terminal", "of": shop}
        assert (await record("location", **location, location_kind="other")).is_success
        before = (await archive_of(client, shop))["completeness"]
        await change(client, "customers", shop, roles=["supplier"])
        assert (await archive_of(client, shop))["completeness"] == "0.00" != before
        event = (await emitted(database, tenant, CHANGED))[-1]
        assert (event.data["completeness"], event.data["facts"]) == ("0.00", [])
        assert event.sequence == 2

    async def test_nobody_s_customer(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        response = await client.get(f"/v1/customers/{uuid4()}/archive")
        assert problem(response) == (404, "not-found")


class TestRecordASection:
    async def test_is_one_change_with_source_day_and_author(
        self,
        client: httpx.AsyncClient,
        person: dict[str, Any],
        record: Record,
        database: Database,
        tenant: str,
    ) -> None:
        more = {"source_note": "拜访记录 17", "verified": {"how": "身份证", "on": "2026-03-02"}}
        response = await record(birthday="1980-05-04", sex="female", more=more)
        assert response.status_code == 200, response.text
        body = response.json()
        assert response.headers["etag"] == '"1"'
        assert body == await archive_of(client, person)
        basic = section_of(body, "basic")
        assert basic["missing"] == ["place", "income_level"]
        assert basic["completeness"] == "50.00"
        assert body["completeness"] == "5.00"  # half of one of ten sections
        birthday = basic["facts"][0]["fact"]
        assert birthday["value"] == "1980-05-04"
        assert (birthday["source_code"], birthday["source_note"]) == ("internal", "拜访记录 17")
        assert (birthday["known_on"], birthday["entered_by"]) == (KNOWN, "tester")
        assert (birthday["verified"], birthday["verified_on"]) == (True, "2026-03-02")
        assert (birthday["verified_by"], birthday["verified_how"]) == ("tester", "身份证")
        assert (birthday["step"], birthday["due_on"], birthday["due"]) == ("recorded", None, False)
        (event,) = await emitted(database, tenant, CHANGED)
        assert (event.sequence, event.data["customer_id"]) == (1, person["id"])
        assert [(one["code"], one["step"], one["value"]) for one in event.data["facts"]] == [
            ("birthday", "recorded", "1980-05-04"),
            ("sex", "recorded", "female"),
        ]
        entry = (await audited(database, tenant))[-1]
        assert entry.action == "archive.created"
        assert entry.changes["facts"]["after"] == ["birthday", "sex"]

    async def test_what_is_left_out_stays_and_null_withdraws(
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record
    ) -> None:
        await record(birthday="1980-05-04", sex="female", place="深圳")
        response = await record(version=1, birthday="1981-05-04", sex=None, more={"reason": "笔误"})
        assert response.headers["etag"] == '"2"', response.text
        known = {one["code"]: one["fact"] for one in section_of(response.json(), "basic")["facts"]}
        assert (known["birthday"]["step"], known["birthday"]["value"]) == (
            "corrected",
            "1981-05-04",
        )
        assert (known["sex"], known["place"]["value"]) == (None, "深圳")
        history = await facts_of(client, customer_id=person["id"], current="false")
        assert {(one["code"], one["end_step"], one["end_reason"]) for one in history} == {
            ("birthday", "corrected", "笔误"),
            ("sex", "withdrawn", "笔误"),
        }

    async def test_to_what_is_known_already_changes_nothing(
        self, record: Record, database: Database, tenant: str
    ) -> None:
        await record(sex="female")
        again = await record(version=1, sex="female", income_level=None)
        assert again.headers["etag"] == '"1"'
        assert len(await emitted(database, tenant, CHANGED)) == 1

    @pytest.mark.parametrize(
        ("values", "more", "answer"),
        [
            ({"birthday": "1980-5-4"}, {}, (422, "facts-invalid")),
            ({"birthday": None, "sex": "no"}, {}, (422, "facts-invalid")),
            ({"nothing": "x"}, {}, (422, "facts-invalid")),
            ({"sex": "male"}, {"source_code": "gossip"}, (422, "unknown-source")),
            ({"sex": "male"}, {"source_code": None}, (422, "source-missing")),
            ({"sex": "male"}, {"known_on": "2999-01-01"}, (422, "date-in-future")),
            (
                {"sex": "male"},
                {"verified": {"how": "x", "on": "2026-02-28"}},
                (422, "date-before-previous"),
            ),
            ({"sex": "male"}, {"verified": {"how": ""}}, (422, "invalid-request")),
            ({}, {"facts": {"Sex": {"value": "male"}}}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        record: Record,
        problem: ProblemOf,
        values: dict[str, Any],
        more: dict[str, Any],
        answer: tuple[int, str],
    ) -> None:
        assert problem(await record(more=more, **values)) == answer

    async def test_all_or_nothing_and_every_problem_is_named(
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record
    ) -> None:
        response = await record(place="深圳", birthday="soon", sex="no", nothing="x")
        assert response.json()["facts"] == [
            {"fact": "birthday", "problem": "wrong-type"},
            {"fact": "nothing", "problem": "unknown-field"},
            {"fact": "sex", "problem": "not-an-option"},
        ]
        assert (await archive_of(client, person))["version"] == 0

    async def test_a_withdrawal_needs_a_reason(self, record: Record, problem: ProblemOf) -> None:
        await record(sex="male")
        assert problem(await record(version=1, sex=None)) == (422, "reason-missing")

    async def test_of_a_profile_that_is_not_asked(self, record: Record, problem: ProblemOf) -> None:
        for wrong in ({"profile": "dealer"}, {"section": "nothing"}):
            assert problem(await record(**wrong, sex="male")) == (404, "profile-not-asked")

    async def test_based_on_an_old_version(self, record: Record, problem: ProblemOf) -> None:
        assert problem(await record(version=3, sex="male")) == (412, "version-conflict")
        await record(sex="male")
        assert problem(await record(version=0, sex="female")) == (412, "version-conflict")

    async def test_of_a_former_customer(
        self,
        client: httpx.AsyncClient,
        person: dict[str, Any],
        record: Record,
        problem: ProblemOf,
    ) -> None:
        await record(sex="male")
        (fact,) = await facts_of(client, customer_id=person["id"])
        await client.post(f"/v1/customers/{person['id']}/end", json={"reason": "无"})
        assert problem(await record(version=1, sex="female")) == (409, "customer-has-ended")
        response = await client.post(f"/v1/facts/{fact['id']}/confirm", json={"how": "x"})
        assert problem(response) == (409, "customer-has-ended")

    async def test_two_at_once_make_one_archive(
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record
    ) -> None:
        answers = await asyncio.gather(*(record(sex=sex) for sex in ("male", "female", "male")))
        assert sorted(one.status_code for one in answers) == [200, 412, 412]
        assert len(await facts_of(client, customer_id=person["id"])) == 1


class TestOneFact:
    @pytest.fixture
    async def fact(
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record
    ) -> dict[str, Any]:
        """The person's job, from a chamber of commerce."""
        more = {"source_code": "association"}
        assert (await record("career", job_type="教师", more=more)).is_success
        (fact,) = await facts_of(client, customer_id=person["id"])
        return fact

    async def test_of_a_third_party_is_due_until_confirmed(
        self,
        client: httpx.AsyncClient,
        fact: dict[str, Any],
        person: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        assert (fact["verified"], fact["due"], fact["due_on"]) == (False, True, KNOWN)
        url = f"/v1/facts/{fact['id']}"
        response = await client.post(f"{url}/confirm", json={"how": "电话核实", "on": "2026-04-01"})
        now = response.json()
        assert response.headers["etag"] == '"1"'
        assert now["id"] != fact["id"]
        assert (now["step"], now["value"], now["source_code"]) == (
            "confirmed",
            "教师",
            "association",
        )
        assert (now["verified_on"], now["verified_how"]) == ("2026-04-01", "电话核实")
        assert (now["due"], now["due_on"]) == (False, None)
        before = (await client.get(url)).json()
        assert (before["end_step"], before["ended_by"], before["due"]) == (
            "confirmed",
            "tester",
            False,
        )
        assert (await archive_of(client, person))["version"] == 2
        (told,) = (await emitted(database, tenant, CHANGED))[-1].data["facts"]
        assert (told["step"], told["fact_id"]) == ("confirmed", now["id"])
        actions = [entry.action for entry in await audited(database, tenant)][-3:]
        assert sorted(actions) == ["archive.changed", "fact.confirmed", "fact.created"]

    async def test_is_corrected_with_a_reason(
        self, client: httpx.AsyncClient, fact: dict[str, Any], person: dict[str, Any]
    ) -> None:
        body = {"value": "医生", "source_code": "internal", "reason": "本人说明"}
        response = await client.post(f"/v1/facts/{fact['id']}/correct", json=body)
        assert (response.json()["value"], response.json()["step"]) == ("医生", "corrected")
        before, now = await facts_of(client, customer_id=person["id"])
        assert (before["value"], before["end_step"]) == ("教师", "corrected")
        assert (before["end_reason"], now["ended_at"]) == ("本人说明", None)

    async def test_is_withdrawn_with_a_reason(
        self,
        client: httpx.AsyncClient,
        fact: dict[str, Any],
        person: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        why = {"reason": "来源不可靠"}
        response = await client.post(f"/v1/facts/{fact['id']}/withdraw", json=why)
        assert (response.json()["end_step"], response.json()["version"]) == ("withdrawn", 2)
        archive = await archive_of(client, person)
        assert (archive["known"], archive["completeness"]) == (0, "0.00")
        (told,) = (await emitted(database, tenant, CHANGED))[-1].data["facts"]
        assert (told["step"], told["value"]) == ("withdrawn", None)

    async def test_that_is_history_is_left_alone(
        self, client: httpx.AsyncClient, fact: dict[str, Any], problem: ProblemOf
    ) -> None:
        url = f"/v1/facts/{fact['id']}"
        stale = {"If-Match": '"9"'}
        response = await client.post(f"{url}/confirm", json={"how": "x"}, headers=stale)
        assert problem(response) == (412, "version-conflict")
        await client.post(f"{url}/withdraw", json={"reason": "x"})
        for step, body in (
            ("confirm", {"how": "x"}),
            ("correct", {"value": "x", "source_code": "internal", "reason": "x"}),
            ("withdraw", {"reason": "x"}),
        ):
            response = await client.post(f"{url}/{step}", json=body)
            assert problem(response) == (409, "fact-is-history")

    @pytest.mark.parametrize(
        ("step", "body", "answer"),
        [
            ("correct", {"value": 7}, (422, "facts-invalid")),
            ("correct", {"value": "x", "source_code": "gossip"}, (422, "unknown-source")),
            ("correct", {"value": "x", "reason": None}, (422, "invalid-request")),
            ("confirm", {"how": "x", "on": "2026-02-28"}, (422, "date-before-previous")),
            ("confirm", {"how": "x", "on": "2999-02-28"}, (422, "date-in-future")),
            ("withdraw", {}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        fact: dict[str, Any],
        problem: ProblemOf,
        step: str,
        body: dict[str, Any],
        answer: tuple[int, str],
    ) -> None:
        if step == "correct":
            body = {"source_code": "internal", "reason": "x"} | body
        response = await client.post(f"/v1/facts/{fact['id']}/{step}", json=body)
        assert problem(response) == answer

    async def test_confirmed_twice_at_once(
        self, client: httpx.AsyncClient, fact: dict[str, Any], person: dict[str, Any]
    ) -> None:
        url = f"/v1/facts/{fact['id']}/confirm"
        answers = await asyncio.gather(*(client.post(url, json={"how": "x"}) for _ in range(4)))
        assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
        assert len(await facts_of(client, customer_id=person["id"], current="true")) == 1

    async def test_the_database_lets_nobody_rewrite_it(
        self, fact: dict[str, Any], database: Database, context: Context
    ) -> None:
        for attempt in ("UPDATE facts SET value = '\"x\"'", "DELETE FROM facts"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with database.transaction(context) as session:
                    await session.execute(text(attempt))


class TestSensitive:
    @pytest.fixture
    async def secret(
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record
    ) -> dict[str, Any]:
        """What troubles the person, of which few may read."""
        more = {"source_note": "其夫人说", "verified": {"how": "失眠门诊病历"}}
        assert (await record("lifestyle", health_complaint="失眠", more=more)).is_success
        (fact,) = await facts_of(client, customer_id=person["id"])
        return fact

    async def test_is_withheld_everywhere_from_who_lacks_the_scope(
        self,
        client_for: ClientFor,
        client: httpx.AsyncClient,
        person: dict[str, Any],
        secret: dict[str, Any],
        tenant: str,
    ) -> None:
        body = {"value": "失眠多年", "source_code": "internal", "reason": "失眠加重"}
        await client.post(f"/v1/facts/{secret['id']}/correct", json=body)
        stranger = client_for(tenant, roles=("sales_representative",))
        archive = await archive_of(stranger, person)
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
        self, client: httpx.AsyncClient, client_for: ClientFor, record: Record, tenant: str
    ) -> None:
        fact = (await record("lifestyle", hobbies="赌博")).json()
        await change(
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
    ) -> None:
        by = {"due_by": KNOWN, "sort": "due_on"}
        assert {one["code"] for one in await facts_of(client, **by)} == {"sex", "place"}
        assert await facts_of(client, **by | {"due_by": "2026-02-28"}) == []
        assert await facts_of(client, **by, section_code="career") == []
        owner = await make_employee()
        assert await facts_of(client, **by, owner_id=owner["id"]) == []
        url = f"/v1/customers/{person['id']}"
        await client.post(f"{url}/hand-over", json={"owner_id": owner["id"]})
        assert len(await facts_of(client, **by, owner_id=owner["id"])) == 2
        await client.post(f"{url}/end", json={"reason": "无"})
        assert await facts_of(client, **by) == []

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
    ) -> None:
        await record(sex="male")
        sex = await definition(client, "sex")
        await change(client, "fact-definitions", sex, weight="3", validity_months=6)
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
        (fact,) = await facts_of(client, customer_id=person["id"])
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


async def test_another_tenant_sees_nothing(
    client_for: ClientFor, client: httpx.AsyncClient, person: dict[str, Any], record: Record
) -> None:
    await record(sex="male")
    (fact,) = await facts_of(client)
    stranger = client_for(f"t-{uuid4().hex[:12]}")
    assert await facts_of(stranger) == []
    assert (await stranger.get(f"/v1/facts/{fact['id']}")).status_code == 404
    assert (await stranger.get(f"/v1/customers/{person['id']}/archive")).status_code == 404


async def test_reading_takes_the_same_few_queries_however_much_is_known(
    client: httpx.AsyncClient, person: dict[str, Any], record: Record, database: Database
) -> None:
    await record(sex="male", place="深圳", birthday="1980-05-04")
    with count_queries(database) as queries:
        await archive_of(client, person)
    # begin, customer, archive, profiles, definitions, sources, facts, end
    assert len(queries) == 8, queries.statements
    with count_queries(database) as queries:
        assert len(await facts_of(client)) == 3
    assert len(queries) == 6, queries.statements
