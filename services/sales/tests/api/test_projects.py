"""The life of delivery projects at the API (S11; 1.4, item 4; 1.1, problem 3)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.projects.worker import DelayWork

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
ZONE = "Asia/Shanghai"


def ago(days: int) -> str:
    """Return the day so many days ago."""
    return str(TODAY - timedelta(days=days))


async def done(response: httpx.Response) -> dict[str, Any]:
    assert response.is_success, response.text
    found: dict[str, Any] = response.json()
    return found


class TestPlan:
    async def test_a_draft_has_the_stages_ticked_from_the_method_and_what_is_to_be_delivered(
        self, client: httpx.AsyncClient, make_project: Make, make_product: Make
    ) -> None:
        product = await make_product()
        project = await make_project(
            stages=[{"code": "sign", "weight": 3}, {"code": "understand", "planned_days": 2}],
            lines=[{"product_id": product["id"], "quantity": "6"}],
        )
        assert project["number"].startswith(f"PROJ-{TODAY.year}-")
        assert (project["state"], project["percent_complete"]) == ("draft", 0)
        assert [(one["code"], one["planned_days"], one["weight"]) for one in project["stages"]] == [
            ("understand", 2, 1), ("sign", 10, 3)
        ]  # fmt: skip
        [line] = project["lines"]
        assert (line["quantity"], line["delivered"], line["open"]) == ("6", "0", "6")
        assert (await client.get(f"/v1/projects/{project['id']}")).json() == project

    async def test_from_an_opportunity_it_is_for_its_customer(
        self, make_project: Make, make_in_progress: Make
    ) -> None:
        opportunity = await make_in_progress()
        project = await make_project(customer_id=None, opportunity_id=opportunity["id"])
        assert project["customer_id"] == opportunity["customer_id"]
        assert project["opportunity_id"] == opportunity["id"]

    @pytest.mark.parametrize(
        ("fields", "refusal"),
        [
            ({"stages": [{"code": "nowhere"}]}, (422, "stage-not-in-method")),
            ({"stages": [{"code": "sign"}, {"code": "sign"}]}, (422, "stage-not-in-method")),
            ({"customer_id": None}, (422, "project-customer-missing")),
            ({"opportunity_id": str(uuid4())}, (422, "unknown-opportunity")),
            ({"method_id": str(uuid4())}, (422, "unknown-method")),
            (
                {"planned_start_on": "2027-01-02", "planned_end_on": "2027-01-01"},
                (422, "period-reversed"),
            ),
            (
                {"milestones": [{"name": "验收", "planned_on": "2027-01-01", "stage_code": "x"}]},
                (422, "unknown-project-stage"),
            ),
            (
                {"lines": [{"product_id": str(uuid4()), "quantity": "1"}]},
                (422, "unknown-product"),
            ),
        ],
        ids=[
            "stage", "stage-twice", "customer", "opportunity", "method", "period", "milestone",
            "product",
        ],
    )  # fmt: skip
    async def test_what_makes_no_sense_is_refused(
        self,
        client: httpx.AsyncClient,
        project_body: Callable[[], Awaitable[dict[str, Any]]],
        problem: ProblemOf,
        fields: dict[str, Any],
        refusal: tuple[int, str],
    ) -> None:
        body = await project_body() | fields
        assert problem(await client.post("/v1/projects", json=body)) == refusal

    async def test_another_customer_than_the_opportunity_s_is_refused(
        self,
        client: httpx.AsyncClient,
        project_body: Callable[[], Awaitable[dict[str, Any]]],
        make_in_progress: Make,
        problem: ProblemOf,
    ) -> None:
        opportunity = await make_in_progress()
        body = await project_body() | {"opportunity_id": opportunity["id"]}
        answer = await client.post("/v1/projects", json=body)
        assert problem(answer) == (422, "another-customer")

    async def test_after_the_draft_only_who_and_until_when_can_be_changed(
        self, client: httpx.AsyncClient, make_executing: Make, problem: ProblemOf
    ) -> None:
        project = await make_executing()
        url, etag = f"/v1/projects/{project['id']}", {"If-Match": f'"{project["version"]}"'}
        refused = await client.patch(url, json={"topic": "别的"}, headers=etag)
        assert problem(refused) == (409, "project-is-fixed")
        assert refused.json()["fields"] == ["topic"]
        stages = {"stages": [{"code": "sign"}]}
        refused = await client.patch(url, json=stages, headers=etag)
        assert problem(refused) == (409, "project-is-fixed")
        leader = str(uuid4())
        changed = await done(
            await client.patch(url, json={"leader_id": leader, "summary": "一切顺利"}, headers=etag)
        )
        assert (changed["leader_id"], changed["summary"]) == (leader, "一切顺利")

    async def test_a_draft_can_be_planned_anew(
        self, client: httpx.AsyncClient, make_project: Make
    ) -> None:
        project = await make_project()
        change = {"topic": "二期", "stages": [{"code": "sign", "weight": 5}]}
        changed = await done(
            await client.patch(
                f"/v1/projects/{project['id']}", json=change, headers={"If-Match": '"1"'}
            )
        )
        assert (changed["topic"], len(changed["stages"])) == ("二期", 1)

    async def test_the_list_finds_by_source_and_person_with_one_query_more_than_any_list(
        self,
        client: httpx.AsyncClient,
        make_project: Make,
        make_in_progress: Make,
        database: Database,
    ) -> None:
        opportunity = await make_in_progress()
        leader = str(uuid4())
        wanted = await make_project(
            customer_id=None, opportunity_id=opportunity["id"], leader_id=leader
        )
        await make_project()
        for filters in (
            {"opportunity_id": opportunity["id"]},
            {"leader_id": leader},
            {"number": wanted["number"]},
            {"customer_id": wanted["customer_id"]},
        ):
            with count_queries(database) as queries:
                page = (await client.get("/v1/projects", params=filters)).json()
            assert [one["id"] for one in page["items"]] == [wanted["id"]], filters
            assert len(queries) == 4, "begin, the list, the tasks, end"


class TestApproval:
    async def test_without_a_chain_it_is_approved_at_once(
        self, client: httpx.AsyncClient, make_project: Make
    ) -> None:
        project = await make_project()
        submitted = await done(await client.post(f"/v1/projects/{project['id']}/submit"))
        assert submitted["state"] == "approved"

    async def test_who_is_asked_decides_and_nothing_is_un_approved_once_under_way(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str, make_project: Make,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        chain = {"kind": "project", "levels": [{"name": "交付总监", "role": "sales_manager"}]}
        await done(await client.post("/v1/approval-chains", json=chain))
        url = f"/v1/projects/{(await make_project())['id']}"
        assert (await done(await client.post(f"{url}/submit")))["state"] == "in_approval"
        assert problem(await client.post(f"{url}/execute", json={})) == (409, "project-not-ready")
        refused = await client.post(f"{url}/cancel", json={"reason": "不做了"})
        assert problem(refused) == (409, "project-not-ready")
        [approval] = (await client.get("/v1/approvals")).json()["items"]
        assert approval["kind"] == "project"
        manager = client_for(tenant, roles=("sales_manager",), subject="manager")
        approve = f"/v1/approvals/{approval['id']}"
        await done(await manager.post(f"{approve}/approve", json={}))
        assert (await done(await client.get(url)))["state"] == "approved"
        await done(await client.post(f"{url}/execute", json={}))
        revoked = await manager.post(f"{approve}/revoke", json={"reason": "不妥"})
        assert problem(revoked) == (409, "project-is-under-way")


class TestStages:
    async def test_the_next_stage_is_shown_and_confirmed_and_percent_follows_the_weights(
        self, client: httpx.AsyncClient, make_executing: Make, problem: ProblemOf
    ) -> None:
        project = await make_executing(
            stages=[{"code": "understand", "weight": 1}, {"code": "sign", "weight": 3}]
        )
        url = f"/v1/projects/{project['id']}/promote"
        assert (project["stage_code"], project["next_stage_code"]) == ("understand", "sign")
        wrong = await client.post(url, json={"next_stage": "pre-study"})
        assert problem(wrong) == (409, "not-the-next-stage")
        future = await client.post(url, json={"next_stage": "sign", "on": ago(-1)})
        assert problem(future) == (422, "date-in-future")
        early = await client.post(url, json={"next_stage": "sign", "on": ago(31)})
        assert problem(early) == (422, "date-before-previous")
        moved = await done(await client.post(url, json={"next_stage": "sign", "on": ago(20)}))
        assert (moved["stage_code"], moved["next_stage_code"]) == ("sign", None)
        assert moved["percent_complete"] == 25
        assert moved["stages"][0]["ended_on"] == moved["stages"][1]["entered_on"] == ago(20)
        over = await done(await client.post(url, json={"next_stage": None}))
        assert (over["stage_code"], over["percent_complete"]) == (None, 100)
        assert problem(await client.post(url, json={"next_stage": None})) == (409, "no-stage-left")

    @pytest.mark.parametrize(
        ("control", "refusal", "passes"),
        [
            ("strict", (422, "stage-work-open"), False),
            ("remind", (409, "stage-work-reminder"), True),
            ("none", None, True),
        ],
    )
    async def test_open_mandatory_work_keeps_it_in_a_stage_as_strictly_as_the_method_says(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_executing: Make,
        make_task: Make,
        problem: ProblemOf,
        control: str,
        refusal: tuple[int, str] | None,
        passes: bool,
    ) -> None:
        stages = [
            {"code": "a", "name": "安装", "planned_days": 5, "success_rate": 10,
             "conditions": {"control": control}},
            {"code": "b", "name": "验收", "planned_days": 5, "success_rate": 20},
        ]  # fmt: skip
        method = await make_method(stages=stages)
        milestone = {"name": "到货", "planned_on": ago(-9), "stage_code": "a"}
        optional = milestone | {"name": "可选", "mandatory": False}
        project = await make_executing(method_id=method["id"], milestones=[milestone, optional])
        url = f"/v1/projects/{project['id']}"
        task = await make_task(topic="装机", project_id=project["id"], mandatory=True)
        await make_task(topic="拍照", project_id=project["id"])
        await make_task(topic="后续", project_id=project["id"], mandatory=True, stage_code="b")
        go = {"next_stage": "b"}
        answer = await client.post(f"{url}/promote", json=go)
        if refusal is None:
            assert answer.is_success
            return
        assert problem(answer) == refusal
        assert answer.json()["unmet"] == ["到货", "装机"]
        confirmed = await client.post(f"{url}/promote", json=go | {"confirm_reminders": True})
        assert confirmed.is_success == passes
        if passes:
            return
        one = next(x for x in project["milestones"] if x["name"] == "到货")
        reach = f"{url}/milestones/{one['id']}/reach"
        await done(await client.post(reach, json={}))
        assert problem(await client.post(reach, json={})) == (409, "milestone-reached")
        times = {"started_on": ago(1), "finished_on": ago(0)}
        await done(await client.post(f"/v1/tasks/{task['id']}/complete", json=times))
        assert (await done(await client.post(f"{url}/promote", json=go)))["stage_code"] == "b"

    async def test_tasks_in_a_stage_count_by_their_percent(
        self, client: httpx.AsyncClient, make_executing: Make, make_task: Make
    ) -> None:
        project = await make_executing(stages=[{"code": "understand"}, {"code": "sign"}])
        of_it = {"project_id": project["id"]}
        half, whole, called_off = [await make_task(**of_it) for _ in range(3)]
        assert half["stage_code"] == "understand"
        assert half["customer_id"] == project["customer_id"]
        change = {"percent": 50}
        await done(
            await client.patch(f"/v1/tasks/{half['id']}", json=change, headers={"If-Match": '"1"'})
        )
        times = {"started_on": ago(1), "finished_on": ago(0)}
        await done(await client.post(f"/v1/tasks/{whole['id']}/complete", json=times))
        cancel = f"/v1/tasks/{called_off['id']}/cancel"
        await done(await client.post(cancel, json={"reason": "不需要"}))
        read = await done(await client.get(f"/v1/projects/{project['id']}"))
        assert read["percent_complete"] == 37  # (50 + 100) / 2 of the one of two stages
        tasks = (await client.get("/v1/tasks", params=of_it)).json()["items"]
        assert len(tasks) == 3

    async def test_a_task_has_one_source_and_a_stage_of_its_project(
        self, client: httpx.AsyncClient, make_executing: Make, make_opportunity: Make,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        project = await make_executing()
        body = {"topic": "装机", "project_id": project["id"]}
        for more, refusal in (
            ({"opportunity_id": (await make_opportunity())["id"]}, "task-of-no-project"),
            ({"stage_code": "nowhere"}, "unknown-project-stage"),
            ({"project_id": str(uuid4())}, "unknown-project"),
            ({"project_id": None, "mandatory": True}, "task-of-no-project"),
        ):
            answer = await client.post("/v1/tasks", json=body | more)
            assert problem(answer) == (422, refusal)


class TestTeam:
    async def test_who_joined_may_leave_and_come_back(
        self, client: httpx.AsyncClient, make_project: Make, problem: ProblemOf
    ) -> None:
        project = await make_project()
        url = f"/v1/projects/{project['id']}/team"
        member = {"employee_id": str(uuid4()), "role": "实施", "joined_on": ago(5)}
        await done(await client.post(url, json=member))
        assert problem(await client.post(url, json=member)) == (409, "team-member-taken")
        leave = {"employee_id": member["employee_id"]}
        early = await client.post(f"{url}/leave", json=leave | {"on": ago(6)})
        assert problem(early) == (422, "date-before-previous")
        left = await done(await client.post(f"{url}/leave", json=leave))
        assert left["team"][0]["left_on"] == ago(0)
        assert problem(await client.post(f"{url}/leave", json=leave)) == (409, "not-in-team")
        back = await done(await client.post(url, json=member | {"joined_on": ago(0)}))
        assert len(back["team"]) == 2

    async def test_who_is_in_the_team_sees_the_project_and_its_deliveries(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str, make_delivered: Make
    ) -> None:
        delivery = await make_delivered(owner_id=str(uuid4()), department_id=str(uuid4()))
        member = str(uuid4())
        of_member = client_for(tenant, subject="member", employee_id=member, row_scope="own")
        url = f"/v1/projects/{delivery['project_id']}"
        paths = (url, f"/v1/project-deliveries/{delivery['id']}")
        for path in paths:
            assert (await of_member.get(path)).status_code == 404
        join = {"employee_id": member, "role": "实施"}
        await done(await client.post(f"{url}/team", json=join))
        for path in paths:
            assert (await of_member.get(path)).status_code == 200
        await done(await client.post(f"{url}/team/leave", json={"employee_id": member}))
        for path in paths:
            assert (await of_member.get(path)).status_code == 404


class TestClosing:
    async def test_every_unmet_condition_is_named_at_once(
        self, client: httpx.AsyncClient, make_executing: Make, problem: ProblemOf
    ) -> None:
        milestone = {"name": "终验", "planned_on": ago(0)}
        project = await make_executing(milestones=[milestone])
        refused = await client.post(f"/v1/projects/{project['id']}/close", json={})
        assert problem(refused) == (422, "project-not-finished")
        assert refused.json()["unmet"] == [
            {"kind": "summary", "item": None},
            {"kind": "line", "item": "1"},
            {"kind": "stage", "item": "understand"},
            {"kind": "stage", "item": "pre-study"},
            {"kind": "stage", "item": "sign"},
            {"kind": "milestone", "item": "终验"},
        ]

    async def test_what_is_given_up_with_a_reason_is_not_asked_for(
        self, client: httpx.AsyncClient, make_executing: Make, problem: ProblemOf,
        database: Database, tenant: str,
    ) -> None:  # fmt: skip
        project = await make_executing(stages=[{"code": "sign"}])
        url = f"/v1/projects/{project['id']}"
        deliver = {"lines": [{"line_number": 1, "quantity": "2"}], "on": ago(3)}
        await done(await client.post(f"{url}/deliver", json=deliver))
        too_much = {"line_number": 1, "quantity": "5", "reason": "取消"}
        assert problem(await client.post(f"{url}/give-up", json=too_much)) == (409, "over-delivery")
        nowhere = {"line_number": 9, "reason": "取消"}
        refused = await client.post(f"{url}/give-up", json=nowhere)
        assert problem(refused) == (422, "unknown-project-line")
        given = await done(
            await client.post(f"{url}/give-up", json={"line_number": 1, "reason": "客户缩减"})
        )
        assert [given["lines"][0][name] for name in ("delivered", "given_up", "open")] == [
            "2", "4", "0"
        ]  # fmt: skip
        await done(await client.post(f"{url}/promote", json={"next_stage": None}))
        etag = (await client.get(url)).headers["etag"]
        await client.patch(url, json={"summary": "按期完成"}, headers={"If-Match": etag})
        closed = await done(await client.post(f"{url}/close", json={}))
        assert (closed["state"], closed["closed_on"]) == ("closed", ago(0))
        assert problem(await client.post(f"{url}/close", json={})) == (409, "project-not-ready")
        event = (await emitted(database, tenant))[-1]
        assert event.type == "sales.project-closed.v1"
        assert set(event.data["changed"]) == {"closed_on", "state"}
        assert (await audited(database, tenant))[-1].action == "project.closed"


@pytest.fixture
def late(running: RunningService) -> Callable[[], Awaitable[int]]:
    """Goes round until nothing late is left untold; returns how much was told."""
    work = DelayWork(running.databases, ZONE, lambda: None, batch=50)

    async def go_round() -> int:
        told = 0
        while found := await work.work():
            told += found
        return told

    return go_round


class TestLate:
    async def test_each_planned_day_that_is_over_is_told_once(
        self,
        client: httpx.AsyncClient,
        make_executing: Make,
        late: Callable[[], Awaitable[int]],
        database: Database,
        tenant: str,
    ) -> None:
        milestones = [
            {"name": "到货", "planned_on": ago(3)},
            {"name": "终验", "planned_on": ago(0)},
        ]
        project = await make_executing(planned_end_on=ago(1), milestones=milestones)

        async def told() -> list[tuple[str, str, int]]:
            events = [x for x in await emitted(database, tenant) if "days_late" in x.data]
            return [(x.type, x.data["planned_on"], x.data["days_late"]) for x in events]

        await late()
        await late()
        assert await told() == [
            ("sales.project-delayed.v1", ago(23), 23),  # the stage: begun 30 days ago, 7 planned
            ("sales.milestone-overdue.v1", ago(3), 3),
            ("sales.project-delayed.v1", ago(1), 1),
        ]
        url = f"/v1/projects/{project['id']}"
        one = project["milestones"][0]
        await done(
            await client.post(f"{url}/milestones/{one['id']}/move", json={"planned_on": ago(2)})
        )
        await late()
        assert (await told())[3:] == [("sales.milestone-overdue.v1", ago(2), 2)]
        events = [x for x in await emitted(database, tenant) if x.key == project["id"]]
        assert [x.sequence for x in events] == list(range(1, len(events) + 1))

    async def test_what_is_over_or_not_begun_is_not_late(
        self, client: httpx.AsyncClient, make_project: Make, make_executing: Make,
        late: Callable[[], Awaitable[int]], database: Database, tenant: str,
    ) -> None:  # fmt: skip
        await make_project(planned_end_on=ago(1))
        over = await make_executing(planned_end_on=ago(1))
        cancel = f"/v1/projects/{over['id']}/cancel"
        await done(await client.post(cancel, json={"reason": "客户破产"}))
        await late()
        assert not [x for x in await emitted(database, tenant) if "days_late" in x.data]

    async def test_is_found_by_whatever_of_its_plan_is_past_its_day(
        self, client: httpx.AsyncClient, make_project: Make, make_executing: Make
    ) -> None:
        async def found(**asked: str) -> set[str]:
            page = await client.get("/v1/projects", params=asked)
            return {one["id"] for one in page.json()["items"]}

        following = {"next_stage": "pre-study"}
        draft = await make_project(planned_end_on=ago(1))
        by_stage = await make_executing()  # begun 30 days ago, 7 planned
        url = f"/v1/projects/{by_stage['id']}"
        assert await found(late="true") == {by_stage["id"]}
        assert await found(late="false") == {draft["id"]}
        await done(await client.post(f"{url}/promote", json=following))
        assert await found(late="true") == set()
        by_end = await make_executing(planned_end_on=ago(1))
        by_milestone = await make_executing(milestones=[{"name": "到货", "planned_on": ago(3)}])
        for one in (by_end, by_milestone):
            await done(await client.post(f"/v1/projects/{one['id']}/promote", json=following))
        assert await found(late="true") == {by_end["id"], by_milestone["id"]}
        milestone = f"/v1/projects/{by_milestone['id']}/milestones"
        reached = f"{milestone}/{by_milestone['milestones'][0]['id']}/reach"
        await done(await client.post(reached, json={}))
        assert await found(late="true") == {by_end["id"]}
