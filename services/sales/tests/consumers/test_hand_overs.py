"""What a leaver holds in sales goes to the successors that the customer service names (C4)."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from kehu_contracts.ownership import HandOverCompleted, HandOverShare, HandOverStarted
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.hand_overs import HandOverWork
from kehu_kernel.testing.events import Deliver, RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.hand_overs import HandOvers, Held, MakeHeld
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.collisions.worker import CollisionWork
from kehu_sales.consumers import fold
from kehu_sales.directory.models import DepartmentRef, EmployeeRef
from kehu_sales.hand_overs import service
from kehu_sales.hand_overs.models import HandOverRef
from kehu_sales.visits.series import VisitSeries

Make = Callable[..., Awaitable[dict[str, Any]]]
Work = Callable[[], Awaitable[None]]

MOVE = partial(service.move_records, zone="Asia/Shanghai")
LEAVER, SUCCESSOR, DEPARTMENT = uuid4(), uuid4(), uuid4()
OTHER_DEPARTMENT, HEIR, HEIRS_DEPARTMENT = uuid4(), uuid4(), uuid4()


def told(
    kind: type[HandOverStarted | HandOverCompleted], hand_over_id: UUID
) -> HandOverStarted | HandOverCompleted:
    """Return the event: all goes to the successor, what is in the other department to the heir."""
    return kind(
        hand_over_id=hand_over_id,
        employee_id=LEAVER,
        successor_id=SUCCESSOR,
        successor_department_id=DEPARTMENT,
        shares=[
            HandOverShare(
                department_id=OTHER_DEPARTMENT,
                successor_id=HEIR,
                successor_department_id=HEIRS_DEPARTMENT,
            )
        ],
        reason="离职",
        state="running",
        failure=None,
        changed=[],
    )


@pytest.fixture
def deliver(worker_database: Database) -> Deliver:
    """Hands facts to the service as its consumer does, in one batch."""
    return deliveries(fold, worker_database, RecordedDeadLetters())


@pytest.fixture
def work(running: RunningService) -> Work:
    """Lets the worker go on until nothing is left, two records at a time."""
    worker = HandOverWork(running.databases, HandOverRef, MOVE, lambda: None, batch=2)

    async def go_on() -> None:
        while await worker.work():
            pass

    return go_on


async def held(client: httpx.AsyncClient, employee: UUID) -> set[str]:
    """Return the opportunities and tasks of an employee."""
    opportunities = await client.get("/v1/opportunities", params={"owner_id": str(employee)})
    tasks = await client.get("/v1/tasks", params={"assignee_id": str(employee)})
    return {one["id"] for page in (opportunities, tasks) for one in page.json()["items"]}


async def test_open_opportunities_and_tasks_go_to_the_successors(
    client: httpx.AsyncClient,
    make_opportunity: Make,
    deliver: Deliver,
    work: Work,
    database: Database,
    tenant: str,
) -> None:
    mine = {"owner_id": str(LEAVER), "department_id": str(uuid4())}
    made = [await make_opportunity(**mine) for _ in range(5)]
    elsewhere = await make_opportunity(owner_id=str(LEAVER), department_id=str(OTHER_DEPARTMENT))
    not_his = await make_opportunity(owner_id=str(uuid4()))
    task = (await client.post("/v1/tasks", json={"topic": "回访"})).json()
    url = f"/v1/tasks/{task['id']}/assign"
    assert (await client.post(url, json={"assignee_id": str(LEAVER)})).status_code == 200
    evaluated = await make_opportunity()
    url = f"/v1/opportunities/{evaluated['id']}"
    answer = await client.post(f"{url}/submit", json={"evaluator_id": str(LEAVER)})
    assert answer.status_code == 200, answer.text

    await deliver(fact_of(told(HandOverStarted, uuid4()), tenant, sequence=1))
    await work()

    assert await held(client, LEAVER) == set()
    assert await held(client, SUCCESSOR) == {task["id"], *(one["id"] for one in made)}
    assert await held(client, HEIR) == {elsewhere["id"]}
    moved = (await client.get(f"/v1/opportunities/{made[0]['id']}")).json()
    assert moved["department_id"] == str(DEPARTMENT)
    assert (await client.get(url)).json()["evaluator_id"] == str(SUCCESSOR)
    kept = (await client.get(f"/v1/opportunities/{not_his['id']}")).json()
    assert kept["version"] == not_his["version"]
    changed = await emitted(database, tenant, "sales.opportunity-changed.v1")
    assert {one.key for one in changed} == {
        elsewhere["id"], evaluated["id"], *(one["id"] for one in made),
    }  # fmt: skip
    entries = [one for one in await audited(database, tenant) if one.action.endswith("handed-over")]
    assert {one.actor for one in entries} == {"system:hand-overs"}


async def know_leaver(worker_database: Database, tenant: str) -> None:
    """Have the leaver in the directory: rules and schemes name nobody else."""
    known = {"tenant_id": tenant, "sequence": 1, "code": "L", "name": "L"}
    async with worker_database.worker_transaction() as session:
        for department in (DEPARTMENT, OTHER_DEPARTMENT):
            session.add(DepartmentRef(id=department, **known))
        session.add(EmployeeRef(id=LEAVER, department_id=DEPARTMENT, active=True, **known))


async def test_the_successor_stands_in_rules_and_the_pieces_may_collide(
    client: httpx.AsyncClient,
    make_opportunity: Make,
    make_customer: Callable[..., Awaitable[str]],
    worker_database: Database,
    running: RunningService,
    deliver: Deliver,
    work: Work,
    tenant: str,
) -> None:
    """What was in one hand may come into two, by departments: then it collides."""
    await know_leaver(worker_database, tenant)
    body = {"name": "指定", "position": 1, "way": "named", "employee_ids": [str(LEAVER)]}
    rule = (await client.post("/v1/assignment-rules", json=body)).json()
    customer = await make_customer()
    for department in (DEPARTMENT, OTHER_DEPARTMENT):
        await make_opportunity(
            customer_id=customer, owner_id=str(LEAVER), department_id=str(department)
        )
    assert (await client.get("/v1/collisions")).json()["items"] == []

    await deliver(fact_of(told(HandOverStarted, uuid4()), tenant, sequence=1))
    await work()
    await CollisionWork(running.databases, "Asia/Shanghai", lambda: None, batch=50).work()

    read = await client.get(f"/v1/assignment-rules/{rule['id']}")
    assert read.json()["employee_ids"] == [str(SUCCESSOR)]
    (found,) = (await client.get("/v1/collisions")).json()["items"]
    assert {one["owner_id"] for one in found["sides"]} == {str(SUCCESSOR), str(HEIR)}


class TestHandOvers(HandOvers):
    """Those of this service."""

    fold = staticmethod(fold)
    copies = HandOverRef
    move = MOVE

    @pytest.fixture
    def make_held(self, make_opportunity: Make, client: httpx.AsyncClient) -> MakeHeld:
        """Opens an opportunity of somebody's; returns its id."""

        async def make(employee: UUID) -> str:
            return str((await make_opportunity(owner_id=str(employee)))["id"])

        return make

    @pytest.fixture
    def held(self, client: httpx.AsyncClient) -> Held:
        """Returns the ids of what somebody holds."""

        async def read(employee: UUID) -> set[str]:
            return await held(client, employee)

        return read


