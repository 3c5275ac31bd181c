"""The conversion API: asking for a conversion, and watching it. What the worker does: ../saga."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


@pytest.fixture
async def url(make_lead: Make) -> str:
    """The address of an open lead."""
    return f"/v1/leads/{(await make_lead())['id']}"


class TestConvert:
    async def test_only_records_that_it_is_asked_for(
        self, client: httpx.AsyncClient, url: str, database: Database, tenant: str
    ) -> None:
        response = await client.post(f"{url}/convert", headers={"X-Request-Id": "r-1"})
        assert response.status_code == 202
        assert response.headers["location"] == f"{url}/conversion"
        body = response.json()
        assert (body["state"], body["attempts"], body["last_error"]) == ("requested", 0, None)
        assert (body["started_by"], body["opportunity_id"]) == ("tester", None)
        assert (await client.get(f"{url}/conversion")).json() == body
        lead = (await client.get(url)).json()
        assert (lead["status"], lead["version"]) == ("converting", 2)
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.sequence) == ("marketing.lead-changed.v1", 2)
        assert (event.data["status"], event.data["changed"]) == ("converting", ["status"])
        entry = (await audited(database, tenant))[-1]
        assert (entry.action, entry.request_id) == ("lead.conversion-begun", "r-1")

    async def test_again_answers_the_same_conversion(
        self, client: httpx.AsyncClient, url: str, database: Database, tenant: str
    ) -> None:
        first = await client.post(f"{url}/convert")
        again = await client.post(f"{url}/convert")
        assert (again.status_code, again.json()) == (202, first.json())
        assert len(await emitted(database, tenant)) == 2

    async def test_many_at_once_start_one(
        self, client: httpx.AsyncClient, url: str, database: Database, tenant: str
    ) -> None:
        answers = await asyncio.gather(*(client.post(f"{url}/convert") for _ in range(5)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.text for answer in answers}) == 1
        assert len(await emitted(database, tenant)) == 2

    async def test_a_disqualified_lead(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.post(f"{url}/disqualify", json={"reason": "没有预算"})
        assert problem(await client.post(f"{url}/convert")) == (409, "lead-not-open")
        assert problem(await client.get(f"{url}/conversion")) == (404, "not-found")

    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.patch(url, json={"topic": "新"}, headers={"If-Match": '"1"'})
        response = await client.post(f"{url}/convert", headers={"If-Match": '"1"'})
        assert problem(response) == (412, "version-conflict")
        assert response.json()["changed_fields"] == ["topic"]

    async def test_in_chinese(self, client: httpx.AsyncClient, url: str) -> None:
        chinese = {"Accept-Language": "zh-CN"}
        response = await client.post(f"{url}/convert", headers=chinese)
        assert response.json()["message"] == "已受理，正在处理客户。"
        again = await client.get(f"{url}/conversion", headers={"Accept-Language": "en"})
        assert again.json()["message"] == "The customer comes first."


async def test_a_lead_that_nobody_converts(
    client: httpx.AsyncClient, url: str, problem: ProblemOf
) -> None:
    assert problem(await client.get(f"{url}/conversion")) == (404, "not-found")
