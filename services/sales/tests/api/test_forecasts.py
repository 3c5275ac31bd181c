"""Forecasts: now, as they were, and how good they were (S12; peers 3B)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.directory.models import DepartmentRef, EmployeeRef
from kehu_sales.forecasts.service import SnapshotWork

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
ZONE = "Asia/Shanghai"
TODAY = clock.today(clock.now(), ZONE)
MONTH = f"{TODAY:%Y-%m}"
"""Of the present month are those that close in it; a test that runs over midnight may fail once."""


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


@pytest.fixture
def make_expected(client: httpx.AsyncClient, make_method: Make, make_in_progress: Make) -> Make:
    """An opportunity in progress of an amount, in the stage of a success rate."""

    async def make(amount: str, rate: int, **fields: Any) -> dict[str, Any]:
        stages = [{"code": "s", "name": "S", "planned_days": 1, "success_rate": rate}]
        method = await make_method(stages=stages)
        return await make_in_progress(
            method_id=method["id"],
            expected_revenue=cny(amount),
            expected_close_on=str(TODAY),
            **fields,
        )

    return make


@pytest.fixture
def forecast(client: httpx.AsyncClient) -> Callable[..., Awaitable[dict[str, Any]]]:
    """The forecast of the present month, by figure; empty if there is none."""

    async def read(**asked: Any) -> dict[str, Any]:
        response = await client.get(
            "/v1/forecasts", params={"month_from": MONTH, "month_to": MONTH} | asked
        )
        assert response.status_code == 200, response.text
        months = response.json()["months"]
        return {
            name: value["amount"] if isinstance(value, dict) else value
            for one in months
            for name, value in one.items()
        }

    return read


@pytest.fixture
def employed(worker_database: Database, tenant: str) -> Callable[..., Awaitable[UUID]]:
    """Makes an employee of a department known to sales."""

    async def make(department: UUID, named: UUID | None = None) -> UUID:
        employee = named or uuid4()
        known = {"tenant_id": tenant, "sequence": 1, "code": "X", "name": "X"}
        async with worker_database.worker_transaction() as session:
            if await session.get(DepartmentRef, (tenant, department)) is None:
                session.add(DepartmentRef(id=department, **known))
            session.add(EmployeeRef(id=employee, department_id=department, active=True, **known))
        return employee

    return make


class TestNow:
    async def test_each_counts_by_the_success_rate_of_its_stage(
        self, client: httpx.AsyncClient, make_expected: Make, forecast: Make
    ) -> None:
        for amount, rate in (("1000.00", 75), ("200.00", 74), ("30.00", 49), ("4.00", 9)):
            await make_expected(amount, rate)
        won = await make_expected("60000.00", 20)
        await client.post(
            f"/v1/opportunities/{won['id']}/win",
            json={"closed_on": str(TODAY), "reason": "价格", "amount": cny("50000.00")},
        )
        assert await forecast() == {
            "month": MONTH,
            "open_count": 4,
            "won": "50000.00",
            "weighted": "50913.06",
            "commit": "51000.00",
            "likely": "51200.00",
            "best": "51230.00",
        }

    async def test_a_word_counts_before_the_success_rate_until_it_is_taken_back(
        self,
        client: httpx.AsyncClient,
        make_expected: Make,
        forecast: Make,
        database: Database,
        tenant: str,
    ) -> None:
        one = await make_expected("1000.00", 20)
        said = {"opportunity_id": one["id"], "category": "commit", "reason": "合同会签中"}
        assert (await client.post("/v1/forecast-calls", json=said)).json()["version"] == 1
        assert (await forecast())["commit"] == "1000.00"
        assert (await client.post("/v1/forecast-calls", json=said)).json()["version"] == 1
        back = {"opportunity_id": one["id"], "category": None}
        assert (await client.post("/v1/forecast-calls", json=back)).json()["version"] == 2
        assert (await forecast())["commit"] == "0.00"
        assert (await forecast())["best"] == "1000.00"
        told = [x for x in await emitted(database, tenant) if x.type.endswith("called.v1")]
        assert len(told) == 2
        actions = [x.action for x in await audited(database, tenant)]
        assert [x for x in actions if x.startswith("forecast-call.")] == [
            "forecast-call.created",
            "forecast-call.changed",
        ]

    async def test_a_word_is_taken_back_by_saying_so(
        self, client: httpx.AsyncClient, make_expected: Make, forecast: Make, problem: ProblemOf
    ) -> None:
        of_it = {"opportunity_id": (await make_expected("1000.00", 20))["id"]}
        await client.post("/v1/forecast-calls", json=of_it | {"category": "commit"})
        silent = await client.post("/v1/forecast-calls", json=of_it | {"reason": "客户犹豫"})
        assert problem(silent) == (422, "invalid-request")
        assert [one["pointer"] for one in silent.json()["errors"]] == ["/category"]
        assert (await forecast())["commit"] == "1000.00"

    async def test_a_word_is_about_what_is_in_progress(
        self, client: httpx.AsyncClient, make_opportunity: Make, problem: ProblemOf
    ) -> None:
        said = {"opportunity_id": (await make_opportunity())["id"], "category": "commit"}
        refused = await client.post("/v1/forecast-calls", json=said)
        assert problem(refused) == (409, "not-in-progress")
        said["opportunity_id"] = str(uuid4())
        unknown = await client.post("/v1/forecast-calls", json=said)
        assert problem(unknown) == (422, "unknown-opportunity")

    async def test_of_one_owner_or_department_only(
        self, make_expected: Make, forecast: Make
    ) -> None:
        owner, department = str(uuid4()), str(uuid4())
        await make_expected("1000.00", 80, owner_id=owner)
        await make_expected("200.00", 80, department_id=department)
        assert (await forecast(owner_id=owner))["commit"] == "1000.00"
        assert (await forecast(department_id=department))["commit"] == "200.00"
        assert await forecast(owner_id=str(uuid4())) == {}

    async def test_what_names_no_department_counts_for_that_of_its_owner(
        self, make_expected: Make, forecast: Make, employed: Make
    ) -> None:
        north, south = uuid4(), uuid4()
        await employed(south)
        await make_expected("1000.00", 80, owner_id=str(await employed(north)))
        await make_expected(
            "200.00", 80, owner_id=str(await employed(north)), department_id=str(south)
        )
        assert (await forecast(department_id=str(north)))["commit"] == "1000.00"
        assert (await forecast(department_id=str(south)))["commit"] == "200.00"

    async def test_what_no_month_to_come_counts_is_told(
        self, client: httpx.AsyncClient, make_in_progress: Make
    ) -> None:
        owner, past = str(uuid4()), str(TODAY - timedelta(days=1))
        for amount, dated in (("1.00", {}), ("20.00", {}), ("300.00", {"expected_close_on": past})):
            await make_in_progress(expected_revenue=cny(amount), owner_id=owner, **dated)
        await make_in_progress(expected_revenue=cny("4000.00"), expected_close_on=str(TODAY))
        asked = {"month_from": MONTH, "month_to": MONTH}
        for whose in ({}, {"owner_id": owner}):
            found = (await client.get("/v1/forecasts", params=asked | whose)).json()
            assert found["undated"] == [{"opportunities": 2, "expected": cny("21.00")}]
            assert found["past_due"] == [{"opportunities": 1, "expected": cny("300.00")}]
        others = {"owner_id": str(uuid4())}
        found = (await client.get("/v1/forecasts", params=asked | others)).json()
        assert (found["undated"], found["past_due"]) == ([], [])

    async def test_periods_that_make_no_sense(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        for asked, code in (
            ({"month_from": "2026-02", "month_to": "2026-01"}, "period-reversed"),
            ({"month_from": "2026-01", "month_to": "2028-01"}, "too-many-months"),
            ({"month_from": MONTH, "month_to": MONTH, "as_of": "2999-01-01"}, "date-in-future"),
        ):
            assert problem(await client.get("/v1/forecasts", params=asked)) == (422, code)


class TestRules:
    async def test_the_tenant_decides_the_cut_offs(
        self, client: httpx.AsyncClient, make_expected: Make, forecast: Make, problem: ProblemOf
    ) -> None:
        await make_expected("1000.00", 60)
        found = await client.get("/v1/forecast-rules")
        assert (found.json(), found.headers["ETag"]) == (
            {"version": 0, "commit_from": 75, "likely_from": 50, "best_from": 10},
            '"0"',
        )
        changed = await client.patch(
            "/v1/forecast-rules", json={"commit_from": 60}, headers={"If-Match": '"0"'}
        )
        assert changed.json()["version"] == 1
        assert (await forecast())["commit"] == "1000.00"
        refused = await client.patch(
            "/v1/forecast-rules", json={"commit_from": 49}, headers={"If-Match": '"1"'}
        )
        assert problem(refused) == (422, "cut-offs-must-fall")
        stale = await client.patch(
            "/v1/forecast-rules", json={"commit_from": 99}, headers={"If-Match": '"0"'}
        )
        assert problem(stale) == (412, "version-conflict")


@pytest.fixture
def snapshot(running: RunningService) -> Callable[[], Awaitable[None]]:
    """Takes what is missing of today's snapshots, of every tenant."""

    async def take() -> None:
        work = SnapshotWork(running.worker_database, zone=ZONE)
        while await work.work():
            pass

    return take