async def test_what_is_closed_stays_with_whoever_closed_it(
    client: httpx.AsyncClient,
    make_in_progress: Make,
    deliver: Deliver,
    work: Work,
    tenant: str,
) -> None:
    lost = await make_in_progress(owner_id=str(LEAVER))
    url = f"/v1/opportunities/{lost['id']}"
    answer = await client.post(
        f"{url}/lose",
        json={"reason": "价格", "closed_on": lost["opened_on"], "competitor_unknown": True},
    )
    assert answer.status_code == 200, answer.text
    await deliver(fact_of(told(HandOverStarted, uuid4()), tenant, sequence=1))
    await work()
    assert (await client.get(url)).json()["owner_id"] == str(LEAVER)


async def test_a_crash_leaves_the_rest_to_the_next_round(
    client: httpx.AsyncClient,
    make_opportunity: Make,
    deliver: Deliver,
    work: Work,
    running: RunningService,
    monkeypatch: pytest.MonkeyPatch,
    tenant: str,
) -> None:
    made = [await make_opportunity(owner_id=str(LEAVER)) for _ in range(3)]
    await deliver(fact_of(told(HandOverStarted, uuid4()), tenant, sequence=1))

    async def dies(*_arguments: Any) -> int:
        raise OSError("the process dies here")

    with monkeypatch.context() as patched:
        patched.setattr(service, "_move_tasks", dies)
        await work()
    assert len(await held(client, LEAVER)) == 3
    await work()
    assert await held(client, SUCCESSOR) == {one["id"] for one in made}


