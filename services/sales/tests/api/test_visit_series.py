"""Visits that recur: each an own plan, changed one by one or from one on (S5)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from icalendar import Calendar
from sqlalchemy import select, true, update

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.visits import recurring, worker
from kehu_sales.visits.series import VisitSeries
from kehu_sales.visits.worker import SeriesWork

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
GoOn = Callable[[], Awaitable[int]]
MakeDue = Callable[..., Awaitable[None]]
ZONE = "Asia/Shanghai"
PATH = "/v1/visits"
TODAY = clock.today(clock.now(), ZONE)
WEEKLY = {"frequency": "weekly"}


def at(days: int, hour: int) -> str:
    """Return a moment some days from now, in Shanghai."""
    day = TODAY + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(ZONE)).isoformat()


def day_of(visit: dict[str, Any]) -> date:
    return datetime.fromisoformat(visit["starts_at"]).astimezone(ZoneInfo(ZONE)).date()


@pytest.fixture
def make_weekly(client: httpx.AsyncClient, make_visit: Make) -> Make:
    """Plans weekly visits, the first tomorrow; three weeks ahead, so four of them."""

    async def make(**fields: Any) -> dict[str, Any]:
        limits = {"limits": {"plan_ahead_days": 22}}
        await client.patch("/v1/visit-policy", json=limits, headers={"If-Match": '"0"'})
        times = {"starts_at": at(1, 10), "ends_at": at(1, 11), "recurrence": WEEKLY}
        return await make_visit(**times | fields)

    return make


@pytest.fixture
def go_on(running: RunningService) -> GoOn:
    """Lets the worker go round once."""
    return SeriesWork(running.databases, ZONE, lambda: None, batch=5).work


@pytest.fixture
def make_due(database: Database, context: Context) -> Callable[..., Awaitable[None]]:
    """Makes the worker look at the series of the tenant today; perhaps as if it had not planned."""

    async def make(forgotten_days: int = 0, *, only_open: bool = False) -> None:
        async with database.transaction(context) as session:
            await session.execute(
                update(VisitSeries)
                .where(VisitSeries.tenant_id == context.tenant_id)
                .where(VisitSeries.plan_on.is_not(None) if only_open else true())
                .values(plan_on=TODAY, planned_to=VisitSeries.planned_to - forgotten_days)
            )

    return make


async def visits_of(client: httpx.AsyncClient, first: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the visits of a series, in order."""
    answer = await client.get(PATH, params={"series_id": first["series_id"], "sort": "starts_at"})
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def change(client: httpx.AsyncClient, visit: dict[str, Any], **fields: Any) -> httpx.Response:
    match = {"If-Match": f'"{visit["version"]}"'}
    return await client.patch(f"{PATH}/{visit['id']}", json=fields, headers=match)


class TestFirmRefusal:
    async def test_ends_what_recurs_with_the_customer_and_names_what_is_planned(
        self, client: httpx.AsyncClient, client_for: ClientFor, make_weekly: Make,
        make_visit: Make, make_due: MakeDue, go_on: GoOn, tenant: str,
    ) -> None:  # fmt: skip
        of_another = await make_weekly(owner_id=str(uuid4()))
        theirs = {"customer_id": of_another["customer_id"]}
        elsewhere = await make_weekly()
        me = str(uuid4())
        visit = await make_visit(owner_id=me, **theirs)
        mine = client_for(tenant, employee_id=me, row_scope="own")
        for step, sent in (("check-in", {}), ("finish", {})):
            await mine.post(f"{PATH}/{visit['id']}/{step}", json=sent)
        later = await make_visit(owner_id=me, **theirs)
        refusal = {"degree": "firm", "reason": "does_not_want"}
        body = {"summary": "坚决不需要", "refusal": refusal}
        reported = await mine.post(f"{PATH}/{visit['id']}/report", json=body)
        assert reported.status_code == 200, reported.text
        assert [one["id"] for one in reported.json()["still_planned"]] == [later["id"]]
        read = (await client.get(f"{PATH}/{visit['id']}")).json()["still_planned"]
        planned = await visits_of(client, of_another)
        assert {one["id"] for one in read} == {later["id"]} | {one["id"] for one in planned}
        assert {one["status"] for one in planned} == {"planned"}, "what is planned stays"
        assert later["still_planned"] == []
        limits = {"limits": {"plan_ahead_days": 40}}
        await client.patch("/v1/visit-policy", json=limits, headers={"If-Match": '"1"'})
        await make_due(only_open=True)
        assert await go_on() >= 1
        assert len(await visits_of(client, elsewhere)) > 4
        assert len(await visits_of(client, of_another)) == len(planned) == 4

    async def test_that_is_not_firm_ends_nothing(
        self, client: httpx.AsyncClient, make_weekly: Make, database: Database, context: Context
    ) -> None:
        first = await make_weekly()
        refusal = {"degree": "not_firm", "reason": "cannot_afford"}
        for step, sent in (("check-in", {}), ("finish", {}),
                           ("report", {"summary": "再说", "refusal": refusal})):  # fmt: skip
            answer = await client.post(f"{PATH}/{first['id']}/{step}", json=sent)
            assert answer.status_code == 200, answer.text
        assert answer.json()["still_planned"] == []
        async with database.transaction(context) as session:
            [series] = await session.scalars(
                select(VisitSeries).where(VisitSeries.tenant_id == context.tenant_id)
            )
            assert series.plan_on is not None


