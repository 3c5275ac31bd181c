"""The API of classification schemes: what they are, and how the texts' ones are installed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
SCHEMES = "/v1/classification-schemes"
DEFAULTS = "/v1/classification-scheme-defaults"
IF_FIRST = {"If-Match": '"1"'}
KEY = {"code": "key", "name_zh": "关键客户", "name_en": "Key"}
GENERAL = {"code": "general", "name_zh": "一般客户", "name_en": "General"}


@pytest.fixture
async def scheme(make_scheme: Make) -> dict[str, Any]:
    """A scheme with the classes key and general, without rules."""
    return await make_scheme()


class TestCreate:
    async def test_with_everything(
        self, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        given = {
            "code": "size",
            "name_zh": "规模",
            "name_en": "Size",
            "description_zh": "按规模",
            "description_en": "By size",
            "source": "2 §2.11",
            "numbers": {"share_percent": "20"},
            "classes": [
                KEY
                | {"description_zh": None, "description_en": "First", "active": True}
                | {"numbers": {"employees_from": "1000"}}
            ],
            "rules": [
                {
                    "class_code": "key",
                    "conditions": [
                        {
                            "test": "between",
                            "fact": "employee_count",
                            "at_least": "1000",
                            "below": None,
                        }
                    ],
                }
            ],
        }
        response = await client.post(SCHEMES, json=given)
        body = response.json()
        assert response.status_code == 201, body
        assert response.headers["location"] == f"{SCHEMES}/{body['id']}"
        assert {name: body[name] for name in given} == given
        assert (await client.get(f"{SCHEMES}/{body['id']}")).json() == body
        (event,) = await emitted(database, tenant)
        assert event.type == "customer.classification-scheme-created.v1"
        assert (event.key, event.sequence, event.data["code"]) == (body["id"], 1, "size")
        (entry,) = await audited(database, tenant)
        assert entry.action == "classification-scheme.created"

    @pytest.mark.parametrize(
        ("fields", "answer"),
        [
            ({"classes": [KEY, KEY]}, (422, "class-codes-repeat")),
            ({"classes": []}, (422, "invalid-request")),
            ({"rules": [{"class_code": "no", "conditions": []}]}, (422, "rule-needs-class")),
            ({"numbers": {"Share": "1"}}, (422, "invalid-request")),
            ({"numbers": {"share": 0.1}}, (422, "invalid-request")),
            ({"code": "with space"}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        problem: ProblemOf,
        fields: dict[str, Any],
        answer: tuple[int, str],
    ) -> None:
        body = {"code": "x", "name_zh": "甲", "name_en": "X", "classes": [KEY]} | fields
        assert problem(await client.post(SCHEMES, json=body)) == answer

    async def test_with_a_code_that_is_taken(
        self, client: httpx.AsyncClient, scheme: dict[str, Any], problem: ProblemOf
    ) -> None:
        body = {"code": scheme["code"], "name_zh": "甲", "name_en": "X", "classes": [KEY]}
        assert problem(await client.post(SCHEMES, json=body)) == (409, "scheme-code-taken")


class TestChange:
    async def test_a_class_retires(
        self,
        client: httpx.AsyncClient,
        scheme: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        classes = [KEY, GENERAL | {"active": False}]
        response = await client.patch(
            f"{SCHEMES}/{scheme['id']}", json={"classes": classes}, headers=IF_FIRST
        )
        assert [one["active"] for one in response.json()["classes"]] == [True, False]
        event = (await emitted(database, tenant))[-1]
        assert event.type == "customer.classification-scheme-changed.v1"
        assert (event.sequence, event.data["changed"]) == (2, ["classes"])

    @pytest.mark.parametrize(
        ("body", "answer"),
        [
            ({"classes": [KEY]}, (409, "classes-stay")),
            ({"rules": [{"class_code": "no", "conditions": []}]}, (422, "rule-needs-class")),
            ({"active": None}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        scheme: dict[str, Any],
        problem: ProblemOf,
        body: dict[str, Any],
        answer: tuple[int, str],
    ) -> None:
        url = f"{SCHEMES}/{scheme['id']}"
        assert problem(await client.patch(url, json=body, headers=IF_FIRST)) == answer

    async def test_into_a_code_that_is_taken(
        self, client: httpx.AsyncClient, scheme: dict[str, Any], make_scheme: Make, problem: Any
    ) -> None:
        other = await make_scheme()
        response = await client.patch(
            f"{SCHEMES}/{scheme['id']}", json={"code": other["code"]}, headers=IF_FIRST
        )
        assert problem(response) == (409, "scheme-code-taken")

    async def test_without_or_with_an_old_version(
        self, client: httpx.AsyncClient, scheme: dict[str, Any], problem: ProblemOf
    ) -> None:
        url = f"{SCHEMES}/{scheme['id']}"
        assert problem(await client.patch(url, json={})) == (428, "if-match-required")
        response = await client.patch(url, json={}, headers={"If-Match": '"7"'})
        assert problem(response) == (412, "version-conflict")


class TestDefaults:
    async def test_all_schemes_of_the_texts_are_installed(
        self, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        answer = (await client.post(DEFAULTS)).json()
        assert (len(answer["installed"]), answer["kept"]) == (25, [])
        page = (await client.get(SCHEMES, params={"limit": 200})).json()
        assert sorted(one["code"] for one in page["items"]) == sorted(answer["installed"])
        by_code = {one["code"]: one for one in page["items"]}
        key, *_ = by_code["value-by-profit"]["classes"]
        assert (key["name_zh"], key["numbers"]["profit_share_percent"]) == ("关键客户", "80")
        assert len(await emitted(database, tenant)) == 25

    async def test_again_they_leave_what_the_tenant_has_changed(
        self, client: httpx.AsyncClient
    ) -> None:
        await client.post(DEFAULTS)
        (mine,) = (await client.get(SCHEMES, params={"code": "size"})).json()["items"]
        url = f"{SCHEMES}/{mine['id']}"
        await client.patch(url, json={"name_en": "Mine", "active": False}, headers=IF_FIRST)
        answer = (await client.post(DEFAULTS)).json()
        assert (answer["installed"], len(answer["kept"])) == ([], 25)
        after = (await client.get(url)).json()
        assert (after["name_en"], after["active"], after["version"]) == ("Mine", False, 2)

    async def test_two_at_once(self, client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(*(client.post(DEFAULTS) for _ in range(2)))
        assert [answer.status_code for answer in answers] == [200, 200]
        assert sorted(len(answer.json()["installed"]) for answer in answers) == [0, 25]


class TestAccess:
    async def test_reading_does_not_allow_writing(
        self,
        client_for: Callable[..., httpx.AsyncClient],
        tenant: str,
        scheme: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        reader = client_for(tenant, roles=("service_agent",))
        assert (await reader.get(f"{SCHEMES}/{scheme['id']}")).status_code == 200
        for path in (SCHEMES, DEFAULTS, f"{SCHEMES}/{scheme['id']}/run"):
            assert problem(await reader.post(path, json={})) == (403, "scope-missing")

    async def test_another_tenant_sees_nothing(
        self,
        client_for: Callable[..., httpx.AsyncClient],
        scheme: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        url = f"{SCHEMES}/{scheme['id']}"
        assert problem(await stranger.get(url)) == (404, "not-found")
        assert problem(await stranger.post(f"{url}/run", json={})) == (404, "not-found")
        assert (await stranger.get(SCHEMES)).json()["items"] == []


async def test_a_list_takes_three_queries(
    client: httpx.AsyncClient, make_scheme: Make, database: Database
) -> None:
    for _ in range(3):
        await make_scheme()
    with count_queries(database) as queries:
        page = (await client.get(SCHEMES, params={"active": "true", "sort": "-code"})).json()
    assert len(page["items"]) == 3
    assert len(queries) == 3, queries.statements  # begin, read the page, end
