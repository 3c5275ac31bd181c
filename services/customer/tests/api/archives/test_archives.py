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
Kit = Any
"""See `Kit` in conftest.py."""
CHANGED, DUE = "customer.archive-changed.v1", "customer.fact-due.v1"
KNOWN = "2026-03-01"


def section_of(archive: dict[str, Any], code: str) -> dict[str, Any]:
    return next(one for one in archive["sections"] if one["section_code"] == code)


class TestWhatIsAsked:
    async def test_follows_kind_and_roles(
        self, client: httpx.AsyncClient, person: dict[str, Any], make_customer: Make, kit: Kit
    ) -> None:
        archive = await kit.archive_of(client, person)
        assert (archive["profiles"], len(archive["sections"])) == (["person"], 10)
        assert (archive["version"], archive["completeness"], archive["known"]) == (0, "0.00", 0)
        dealer = await make_customer(roles=["distributor"])
        assert (await kit.archive_of(client, dealer))["profiles"] == ["dealer", "enterprise"]
        shop = await make_customer(roles=["merchant"])
        assert (await kit.archive_of(client, shop))["profiles"] == ["enterprise", "retail_terminal"]

    async def test_other_roles_ask_for_other_things(
        self,
        client: httpx.AsyncClient,
        person: dict[str, Any],
        record: Record,
        make_customer: Make,
        database: Database,
        tenant: str,
        kit: Kit,
    ) -> None:
        shop = await make_customer(roles=["merchant"])
        location = {"profile": "retail_terminal", "of": shop}
        assert (await record("location", **location, location_kind="other")).is_success
        before = (await kit.archive_of(client, shop))["completeness"]
        await kit.change(client, "customers", shop, roles=["supplier"])
        assert (await kit.archive_of(client, shop))["completeness"] == "0.00" != before
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
        kit: Kit,
    ) -> None:
        more = {"source_note": "拜访记录 17", "verified": {"how": "身份证", "on": "2026-03-02"}}
        response = await record(birthday="1980-05-04", sex="female", more=more)
        assert response.status_code == 200, response.text
        body = response.json()
        assert response.headers["etag"] == '"1"'
        assert body == await kit.archive_of(client, person)
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
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record, kit: Kit
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
        history = await kit.facts_of(client, customer_id=person["id"], current="false")
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
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record, kit: Kit
    ) -> None:
        response = await record(place="深圳", birthday="soon", sex="no", nothing="x")
        assert response.json()["facts"] == [
            {"fact": "birthday", "problem": "wrong-type"},
            {"fact": "nothing", "problem": "unknown-field"},
            {"fact": "sex", "problem": "not-an-option"},
        ]
        assert (await kit.archive_of(client, person))["version"] == 0

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
        kit: Kit,
    ) -> None:
        await record(sex="male")
        (fact,) = await kit.facts_of(client, customer_id=person["id"])
        await client.post(f"/v1/customers/{person['id']}/end", json={"reason": "无"})
        assert problem(await record(version=1, sex="female")) == (409, "customer-has-ended")
        response = await client.post(f"/v1/facts/{fact['id']}/confirm", json={"how": "x"})
        assert problem(response) == (409, "customer-has-ended")

    async def test_two_at_once_make_one_archive(
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record, kit: Kit
    ) -> None:
        answers = await asyncio.gather(*(record(sex=sex) for sex in ("male", "female", "male")))
        assert sorted(one.status_code for one in answers) == [200, 412, 412]
        assert len(await kit.facts_of(client, customer_id=person["id"])) == 1


class TestOneFact:
    @pytest.fixture
    async def fact(
        self, client: httpx.AsyncClient, person: dict[str, Any], record: Record, kit: Kit
    ) -> dict[str, Any]:
        """The person's job, from a chamber of commerce."""
        more = {"source_code": "association"}
        assert (await record("career", job_type="教师", more=more)).is_success
        (fact,) = await kit.facts_of(client, customer_id=person["id"])
        return fact

    async def test_of_a_third_party_is_due_until_confirmed(
        self,
        client: httpx.AsyncClient,
        fact: dict[str, Any],
        person: dict[str, Any],
        database: Database,
        tenant: str,
        kit: Kit,
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
        assert (await kit.archive_of(client, person))["version"] == 2
        (told,) = (await emitted(database, tenant, CHANGED))[-1].data["facts"]
        assert (told["step"], told["fact_id"]) == ("confirmed", now["id"])
        actions = [entry.action for entry in await audited(database, tenant)][-3:]
        assert sorted(actions) == ["archive.changed", "fact.confirmed", "fact.created"]

    async def test_is_corrected_with_a_reason(
        self, client: httpx.AsyncClient, fact: dict[str, Any], person: dict[str, Any], kit: Kit
    ) -> None:
        body = {"value": "医生", "source_code": "internal", "reason": "本人说明"}
        response = await client.post(f"/v1/facts/{fact['id']}/correct", json=body)
        assert (response.json()["value"], response.json()["step"]) == ("医生", "corrected")
        before, now = await kit.facts_of(client, customer_id=person["id"])
        assert (before["value"], before["end_step"]) == ("教师", "corrected")
        assert (before["end_reason"], now["ended_at"]) == ("本人说明", None)

    async def test_is_withdrawn_with_a_reason(
        self,
        client: httpx.AsyncClient,
        fact: dict[str, Any],
        person: dict[str, Any],
        database: Database,
        tenant: str,
        kit: Kit,
    ) -> None:
        why = {"reason": "来源不可靠"}
        response = await client.post(f"/v1/facts/{fact['id']}/withdraw", json=why)
        assert (response.json()["end_step"], response.json()["version"]) == ("withdrawn", 2)
        archive = await kit.archive_of(client, person)
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
        self, client: httpx.AsyncClient, fact: dict[str, Any], person: dict[str, Any], kit: Kit
    ) -> None:
        url = f"/v1/facts/{fact['id']}/confirm"
        answers = await asyncio.gather(*(client.post(url, json={"how": "x"}) for _ in range(4)))
        assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
        assert len(await kit.facts_of(client, customer_id=person["id"], current="true")) == 1

    async def test_the_database_lets_nobody_rewrite_it(
        self, fact: dict[str, Any], database: Database, context: Context
    ) -> None:
        for attempt in ("UPDATE facts SET value = '\"x\"'", "DELETE FROM facts"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with database.transaction(context) as session:
                    await session.execute(text(attempt))


async def test_another_tenant_sees_nothing(
    client_for: ClientFor,
    client: httpx.AsyncClient,
    person: dict[str, Any],
    record: Record,
    kit: Kit,
) -> None:
    await record(sex="male")
    (fact,) = await kit.facts_of(client)
    stranger = client_for(f"t-{uuid4().hex[:12]}")
    assert await kit.facts_of(stranger) == []
    assert (await stranger.get(f"/v1/facts/{fact['id']}")).status_code == 404
    assert (await stranger.get(f"/v1/customers/{person['id']}/archive")).status_code == 404


async def test_reading_takes_the_same_few_queries_however_much_is_known(
    client: httpx.AsyncClient, person: dict[str, Any], record: Record, database: Database, kit: Kit
) -> None:
    await record(sex="male", place="深圳", birthday="1980-05-04")
    with count_queries(database) as queries:
        await kit.archive_of(client, person)
    # begin, customer, archive, profiles, definitions, sources, facts, end
    assert len(queries) == 8, queries.statements
    with count_queries(database) as queries:
        assert len(await kit.facts_of(client)) == 3
    assert len(queries) == 6, queries.statements
