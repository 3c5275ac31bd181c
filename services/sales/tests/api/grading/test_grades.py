"""Grading through the API: assessments, levels, walks, and what takes too long (S4)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update

from kehu_contracts.customer import CustomerValueRecorded
from kehu_contracts.examples import load
from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.events import (
    Deliver,
    RecordedDeadLetters,
    deliveries,
    fact_of,
)
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plans import nodes, planner
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.consumers import fold
from kehu_sales.customers.models import CustomerRef
from kehu_sales.grading.service import OLDER, regrade_stale, tell_handling_overdue
from kehu_sales.grading.worker import GradingWork

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
SCHEME = "/v1/grading-scheme"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
NAMES = (
    "urgency", "importance", "need_difficulty", "competition", "customer_value", "customer_risk",
    "customer_activity",
)  # fmt: skip
MIDDLE = {"values": dict.fromkeys(NAMES, "3")}


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


async def assess(client: httpx.AsyncClient, made: dict[str, Any], body: Any) -> httpx.Response:
    url = f"/v1/opportunities/{made['id']}"
    etag = (await client.get(url)).headers["etag"]
    return await client.put(f"{url}/assessment", json=body, headers={"If-Match": etag})


class TestGoingThroughStages:
    """From potential to effective and back, by every way there is."""

    STAGES = (
        {"code": "p", "name": "p", "planned_days": 7, "success_rate": 10, "kind": "potential"},
        {"code": "e", "name": "e", "planned_days": 7, "success_rate": 50, "kind": "effective",
         "may_return_to": ["p"]},
    )  # fmt: skip

    async def test_grades_what_becomes_effective_and_forgets_what_is_potential_again(
        self,
        client: httpx.AsyncClient,
        in_force: dict[str, Any],
        make_method: Make,
        make_in_progress: Make,
        database: Database,
        tenant: str,
    ) -> None:
        assert in_force["in_force"] is True
        await make_method(stages=self.STAGES)
        made = await make_in_progress(expected_revenue=cny("600000.00"))
        url = f"/v1/opportunities/{made['id']}"
        assert made["level"] is None
        response = await client.post(f"{url}/promote", json={})
        promoted = response.json()
        assert (promoted["level"], promoted["version"]) == ("major", made["version"] + 2)
        assert response.headers["etag"] == f'"{promoted["version"]}"'
        assert promoted["handle_by_on"] == str(TODAY + timedelta(days=3))
        back = {"to_stage": "p", "reason": "需求变更"}
        returned = (await client.post(f"{url}/return-to-stage", json=back)).json()
        assert (returned["level"], returned["handle_by_on"]) == (None, None)
        assert returned["version"] == promoted["version"] + 2
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.data["former_level"], event.data["level"]) == (
            "sales.opportunity-graded.v1", "major", None
        )  # fmt: skip

    async def test_grades_what_another_version_makes_effective(
        self,
        client: httpx.AsyncClient,
        in_force: dict[str, Any],
        make_method: Make,
        make_in_progress: Make,
    ) -> None:
        assert in_force["in_force"] is True
        method = await make_method(stages=self.STAGES)
        made = await make_in_progress(expected_revenue=cny("600000.00"))
        stages = [self.STAGES[0] | {"kind": "effective"}]
        url = f"/v1/methods/{method['id']}"
        await client.patch(url, json={"stages": stages}, headers={"If-Match": '"1"'})
        move = f"/v1/opportunities/{made['id']}/move-method"
        moved = (await client.post(move, json={"reason": "新版"})).json()
        assert (moved["kind"], moved["level"]) == ("effective", "major")


class TestGrade:
    async def test_the_defaults_grade_nothing_until_they_are_put_in_force(
        self, client: httpx.AsyncClient, make_in_progress: Make, problem: ProblemOf
    ) -> None:
        scheme = (await client.get(SCHEME)).json()
        assert (scheme["version"], scheme["in_force"]) == (0, False)
        assert [one["name"] for one in scheme["levels"]] == ["重大商机", "重要商机", "普通商机"]
        made = await make_in_progress(expected_revenue=cny("600000.00"))
        assert made["level"] is None
        assert problem(await assess(client, made, MIDDLE)) == (409, "grading-not-set-up")

    async def test_an_effective_one_is_graded_in_the_same_transaction(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_opportunity: Make,
        database: Database, tenant: str, problem: ProblemOf,
    ) -> None:  # fmt: skip
        made = await make_opportunity(expected_revenue=cny("600000.00"))
        url = f"/v1/opportunities/{made['id']}"
        assert made["level"] is None  # potential
        assert problem(await assess(client, made, MIDDLE)) == (409, "not-effective-yet")
        confirmed = await client.post(f"{url}/confirm", json={"formal_request": True})
        assert (confirmed.json()["level"], confirmed.json()["version"]) == ("major", 3)
        assert confirmed.json()["handle_by_on"] == str(TODAY + timedelta(days=3))
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.sequence) == ("sales.opportunity-graded.v1", 3)
        assert (event.data["level"], event.data["former_level"]) == ("major", None)
        grade = (await client.get(f"{url}/grade")).json()
        assert (grade["decided_by"], grade["rule"]["value"]) == ("rule", "500000")
        assert grade["leader_role"] == "sales_manager"
        cheaper = await client.patch(
            url, json={"expected_revenue": cny("90000.00")}, headers={"If-Match": '"3"'}
        )
        assert (cheaper.json()["level"], cheaper.json()["version"]) == ("ordinary", 5)
        changed, graded = (await emitted(database, tenant))[-2:]
        assert changed.data["changed"] == ["expected_revenue"]
        assert "level" in graded.data["changed"]
        assert "expected_revenue" not in graded.data["changed"]

    async def test_where_the_grade_stays_a_change_is_told_once(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make,
        database: Database, tenant: str,
    ) -> None:  # fmt: skip
        made = await make_in_progress(expected_revenue=cny("600000.00"))
        url = f"/v1/opportunities/{made['id']}"
        before = (await client.get(url)).json()
        events = len(await emitted(database, tenant))
        entries = len(await audited(database, tenant))
        renamed = await client.patch(
            url, json={"topic": "另一个名称"}, headers={"If-Match": f'"{before["version"]}"'}
        )
        assert (renamed.json()["level"], renamed.json()["version"]) == (
            "major", before["version"] + 1,
        )  # fmt: skip
        (event,) = (await emitted(database, tenant))[events:]
        assert event.data["changed"] == ["topic"]
        (entry,) = (await audited(database, tenant))[entries:]
        assert (entry.action, [*entry.changes]) == ("opportunity.changed", ["topic"])

    async def test_a_score_is_explained_part_by_part(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make,
        database: Database, tenant: str,
    ) -> None:  # fmt: skip
        made = await make_in_progress(expected_revenue=cny("200000.00"))
        assert made["level"] is None
        grade = (await client.get(f"/v1/opportunities/{made['id']}/grade")).json()
        assert (grade["decided_by"], grade["missing"]) == ("nothing", list(NAMES))
        assessed = await assess(client, made, MIDDLE)
        grade = assessed.json()
        assert (grade["level"], grade["level_score"], grade["decided_by"]) == (
            "important", "60.00", "score",
        )  # fmt: skip
        revenue, urgency = grade["parts"][:2]
        assert (revenue["value"], revenue["source"], revenue["band"], revenue["contribution"]) == (
            "200000.00", "opportunity", "10 万起", "7.500",
        )  # fmt: skip
        assert (urgency["value"], urgency["source"], urgency["score"]) == ("3", "entered", "60")
        assert assessed.headers["etag"] == f'"{grade["version"]}"'
        entry = (await audited(database, tenant))[-1]
        assert entry.action == "opportunity.graded"
        assert entry.changes["assessment"]["after"]["urgency"] == "3"
        same = await assess(client, made, MIDDLE)
        assert same.json()["version"] == grade["version"]
        influence = await assess(client, made, MIDDLE | {"social_influence": True})
        assert influence.json()["level"] == "major"
        handled = await assess(client, made, MIDDLE | {"handled_on": str(TODAY)})
        assert handled.json()["handle_by_on"] is None

    async def test_values_lie_on_the_scale_and_handling_after_the_opening(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        made = await make_in_progress(expected_revenue=cny("200000.00"))
        for value in ("0.99", "5.01"):
            refused = await assess(client, made, {"values": {"urgency": value}})
            assert problem(refused) == (422, "value-outside-scale")
        for value in ("1", "5"):
            assert (await assess(client, made, {"values": {"urgency": value}})).is_success
        early = {"handled_on": str(TODAY - timedelta(days=1))}
        assert problem(await assess(client, made, early)) == (422, "date-before-previous")
        wide = await client.patch(SCHEME, json={"highest_value": "10"}, headers={"If-Match": '"1"'})
        assert (wide.json()["lowest_value"], wide.json()["highest_value"]) == ("1", "10")
        assert (await assess(client, made, {"values": {"urgency": "10"}})).is_success
        upside_down = await client.patch(
            SCHEME, json={"lowest_value": "10"}, headers={"If-Match": '"2"'}
        )
        assert problem(upside_down) == (422, "scale-unsound")

    async def test_lists_filter_and_sort_by_it_and_the_pool_forgets_it(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make
    ) -> None:
        low = await make_in_progress(expected_revenue=cny("90000.00"))
        high = await make_in_progress(expected_revenue=cny("600000.00"))
        none = await make_in_progress()
        for sort, ids in (("level", [high, low, none]), ("-level", [low, high, none])):
            listed = (await client.get("/v1/opportunities", params={"sort": sort})).json()["items"]
            assert [one["id"] for one in listed] == [one["id"] for one in ids]
        found = (await client.get("/v1/opportunities", params={"level": "major"})).json()["items"]
        assert [one["id"] for one in found] == [high["id"]]
        unknown = await client.get("/v1/opportunities", params={"level": "foo"})
        assert (unknown.status_code, unknown.json()["code"]) == (422, "level-not-graded")
        assert "major" in unknown.json()["detail"]
        pooled = await client.post(
            f"/v1/opportunities/{high['id']}/return-to-pool", json={"reason": "预算推迟"}
        )
        assert pooled.status_code == 200, pooled.text
        assert (pooled.json()["level"], pooled.json()["handle_by_on"]) == (None, None)

    async def test_a_batch_grades_what_it_makes_effective(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_opportunity: Make
    ) -> None:
        made = await make_opportunity(expected_revenue=cny("600000.00"))
        named = {"opportunity_id": made["id"]}
        done = await client.post(
            "/v1/opportunities/batch",
            json={"commands": [
                {"op": "submit", "evaluator_id": made["id"]} | named,
                {"op": "evaluate", "result": "pass"} | named,
            ]},
        )  # fmt: skip
        assert done.status_code == 200, done.text
        now = (await client.get(f"/v1/opportunities/{made['id']}")).json()
        assert now["level"] == "major"
        assert done.json()["items"][-1]["version"] == now["version"] == 4


class TestWork:
    async def test_grades_again_by_a_new_scheme(
        self, client: httpx.AsyncClient, make_in_progress: Make, work: GradingWork
    ) -> None:
        made = await make_in_progress(expected_revenue=cny("200000.00"))
        await client.patch(SCHEME, json={}, headers={"If-Match": '"0"'})
        assert await work.work() >= 1
        url = f"/v1/opportunities/{made['id']}"
        assert (await client.get(f"{url}/grade")).json()["scheme_version"] == 1
        rule = {"level": "major", "kind": "value_above", "indicator": "predicted_revenue"}
        await client.patch(
            SCHEME, json={"rules": [rule | {"value": "150000"}]}, headers={"If-Match": '"1"'}
        )
        assert (await client.get(f"{url}/grade")).json()["stale"] is True
        await work.work()
        grade = (await client.get(f"{url}/grade")).json()
        assert (grade["level"], grade["scheme_version"], grade["stale"]) == ("major", 2, False)

    async def test_a_new_scheme_costs_the_same_and_is_walked_through_lot_by_lot(
        self, client: httpx.AsyncClient, running: RunningService, make_in_progress: Make
    ) -> None:
        made = [await make_in_progress(expected_revenue=cny("200000.00")) for _ in range(5)]
        work = GradingWork(running.databases, "Asia/Shanghai", lambda: None, batch=2)
        rule = {"level": "major", "kind": "value_above", "indicator": "predicted_revenue"}

        async def versions() -> list[tuple[int, bool]]:
            urls = [f"/v1/opportunities/{one['id']}/grade" for one in made]
            grades = [(await client.get(url)).json() for url in urls]
            return sorted((one["scheme_version"], one["stale"]) for one in grades)

        costs = []
        for version, body in enumerate(({}, {"rules": [rule | {"value": "150000"}]})):
            with count_queries(running.database) as seen:
                changed = await client.patch(
                    SCHEME, json=body, headers={"If-Match": f'"{version}"'}
                )
            assert changed.status_code == 200, changed.text
            costs.append(len(seen.statements))
            assert not [one for one in seen.statements if "UPDATE opportunit" in one]
            assert await versions() == [(version, True)] * 5
            await work.work()
            assert await versions() == [(version, True)] * 3 + [(version + 1, False)] * 2
            if version == 0:
                while await work.work():
                    pass
                assert await versions() == [(1, False)] * 5
        # A third scheme overtakes the walk of the second one, which had come to two of five.
        await client.patch(SCHEME, json={"rules": []}, headers={"If-Match": '"2"'})
        while await work.work():
            pass
        assert await versions() == [(3, False)] * 5
        assert max(costs) <= 12, costs

    async def test_what_is_closed_keeps_the_scheme_it_was_graded_by(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make,
        work: GradingWork,
    ) -> None:  # fmt: skip
        made = await make_in_progress(expected_revenue=cny("600000.00"))
        url = f"/v1/opportunities/{made['id']}"
        won = await client.post(f"{url}/win", json={"closed_on": str(TODAY), "reason": "方案更优"})
        assert won.status_code == 200, won.text
        await client.patch(SCHEME, json={"rules": []}, headers={"If-Match": '"1"'})
        while await work.work():
            pass
        grade = (await client.get(f"{url}/grade")).json()
        assert (grade["level"], grade["scheme_version"], grade["stale"]) == ("major", 1, False)

    async def test_tells_once_per_level_that_handling_takes_too_long(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make,
        database: Database, context: Context, tenant: str,
    ) -> None:  # fmt: skip
        made = await make_in_progress(expected_revenue=cny("600000.00"))
        counts = []
        for days in (3, 4, 4):  # the limit of the level is three days
            async with database.transaction(context) as session:
                today = TODAY + timedelta(days=days)
                counts.append(await tell_handling_overdue(session, 200, today=today))
        assert counts == [0, 1, 0]
        told = [one.type for one in await emitted(database, tenant) if one.key == made["id"]]
        assert told.count("sales.opportunity-handling-overdue.v1") == 1
        late = await client.get("/v1/opportunities", params={"handling_overdue": "true"})
        assert late.json()["items"] == []  # by today it is not late yet

    async def test_the_leader_of_the_level_is_told_and_how_it_is_handled_is_shown(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make,
        database: Database, context: Context, tenant: str,
    ) -> None:  # fmt: skip
        levels = in_force["levels"]
        levels[0] |= {"leader_role": "sales_director", "handling_standard": "当日上门"}
        changed = await client.patch(SCHEME, json={"levels": levels}, headers={"If-Match": '"1"'})
        assert changed.json()["levels"][0]["handling_standard"] == "当日上门"
        made = await make_in_progress(expected_revenue=cny("600000.00"))
        grade = (await client.get(f"/v1/opportunities/{made['id']}/grade")).json()
        assert grade["handling_standard"] == "当日上门"
        async with database.transaction(context) as session:
            await tell_handling_overdue(session, 200, today=TODAY + timedelta(days=4))
        for name in ("graded", "handling-overdue"):
            (event,) = await emitted(database, tenant, f"sales.opportunity-{name}.v1")
            assert (event.data["leader_id"], event.data["leader_role"]) == (None, "sales_director")

    async def test_a_value_told_while_it_is_graded_is_not_forgotten(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make,
        work: GradingWork, worker_database: Database, database: Database, context: Context,
        tenant: str,
    ) -> None:  # fmt: skip
        made = await make_in_progress(expected_revenue=cny("200000.00"))
        example = CustomerValueRecorded.from_bytes(load(CustomerValueRecorded.type)[0].data)
        deliver: Deliver = deliveries(fold, worker_database, RecordedDeadLetters())

        async def tell(value_grade: str, sequence: int) -> None:
            told = {"customer_id": UUID(made["customer_id"]), "value_grade": value_grade}
            await deliver(fact_of(example.model_copy(update=told), tenant, sequence=sequence))

        await tell("C", 2)
        async with database.transaction(context) as session:
            assert await regrade_stale(session, 50, today=TODAY) == 1
            await session.flush()
            telling = asyncio.create_task(tell("A", 3))
            await asyncio.sleep(0.3)  # it waits for who grades
            assert not telling.done()
        await telling
        assert (await client.get(f"/v1/opportunities/{made['id']}/grade")).json()["stale"] is True
        await work.work()
        grade = (await client.get(f"/v1/opportunities/{made['id']}/grade")).json()
        part = next(one for one in grade["parts"] if one["indicator"] == "customer_value")
        assert (part["value"], grade["stale"]) == ("5", False)

    async def test_what_somebody_works_on_keeps_no_other_from_being_graded(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make,
        database: Database, context: Context,
    ) -> None:  # fmt: skip
        made = [await make_in_progress(expected_revenue=cny("200000.00")) for _ in range(3)]
        async with database.transaction(context) as session:
            await session.fetch("UPDATE opportunity_assessments SET stale = true")
        async with database.transaction(context) as somebody:
            held = [UUID(one["id"]) for one in made[:2]]
            lock = "SELECT FROM opportunities WHERE id = ANY($1::uuid[]) FOR UPDATE"
            await somebody.fetch(lock, held)
            for graded in (1, 0):
                async with database.transaction(context) as session:
                    assert await regrade_stale(session, 2, today=TODAY) == graded
        urls = [f"/v1/opportunities/{one['id']}/grade" for one in made]
        stale = [(await client.get(url)).json()["stale"] for url in urls]
        assert stale == [True, True, False]

    async def test_takes_the_value_of_the_customer_it_was_merged_into(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make,
        make_customer: Callable[..., Awaitable[str]], work: GradingWork,
        worker_database: Database, tenant: str,
    ) -> None:  # fmt: skip
        made = await make_in_progress(expected_revenue=cny("200000.00"))
        survivor = await make_customer()
        async with worker_database.worker_transaction() as session:
            await session.execute(
                update(CustomerRef)
                .where(CustomerRef.tenant_id == tenant, CustomerRef.id == UUID(made["customer_id"]))
                .values(merged_into_id=UUID(survivor))
            )
        example = CustomerValueRecorded.from_bytes(load(CustomerValueRecorded.type)[0].data)
        told = {"customer_id": UUID(survivor), "value_grade": "A"}
        deliver: Deliver = deliveries(fold, worker_database, RecordedDeadLetters())
        await deliver(fact_of(example.model_copy(update=told), tenant, sequence=2))
        await work.work()
        grade = (await client.get(f"/v1/opportunities/{made['id']}/grade")).json()
        part = next(one for one in grade["parts"] if one["indicator"] == "customer_value")
        assert (part["value"], part["source"]) == ("5", "customer")

    async def test_takes_the_value_that_analytics_gives_the_customer(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], make_in_progress: Make,
        work: GradingWork, worker_database: Database, tenant: str,
    ) -> None:  # fmt: skip
        made = await make_in_progress(expected_revenue=cny("200000.00"))
        values = {name: "3" for name in NAMES if name != "customer_value"}
        grade = (await assess(client, made, {"values": values})).json()
        assert grade["missing"] == ["customer_value"]
        example = CustomerValueRecorded.from_bytes(load(CustomerValueRecorded.type)[0].data)
        told = {"customer_id": UUID(made["customer_id"]), "value_grade": "A"}
        deliver: Deliver = deliveries(fold, worker_database, RecordedDeadLetters())
        await deliver(fact_of(example.model_copy(update=told), tenant, sequence=2))
        await work.work()
        grade = (await client.get(f"/v1/opportunities/{made['id']}/grade")).json()
        part = next(one for one in grade["parts"] if one["indicator"] == "customer_value")
        assert (part["value"], part["source"], grade["level_score"]) == ("5", "customer", "65.00")


async def test_a_walk_reads_the_next_that_are_graded_only(
    running: RunningService, cluster: Cluster
) -> None:
    """Neither the closed ones before them, nor any grade but theirs, however many there are."""
    url = cluster.superuser(running.settings.database_url)
    async with planner(url, "kehu_app") as large:
        plan = await large.plan(OLDER, "t", UUID(int=0), 2, 200)
    text = json.dumps(plan)
    assert '"Index Name": "ix_opportunities_graded"' in text
    assert "Seq Scan" not in text
    index = next(one for one in nodes(plan) if one.get("Index Name") == "ix_opportunities_graded")
    assert "id >" in index["Index Cond"]
    (grades,) = [
        one for one in nodes(plan) if one.get("Relation Name") == "opportunity_assessments"
    ]
    assert "opportunity_id =" in json.dumps(grades), grades