class TestPlanning:
    async def test_each_occurrence_is_a_visit_of_its_own(
        self, client: httpx.AsyncClient, make_weekly: Make, database: Database, tenant: str
    ) -> None:
        first = await make_weekly(purpose="每周走访", remind_minutes=30)
        assert first["recurrence"] | {"first": None} == {
            "first": None, "frequency": "weekly", "interval": 1, "weekdays": [], "until": None,
        }  # fmt: skip
        found = await visits_of(client, first)
        assert [day_of(one) for one in found] == [
            TODAY + timedelta(days=days) for days in (1, 8, 15, 22)
        ]
        assert [one["number"][-6:] for one in found] == ["000001", "000002", "000003", "000004"]
        assert {(one["purpose"], one["status"]) for one in found} == {("每周走访", "planned")}
        assert all(one["checklist"] for one in found)
        told = await emitted(database, tenant, "sales.visit-planned.v1")
        assert {one.data["series_id"] for one in told} == {first["series_id"]}
        assert len(told) == 4

    async def test_until_its_last_day(self, client: httpx.AsyncClient, make_weekly: Make) -> None:
        until = str(TODAY + timedelta(days=8))
        first = await make_weekly(recurrence=WEEKLY | {"until": until})
        assert len(await visits_of(client, first)) == 2

    async def test_clashes_of_each_are_told_and_refused_if_asked(
        self, client: httpx.AsyncClient, make_weekly: Make, make_visit: Make, problem: ProblemOf
    ) -> None:
        me = str(uuid4())
        other = await make_visit(owner_id=me, starts_at=at(8, 10), ends_at=at(8, 11))
        first = await make_weekly(owner_id=me)
        _, second, third, _ = await visits_of(client, first)
        shown = (await client.get(f"{PATH}/{second['id']}")).json()
        assert [one["id"] for one in shown["clashes"]] == [other["id"]]
        assert (await client.get(f"{PATH}/{third['id']}")).json()["clashes"] == []
        body = {"type": "new_customer", "customer_id": first["customer_id"], "purpose": "走访"}
        body |= {"starts_at": at(1, 14), "ends_at": at(1, 15), "recurrence": WEEKLY}
        await make_visit(owner_id=me, starts_at=at(15, 14), ends_at=at(15, 15))
        refused = await client.post(PATH, json=body | {"owner_id": me, "refuse_clashes": True})
        assert problem(refused) == (409, "calendar-clash")

    async def test_the_feed_shows_each(
        self, client_for: ClientFor, tenant: str, make_weekly: Make
    ) -> None:
        me = str(uuid4())
        mine = client_for(tenant, employee_id=me)
        await make_weekly(owner_id=me)
        feed = (await mine.post("/v1/calendar-feeds", json={"name": "手机"})).json()
        shown = Calendar.from_ical((await mine.get(feed["path"])).text)
        assert len({one["UID"] for one in shown.walk("VEVENT")}) == 4


