"""Targets: set, changed, withdrawn, and compared with what was won (S12)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_sales.directory.models import DepartmentRef, EmployeeRef

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
MILLION = {"amount": "1000000.00", "currency": "CNY"}


@pytest.fixture
def know(worker_database: Database, tenant: str) -> Callable[..., Awaitable[UUID]]:
    """Makes a department, or an employee of one, known to sales."""

    async def make(*, of: UUID | None = None, below: UUID | None = None) -> UUID:
        known = {"id": uuid4(), "tenant_id": tenant, "sequence": 1, "code": "X", "name": "X"}
        async with worker_database.worker_transaction() as session:
            if of is None:
                session.add(DepartmentRef(parent_id=below, **known))
            else:
                session.add(EmployeeRef(department_id=of, active=True, **known))
        return UUID(str(known["id"]))

    return make


Know = Callable[..., Awaitable[UUID]]


@pytest.fixture
def make_target(client: httpx.AsyncClient) -> Make:
    """Sets a target of a million for the fourth quarter of 2025."""

    async def make(**fields: Any) -> dict[str, Any]:
        named = {name: str(v) if isinstance(v, UUID) else v for name, v in fields.items()}
        response = await client.post(
            "/v1/targets", json={"period": "2025-Q4", "amount": MILLION} | named
        )
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return make


@pytest.fixture
def make_won(client: httpx.AsyncClient, make_in_progress: Make) -> Make:
    """Wins an opportunity for an amount on a day."""

    async def make(amount: str, on: str, **fields: Any) -> dict[str, Any]:
        named = {name: str(value) for name, value in fields.items()}
        opportunity = await make_in_progress(opened_on="2025-09-01", **named)
        won = await client.post(
            f"/v1/opportunities/{opportunity['id']}/win",
            json={
                "closed_on": on,
                "reason": "方案",
                "amount": {"amount": amount, "currency": "CNY"},
            },
        )
        assert won.status_code == 200, won.text
        answer: dict[str, Any] = won.json()
        return answer

    return make


class TestSetting:
    async def test_a_target_is_told_audited_and_read_back(
        self, client: httpx.AsyncClient, make_target: Make, know: Know, database: Database,
        tenant: str,
    ) -> None:  # fmt: skip
        target = await make_target(employee_id=await know(of=await know()), note="新区")
        assert (target["starts_on"], target["ends_on"]) == ("2025-10-01", "2025-12-31")
        url = f"/v1/targets/{target['id']}"
        changed = await client.patch(url, json={"amount": "1200000"}, headers={"If-Match": '"1"'})
        assert changed.json()["amount"] == {"amount": "1200000.00", "currency": "CNY"}
        assert changed.json()["note"] == "新区"
        assert (await client.get(url)).json() == changed.json()
        types = [one.type for one in await emitted(database, tenant)]
        assert types == ["sales.target-set.v1", "sales.target-changed.v1"]
        actions = [one.action for one in await audited(database, tenant)]
        assert actions == ["target.created", "target.changed"]

    async def test_it_is_for_a_person_or_a_department_that_is_known(
        self, client: httpx.AsyncClient, know: Know, problem: ProblemOf
    ) -> None:
        body = {"period": "2026", "amount": MILLION}
        stranger = str(uuid4())
        department = await know()
        both = {"employee_id": stranger, "department_id": str(department)}
        for subject, code in (
            ({}, "one-subject"),
            (both, "one-subject"),
            ({"employee_id": stranger}, "unknown-employee"),
            ({"department_id": stranger}, "unknown-department"),
        ):
            assert problem(await client.post("/v1/targets", json=body | subject)) == (422, code)

    async def test_there_is_one_of_a_kind(
        self, client: httpx.AsyncClient, make_target: Make, know: Know, problem: ProblemOf
    ) -> None:
        department = await know()
        await make_target(department_id=department)
        again = {"period": "2025-Q4", "amount": MILLION, "department_id": str(department)}
        assert problem(await client.post("/v1/targets", json=again)) == (409, "target-taken")
        assert (await make_target(department_id=department, period="2025"))["period"] == "2025"

    async def test_a_withdrawn_one_is_set_again_by_an_amount_and_by_nothing_else(
        self, client: httpx.AsyncClient, make_target: Make, know: Know, problem: ProblemOf
    ) -> None:
        target = await make_target(department_id=await know())
        url = f"/v1/targets/{target['id']}"
        assert (await client.post(f"{url}/withdraw")).json()["active"] is False
        assert problem(await client.post(f"{url}/withdraw")) == (409, "target-withdrawn")
        refused = await client.patch(url, json={"note": "x"}, headers={"If-Match": '"2"'})
        assert problem(refused) == (409, "target-withdrawn")
        active = await client.get("/v1/targets", params={"active": True, "count": "exact"})
        assert active.json()["count"] == 0
        again = await client.patch(url, json={"amount": "1"}, headers={"If-Match": '"2"'})
        assert (again.json()["active"], again.json()["amount"]["amount"]) == (True, "1.00")


class TestAttainment:
    async def test_a_department_counts_what_is_below_it_and_what_its_people_won(
        self, client: httpx.AsyncClient, make_target: Make, make_won: Make, know: Know
    ) -> None:
        sales = await know()
        east = await know(below=sales)
        fang, lei = await know(of=east), await know(of=sales)
        await make_won("100.00", "2025-10-01", department_id=east)
        await make_won("40.00", "2025-12-31", owner_id=fang)
        await make_won("7.00", "2025-11-11", owner_id=lei, department_id=sales)
        await make_won("9000.00", "2025-09-30", owner_id=fang, department_id=east)
        for subject in ({"department_id": sales}, {"department_id": east}, {"employee_id": fang}):
            await make_target(**subject)
        await make_target(department_id=sales, period="2025-12")
        found = (await client.get("/v1/target-attainments", params={"period": "2025-Q4"})).json()
        lines = {
            one["target"]["department_id"] or one["target"]["employee_id"]: one
            for one in found["items"]
        }
        assert len(lines) == len(found["items"]) == 3
        assert lines[str(sales)]["won"]["amount"] == "147.00"
        assert lines[str(sales)]["won_without_largest"]["amount"] == "47.00"
        assert lines[str(sales)]["orders"] == 3
        assert lines[str(sales)]["assigned_below"]["amount"] == "1000000.00"
        assert lines[str(east)]["won"]["amount"] == "140.00"
        assert lines[str(east)]["assigned_below"]["amount"] == "1000000.00"
        assert lines[str(fang)]["won"]["amount"] == "40.00"
        assert lines[str(fang)]["percent"] == "0.00"

    async def test_quarters_and_months_roll_up_into_the_year(
        self, client: httpx.AsyncClient, make_target: Make, know: Know
    ) -> None:
        fang = await know(of=await know())
        for period, amount in (
            ("2025", "100.00"), ("2025-Q3", "20.00"), ("2025-Q4", "30.00"), ("2025-12", "4.00"),
            ("2025-11", "5.00"), ("2025-07", "6.00"), ("2026-01", "700.00"),
        ):  # fmt: skip
            money = {"amount": amount, "currency": "CNY"}
            await make_target(employee_id=fang, period=period, amount=money)
        await make_target(employee_id=await know(of=await know()), period="2025-12")
        found = (
            await client.get("/v1/target-attainments", params={"employee_id": str(fang)})
        ).json()
        inside = {
            one["target"]["period"]: tuple(
                one[name] and one[name]["amount"]
                for name in ("assigned_quarters", "assigned_months")
            )
            for one in found["items"]
        }
        assert inside["2025"] == ("50.00", "15.00")
        assert inside["2025-Q4"] == (None, "9.00")
        assert inside["2025-Q3"] == (None, "6.00")
        assert inside["2025-12"] == inside["2026-01"] == (None, None)

    async def test_a_page_costs_two_queries_however_many_targets(
        self, client: httpx.AsyncClient, make_target: Make, know: Know, database: Database
    ) -> None:
        counts = []
        for _ in range(2):
            for _ in range(3):
                await make_target(department_id=await know())
            with count_queries(database) as seen:
                await client.get("/v1/target-attainments")
            counts.append(len(seen.statements))
        assert counts == [4, 4]  # begin, targets, what was won, end