async def test_visits_without_a_report_go_to_the_successor_and_others_stay(
    client: httpx.AsyncClient,
    client_for: ClientFor,
    make_visit: Make,
    deliver: Deliver,
    work: Work,
    database: Database,
    context: Context,
    tenant: str,
) -> None:
    every_year = {"recurrence": {"frequency": "yearly"}}
    planned = await make_visit(
        owner_id=str(LEAVER), department_id=str(OTHER_DEPARTMENT), **every_year
    )
    done, reported = [await make_visit(owner_id=str(LEAVER)) for _ in range(2)]
    for visit, step, sent in (
        (done, "check-in", {}), (done, "finish", {}), (reported, "check-in", {}),
        (reported, "finish", {}), (reported, "report", {"summary": "好"}),
    ):  # fmt: skip
        answer = await client.post(f"/v1/visits/{visit['id']}/{step}", json=sent)
        assert answer.status_code == 200, answer.text
    told_before = len(await emitted(database, tenant, "sales.visit-changed.v1"))
    await deliver(fact_of(told(HandOverStarted, uuid4()), tenant, sequence=1))
    await work()
    moved = (await client.get(f"/v1/visits/{planned['id']}")).json()
    assert (moved["owner_id"], moved["department_id"]) == (str(HEIR), str(HEIRS_DEPARTMENT))
    owed = (await client.get(f"/v1/visits/{done['id']}")).json()
    assert owed["owner_id"] == str(SUCCESSOR), "somebody has to report it"
    assert (owed["held_by_id"], moved["held_by_id"]) == (str(LEAVER), None)
    refused = {"summary": "好", "refusal": {"degree": "firm", "reason": "does_not_want"}}
    me = {"subject": f"{SUCCESSOR}", "employee_id": str(SUCCESSOR), "row_scope": "own"}
    successor = client_for(tenant, **me)
    answer = await successor.post(f"/v1/visits/{done['id']}/report", json=refused)
    assert answer.status_code == 200, answer.text
    [*_, contact] = await emitted(database, tenant, "sales.activity-recorded.v1")
    [stopped] = await emitted(database, tenant, "sales.customer-calling-stopped.v1")
    for event in (contact, stopped):
        assert event.data["employee_id"] == str(LEAVER), "who was there"
    kept = (await client.get(f"/v1/visits/{reported['id']}")).json()
    assert kept["owner_id"] == str(LEAVER)
    async with database.transaction(context) as session:
        [series] = await session.scalars(select(VisitSeries).where(VisitSeries.tenant_id == tenant))
        assert (series.owner_id, series.department_id) == (HEIR, HEIRS_DEPARTMENT)
    events = await emitted(database, tenant, "sales.visit-changed.v1")
    assert {one.key for one in events[told_before:]} == {planned["id"], done["id"]}


async def test_plans_that_wait_for_a_leaver_wait_for_the_successor(
    client: httpx.AsyncClient,
    client_for: ClientFor,
    make_visit: Make,
    deliver: Deliver,
    work: Work,
    worker_database: Database,
    tenant: str,
) -> None:
    owner = uuid4()
    known = {"tenant_id": tenant, "sequence": 1, "code": "X", "name": "X", "active": True}
    async with worker_database.worker_transaction() as session:
        session.add(EmployeeRef(id=owner, department_id=uuid4(), manager_id=LEAVER, **known))
    waits, decided = [
        await make_visit(owner_id=str(owner), type="existing_customer") for _ in range(2)
    ]
    boss = client_for(tenant, subject="li.na", employee_id=str(LEAVER))
    for visit, step in ((waits, "submit"), (decided, "submit"), (decided, "approve")):
        asking = boss if step == "approve" else client
        answer = await asking.post(f"/v1/visits/{visit['id']}/{step}")
        assert answer.json()["approver_id"] == str(LEAVER), answer.text
    await deliver(fact_of(told(HandOverStarted, uuid4()), tenant, sequence=1))
    await work()
    for visit, expected in ((waits, SUCCESSOR), (decided, LEAVER)):
        found = (await client.get(f"/v1/visits/{visit['id']}")).json()
        assert found["approver_id"] == str(expected)


