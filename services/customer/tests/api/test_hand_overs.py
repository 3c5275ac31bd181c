"""A leaver's customers stay with the company: the hand-over as one job, and the history (C4)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_customer.hand_overs import queries, service
from kehu_customer.hand_overs.worker import HandOverWork
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Work = Callable[[], Awaitable[None]]


@pytest.fixture
def work(running: RunningService) -> Work:
    """Lets the worker go on until nothing is left to do, two customers at a time."""

    async def go_on() -> None:
        worker = HandOverWork(running.databases, lambda: None, batch=2)
        while await worker.work():
            pass

    return go_on


@pytest.fixture
async def leaver(make_employee: Make) -> dict[str, Any]:
    """Who leaves."""
    return await make_employee(name="王芳")


@pytest.fixture
async def successor(make_employee: Make) -> dict[str, Any]:
    """Who stays."""
    return await make_employee(name="李雷")


async def owned(client: httpx.AsyncClient, employee: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the customers an employee looks after."""
    params = {"owner_id": employee["id"], "limit": "200"}
    items: list[dict[str, Any]] = (await client.get("/v1/customers", params=params)).json()["items"]
    return items


async def changes(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    """Return the changes of owner that match, oldest first."""
    answer = await client.get("/v1/owner-changes", params=params | {"sort": "at"})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


class TestHistory:
    async def test_every_change_of_owner_is_remembered_with_who_how_and_why(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
    ) -> None:
        customer = await make_customer(owner_id=leaver["id"])
        url = f"/v1/customers/{customer['id']}/hand-over"
        body = {"owner_id": successor["id"], "reason": "区域调整"}
        assert (await client.post(url, json=body)).status_code == 200
        assert (await client.post(url, json=body)).status_code == 200  # changes nothing
        assert (await client.post(url, json={"owner_id": None})).status_code == 200
        told = [
            (one["previous_owner_id"], one["owner_id"], one["manner"], one["reason"])
            for one in await changes(client, customer_id=customer["id"])
        ]
        assert told == [
            (None, leaver["id"], "entered", None),
            (leaver["id"], successor["id"], "handed_over", "区域调整"),
            (successor["id"], None, "handed_over", None),
        ]
        (lost,) = await changes(client, previous_owner_id=leaver["id"])
        assert (lost["changed_by"], lost["owner_id"]) == ("tester", successor["id"])

    async def test_a_customer_without_an_owner_begins_without_history(
        self, client: httpx.AsyncClient, customer: dict[str, Any]
    ) -> None:
        assert await changes(client, customer_id=customer["id"]) == []


class TestHandOver:
    async def test_everything_of_the_leaver_goes_to_the_successor(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        work: Work,
        database: Database,
        tenant: str,
    ) -> None:
        made = [await make_customer(owner_id=leaver["id"]) for _ in range(5)]
        kept = await make_customer(owner_id=successor["id"])
        await client.post(f"/v1/customers/{made[0]['id']}/end", json={"reason": "已注销"})
        body = {"employee_id": leaver["id"], "successor_id": successor["id"], "reason": "离职"}
        answer = await client.post("/v1/hand-overs", json=body)
        assert answer.status_code == 202, answer.text
        asked = answer.json()
        assert (asked["state"], asked["expected"], asked["moved"], asked["left"]) == (
            "running", 5, 0, 5,
        )  # fmt: skip
        assert (await client.get(answer.headers["location"])).json() == asked
        await work()
        done = (await client.get(answer.headers["location"])).json()
        assert (done["state"], done["moved"], done["left"]) == ("completed", 5, 0)
        assert await owned(client, leaver) == []  # nothing remains with the leaver
        theirs = {one["id"] for one in await owned(client, successor)}
        assert theirs == {kept["id"], *(one["id"] for one in made)}  # nothing is lost
        report = await changes(client, hand_over_id=asked["id"])
        assert {one["customer_id"] for one in report} == {one["id"] for one in made}
        assert {(one["manner"], one["reason"]) for one in report} == {("leaver", "离职")}
        told = await emitted(database, tenant, "customer.customer-handed-over.v1")
        assert sorted(one.key for one in told) == sorted(one["id"] for one in made)
        assert {one.data["previous_owner_id"] for one in told} == {leaver["id"]}
        states = [one.type for one in await emitted(database, tenant) if "hand-over-" in one.type]
        assert states == ["customer.hand-over-started.v1", "customer.hand-over-completed.v1"]
        left = await client.post(f"/v1/employees/{leaver['id']}/leave", json={"reason": "离职"})
        assert left.status_code == 200, left.text

    async def test_records_that_were_merged_go_along(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        work: Work,
        database: Database,
        context: Any,
    ) -> None:
        survivor, merged, other = [await make_customer(owner_id=leaver["id"]) for _ in range(3)]
        merge = {"survivor_id": survivor["id"], "merged_ids": [merged["id"]]}
        merged_to = await client.post("/v1/merges", json=merge)
        assert merged_to.status_code == 201, merged_to.text
        body = {"employee_id": leaver["id"], "successor_id": successor["id"]}
        asked = await client.post("/v1/hand-overs", json=body)
        assert asked.json()["expected"] == 3
        await work()
        done = (await client.get(asked.headers["location"])).json()
        assert (done["state"], done["moved"], done["left"]) == ("completed", 3, 0)
        async with database.transaction(context) as session:
            assert await queries.count_of(session, UUID(leaver["id"])) == 0  # nothing remains
        undo = f"/v1/merges/{merged_to.json()['id']}/undo"
        assert (await client.post(undo, json={"reason": "两家"})).status_code == 200
        theirs = {one["id"] for one in await owned(client, successor)}
        assert theirs == {survivor["id"], merged["id"], other["id"]}  # nobody has lost it

    async def test_each_department_may_have_its_own_successor(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_employee: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        work: Work,
        database: Database,
        tenant: str,
    ) -> None:
        before = await make_customer(owner_id=leaver["id"])
        heir = await make_employee()
        new_department = heir["department_id"]
        moved = await client.patch(
            f"/v1/employees/{leaver['id']}",
            json={"department_id": new_department},
            headers={"If-Match": '"1"'},
        )
        assert moved.status_code == 200
        after = await make_customer(owner_id=leaver["id"])
        body = {
            "employee_id": leaver["id"],
            "successor_id": successor["id"],
            "shares": [{"department_id": new_department, "successor_id": heir["id"]}],
        }
        assert (await client.post("/v1/hand-overs", json=body)).status_code == 202
        await work()
        assert [one["id"] for one in await owned(client, successor)] == [before["id"]]
        assert [one["id"] for one in await owned(client, heir)] == [after["id"]]
        (told,) = await emitted(database, tenant, "customer.hand-over-started.v1")
        assert told.data["successor_department_id"] == successor["department_id"]
        assert told.data["shares"] == [
            {
                "department_id": new_department,
                "successor_id": heir["id"],
                "successor_department_id": new_department,
            }
        ]

    async def test_a_crash_between_batches_loses_nothing_and_does_nothing_twice(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        running: RunningService,
        work: Work,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for _ in range(5):
            await make_customer(owner_id=leaver["id"])
        body = {"employee_id": leaver["id"], "successor_id": successor["id"]}
        url = (await client.post("/v1/hand-overs", json=body)).headers["location"]
        worker, moved = HandOverWork(running.databases, lambda: None, batch=2), service.pass_on
        assert await worker.work() >= 2

        def dies(*_arguments: Any, **_options: Any) -> bool:
            raise OSError("the process dies here")

        monkeypatch.setattr(service, "pass_on", dies)
        await worker.work()
        assert (await client.get(url)).json()["left"] == 3
        monkeypatch.setattr(service, "pass_on", moved)
        await work()
        done = (await client.get(url)).json()
        assert (done["state"], done["moved"], done["left"]) == ("completed", 5, 0)
        assert len(await changes(client, previous_owner_id=leaver["id"])) == 5

    async def test_two_workers_at_once_move_each_customer_once(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        work: Work,
    ) -> None:
        for _ in range(6):
            await make_customer(owner_id=leaver["id"])
        body = {"employee_id": leaver["id"], "successor_id": successor["id"]}
        url = (await client.post("/v1/hand-overs", json=body)).headers["location"]
        await asyncio.gather(work(), work(), work())
        await work()
        assert (await client.get(url)).json()["state"] == "completed"
        assert len(await changes(client, previous_owner_id=leaver["id"])) == 6

    async def test_a_batch_costs_no_more_queries_than_one_customer(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        running: RunningService,
        context: Any,
    ) -> None:
        body = {"employee_id": leaver["id"], "successor_id": successor["id"]}
        costs = []
        for count in (1, 8):
            for _ in range(count):
                await make_customer(owner_id=leaver["id"])
            asked = (await client.post("/v1/hand-overs", json=body)).json()
            with count_queries(running.database) as sent:
                async with running.database.transaction(context) as session:
                    assert await service.move_batch(session, asked["id"], limit=50) == count
            costs.append(len(sent))
            async with running.database.transaction(context) as session:
                await service.move_batch(session, asked["id"], limit=50)
        assert costs[0] == costs[1]

    async def test_a_successor_who_leaves_meanwhile_makes_it_fail(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        make_employee: Make,
        work: Work,
    ) -> None:
        customer = await make_customer(owner_id=leaver["id"])
        body = {"employee_id": leaver["id"], "successor_id": successor["id"]}
        url = (await client.post("/v1/hand-overs", json=body)).headers["location"]
        await client.post(f"/v1/employees/{successor['id']}/leave", json={"reason": "离职"})
        await work()
        failed = (await client.get(url)).json()
        assert (failed["state"], failed["failure"]) == ("failed", "successor-unfit")
        other = await make_employee()
        again = await client.post("/v1/hand-overs", json=body | {"successor_id": other["id"]})
        assert again.status_code == 202
        await work()
        assert [one["id"] for one in await owned(client, other)] == [customer["id"]]

    async def test_what_can_be_refused(
        self,
        client: httpx.AsyncClient,
        make_department: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        url, nobody = "/v1/hand-overs", str(uuid4())
        body = {"employee_id": leaver["id"], "successor_id": successor["id"]}
        share = {"department_id": nobody, "successor_id": successor["id"]}
        cases = [
            (body | {"employee_id": nobody}, (422, "unknown-leaver")),
            (body | {"successor_id": nobody}, (422, "successor-unfit")),
            (body | {"successor_id": leaver["id"]}, (422, "successor-unfit")),
            (body | {"shares": [share]}, (422, "unknown-department")),
            (body | {"shares": [share, share]}, (422, "invalid-request")),
        ]
        for refused, expected in cases:
            assert problem(await client.post(url, json=refused)) == expected
        assert (await client.post(url, json=body)).status_code == 202
        assert problem(await client.post(url, json=body)) == (409, "hand-over-running")

    async def test_only_for_employees_in_the_callers_row_scope(
        self,
        client_for: ClientFor,
        tenant: str,
        make_employee: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        boss = await make_employee(department_id=leaver["department_id"])
        caller = client_for(tenant, employee_id=boss["id"], row_scope="department")
        other = {"employee_id": successor["id"], "successor_id": leaver["id"]}
        answer = await caller.post("/v1/hand-overs", json=other)
        assert problem(answer) == (403, "outside-row-scope")
        mine = {"employee_id": leaver["id"], "successor_id": successor["id"]}
        assert (await caller.post("/v1/hand-overs", json=mine)).status_code == 202

    async def test_what_went_out_of_the_callers_sight_is_counted_as_moved(
        self,
        client_for: ClientFor,
        tenant: str,
        make_customer: Make,
        make_employee: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        work: Work,
    ) -> None:
        boss = await make_employee(department_id=leaver["department_id"])
        caller = client_for(tenant, employee_id=boss["id"], row_scope="department")
        for _ in range(3):
            await make_customer(owner_id=leaver["id"])
        body = {"employee_id": leaver["id"], "successor_id": successor["id"]}
        asked = (await caller.post("/v1/hand-overs", json=body)).json()
        assert (asked["expected"], asked["moved"], asked["left"]) == (3, 0, 3)
        await work()
        listed = (await caller.get("/v1/hand-overs")).json()["items"][0]
        for told in (listed, (await caller.get(f"/v1/hand-overs/{asked['id']}")).json()):
            assert (told["expected"], told["moved"], told["left"]) == (3, 3, 0)

    async def test_only_of_customers_in_the_callers_row_scope(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        make_customer: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        other = await make_customer(owner_id=leaver["id"])  # stays in the department it was in
        moved = await client.patch(
            f"/v1/employees/{leaver['id']}",
            json={"department_id": successor["department_id"]},
            headers={"If-Match": '"1"'},
        )
        assert moved.status_code == 200
        await make_customer(owner_id=leaver["id"])
        caller = client_for(tenant, employee_id=successor["id"], row_scope="department")
        body = {"employee_id": leaver["id"], "successor_id": successor["id"]}
        assert problem(await caller.post("/v1/hand-overs", json=body)) == (403, "outside-row-scope")
        url = f"/v1/customers/{other['id']}/hand-over"
        assert (await client.post(url, json={"owner_id": None})).status_code == 200
        assert (await caller.post("/v1/hand-overs", json=body)).status_code == 202

    async def test_whoever_hands_over_gets_nothing_meanwhile_and_the_other_way_round(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_employee: Make,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        work: Work,
        problem: ProblemOf,
    ) -> None:
        customer = await make_customer(owner_id=leaver["id"])
        third, heir = await make_employee(), await make_employee()
        share = {"department_id": third["department_id"], "successor_id": heir["id"]}

        async def start(one: dict[str, Any], other: dict[str, Any], **more: Any) -> httpx.Response:
            body = {"employee_id": one["id"], "successor_id": other["id"]}
            return await client.post("/v1/hand-overs", json=body | more)

        assert (await start(leaver, successor, shares=[share])).status_code == 202
        to_leaver = share | {"successor_id": leaver["id"]}
        for refused in (
            await start(successor, leaver),
            await start(successor, third),  # from there it could come back
            await start(heir, third),
            await start(third, leaver),
            await start(third, successor, shares=[to_leaver]),
        ):
            assert problem(refused) == (409, "hand-overs-cross")
        assert (await start(third, successor)).status_code == 202  # two give to one
        await work()
        assert [one["id"] for one in await owned(client, successor)] == [customer["id"]]
        assert (await start(successor, leaver)).status_code == 202  # when the others are over
        await work()
        assert [one["id"] for one in await owned(client, leaver)] == [customer["id"]]

    async def test_of_two_at_once_that_cross_one_starts(
        self,
        client: httpx.AsyncClient,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        pairs = [(leaver, successor), (successor, leaver)] * 2
        answers = await asyncio.gather(
            *(
                client.post(
                    "/v1/hand-overs",
                    json={"employee_id": one["id"], "successor_id": other["id"]},
                )
                for one, other in pairs
            )
        )
        refused = [problem(one) for one in answers if one.status_code != 202]
        assert sorted(refused) == [
            (409, "hand-over-running"), (409, "hand-overs-cross"), (409, "hand-overs-cross"),
        ]  # fmt: skip

    async def test_is_audited_and_lists(
        self,
        client: httpx.AsyncClient,
        leaver: dict[str, Any],
        successor: dict[str, Any],
        work: Work,
        database: Database,
        tenant: str,
    ) -> None:
        body = {"employee_id": leaver["id"], "successor_id": successor["id"]}
        await client.post("/v1/hand-overs", json=body)
        await work()
        page = (await client.get("/v1/hand-overs", params={"state": "completed"})).json()
        assert [one["employee_id"] for one in page["items"]] == [leaver["id"]]
        entries = [one for one in await audited(database, tenant) if one.entity == "hand-over"]
        assert [one.action for one in entries] == ["hand-over.created", "hand-over.completed"]
