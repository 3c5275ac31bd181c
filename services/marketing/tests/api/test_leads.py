"""The lead API."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"  # a constant: it becomes part of test names
Make = Callable[..., Awaitable[dict[str, Any]]]
Know = Callable[..., Awaitable[UUID]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]

TODAY = clock.today(clock.now(), "Asia/Shanghai")
TOMORROW = (TODAY + timedelta(days=2)).isoformat()  # two: the test may run over midnight
IF_FIRST = {"If-Match": '"1"'}
LEAST = {"topic": "扩容", "source": "telephone", "customer_name": "恒远"}
EVERYTHING = {
    "topic": "车间服务器更新需求",
    "source": "seminar",
    "source_detail": "上海工业博览会",
    "customer_name": "苏州恒远精密机械有限公司",
    "contact_name": "赵立新",
    "contact_phone": "+86 512 6500 0000",
    "contact_email": "zhao.lixin@example.com",
    "owner_id": str(uuid4()),
    "need": "三台老服务器年底前更换",
    "expected_revenue": {"amount": "180000.00", "currency": "CNY"},
    "expected_close_on": "2027-02-01",
    "interests": [{"product_id": str(uuid4()), "quantity": "2.5"}],
    "created_on": "2026-03-14",
    "external_ref": "form-7",
}


@pytest.fixture
async def lead(make_lead: Make) -> dict[str, Any]:
    """An open lead."""
    return await make_lead(created_on="2026-03-14")


@pytest.fixture
async def url(lead: dict[str, Any]) -> str:
    """Its address."""
    return f"/v1/leads/{lead['id']}"


class TestCreate:
    async def test_with_everything(
        self, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        response = await client.post("/v1/leads", json=EVERYTHING)
        body = response.json()
        assert (response.status_code, response.headers["etag"]) == (201, '"1"')
        assert response.headers["location"] == f"/v1/leads/{body['id']}"
        assert {name: body[name] for name in EVERYTHING} == EVERYTHING
        assert (body["number"], body["status"]) == ("LEAD-2026-000001", "open")
        assert (await client.get(response.headers["location"])).json() == body
        (event,) = await emitted(database, tenant)
        assert (event.type, event.key) == ("marketing.lead-created.v1", body["id"])
        assert (event.sequence, event.data["changed"]) == (1, [])
        assert event.data["customer_name"] == EVERYTHING["customer_name"]
        assert "+86" not in str(event.data)
        assert "@" not in str(event.data)
        (entry,) = await audited(database, tenant)
        assert (entry.entity, entry.action) == ("lead", "lead.created")
        assert entry.changes["topic"] == {"before": None, "after": EVERYTHING["topic"]}

    async def test_with_the_least(self, client: httpx.AsyncClient) -> None:
        body = (await client.post("/v1/leads", json=LEAST)).json()
        assert body["created_on"] == TODAY.isoformat()
        assert (body["interests"], body["last_error"]) == ([], None)

    async def test_with_a_picked_customer(self, make_lead: Make, know_customer: Know) -> None:
        customer_id = str(await know_customer())
        body = await make_lead(customer_id=customer_id, contact_id=str(uuid4()))
        assert body["customer_id"] == customer_id

    async def test_numbers_have_no_gaps(
        self, client: httpx.AsyncClient, make_lead: Make, problem: ProblemOf
    ) -> None:
        await make_lead(external_ref="form-7")
        again = await client.post("/v1/leads", json=LEAST | {"external_ref": "form-7"})
        assert problem(again) == (409, "external-reference-taken")
        numbers = [one["number"] for one in await asyncio.gather(*(make_lead() for _ in range(5)))]
        year = TODAY.year
        assert sorted(numbers) == [f"LEAD-{year}-{n:06d}" for n in range(2, 7)]

    async def test_external_reference_of_another_tenant(
        self, client_for: ClientFor, make_lead: Make
    ) -> None:
        await make_lead(external_ref="form-7")
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        response = await stranger.post("/v1/leads", json=LEAST | {"external_ref": "form-7"})
        assert response.status_code == 201

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"customer_name": None}, "customer-missing"),
            ({"contact_id": str(uuid4())}, "contact-without-customer"),
            ({"customer_id": str(uuid4())}, "unknown-customer"),
            ({"created_on": TOMORROW}, "date-in-future"),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        problem: ProblemOf,
        database: Database,
        tenant: str,
        fields: dict[str, Any],
        code: str,
    ) -> None:
        response = await client.post("/v1/leads", json=LEAST | fields)
        assert problem(response) == (422, code)
        assert await emitted(database, tenant) == []

    async def test_with_a_former_customer(
        self, client: httpx.AsyncClient, know_customer: Know, problem: ProblemOf
    ) -> None:
        customer_id = str(await know_customer(state="former", name="恒远"))
        response = await client.post(
            "/v1/leads",
            json=LEAST | {"customer_id": customer_id},
            headers={"Accept-Language": "zh-CN"},
        )
        assert problem(response) == (409, "customer-has-ended")
        assert response.json()["detail"] == "与 恒远 的业务关系已终止。"

    async def test_customer_of_another_tenant(
        self, client_for: ClientFor, know_customer: Know, problem: ProblemOf
    ) -> None:
        customer_id = str(await know_customer())
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        response = await stranger.post("/v1/leads", json=LEAST | {"customer_id": customer_id})
        assert problem(response) == (422, "unknown-customer")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("topic", " "),
            ("source", "rumour"),
            ("contact_phone", "call me"),
            ("contact_email", "zhao"),
            ("expected_revenue", {"amount": "-1.00", "currency": "CNY"}),
            ("expected_revenue", {"amount": "1.00"}),
            ("interests", [{"product_id": str(uuid4()), "quantity": "0"}]),
            ("interests", [{"product_id": str(uuid4())}]),
            ("expected_close_on", "2026-02-30"),
            ("status", "converted"),
            ("number", "LEAD-1"),
            ("opportunity_id", NOBODY),
        ],
    )
    async def test_with_a_field_that_is_not_valid(
        self, client: httpx.AsyncClient, problem: ProblemOf, field: str, value: object
    ) -> None:
        response = await client.post("/v1/leads", json=LEAST | {field: value})
        assert problem(response) == (422, "invalid-request")
        assert response.json()["errors"][0]["pointer"].startswith(f"/{field}")

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("contact_phone", "+999 1234567", "invalid-phone-number"),
            ("contact_email", ".zhao@example.com", "invalid-email-address"),
        ],
    )
    async def test_with_what_no_contact_could_have(
        self, client: httpx.AsyncClient, problem: ProblemOf, field: str, value: str, code: str
    ) -> None:
        response = await client.post("/v1/leads", json=LEAST | {field: value})
        assert problem(response) == (422, code)
        lead = (await client.post("/v1/leads", json=LEAST)).json()
        url, etag = f"/v1/leads/{lead['id']}", {"If-Match": '"1"'}
        assert problem(await client.patch(url, json={field: value}, headers=etag)) == (422, code)

    async def test_old_ones_keep_what_they_have(
        self, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        lead = (await client.post("/v1/leads", json=LEAST)).json()
        async with database.transaction(Context(tenant_id=tenant, actor="tester")) as session:
            await session.fetch(
                "UPDATE leads SET contact_phone = '8888 6666' WHERE id = $1", UUID(lead["id"])
            )
        change = {"contact_phone": "8888 6666", "need": "五台"}
        url = f"/v1/leads/{lead['id']}"
        changed = await client.patch(url, json=change, headers={"If-Match": '"1"'})
        assert changed.status_code == 200, changed.text

    async def test_repeated_with_its_key(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        key = {"Idempotency-Key": "k-1"}
        first = await client.post("/v1/leads", json=LEAST, headers=key)
        again = await client.post("/v1/leads", json=LEAST, headers=key)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotency-replayed"] == "true"
        other = await client.post("/v1/leads", json=EVERYTHING, headers=key)
        assert problem(other) == (422, "idempotency-key-reused")
        assert len((await client.get("/v1/leads")).json()["items"]) == 1


class TestChange:
    async def test_several_fields(
        self,
        client: httpx.AsyncClient,
        make_lead: Make,
        know_customer: Know,
        database: Database,
        tenant: str,
    ) -> None:
        lead = await make_lead(**EVERYTHING)
        changes: dict[str, Any] = {
            "customer_id": str(await know_customer()),
            "customer_name": None,
            "expected_revenue": None,
            "interests": [],
            "source": "advertising",
        }
        response = await client.patch(f"/v1/leads/{lead['id']}", json=changes, headers=IF_FIRST)
        assert response.json() == lead | changes | {
            "version": 2, "updated_at": response.json()["updated_at"]
        }  # fmt: skip
        event = (await emitted(database, tenant, "marketing.lead-changed.v1"))[-1]
        assert event.sequence == 2
        assert event.data["customer_id"] == changes["customer_id"]
        assert set(changes) <= set(event.data["changed"])
        entry = (await audited(database, tenant))[-1]
        assert (entry.action, entry.version) == ("lead.changed", 2)
        assert entry.changes["source"] == {"before": "seminar", "after": "advertising"}

    async def test_to_what_it_is_already(
        self,
        client: httpx.AsyncClient,
        lead: dict[str, Any],
        url: str,
        database: Database,
        tenant: str,
    ) -> None:
        response = await client.patch(url, json={"topic": lead["topic"]}, headers=IF_FIRST)
        assert response.json() == lead
        assert len(await emitted(database, tenant)) == 1

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"customer_name": None}, "customer-missing"),
            ({"contact_id": str(uuid4())}, "contact-without-customer"),
            ({"customer_id": str(uuid4())}, "unknown-customer"),
            ({"topic": None}, "invalid-request"),
            ({"interests": None}, "invalid-request"),
            ({"status": "converted"}, "invalid-request"),
            ({"created_on": "2026-01-01"}, "invalid-request"),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        url: str,
        problem: ProblemOf,
        fields: dict[str, Any],
        code: str,
    ) -> None:
        assert problem(await client.patch(url, json=fields, headers=IF_FIRST)) == (422, code)

    async def test_to_a_former_customer(
        self, client: httpx.AsyncClient, url: str, know_customer: Know, problem: ProblemOf
    ) -> None:
        customer_id = str(await know_customer(state="former"))
        response = await client.patch(url, json={"customer_id": customer_id}, headers=IF_FIRST)
        assert problem(response) == (409, "customer-has-ended")

    @pytest.mark.parametrize("command", ["convert", "disqualify"])
    async def test_a_lead_that_is_not_open(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf, command: str
    ) -> None:
        await client.post(f"{url}/{command}", json={"reason": "没有预算"})
        response = await client.patch(url, json={"topic": "新"}, headers={"If-Match": '"2"'})
        assert problem(response) == (409, "lead-not-open")

    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.patch(url, json={"topic": "新"}, headers=IF_FIRST)
        response = await client.patch(url, json={"topic": "另一个"}, headers=IF_FIRST)
        assert problem(response) == (412, "version-conflict")
        assert response.json()["changed_fields"] == ["topic"]

    async def test_without_saying_the_version(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        assert problem(await client.patch(url, json={"topic": "新"})) == (428, "if-match-required")


class TestDisqualifyAndReopen:
    async def test_there_and_back(
        self, client: httpx.AsyncClient, url: str, database: Database, tenant: str
    ) -> None:
        given = {"reason": "没有预算", "on": "2026-03-20"}
        body = (await client.post(f"{url}/disqualify", json=given)).json()
        assert (body["status"], body["disqualified_on"]) == ("disqualified", "2026-03-20")
        assert body["disqualified_reason"] == "没有预算"
        response = await client.post(f"{url}/reopen")
        assert (response.json()["status"], response.headers["etag"]) == ("open", '"3"')
        assert response.json()["disqualified_reason"] is None
        events = await emitted(database, tenant, "marketing.lead-changed.v1")
        assert [event.data["status"] for event in events] == ["disqualified", "open"]
        assert [event.sequence for event in events] == [2, 3]
        actions = [entry.action for entry in await audited(database, tenant)]
        assert actions == ["lead.created", "lead.disqualified", "lead.reopened"]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"reason": "无", "on": TOMORROW}, "date-in-future"),
            ({"reason": "无", "on": "2026-03-13"}, "date-before-previous"),
            ({"reason": " "}, "invalid-request"),
            ({}, "invalid-request"),
            ({"reason": "无", "why": "无"}, "invalid-request"),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        url: str,
        problem: ProblemOf,
        body: dict[str, Any],
        code: str,
    ) -> None:
        assert problem(await client.post(f"{url}/disqualify", json=body)) == (422, code)

    async def test_a_second_time(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        assert problem(await client.post(f"{url}/reopen")) == (409, "lead-not-disqualified")
        await client.post(f"{url}/disqualify", json={"reason": "无"})
        again = await client.post(f"{url}/disqualify", json={"reason": "无"})
        assert problem(again) == (409, "lead-not-open")

    @pytest.mark.parametrize(
        ("command", "body"), [("disqualify", {"reason": "无"}), ("reopen", None)]
    )
    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf, command: str, body: Any
    ) -> None:
        await client.patch(url, json={"topic": "新"}, headers=IF_FIRST)
        response = await client.post(f"{url}/{command}", json=body, headers=IF_FIRST)
        assert problem(response) == (412, "version-conflict")

    async def test_two_at_once(self, client: httpx.AsyncClient, url: str) -> None:
        answers = await asyncio.gather(
            *(client.post(f"{url}/disqualify", json={"reason": "无"}) for _ in range(2)),
            client.post(f"{url}/convert"),
        )
        done = [answer for answer in answers if answer.is_success]
        assert len(done) == 1
        assert {answer.json()["code"] for answer in answers if not answer.is_success} == {
            "lead-not-open"
        }


class TestTenantsAndScopes:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "", None),
            ("PATCH", "", {"topic": "我的"}),
            ("POST", "/disqualify", {"reason": "无"}),
            ("POST", "/reopen", None),
            ("POST", "/convert", None),
            ("GET", "/conversion", None),
        ],
    )
    async def test_a_foreign_lead_is_not_found(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        url: str,
        problem: ProblemOf,
        method: str,
        path: str,
        body: Any,
    ) -> None:
        await client.post(f"{url}/convert")
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        response = await stranger.request(method, url + path, json=body, headers=IF_FIRST)
        assert problem(response) == (404, "not-found")
        assert (await stranger.get("/v1/leads")).json()["items"] == []
        assert (await client.get(url)).json()["version"] == 2

    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", ""), ("PATCH", "/x"), ("POST", "/x/disqualify"), ("POST", "/x/reopen"),
         ("POST", "/x/convert")],
    )  # fmt: skip
    async def test_reading_does_not_allow_writing(
        self,
        client_for: ClientFor,
        tenant: str,
        lead: dict[str, Any],
        problem: ProblemOf,
        method: str,
        path: str,
    ) -> None:
        analyst = client_for(tenant, roles=("analyst",))
        address = "/v1/leads" + path.replace("x", lead["id"])
        response = await analyst.request(method, address, json=LEAST, headers=IF_FIRST)
        assert problem(response) == (403, "scope-missing")
        assert (await analyst.get("/v1/leads")).status_code == 200


class TestList:
    async def test_by_each_filter(
        self, client: httpx.AsyncClient, make_lead: Make, know_customer: Know
    ) -> None:
        customer_id, owner_id = str(await know_customer()), str(uuid4())
        wanted = await make_lead(
            topic="100% Ümlaut",
            source="observation",
            customer_id=customer_id,
            owner_id=owner_id,
            external_ref="form-7",
        )
        await client.post(f"/v1/leads/{wanted['id']}/disqualify", json={"reason": "无"})
        await make_lead(topic="1000 others")
        for query in (
            {"status": "disqualified"},
            {"source": "observation"},
            {"customer_id": customer_id},
            {"owner_id": owner_id},
            {"number": wanted["number"]},
            {"external_ref": "form-7"},
            {"q": "ümlaut"},
            {"q": "100%"},
            {"status": ["disqualified", "converted"], "source": "observation"},
        ):
            page = (await client.get("/v1/leads", params=query)).json()
            assert [one["id"] for one in page["items"]] == [wanted["id"]], query
        everything = await client.get("/v1/leads", params={"status": ["open", "disqualified"]})
        assert len(everything.json()["items"]) == 2

    @pytest.mark.parametrize("sort", ["created_at", "-created_at", "number", "-number"])
    async def test_pages_show_everything_once_in_order(
        self, client: httpx.AsyncClient, make_lead: Make, sort: str
    ) -> None:
        made = [(await make_lead())["number"] for _ in range(5)]
        query: dict[str, Any] = {"limit": 2, "sort": sort, "count": "exact"}
        seen: list[str] = []
        for _ in range(3):
            page = (await client.get("/v1/leads", params=query)).json()
            assert page["count"] == 5
            seen += [one["number"] for one in page["items"]]
            query["cursor"] = page["next_cursor"]
        assert query["cursor"] is None
        assert seen == (made[::-1] if sort.startswith("-") else made)

    async def test_takes_the_same_few_queries_however_long(
        self, client: httpx.AsyncClient, make_lead: Make, database: Database
    ) -> None:
        for _ in range(3):
            await make_lead(**EVERYTHING | {"external_ref": None})
        with count_queries(database) as queries:
            page = (await client.get("/v1/leads")).json()
        assert len(page["items"]) == 3
        assert len(queries) == 3, queries.statements  # begin, read the page, end

    @pytest.mark.parametrize("query", [{"stauts": "open"}, {"status": "lost"}, {"limit": 201}])
    async def test_with_a_parameter_that_is_not_valid(
        self, client: httpx.AsyncClient, problem: ProblemOf, query: dict[str, Any]
    ) -> None:
        response = await client.get("/v1/leads", params=query)
        assert problem(response) == (422, "invalid-request")


async def test_sources_have_names_in_both_languages(client: httpx.AsyncClient) -> None:
    for language, name in (("zh-CN", "关系链"), ("en", "Relationship chain")):
        response = await client.get("/v1/lead-sources", headers={"Accept-Language": language})
        names = {one["code"]: one["name"] for one in response.json()}
        assert len(names) == 14
        assert names["relationship_chain"] == name