async def test_a_plan_does_not_wait_for_who_visits_now(
    client: httpx.AsyncClient,
    make_visit: Make,
    deliver: Deliver,
    work: Work,
    worker_database: Database,
    tenant: str,
) -> None:
    above = uuid4()
    known = {"tenant_id": tenant, "sequence": 1, "code": "X", "name": "X", "active": True}
    async with worker_database.worker_transaction() as session:
        for one, manager in ((LEAVER, SUCCESSOR), (SUCCESSOR, above)):
            session.add(EmployeeRef(id=one, department_id=uuid4(), manager_id=manager, **known))
    visit = await make_visit(owner_id=str(LEAVER), type="existing_customer")
    asked = (await client.post(f"/v1/visits/{visit['id']}/submit")).json()
    assert asked["approver_id"] == str(SUCCESSOR)
    await deliver(fact_of(told(HandOverStarted, uuid4()), tenant, sequence=1))
    await work()
    found = (await client.get(f"/v1/visits/{visit['id']}")).json()
    assert (found["owner_id"], found["approver_id"]) == (str(SUCCESSOR), str(above))


async def test_a_leaver_comes_along_no_more(
    client: httpx.AsyncClient,
    make_visit: Make,
    deliver: Deliver,
    work: Work,
    database: Database,
    context: Context,
    tenant: str,
) -> None:
    other = str(uuid4())
    along = {"owner_id": other, "observer_ids": [str(LEAVER), str(SUCCESSOR)]}
    planned = await make_visit(**along, recurrence={"frequency": "yearly"})
    begun = await make_visit(**along)
    await client.post(f"/v1/visits/{begun['id']}/check-in", json={})
    await deliver(fact_of(told(HandOverStarted, uuid4()), tenant, sequence=1))
    await work()
    left = (await client.get(f"/v1/visits/{planned['id']}")).json()
    assert (left["owner_id"], left["observer_ids"]) == (other, [str(SUCCESSOR)])
    was_there = (await client.get(f"/v1/visits/{begun['id']}")).json()
    assert was_there["observer_ids"] == along["observer_ids"]
    async with database.transaction(context) as session:
        [series] = await session.scalars(select(VisitSeries).where(VisitSeries.tenant_id == tenant))
        assert (str(series.owner_id), series.observer_ids) == (other, [SUCCESSOR])


async def test_open_samples_and_levels_go_to_the_successor(
    client: httpx.AsyncClient,
    make_sample: Make,
    worker_database: Database,
    deliver: Deliver,
    work: Work,
    tenant: str,
) -> None:
    await know_leaver(worker_database, tenant)
    held, over = [await make_sample(owner_id=str(LEAVER)) for _ in range(2)]
    ended = f"/v1/samples/{over['id']}"
    assert (await client.post(f"{ended}/cancel", json={"reason": "x"})).status_code == 200
    scheme = "/v1/grading-scheme"
    levels = (await client.get(scheme)).json()["levels"]
    levels[0] |= {"leader_id": str(LEAVER), "leader_role": None}
    first = await client.patch(scheme, json={"levels": levels}, headers={"If-Match": '"0"'})
    assert first.status_code == 200, first.text

    await deliver(fact_of(told(HandOverStarted, uuid4()), tenant, sequence=1))
    await work()

    moved = (await client.get(f"/v1/samples/{held['id']}")).json()
    assert moved["owner_id"] == str(SUCCESSOR)
    assert (await client.get(ended)).json()["owner_id"] == str(LEAVER)
    now = (await client.get(scheme)).json()
    assert (now["version"], now["levels"][0]["leader_id"]) == (2, str(SUCCESSOR))