class TestGoingOn:
    async def test_the_worker_plans_the_next_once(
        self, client: httpx.AsyncClient, make_weekly: Make, go_on: GoOn,
        make_due: MakeDue,
    ) -> None:  # fmt: skip
        first = await make_weekly()
        await go_on()
        assert len(await visits_of(client, first)) == 4
        await make_due()
        limits = {"limits": {"plan_ahead_days": 36}}
        await client.patch("/v1/visit-policy", json=limits, headers={"If-Match": '"1"'})
        await asyncio.gather(go_on(), go_on())
        await go_on()
        found = await visits_of(client, first)
        assert [day_of(one) for one in found[4:]] == [
            TODAY + timedelta(days=days) for days in (29, 36)
        ]
        assert {one["planned_by"] for one in found} == {first["planned_by"]}, "nobody else did"

    async def test_what_is_planned_already_the_database_refuses(
        self, client: httpx.AsyncClient, make_weekly: Make, go_on: GoOn,
        make_due: MakeDue,
    ) -> None:  # fmt: skip
        first = await make_weekly()
        await make_due(7)  # as if the last step had been forgotten
        await go_on()
        assert len(await visits_of(client, first)) == 4

    async def test_a_worker_that_dies_plans_nothing_and_the_next_one_does(
        self, client: httpx.AsyncClient, make_weekly: Make, running: RunningService,
        monkeypatch: pytest.MonkeyPatch, make_due: MakeDue,
    ) -> None:  # fmt: skip
        first = await make_weekly()
        limits = {"limits": {"plan_ahead_days": 29}}
        await client.patch("/v1/visit-policy", json=limits, headers={"If-Match": '"1"'})
        await make_due()
        real = recurring.plan_due

        async def dies(*arguments: Any, **options: Any) -> int:
            await real(*arguments, **options)
            raise OSError("the process dies here")

        with monkeypatch.context() as patched:
            patched.setattr(worker, "plan_due", dies)
            await SeriesWork(running.databases, ZONE, lambda: None).work()
        assert len(await visits_of(client, first)) == 4
        await SeriesWork(running.databases, ZONE, lambda: None).work()
        assert len(await visits_of(client, first)) == 5

    async def test_with_a_customer_who_ended_it_ends(
        self, client: httpx.AsyncClient, make_weekly: Make, go_on: GoOn, database: Database,
        context: Context, end_customer: Callable[[str], Awaitable[None]], make_due: MakeDue,
    ) -> None:  # fmt: skip
        first = await make_weekly()
        await end_customer(first["customer_id"])
        await make_due()
        await go_on()
        async with database.transaction(context) as session:
            key = (context.tenant_id, UUID(first["series_id"]))
            one = await session.get(VisitSeries, key)
            assert one is not None
            assert one.plan_on is None


class TestChanging:
    async def test_one_leaves_the_others(
        self, client: httpx.AsyncClient, make_weekly: Make
    ) -> None:
        first = await make_weekly(purpose="每周走访")
        _, second, _, _ = await visits_of(client, first)
        answer = await change(client, second, purpose="续约", starts_at=at(9, 9), ends_at=at(9, 10))
        assert answer.status_code == 200, answer.text
        found = await visits_of(client, first)
        assert [one["purpose"] for one in found] == ["每周走访", "续约", "每周走访", "每周走访"]
        assert [day_of(one) for one in found] == [
            TODAY + timedelta(days=days) for days in (1, 9, 15, 22)
        ]

    async def test_from_one_on_all_that_follow_change_also_those_to_be_planned(
        self, client: httpx.AsyncClient, make_weekly: Make, go_on: GoOn, database: Database,
        make_due: MakeDue, tenant: str,
    ) -> None:  # fmt: skip
        first = await make_weekly(purpose="每周走访")
        _, second, _, _ = await visits_of(client, first)
        answer = await change(
            client, second, purpose="续约", starts_at=at(9, 14), ends_at=at(9, 16), following=True
        )
        assert answer.status_code == 200, answer.text
        limits = {"limits": {"plan_ahead_days": 30}}
        await client.patch("/v1/visit-policy", json=limits, headers={"If-Match": '"1"'})
        await make_due()
        await go_on()
        found = await visits_of(client, first)
        assert [one["purpose"] for one in found] == ["每周走访", *["续约"] * 4]
        assert [day_of(one) for one in found] == [
            TODAY + timedelta(days=days) for days in (1, 9, 16, 23, 30)
        ]
        assert found[4]["ends_at"] == datetime.fromisoformat(at(30, 16)).astimezone(
            ZoneInfo("UTC")
        ).isoformat().replace("+00:00", "Z")
        assert len(await emitted(database, tenant, "sales.visit-changed.v1")) == 3

    async def test_called_off_from_one_on_no_more_are_planned(
        self, client: httpx.AsyncClient, make_weekly: Make, go_on: GoOn
    ) -> None:
        first = await make_weekly()
        _, second, _, last = await visits_of(client, first)
        alone = await client.post(f"{PATH}/{last['id']}/cancel", json={"reason": "放假"})
        assert alone.status_code == 200
        reason = {"reason": "合作结束", "following": True}
        assert (await client.post(f"{PATH}/{second['id']}/cancel", json=reason)).status_code == 200
        found = await visits_of(client, first)
        assert [one["cancel_reason"] for one in found] == [None, "合作结束", "合作结束", "放假"]
        await go_on()
        assert len(await visits_of(client, first)) == 4

    async def test_only_of_one_that_recurs_there_are_following_ones(
        self, client: httpx.AsyncClient, make_visit: Make, problem: ProblemOf
    ) -> None:
        made = await make_visit()
        assert problem(await change(client, made, purpose="续约", following=True)) == (
            409, "visit-not-in-series"
        )  # fmt: skip
        reason = {"reason": "放假", "following": True}
        answer = await client.post(f"{PATH}/{made['id']}/cancel", json=reason)
        assert problem(answer) == (409, "visit-not-in-series")
        assert (await client.get(f"{PATH}/{made['id']}")).json()["status"] == "planned"
