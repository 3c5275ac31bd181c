"""Scoring options, grades and models: set up, refused, replaced, activated."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_analytics.testing import Stream
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted

OPTION = {
    "currency": "EUR",
    "intervals": [
        {"from": None, "to": "10", "points": "0"},
        {"from": "10", "to": None, "points": "100"},
    ],
}
COUNT_OPTION = {"intervals": OPTION["intervals"]}
GRADES = {
    "grades": [
        {"code": "C", "name_zh": "一般", "name_en": "General", "from": None, "to": "50"},
        {"code": "A", "name_zh": "关键", "name_en": "Key", "from": "50", "to": None},
    ]
}
MODEL = {"name": "ABC", "weights": {"won_amount": "60", "won_count": "40"}}
AMOUNT_PATH, COUNT_PATH = "/v1/scoring-options/won_amount", "/v1/scoring-options/won_count"


async def set_up(client: httpx.AsyncClient) -> dict[str, Any]:
    """Set up everything but an active model; return the draft."""
    assert (await client.put(AMOUNT_PATH, json=OPTION)).status_code == 200
    assert (await client.put(COUNT_PATH, json=COUNT_OPTION)).status_code == 200
    assert (await client.put("/v1/value-grades", json=GRADES)).status_code == 200
    made: dict[str, Any] = (await client.post("/v1/value-models", json=MODEL)).json()
    return made


def with_intervals(*ends: str | None) -> dict[str, Any]:
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return {"intervals": [{"from": low, "to": high, "points": "1"} for low, high in pairs]}


class TestScoringOptions:
    async def test_put_and_read(self, client: httpx.AsyncClient) -> None:
        put = await client.put(AMOUNT_PATH, json=OPTION)
        assert put.status_code == 200
        assert put.headers["ETag"] == '"1"'
        read = await client.get(AMOUNT_PATH)
        assert read.json() == put.json()
        assert read.headers["ETag"] == '"1"'
        assert put.json()["currency"] == "EUR"
        assert put.json()["intervals"] == OPTION["intervals"]

    async def test_money_counts_the_currency_of_the_installation_unless_given(
        self, client: httpx.AsyncClient
    ) -> None:
        assert (await client.put(AMOUNT_PATH, json=COUNT_OPTION)).json()["currency"] == "CNY"
        assert (await client.put(COUNT_PATH, json=COUNT_OPTION)).json()["currency"] is None

    async def test_replace_needs_the_version(self, client: httpx.AsyncClient, problem: Any) -> None:
        await client.put(AMOUNT_PATH, json=OPTION)
        again = await client.put(AMOUNT_PATH, json=OPTION)
        assert problem(again) == (428, "if-match-required")
        new = OPTION | {"currency": "USD"}
        changed = await client.put(AMOUNT_PATH, json=new, headers={"If-Match": '"1"'})
        assert changed.json()["version"] == 2
        stale = await client.put(AMOUNT_PATH, json=OPTION, headers={"If-Match": '"1"'})
        assert problem(stale) == (412, "version-conflict")
        assert stale.json()["changed_fields"] == ["currency"]
        same = await client.put(AMOUNT_PATH, json=new, headers={"If-Match": '"2"'})
        assert same.json()["version"] == 2

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (with_intervals("0", None), "scale-not-open"),
            (with_intervals(None, "5"), "scale-not-open"),
            (with_intervals(None, "5", "5", "5", "5", None), "scale-step-empty"),
            (with_intervals(None, "5", "6", None), "scale-gap"),
            (with_intervals(None, "5", "4", None), "scale-overlap"),
            (with_intervals(None, None) | {"currency": "CNY"}, "currency-not-meant"),
            ({"intervals": []}, "invalid-request"),
            (with_intervals(None, None) | {"colour": "red"}, "invalid-request"),
            ({"intervals": [{"from": None, "to": None, "points": "1.001"}]}, "invalid-request"),
            ({"intervals": [{"from": None, "to": "NaN", "points": "1"}]}, "invalid-request"),
            ({"intervals": [{"from": None, "to": None}]}, "invalid-request"),
        ],
    )
    async def test_refused(
        self, client: httpx.AsyncClient, problem: Any, body: dict[str, Any], code: str
    ) -> None:
        assert problem(await client.put(COUNT_PATH, json=body)) == (422, code)
        assert problem(await client.get(COUNT_PATH)) == (404, "not-found")

    async def test_unknown_dimension(self, client: httpx.AsyncClient, problem: Any) -> None:
        response = await client.put("/v1/scoring-options/charm", json=OPTION)
        assert problem(response) == (422, "invalid-request")

    async def test_list(
        self, client: httpx.AsyncClient, database: Database, client_for: Any
    ) -> None:
        await client.put(AMOUNT_PATH, json=OPTION)
        await client.put(COUNT_PATH, json=COUNT_OPTION)
        with count_queries(database) as queries:
            page = (await client.get("/v1/scoring-options", params={"limit": 1})).json()
        assert len(queries) == 3  # begin, read the page, end
        assert [item["dimension"] for item in page["items"]] == ["won_amount"]
        query = {"limit": 1, "cursor": page["next_cursor"]}
        page = (await client.get("/v1/scoring-options", params=query)).json()
        assert [item["dimension"] for item in page["items"]] == ["won_count"]
        assert page["next_cursor"] is None
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert (await stranger.get("/v1/scoring-options")).json()["items"] == []


class TestGrades:
    async def test_put_read_replace(self, client: httpx.AsyncClient, problem: Any) -> None:
        assert problem(await client.get("/v1/value-grades")) == (404, "not-found")
        put = await client.put("/v1/value-grades", json=GRADES)
        assert (await client.get("/v1/value-grades")).json() == put.json()
        assert put.json()["grades"] == GRADES["grades"]
        again = await client.put("/v1/value-grades", json=GRADES)
        assert problem(again) == (428, "if-match-required")
        stale = await client.put("/v1/value-grades", json=GRADES, headers={"If-Match": '"7"'})
        assert problem(stale) == (412, "version-conflict")

    async def test_refused(self, client: httpx.AsyncClient, problem: Any) -> None:
        low, high = GRADES["grades"]
        for grades, code in (
            ([low | {"to": "40"}, high], "scale-gap"),
            ([low | {"to": "60"}, high], "scale-overlap"),
            ([high, low], "scale-not-open"),
            ([low, high | {"code": "C"}], "grade-code-twice"),
            ([low | {"code": "C C"}, high], "invalid-request"),
        ):
            response = await client.put("/v1/value-grades", json={"grades": grades})
            assert problem(response) == (422, code)


class TestModels:
    async def test_create_and_read(self, client: httpx.AsyncClient) -> None:
        made = await client.post("/v1/value-models", json=MODEL)
        assert made.status_code == 201
        assert made.json()["state"] == "draft"
        assert made.json()["weights"] == MODEL["weights"]
        read = await client.get(made.headers["Location"])
        assert read.json() == made.json()
        assert read.headers["ETag"] == '"1"'

    async def test_create_again_with_the_same_key_is_answered_the_same(
        self, client: httpx.AsyncClient, problem: Any
    ) -> None:
        headers = {"Idempotency-Key": str(uuid4())}
        first = await client.post("/v1/value-models", json=MODEL, headers=headers)
        again = await client.post("/v1/value-models", json=MODEL, headers=headers)
        assert again.status_code == 201
        assert again.json() == first.json()
        other = await client.post("/v1/value-models", json=MODEL | {"name": "X"}, headers=headers)
        assert problem(other) == (422, "idempotency-key-reused")

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"weights": {"won_amount": "60", "won_count": "39.99"}}, 422, "weights-not-hundred"),
            ({"weights": {}}, 422, "invalid-request"),
            ({"weights": {"charm": "100"}}, 422, "invalid-request"),
            ({"weights": {"won_amount": "100", "won_count": "0"}}, 422, "invalid-request"),
            ({"state": "active"}, 422, "invalid-request"),
            ({"name": " "}, 422, "invalid-request"),
            ({}, 409, "value-model-name-taken"),
        ],
    )
    async def test_create_refused(
        self, client: httpx.AsyncClient, problem: Any, change: Any, status: int, code: str
    ) -> None:
        await client.post("/v1/value-models", json=MODEL)
        response = await client.post("/v1/value-models", json=MODEL | change)
        assert problem(response) == (status, code)

    async def test_change_a_draft(self, client: httpx.AsyncClient, problem: Any) -> None:
        made = (await client.post("/v1/value-models", json=MODEL)).json()
        path = f"/v1/value-models/{made['id']}"
        weights = {"weights": {"win_rate": "100"}}
        assert problem(await client.patch(path, json=weights)) == (428, "if-match-required")
        changed = await client.patch(path, json=weights, headers={"If-Match": '"1"'})
        assert (changed.json()["weights"], changed.json()["version"]) == (weights["weights"], 2)
        stale = await client.patch(path, json={"name": "Y"}, headers={"If-Match": '"1"'})
        assert problem(stale) == (412, "version-conflict")
        assert stale.json()["changed_fields"] == ["weights"]
        for body, code in (
            ({"weights": {"win_rate": "99"}}, "weights-not-hundred"),
            ({"name": None}, "invalid-request"),
            ({"colour": "red"}, "invalid-request"),
        ):
            response = await client.patch(path, json=body, headers={"If-Match": '"2"'})
            assert problem(response) == (422, code)

    async def test_activate(
        self, client: httpx.AsyncClient, problem: Any, database: Database, tenant: str
    ) -> None:
        first = await set_up(client)
        path = f"/v1/value-models/{first['id']}"
        stale = await client.post(f"{path}/activate", headers={"If-Match": '"9"'})
        assert problem(stale) == (412, "version-conflict")
        active = (await client.post(f"{path}/activate")).json()
        assert (active["state"], active["version"]) == ("active", 2)
        assert problem(await client.post(f"{path}/activate")) == (409, "value-model-active")
        late = await client.patch(path, json={"name": "Y"}, headers={"If-Match": '"2"'})
        assert problem(late) == (409, "value-model-not-draft")
        second = (await client.post("/v1/value-models", json=MODEL | {"name": "second"})).json()
        await client.post(f"/v1/value-models/{second['id']}/activate")
        assert (await client.get(path)).json()["state"] == "retired"
        assert (await client.post(f"{path}/activate")).json()["state"] == "active"
        actions = [entry.action for entry in await audited(database, tenant)]
        assert actions.count("value-model.activated") == 3
        assert actions.count("value-model.retired") == 2

    async def test_activate_refused_while_incomplete(
        self, client: httpx.AsyncClient, problem: Any
    ) -> None:
        made = (await client.post("/v1/value-models", json=MODEL)).json()
        path = f"/v1/value-models/{made['id']}/activate"
        await client.put(AMOUNT_PATH, json=OPTION)
        missing = await client.post(path)
        assert problem(missing) == (409, "scoring-options-missing")
        assert missing.json()["dimensions"] == ["won_count"]
        await client.put(COUNT_PATH, json=COUNT_OPTION)
        assert problem(await client.post(path)) == (409, "grades-missing")
        await client.put("/v1/value-grades", json=GRADES)
        assert (await client.post(path)).status_code == 200

    async def test_list(self, client: httpx.AsyncClient) -> None:
        made = await set_up(client)
        other = (await client.post("/v1/value-models", json=MODEL | {"name": "B"})).json()
        await client.post(f"/v1/value-models/{made['id']}/activate")
        active = (await client.get("/v1/value-models", params={"state": "active"})).json()
        assert [item["id"] for item in active["items"]] == [made["id"]]
        by_name = (await client.get("/v1/value-models", params={"sort": "-name"})).json()
        assert [item["id"] for item in by_name["items"]] == [other["id"], made["id"]]
        page = (await client.get("/v1/value-models", params={"limit": 1, "count": "exact"})).json()
        assert page["count"] == 2
        query = {"limit": 1, "cursor": page["next_cursor"]}
        rest = (await client.get("/v1/value-models", params=query)).json()
        assert [rest["items"][0]["id"], page["items"][0]["id"]] == [made["id"], other["id"]]

    async def test_of_another_tenant_do_not_exist(
        self, client: httpx.AsyncClient, client_for: Any, problem: Any
    ) -> None:
        made = await set_up(client)
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        path = f"/v1/value-models/{made['id']}"
        etag = {"If-Match": '"1"'}
        assert problem(await stranger.get(path))[0] == 404
        assert problem(await stranger.patch(path, json={"name": "Y"}, headers=etag))[0] == 404
        assert problem(await stranger.post(f"{path}/activate"))[0] == 404
        assert problem(await stranger.get(AMOUNT_PATH))[0] == 404


class TestEffect:
    async def test_a_change_of_intervals_or_grades_values_all_customers_anew(
        self, client: httpx.AsyncClient, stream: Stream, database: Database,
        worker_database: Database,
    ) -> None:  # fmt: skip
        model = await set_up(client)
        customer = stream.customer(uuid4())
        await stream.fold(worker_database)
        await client.post(f"/v1/value-models/{model['id']}/activate")
        looser = {"intervals": [{"from": None, "to": None, "points": "100"}]}
        await client.put(COUNT_PATH, json=looser, headers={"If-Match": '"1"'})
        low, high = GRADES["grades"]
        grades = {"grades": [low | {"to": "30"}, high | {"from": "30"}]}
        await client.put("/v1/value-grades", json=grades, headers={"If-Match": '"1"'})
        said = [
            (event.sequence, event.data["score"], event.data["grade"])
            for event in await emitted(database, stream.tenant)
        ]
        assert said == [(1, "0.0000", "C"), (2, "40.0000", "C"), (3, "40.0000", "A")]
        assert (await client.get(f"/v1/values/{customer}")).json()["grade"] == "A"

    async def test_an_option_that_no_model_weighs_changes_no_value(
        self, client: httpx.AsyncClient, stream: Stream, database: Database,
        worker_database: Database,
    ) -> None:  # fmt: skip
        model = await set_up(client)
        stream.customer(uuid4())
        await stream.fold(worker_database)
        await client.post(f"/v1/value-models/{model['id']}/activate")
        said = await emitted(database, stream.tenant)
        path = "/v1/scoring-options/lost_count"
        await client.put(path, json=COUNT_OPTION)
        await client.put(path, json=with_intervals(None, None), headers={"If-Match": '"1"'})
        assert await emitted(database, stream.tenant) == said


class TestDefaults:
    async def test_set_up_once(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        customer = stream.customer(uuid4())
        await stream.fold(worker_database)
        first = await client.post("/v1/values/defaults", json={"currency": "USD"})
        assert first.status_code == 200
        scheme = first.json()
        assert scheme["model"]["state"] == "active"
        assert [grade["code"] for grade in scheme["grades"]["grades"]] == ["C", "B", "A"]
        assert {option["currency"] for option in scheme["options"]} == {"USD", None}
        again = await client.post("/v1/values/defaults", json={"currency": "EUR"})
        assert again.json() == scheme
        assert (await client.get(f"/v1/values/{customer}")).json()["grade"] == "C"

    async def test_keep_what_is_there(self, client: httpx.AsyncClient) -> None:
        mine = await set_up(client)
        await client.post(f"/v1/value-models/{mine['id']}/activate")
        scheme = (await client.post("/v1/values/defaults", json={})).json()
        assert scheme["model"]["id"] == mine["id"]
        assert scheme["grades"]["grades"] == GRADES["grades"]
        options = {option["dimension"]: option for option in scheme["options"]}
        assert options["won_amount"]["currency"] == "EUR"
        assert set(options) == {"won_amount", "won_count", "win_rate", "open_amount"}


class TestRights:
    async def test_who_may_not(self, client_for: Any, tenant: str, problem: Any) -> None:
        manager = client_for(tenant, roles=("sales_manager",))
        assert (await manager.get("/v1/dimensions")).status_code == 200
        for method, path in (
            ("PUT", AMOUNT_PATH),
            ("PUT", "/v1/value-grades"),
            ("POST", "/v1/value-models"),
            ("PATCH", f"/v1/value-models/{uuid4()}"),
            ("POST", f"/v1/value-models/{uuid4()}/activate"),
            ("POST", "/v1/values/defaults"),
        ):
            assert problem(await manager.request(method, path)) == (403, "scope-missing")
        representative = client_for(tenant, roles=("sales_representative",))
        for path in (
            "/v1/dimensions", "/v1/scoring-options", AMOUNT_PATH, "/v1/value-grades",
            "/v1/value-models", f"/v1/value-models/{uuid4()}",
        ):  # fmt: skip
            assert problem(await representative.get(path)) == (403, "scope-missing")

    async def test_changes_are_audited(
        self, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        await set_up(client)
        entries = await audited(database, tenant)
        assert {entry.action for entry in entries} == {
            "scoring-option.created", "grade-scheme.created", "value-model.created",
        }  # fmt: skip
        assert {entry.actor for entry in entries} == {"tester"}
        shown = (await client.get("/v1/audit-log")).json()["items"]
        assert len(shown) == len(entries) == 4
