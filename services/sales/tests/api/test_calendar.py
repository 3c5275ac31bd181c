"""The calendar, tasks that have a place in it, reminders, and the feed (S5; 2 L415)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from icalendar import Calendar

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.directory.models import DepartmentRef, EmployeeRef
from kehu_sales.reminders import worker
from kehu_sales.reminders.worker import ReminderWork

Make = Callable[..., Awaitable[dict[str, Any]]]
Employed = Callable[[dict[UUID, UUID | None]], Awaitable[list[str]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
ZONE = "Asia/Shanghai"
TODAY = clock.today(clock.now(), ZONE)


def at(days: int, hour: int, minute: int = 0) -> str:
    """Return a moment some days from now, in Shanghai."""
    day = TODAY + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(ZONE)).isoformat()


def between(first: int, last: int, **more: str) -> dict[str, str]:
    return {
        "from": str(TODAY + timedelta(days=first)), "to": str(TODAY + timedelta(days=last)),
    } | more  # fmt: skip


async def read(client: httpx.AsyncClient, first: int, last: int, **more: str) -> list[Any]:
    answer = await client.get("/v1/calendar", params=between(first, last, **more))
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


@pytest.fixture
def employed(worker_database: Database, tenant: str) -> Employed:
    """Sets up departments, by the one above each, with a person in each; returns the persons."""

    async def enter(departments: dict[UUID, UUID | None]) -> list[str]:
        known = {"tenant_id": tenant, "sequence": 1, "code": "X", "name": "X"}
        people = {department: uuid4() for department in departments}
        async with worker_database.worker_transaction() as session:
            for department, above in departments.items():
                session.add(DepartmentRef(id=department, parent_id=above, **known))
                person = {"id": people[department], "department_id": department, "active": True}
                session.add(EmployeeRef(**person, **known))
        return [str(one) for one in people.values()]

    return enter


async def on_leave(client: httpx.AsyncClient, employee: str, first: int, last: int) -> None:
    """Enter that somebody is away from a day to another, counted from today."""
    days = {"from_on": str(TODAY + timedelta(days=first)), "to_on": str(TODAY + timedelta(last))}
    answer = await client.post("/v1/assignees", json={"employee_id": employee, "leaves": [days]})
    assert answer.status_code == 201, answer.text


@pytest.fixture
def remind(running: RunningService) -> Callable[[], Awaitable[None]]:
    """Lets the worker go round until nothing is left, two of a kind at a time."""
    work = ReminderWork(running.databases, ZONE, lambda: None, batch=2)

    async def go_round() -> None:
        while await work.work():
            pass

    return go_round


class TestCalendar:
    async def test_merges_visits_tasks_and_activities_in_the_order_of_time(
        self, client: httpx.AsyncClient, make_visit: Make, make_task: Make, make_activity: Make,
        database: Database,
    ) -> None:  # fmt: skip
        me = str(uuid4())
        visit = await make_visit(owner_id=me, starts_at=at(2, 14), ends_at=at(2, 15), city="苏州")
        timed = await make_task(assignee_id=me, starts_at=at(2, 9), ends_at=at(2, 10))
        due = await make_task(assignee_id=me, due_on=str(TODAY + timedelta(days=2)))
        call = await make_activity(kind="call", employee_id=me)
        await make_visit(starts_at=at(2, 14), ends_at=at(2, 15))  # somebody else's
        await make_task(assignee_id=me, due_on=str(TODAY + timedelta(days=9)))
        with count_queries(database) as queries:
            found = await read(client, 0, 3, employee_id=me)
        assert len(queries) == 3, "begin, the calendar, end"
        assert [one["id"] for one in found] == [call["id"], due["id"], timed["id"], visit["id"]]
        assert found[3]["customer_name"] == "深圳华强系统集成有限公司"
        assert (found[1]["on"], found[1]["starts_at"]) == (due["due_on"], None)

    async def test_of_a_department_and_of_an_observer(
        self, client: httpx.AsyncClient, make_visit: Make, make_task: Make
    ) -> None:
        department, me = str(uuid4()), str(uuid4())
        visit = await make_visit(department_id=department, observer_ids=[me])
        task = await make_task(department_id=department, due_on=str(TODAY))
        theirs = await read(client, 0, 8, department_id=department)
        assert {one["id"] for one in theirs} == {visit["id"], task["id"]}
        assert [one["id"] for one in await read(client, 0, 8, employee_id=me)] == [visit["id"]]

    async def test_of_a_department_is_what_its_people_do_and_those_below(
        self, client: httpx.AsyncClient, make_visit: Make, make_task: Make, make_activity: Make,
        employed: Employed,
    ) -> None:  # fmt: skip
        above, below, other = uuid4(), uuid4(), uuid4()
        fang, lei, stranger = await employed({above: None, below: above, other: None})
        today = str(TODAY)
        found = [
            await make_task(assignee_id=fang, due_on=today),
            await make_task(assignee_id=lei, due_on=today),
            await make_activity(kind="call", employee_id=lei),
            await make_visit(owner_id=lei, starts_at=at(0, 9), ends_at=at(0, 10)),
            await make_visit(starts_at=at(0, 11), ends_at=at(0, 12), observer_ids=[lei]),
        ]
        await make_task(assignee_id=stranger, due_on=today)
        await make_activity(kind="call", employee_id=stranger)
        team = await read(client, 0, 0, department_id=str(above))
        assert {one["id"] for one in team} == {one["id"] for one in found}
        narrow = await read(client, 0, 0, department_id=str(below))
        assert {one["id"] for one in narrow} == {one["id"] for one in found[1:]}

    async def test_shows_a_row_scope_nobody_elses_leave(
        self, client: httpx.AsyncClient, employed: Employed, client_for: ClientFor, tenant: str
    ) -> None:
        (me,), (other,) = await employed({uuid4(): None}), await employed({uuid4(): None})
        for one in (me, other):
            await on_leave(client, one, 2, 3)
        own = client_for(tenant, employee_id=me, row_scope="own")
        assert [one["employee_id"] for one in await read(own, 0, 5)] == [me]
        assert len(await read(client, 0, 5)) == 2

    async def test_shows_who_is_on_leave(
        self, client: httpx.AsyncClient, employed: Employed
    ) -> None:
        department = uuid4()
        fang, *_ = await employed({department: None})
        await on_leave(client, fang, 2, 3)
        team = {"department_id": str(department)}
        (leave,) = await read(client, 0, 5, **team)
        assert (leave["kind"], leave["title"], leave["employee_id"]) == ("leave", "休假", fang)
        begins, ends = (datetime.fromisoformat(leave[name]) for name in ("starts_at", "ends_at"))
        assert (begins, ends) == (
            datetime.fromisoformat(at(2, 0)), datetime.fromisoformat(at(4, 0)),
        )  # fmt: skip
        assert await read(client, 0, 1, **team) == await read(client, 4, 5, **team) == []
        assert await read(client, 0, 5, employee_id=str(uuid4())) == []

    async def test_a_reported_visit_stands_there_once(
        self, client: httpx.AsyncClient, make_visit: Make
    ) -> None:
        visit = await make_visit(starts_at=at(0, 0, 1), ends_at=at(0, 0, 30))
        url = f"/v1/visits/{visit['id']}"
        for step, body in (("check-in", {}), ("finish", {}), ("report", {"summary": "好"})):
            answer = await client.post(f"{url}/{step}", json=body)
            assert answer.status_code == 200, answer.text
        assert [one["kind"] for one in await read(client, 0, 0)] == ["visit"]

    async def test_other_tenants_see_nothing_of_it(
        self, client_for: ClientFor, make_visit: Make
    ) -> None:
        await make_visit()
        assert await read(client_for(f"t-{uuid4().hex[:12]}"), 0, 30) == []

    async def test_of_too_long_a_period(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        for first, last, code in (
            (0, 92, "period-too-long"),
            (1, 0, "period-reversed"),
        ):
            answer = await client.get("/v1/calendar", params=between(first, last))
            assert problem(answer) == (422, code)
        for year in ("0001", "9999"):
            day = f"{year}-01-01"
            answer = await client.get("/v1/calendar", params={"from": day, "to": day})
            assert answer.json() == {"items": []}


class TestTasks:
    async def test_that_overlap_clash(
        self, client: httpx.AsyncClient, make_task: Make, make_visit: Make, problem: ProblemOf
    ) -> None:
        me = str(uuid4())
        times = {"starts_at": at(7, 10, 30), "ends_at": at(7, 11, 30)}
        visit = await make_visit(owner_id=me)
        task = await make_task(assignee_id=me, **times)
        assert [one["id"] for one in task["clashes"]] == [visit["id"]]
        body = {"topic": "会议", "assignee_id": me, "refuse_clashes": True} | times
        assert problem(await client.post("/v1/tasks", json=body)) == (409, "calendar-clash")
        headers = {"If-Match": '"1"'}
        later = {"starts_at": at(7, 11), "ends_at": at(7, 12), "refuse_clashes": True}
        moved = await client.patch(f"/v1/tasks/{task['id']}", json=later, headers=headers)
        assert moved.json()["clashes"] == [], moved.text

    async def test_that_repeat_clash_ahead(
        self, client: httpx.AsyncClient, make_task: Make, make_visit: Make, problem: ProblemOf
    ) -> None:
        me = str(uuid4())
        task = await make_task(
            assignee_id=me, starts_at=at(1, 9), ends_at=at(1, 10),
            recurrence={"frequency": "weekly"},
        )  # fmt: skip
        assert task["clashes"] == []
        for days, hour, expected in ((8, 9, [task["id"]]), (8, 10, []), (9, 9, []), (1, 8, [])):
            visit = await make_visit(
                owner_id=me, starts_at=at(days, hour, 30), ends_at=at(days, hour + 1)
            )
            assert [one["id"] for one in visit["clashes"]] == expected, (days, hour)
        body = {"topic": "会议", "assignee_id": me, "refuse_clashes": True}
        times = {"starts_at": at(15, 9), "ends_at": at(15, 10)}
        assert problem(await client.post("/v1/tasks", json=body | times)) == (409, "calendar-clash")

    async def test_of_somebody_on_leave_clash(
        self, client: httpx.AsyncClient, make_task: Make, employed: Employed
    ) -> None:
        me, *_ = await employed({uuid4(): None})
        await on_leave(client, me, 2, 3)
        free = await make_task(assignee_id=me, starts_at=at(4, 0), ends_at=at(4, 1))
        assert free["clashes"] == []
        task = await make_task(assignee_id=me, starts_at=at(3, 23), ends_at=at(4, 1))
        assert [one["kind"] for one in task["clashes"] if one["id"] is None] == ["leave"]
        times = {"starts_at": at(2, 9), "ends_at": at(2, 10), "refuse_clashes": True}
        body = {"topic": "会议", "assignee_id": me} | times
        for language, told in (("zh", "休假"), ("en", "on leave")):
            headers = {"Accept-Language": language}
            refused = await client.post("/v1/tasks", json=body, headers=headers)
            assert refused.status_code == 409
            assert told in refused.json()["detail"]

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"starts_at": at(1, 9)}, "task-times-incomplete"),
            ({"starts_at": at(1, 9), "ends_at": at(1, 9)}, "times-reversed"),
            ({"remind_minutes": 10}, "task-needs-day"),
            ({"recurrence": {"frequency": "daily"}}, "task-needs-day"),
        ],
        ids=["half", "reversed", "reminder", "recurrence"],
    )
    async def test_whose_times_are_wrong(
        self, client: httpx.AsyncClient, wrong: dict[str, Any], code: str, problem: ProblemOf
    ) -> None:
        answer = await client.post("/v1/tasks", json={"topic": "会议"} | wrong)
        assert problem(answer) == (422, code)

    async def test_that_are_called_off(
        self, client: httpx.AsyncClient, make_task: Make, problem: ProblemOf, database: Database,
        tenant: str,
    ) -> None:  # fmt: skip
        url = f"/v1/tasks/{(await make_task())['id']}"
        answer = await client.post(f"{url}/cancel", json={"reason": "不需要了"})
        assert answer.json()["status"] == "cancelled"
        (event,) = await emitted(database, tenant, "sales.task-cancelled.v1")
        assert event.data["reason"] == "不需要了"
        body = {"started_on": str(TODAY), "finished_on": str(TODAY)}
        for step, sent in (("complete", body), ("assign", {"assignee_id": str(uuid4())})):
            refused = await client.post(f"{url}/{step}", json=sent)
            assert problem(refused) == (409, "task-is-cancelled")

    async def test_that_repeat_go_on_when_done_until_the_series_ends(
        self, client: httpx.AsyncClient, make_task: Make, make_in_progress: Make
    ) -> None:
        opportunity = await make_in_progress()
        weekly = {"frequency": "weekly", "interval": 1}
        task = await make_task(
            opportunity_id=opportunity["id"], due_on=str(TODAY), starts_at=at(0, 9),
            ends_at=at(0, 10), remind_minutes=15, recurrence=weekly,
        )  # fmt: skip
        day = TODAY + timedelta(days=7)
        expected = await read(client, 1, 14)
        assert [(one["id"], one["expected"]) for one in expected] == [(task["id"], True)] * 2
        body = {"started_on": str(TODAY), "finished_on": str(TODAY)}
        await client.post(f"/v1/tasks/{task['id']}/complete", json=body)
        series = {"series_id": task["series_id"], "status": "in_progress"}
        (following,) = (await client.get("/v1/tasks", params=series)).json()["items"]
        assert following["due_on"] == str(day)
        assert datetime.fromisoformat(following["starts_at"]).isoformat() == (
            datetime.fromisoformat(at(7, 9)).astimezone(ZoneInfo("UTC")).isoformat()
        )
        assert (following["stage_code"], following["assignee_id"]) == (
            "understand", task["assignee_id"],
        )  # fmt: skip
        url = f"/v1/tasks/{following['id']}/cancel"
        await client.post(url, json={"reason": "不再需要", "end_series": True})
        assert (await client.get("/v1/tasks", params=series)).json()["items"] == []


class TestReminders:
    async def test_are_told_once(
        self, make_task: Make, make_visit: Make, remind: Callable[[], Awaitable[None]],
        database: Database, tenant: str,
    ) -> None:  # fmt: skip
        due = [await make_task(due_on=str(TODAY - timedelta(days=n))) for n in range(3)]
        await make_task(due_on=str(TODAY + timedelta(days=1)))
        soon = await make_task(starts_at=at(1, 9), ends_at=at(1, 10), remind_minutes=2880)
        visit = await make_visit(starts_at=at(1, 9), ends_at=at(1, 10), remind_minutes=2880)
        await make_visit(starts_at=at(5, 9), ends_at=at(5, 10), remind_minutes=10)
        for _ in range(2):
            await remind()
        told = await emitted(database, tenant, "sales.task-due.v1")
        assert sorted(one.key for one in told) == sorted(one["id"] for one in due)
        (task,) = await emitted(database, tenant, "sales.task-reminded.v1")
        assert (task.key, task.sequence) == (soon["id"], 2)
        (reminded,) = await emitted(database, tenant, "sales.visit-reminded.v1")
        assert (reminded.key, reminded.data["occasion"]) == (visit["id"], "starts_soon")
        actors = {one.actor for one in await audited(database, tenant) if one.version == 2}
        assert actors == {"system:reminders"}

    async def test_a_task_that_is_put_off_is_told_of_again(
        self, client: httpx.AsyncClient, make_task: Make, remind: Callable[[], Awaitable[None]],
        database: Database, tenant: str,
    ) -> None:  # fmt: skip
        task = await make_task(due_on=str(TODAY - timedelta(days=1)))
        await remind()
        headers = {"If-Match": '"2"'}
        body = {"due_on": str(TODAY)}
        moved = await client.patch(f"/v1/tasks/{task['id']}", json=body, headers=headers)
        assert moved.status_code == 200, moved.text
        await remind()
        told = await emitted(database, tenant, "sales.task-due.v1")
        assert [one.data["due_on"] for one in told] == [task["due_on"], str(TODAY)]

    async def test_of_a_report_that_is_late(
        self, client: httpx.AsyncClient, make_visit: Make, remind: Callable[[], Awaitable[None]],
        database: Database, tenant: str,
    ) -> None:  # fmt: skip
        visit = await make_visit(starts_at=at(-3, 9), ends_at=at(-3, 10))
        url = f"/v1/visits/{visit['id']}"
        await client.post(f"{url}/check-in", json={"at": at(-3, 9)})
        await client.post(f"{url}/finish", json={"at": at(-3, 10)})
        for _ in range(2):
            await remind()
        (told,) = await emitted(database, tenant, "sales.visit-reminded.v1")
        assert told.data["occasion"] == "report_overdue"

    async def test_of_visits_that_nobody_held_or_finished(
        self, client: httpx.AsyncClient, make_visit: Make, remind: Callable[[], Awaitable[None]],
        database: Database, tenant: str,
    ) -> None:  # fmt: skip
        forgotten = await make_visit(starts_at=at(-2, 9), ends_at=at(-2, 10))
        begun = await make_visit(starts_at=at(-2, 9), ends_at=at(-2, 10))
        await client.post(f"/v1/visits/{begun['id']}/check-in", json={})
        await make_visit(starts_at=at(1, 9), ends_at=at(1, 10))
        await make_visit(starts_at=at(-9, 9), ends_at=at(-9, 10))
        called_off = await make_visit(starts_at=at(-2, 9), ends_at=at(-2, 10))
        await client.post(f"/v1/visits/{called_off['id']}/cancel", json={"reason": "出差"})
        for _ in range(2):
            await remind()
        told = await emitted(database, tenant, "sales.visit-reminded.v1")
        assert {(one.key, one.data["occasion"]) for one in told} == {
            (forgotten["id"], "not_held"), (begun["id"], "not_finished"),
        }  # fmt: skip
        assert len(told) == 2
        url = f"/v1/visits/{forgotten['id']}"
        times = {"starts_at": at(-1, 9), "ends_at": at(-1, 10)}
        moved = await client.patch(url, json=times, headers={"If-Match": '"2"'})
        assert moved.status_code == 200, moved.text
        await remind()
        told = await emitted(database, tenant, "sales.visit-reminded.v1")
        assert [one.key for one in told].count(forgotten["id"]) == 2, "missed anew"

    async def test_a_worker_that_dies_tells_nothing_and_the_next_one_tells_it(
        self, make_task: Make, remind: Callable[[], Awaitable[None]], database: Database,
        tenant: str, monkeypatch: pytest.MonkeyPatch, running: RunningService,
    ) -> None:  # fmt: skip
        await make_task(due_on=str(TODAY))
        real = worker.remind

        async def dies(*arguments: Any, **options: Any) -> int:
            await real(*arguments, **options)
            raise OSError("the process dies here")

        with monkeypatch.context() as patched:
            patched.setattr(worker, "remind", dies)
            await ReminderWork(running.databases, ZONE, lambda: None, batch=2).work()
        assert await emitted(database, tenant, "sales.task-due.v1") == []
        await remind()
        assert len(await emitted(database, tenant, "sales.task-due.v1")) == 1


class TestFeed:
    async def test_shows_the_owners_plans_until_it_is_revoked(
        self, client_for: ClientFor, tenant: str, make_visit: Make, make_task: Make,
        problem: ProblemOf, database: Database, context: Context,
    ) -> None:  # fmt: skip
        me = str(uuid4())
        mine = client_for(tenant, employee_id=me)
        visit = await make_visit(owner_id=me, purpose="拜访; 信息中心")
        await make_task(due_on=str(TODAY))  # somebody else's
        made = await mine.post("/v1/calendar-feeds", json={"name": "手机"})
        assert made.status_code == 201, made.text
        path = made.json()["path"]
        anybody = httpx.AsyncClient(transport=mine._transport, base_url=mine.base_url)
        feed = await anybody.get(path)
        assert feed.status_code == 200
        assert feed.headers["content-type"].startswith("text/calendar")
        (event,) = Calendar.from_ical(feed.content).walk("VEVENT")
        assert event["uid"] == f"visit-{visit['id']}@kehu"
        assert str(event["summary"]).startswith("拜访; 信息中心 · ")
        secret = path.rpartition("~")[2].removesuffix(".ics")
        for entry in await audited(database, tenant):
            assert secret not in str(entry.changes)
        listed = (await mine.get("/v1/calendar-feeds")).json()["items"]
        assert [one["id"] for one in listed] == [made.json()["id"]]
        other = client_for(tenant, employee_id=str(uuid4()))
        url = f"/v1/calendar-feeds/{made.json()['id']}/revoke"
        assert problem(await other.post(url)) == (403, "not-your-calendar")
        assert (await mine.post(url)).json()["revoked_at"] is not None
        assert (await anybody.get(path)).status_code == 404

    async def test_of_an_address_that_is_wrong(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str
    ) -> None:
        made = await client_for(tenant, employee_id=str(uuid4())).post(
            "/v1/calendar-feeds", json={"name": "手机"}
        )
        path = made.json()["path"]
        for wrong in (
            path.replace(tenant, "t-somebody-else"),
            path[:-6] + ".ics",
            "/calendar-feeds/nothing",
            f"/calendar-feeds/{tenant}~.ics",
            "/calendar-feeds/A%20B~x.ics",
        ):
            assert (await client.get(wrong)).status_code == 404, wrong

    async def test_of_nobody_or_of_somebody_else(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        answer = await client.post("/v1/calendar-feeds", json={"name": "手机"})
        assert problem(answer) == (422, "whose-calendar")
        caller = client_for(tenant, employee_id=str(uuid4()))
        body = {"name": "手机", "employee_id": str(uuid4())}
        answer = await caller.post("/v1/calendar-feeds", json=body)
        assert problem(answer) == (403, "not-your-calendar")
        assert (await client.post("/v1/calendar-feeds", json=body)).status_code == 201
