"""Win rates equal what can be counted by hand; lists equal figures."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_analytics.testing import Stream
from kehu_kernel import clock
from kehu_kernel.db import Database

DAY = date(2026, 3, 1)
WANG, LI = uuid4(), uuid4()
EAST, WEST = uuid4(), uuid4()


@pytest.fixture
async def decisions(stream: Stream, worker_database: Database) -> None:
    """Wang (east) wins two and loses one, Li (west) loses one, one without an owner is won."""
    stream.employee(WANG, "王芳")
    stream.employee(LI, "李强")
    stream.department(EAST, "华东")
    stream.department(WEST, "华西")
    for number, (status, owner, department, days, currency) in enumerate(
        [
            ("won", WANG, EAST, 10, "CNY"),
            ("won", WANG, EAST, 21, "USD"),
            ("lost", WANG, EAST, 5, "CNY"),
            ("lost", LI, WEST, 30, "CNY"),
            ("won", None, None, 31, "CNY"),
        ]
    ):
        stream.opportunity(
            uuid4(), status, DAY + timedelta(days=days), amount=100, won=90 + number,
            currency=currency, owner_id=owner, department_id=department, opened_on=DAY,
        )  # fmt: skip
    stream.opportunity(uuid4(), "in_progress", DAY, stage="bid", owner_id=WANG)
    stream.opportunity(uuid4(), "evaluation_failed", DAY, owner_id=WANG)
    kept = stream.opportunity(uuid4(), "lost", DAY + timedelta(days=8), owner_id=WANG)
    stream.opportunity(kept, "pooled", DAY + timedelta(days=9))
    await stream.fold(worker_database)


def brief(line: dict[str, Any]) -> tuple[Any, ...]:
    amounts = [f"{money['amount']} {money['currency']}" for money in line["won_amounts"]]
    days = line["average_cycle_days"], line["average_days_to_win"]
    return line["name"], line["won"], line["lost"], line["win_rate"], amounts, *days


@pytest.mark.usefixtures("decisions")
class TestWinRate:
    async def test_in_total(self, client: httpx.AsyncClient) -> None:
        answer = (await client.get("/v1/win-rate")).json()
        [line] = answer["lines"]
        assert line == answer["total"]
        # Days: 10 + 21 + 5 + 30 + 31 = 97 over five; 10 + 21 + 31 = 62 over three.
        assert brief(line) == (
            None, 3, 2, "60.00", ["184.00 CNY", "91.00 USD"], "19.4", "20.7",
        )  # fmt: skip

    async def test_by_owner(self, client: httpx.AsyncClient) -> None:
        lines = (await client.get("/v1/win-rate", params={"by": "owner"})).json()["lines"]
        assert [brief(line) for line in lines] == [
            ("王芳", 2, 1, "66.67", ["90.00 CNY", "91.00 USD"], "12.0", "15.5"),
            *sorted(
                [
                    ("李强", 0, 1, "0.00", [], "30.0", None),
                    (None, 1, 0, "100.00", ["94.00 CNY"], "31.0", "31.0"),
                ],
                key=lambda line: str(LI if line[0] else None),
            ),
        ]

    async def test_by_department(self, client: httpx.AsyncClient) -> None:
        answer = (await client.get("/v1/win-rate", params={"by": "department"})).json()
        assert {(line["name"], line["won"], line["lost"]) for line in answer["lines"]} == {
            ("华东", 2, 1), ("华西", 0, 1), (None, 1, 0),
        }  # fmt: skip
        assert (answer["total"]["won"], answer["total"]["lost"]) == (3, 2)

    async def test_of_a_period(self, client: httpx.AsyncClient) -> None:
        period = {
            "from": (DAY + timedelta(days=10)).isoformat(),
            "to": (DAY + timedelta(days=30)).isoformat(),
        }
        answer = (await client.get("/v1/win-rate", params=period)).json()
        assert (answer["from"], answer["to"]) == (period["from"], period["to"])
        assert (answer["total"]["won"], answer["total"]["lost"]) == (2, 1)
        empty = {"from": "2025-01-01", "to": "2025-12-31"}
        total = (await client.get("/v1/win-rate", params=empty)).json()["total"]
        assert brief(total) == (None, 0, 0, None, [], None, None)

    @pytest.mark.parametrize("by", ["none", "owner", "department"])
    async def test_lists_are_as_long_as_their_figures(
        self, client: httpx.AsyncClient, by: str
    ) -> None:
        lines = (await client.get("/v1/win-rate", params={"by": by})).json()["lines"]
        for line in lines:
            key = {"key": line["key"]} if line["key"] else {}
            for outcome in ("won", "lost"):
                behind = {"by": by, "outcome": outcome, "count": "exact"} | key
                page = (await client.get("/v1/win-rate/opportunities", params=behind)).json()
                assert page["count"] == len(page["items"]) == line[outcome]
                assert {item["status"] for item in page["items"]} <= {outcome}

    async def test_list_pages_through_everything(self, client: httpx.AsyncClient) -> None:
        params: dict[str, Any] = {"limit": 2, "sort": "closed_on"}
        days = []
        while True:
            page = (await client.get("/v1/win-rate/opportunities", params=params)).json()
            days += [item["closed_on"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert len(days) == 5
        assert days == sorted(days)

    async def test_refusals(
        self, client: httpx.AsyncClient, client_for: Any, tenant: str, problem: Any
    ) -> None:
        tomorrow = (clock.now().date() + timedelta(days=2)).isoformat()
        for path in ("/v1/win-rate", "/v1/win-rate/opportunities"):
            response = await client.get(path, params={"to": tomorrow})
            assert problem(response) == (422, "date-in-future")
            response = await client.get(path, params={"from": "2026-02-02", "to": "2026-02-01"})
            assert problem(response) == (422, "period-reversed")
            response = await client.get(path, params={"start": "2026-02-02"})
            assert problem(response) == (422, "invalid-request")
            agent = client_for(tenant, roles=("service_agent",))
            assert problem(await agent.get(path)) == (403, "scope-missing")