class TestSnapshots:
    async def test_a_day_begins_with_one_that_stays(
        self, make_expected: Make, forecast: Make, snapshot: Callable[[], Awaitable[None]]
    ) -> None:
        await make_expected("1000.00", 80, owner_id=str(uuid4()))
        await make_expected("200.00", 80)
        now = await forecast()
        await snapshot()
        await make_expected("30.00", 80)
        await snapshot()
        assert (await forecast(as_of=str(TODAY))) == now
        assert (await forecast())["commit"] == "1230.00"

    async def test_a_snapshot_shows_a_row_scope_no_more_than_the_opportunities(
        self, make_expected: Make, employed: Make, client_for: ClientFor, tenant: str,
        snapshot: Callable[[], Awaitable[None]],
    ) -> None:  # fmt: skip
        north, fang = uuid4(), uuid4()
        await make_expected("1000.00", 80, owner_id=str(fang))  # nobody knows where she works
        await employed(north, fang)
        head = await employed(north)
        await make_expected("200.00", 80, owner_id=str(fang), department_id=str(north))
        await snapshot()
        own = client_for(tenant, employee_id=str(head), row_scope="department")
        months = {"month_from": MONTH, "month_to": MONTH, "department_id": str(north)}
        for asked in ({}, {"as_of": str(TODAY)}):
            seen = [
                (await one.get("/v1/forecasts", params=months | asked)).json()["months"]
                for one in (own, client_for(tenant))
            ]
            assert [[month["commit"]["amount"] for month in one] for one in seen] == [
                ["200.00"],
                ["1200.00"],
            ]

    async def test_a_day_without_one_is_not_taken_for_a_day_without_business(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        asked = {"month_from": MONTH, "month_to": MONTH, "as_of": str(TODAY - timedelta(days=1))}
        response = await client.get("/v1/forecasts", params=asked)
        assert problem(response) == (404, "forecast-not-kept")

    async def test_accuracy_compares_each_day_with_what_came(
        self,
        client: httpx.AsyncClient,
        make_expected: Make,
        snapshot: Callable[[], Awaitable[None]],
    ) -> None:
        one = await make_expected("1000.00", 80)
        await snapshot()
        await client.post(
            f"/v1/opportunities/{one['id']}/win",
            json={"closed_on": str(TODAY), "reason": "价格", "amount": cny("400.00")},
        )
        found = (await client.get("/v1/forecast-accuracy", params={"month": MONTH})).json()
        assert (found["came"]["amount"], found["final"]) == ("400.00", False)
        (line,) = found["snapshots"]
        assert line["day"] == str(TODAY)
        assert (line["weighted"]["amount"], line["weighted_error"]) == ("800.00", "100.00")
        assert (line["commit_error"], line["best_error"]) == ("150.00", "150.00")

    async def test_two_processes_at_once_take_one(
        self, make_expected: Make, forecast: Make, running: RunningService
    ) -> None:
        await make_expected("1000.00", 80)
        works = [SnapshotWork(running.worker_database, zone=ZONE) for _ in range(4)]
        while any(await asyncio.gather(*(one.work() for one in works))):
            pass
        assert (await forecast(as_of=str(TODAY)))["commit"] == "1000.00"
