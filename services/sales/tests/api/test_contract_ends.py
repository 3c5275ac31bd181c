"""Contracts in force end: it is told in time, once for each last day (S10)."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.process import Databases
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.contracts.worker import EndWork, tell_ending

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Tell = Callable[[date], Awaitable[int]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
END = TODAY + timedelta(days=100)
POLICY, ENDING = "/v1/contract-policy", "sales.contract-ending.v1"


@pytest.fixture
def tell(database: Database, context: Context) -> Tell:
    """Tells of what ends, as if it were some day; returns of how many contracts."""

    async def on(today: date) -> int:
        async with database.transaction(context) as session:
            return await tell_ending(session, 10, today=today)

    return on


@pytest.fixture
def remind(client: httpx.AsyncClient) -> Callable[[int | None], Awaitable[dict[str, Any]]]:
    """Decides how many days before their end contracts are told of."""

    async def decide(days: int | None) -> dict[str, Any]:
        version = {"If-Match": (await client.get(POLICY)).headers["etag"]}
        body = {"remind_days_before_end": days}
        response = await client.patch(POLICY, json=body, headers=version)
        assert response.status_code == 200, response.text
        return dict(response.json())

    return decide


async def test_an_end_is_told_once_from_thirty_days_before(
    make_effective: Make, tell: Tell, database: Database, tenant: str
) -> None:
    contract = await make_effective(ends_on=f"{END}")
    await make_effective()  # without an end
    assert await tell(END - timedelta(days=31)) == 0
    assert [await tell(END - timedelta(days=left)) for left in (30, 30, 0)] == [1, 0, 0]
    [told] = await emitted(database, tenant, ENDING)
    assert (told.data["number"], told.data["days_left"]) == (contract["number"], 30)
    assert told.data["changed"] == []
    entries = await audited(database, tenant)
    [ending] = [one for one in entries if one.action == "contract.ending"]
    assert ending.version == told.sequence == contract["version"] + 1


async def test_an_end_that_an_amendment_moves_is_told_again(
    client: httpx.AsyncClient, make_effective: Make, tell: Tell, database: Database, tenant: str
) -> None:
    contract = await make_effective(ends_on=f"{END}")
    assert await tell(END) == 1
    later = END + timedelta(days=365)
    body = {"reason": "续签一年", "ends_on": f"{later}"}
    amended = await client.post(f"/v1/contracts/{contract['id']}/amend", json=body)
    assert amended.json()["state"] == "approved", amended.text
    assert [await tell(day) for day in (END, later, later)] == [0, 1, 0]
    told = await emitted(database, tenant, ENDING)
    assert [(one.data["ends_on"], one.data["days_left"]) for one in told] == [
        (f"{END}", 0),
        (f"{later}", 0),
    ]


async def test_what_is_not_in_force_or_has_ended_is_not_told(
    client: httpx.AsyncClient, make_contract: Make, make_effective: Make, tell: Tell
) -> None:
    await make_contract(ends_on=f"{END}")
    cancelled = await make_effective(ends_on=f"{END}")
    url = f"/v1/contracts/{cancelled['id']}/cancel"
    assert (await client.post(url, json={"reason": "客户项目取消"})).status_code == 200
    await make_effective(ends_on=f"{END}")
    assert [await tell(END + timedelta(days=1)), await tell(END)] == [0, 1]


async def test_the_days_are_the_tenants(
    client: httpx.AsyncClient, make_effective: Make, tell: Tell, remind: Any, problem: ProblemOf
) -> None:
    policy = await client.get(POLICY)
    assert policy.json() == {"version": 0, "remind_days_before_end": 30}
    await make_effective(ends_on=f"{END}")
    assert await remind(None) == {"version": 1, "remind_days_before_end": None}
    assert await tell(END) == 0
    await remind(60)
    assert [await tell(END - timedelta(days=left)) for left in (61, 60)] == [0, 1]
    await remind(90)
    assert await tell(END - timedelta(days=60)) == 0  # its end was told
    body = {"remind_days_before_end": 10}
    again = await client.patch(POLICY, json=body, headers={"If-Match": '"1"'})
    assert problem(again) == (412, "version-conflict")


@pytest.mark.parametrize(
    ("days", "left", "found"),
    [(None, 0, False), (5, 6, False), (5, 5, True), (40, 40, True)],
    ids=["never", "not yet", "on the day", "longer before than by default"],
)
async def test_a_worker_asks_tenants_by_their_own_policy(
    running: RunningService, make_effective: Make, remind: Any, tenant: str, *, days: int | None,
    left: int, found: bool,
) -> None:  # fmt: skip
    await make_effective(ends_on=f"{END}")
    await remind(days)
    assert (tenant in await _to_be_told(running.databases, END - timedelta(days=left))) == found


@pytest.mark.parametrize(("left", "found"), [(31, False), (30, True)])
async def test_a_worker_takes_the_default_for_tenants_that_decided_nothing(
    running: RunningService, make_effective: Make, tenant: str, *, left: int, found: bool
) -> None:
    await make_effective(ends_on=f"{END}")
    assert (tenant in await _to_be_told(running.databases, END - timedelta(days=left))) == found


async def _to_be_told(databases: Databases, today: date) -> list[str]:
    work = EndWork(databases, "Asia/Shanghai", lambda: None)
    async with databases.worker.worker_transaction() as session:
        return list(await session.scalars(work.tenants(today)))


async def test_contracts_are_listed_by_their_end(
    client: httpx.AsyncClient, make_contract: Make
) -> None:
    days = [END, END + timedelta(days=1)]
    made = [await make_contract(ends_on=f"{day}") for day in days]
    await make_contract()
    for asked, wanted in (
        ({"ends_before": days[1]}, made[:1]),
        ({"ends_from": days[1]}, made[1:]),
        ({"ends_from": days[0], "ends_before": days[1] + timedelta(days=1)}, made),
    ):
        listed = (await client.get("/v1/contracts", params=dict(asked) | {"sort": "number"})).json()
        assert [one["id"] for one in listed["items"]] == [one["id"] for one in wanted], asked
