"""Assignment through the API: by rules, with its explanation, and fair when many come at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_sales.customers.models import CustomerRef
from kehu_sales.directory.models import DepartmentRef, EmployeeRef

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH, OPPORTUNITIES = "/v1/assignment-rules", "/v1/opportunities"
EAST = UUID(int=81)


@pytest.fixture
async def people(worker_database: Database, tenant: str) -> list[str]:
    """Four employees of sales, E1 to E4; the first two cover a territory."""
    ids = [uuid4() for _ in range(4)]
    async with worker_database.worker_transaction() as session:
        for number, one in enumerate(ids, 1):
            session.add(
                EmployeeRef(
                    tenant_id=tenant,
                    id=one,
                    code=f"E{number}",
                    name="X",
                    department_id=EAST,
                    territory_id=UUID(int=7) if number <= len("ab") else None,
                    active=True,
                    sequence=1,
                )
            )
    return [str(one) for one in ids]


@pytest.fixture
def make_rule(client: httpx.AsyncClient, people: list[str]) -> Make:
    """Enters a rule that chooses from the four in turn, unless told otherwise."""

    async def make(**fields: Any) -> dict[str, Any]:
        body = {"name": "轮流", "position": 1, "way": "round_robin", "employee_ids": people}
        answer = await client.post(PATH, json=body | fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return make


async def patiently(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    """Post, and again as long as the lock was not had in time: that answer says to retry."""
    while True:
        answer = await client.post(path, json=body)
        if answer.is_success or answer.json()["code"] != "concurrent-change":
            return answer


async def test_twenty_at_once_are_spread_evenly(
    client: httpx.AsyncClient, make_method: Make, make_rule: Make, people: list[str]
) -> None:
    await make_method()
    await make_rule(automatic=True)
    answers = await asyncio.gather(
        *(patiently(client, OPPORTUNITIES, {"topic": "更新"}) for _ in range(20))
    )
    assert {one.status_code for one in answers} == {201}
    assert Counter(one.json()["owner_id"] for one in answers) == dict.fromkeys(people, 5)


async def test_many_at_once_never_exceed_the_limit(
    client: httpx.AsyncClient, make_opportunity: Make, make_rule: Make, people: list[str]
) -> None:
    await make_rule(way="least_load", max_load="1")
    made = [await make_opportunity() for _ in range(6)]
    answers = await asyncio.gather(
        *(patiently(client, f"{OPPORTUNITIES}/{one['id']}/assign", {}) for one in made)
    )
    assert sorted(one.status_code for one in answers) == [200] * 4 + [409] * 2
    given = [one.json()["owner_id"] for one in answers if one.is_success]
    assert sorted(given) == sorted(people)


async def test_an_assignment_keeps_its_explanation(
    client: httpx.AsyncClient,
    make_opportunity: Make,
    make_rule: Make,
    people: list[str],
    database: Database,
    tenant: str,
) -> None:
    other = await make_rule(name="展会", sources=["展会"])
    mine = await make_rule(position=2)
    leave = {"employee_id": people[0], "suspended": True}
    assert (await client.post("/v1/assignees", json=leave)).status_code == 201
    made = await make_opportunity()
    url = f"{OPPORTUNITIES}/{made['id']}"
    asked = await client.post("/v1/assignments/preview", json={"opportunity_id": made["id"]})
    assert asked.json()["employee_id"] == people[1], asked.text
    assert (await client.get(url)).json()["version"] == 1
    assigned = await client.post(f"{url}/assign", headers={"If-Match": '"1"'})
    assert assigned.status_code == 200, assigned.text
    assert (assigned.json()["owner_id"], assigned.json()["department_id"]) == (people[1], str(EAST))
    (kept,) = (await client.get(f"{url}/assignments")).json()["items"]
    assert (kept["employee_id"], kept["rule_id"]) == (people[1], mine["id"])
    assert kept["explanation"] == asked.json()["explanation"]
    assert [one["rule_id"] for one in kept["explanation"]] == [other["id"], mine["id"]]
    assert kept["explanation"][0]["unmet"] == "source"
    assert kept["explanation"][1]["considered"][0] == {
        "employee_id": people[0], "load": "0", "level": None, "passed_over": "suspended"
    }  # fmt: skip
    (event,) = await emitted(database, tenant, "sales.opportunity-assigned.v1")
    assert (event.data["owner_id"], event.data["way"]) == (people[1], "round_robin")
    assert "opportunity.assigned" in [one.action for one in await audited(database, tenant)]


async def test_nobody_to_assign(
    client: httpx.AsyncClient, make_opportunity: Make, make_rule: Make, problem: ProblemOf
) -> None:
    await make_rule(sources=["展会"])
    made = await make_opportunity(assign=True)
    assert made["owner_id"] is None
    url = f"{OPPORTUNITIES}/{made['id']}"
    (kept,) = (await client.get(f"{url}/assignments")).json()["items"]
    assert (kept["employee_id"], kept["explanation"][0]["unmet"]) == (None, "source")
    refused = await client.post(f"{url}/assign")
    assert problem(refused) == (409, "nobody-to-assign")
    assert refused.json()["explanation"] == kept["explanation"]


async def test_only_automatic_rules_give_away_unasked(
    client: httpx.AsyncClient, make_opportunity: Make, make_rule: Make, people: list[str]
) -> None:
    await make_rule()
    assert (await make_opportunity())["owner_id"] is None
    assert (await make_opportunity(assign=True))["owner_id"] == people[0]
    reported = await client.post(
        "/v1/opportunity-reports",
        json={"topic": "客户询价", "reported_by_id": people[3], "assign": True},
    )
    url = f"{OPPORTUNITIES}/{reported.json()['id']}"
    assert (await client.get(url)).json()["owner_id"] == people[1]


async def test_taken_up_without_an_owner(
    client: httpx.AsyncClient,
    make_opportunity: Make,
    make_rule: Make,
    people: list[str],
    problem: ProblemOf,
) -> None:
    made = await make_opportunity(owner_id=people[0])
    url = f"{OPPORTUNITIES}/{made['id']}"
    await client.post(f"{url}/return-to-pool", json={"reason": "暂缓"})
    assert problem(await client.post(f"{url}/take-up", json={})) == (409, "nobody-to-assign")
    assert (await client.get(url)).json()["status"] == "pooled"
    await make_rule()
    taken = await client.post(f"{url}/take-up", json={})
    assert taken.status_code == 200, taken.text
    assert (taken.json()["status"], taken.json()["owner_id"]) == ("not_evaluated", people[0])


async def test_a_batch_is_assigned_in_turn(
    client: httpx.AsyncClient, make_method: Make, make_rule: Make, people: list[str]
) -> None:
    await make_method()
    await make_rule(automatic=True)
    commands = [{"op": "create", "topic": f"更新{number}"} for number in range(4)]
    answer = await client.post(f"{OPPORTUNITIES}/batch", json={"commands": commands})
    ids = [one["opportunity_id"] for one in answer.json()["items"]]
    owners = [(await client.get(f"{OPPORTUNITIES}/{one}")).json()["owner_id"] for one in ids]
    assert owners == people


async def test_who_covers_the_territory_of_the_customers_owner(
    client: httpx.AsyncClient,
    make_opportunity: Make,
    make_rule: Make,
    make_customer: Callable[..., Awaitable[str]],
    worker_database: Database,
    people: list[str],
    tenant: str,
) -> None:
    await make_rule(way="territory", employee_ids=[])
    customer = await make_customer()
    async with worker_database.worker_transaction() as session:
        known = await session.get(CustomerRef, (tenant, UUID(customer)))
        known.owner_id = UUID(people[1])
    await make_opportunity(owner_id=people[0])
    made = await make_opportunity(customer_id=customer, assign=True)
    assert made["owner_id"] == people[1]
    (kept,) = (await client.get(f"{OPPORTUNITIES}/{made['id']}/assignments")).json()["items"]
    considered = kept["explanation"][0]["considered"]
    assert [one["employee_id"] for one in considered] == people[:2]


async def test_rules_and_assignees_are_kept(
    client: httpx.AsyncClient, make_rule: Make, people: list[str], problem: ProblemOf
) -> None:
    made = await make_rule(weights={"in_progress": "2.5"}, amount_from="100", currency="CNY")
    assert (made["weights"], made["amount_from"]) == ({"in_progress": "2.50"}, "100.00")
    url = f"{PATH}/{made['id']}"
    changed = await client.patch(
        url, json={"active": False, "weights": {}}, headers={"If-Match": '"1"'}
    )
    assert (changed.json()["active"], changed.json()["weights"]) == (False, {})
    assert (await client.get(url)).json() == changed.json()
    empty = await client.patch(url, json={"employee_ids": []}, headers={"If-Match": '"2"'})
    assert problem(empty) == (422, "assignees-missing")
    unknown = {"name": "X", "position": 1, "way": "named", "employee_ids": [str(uuid4())]}
    assert problem(await client.post(PATH, json=unknown)) == (422, "unknown-employee")
    unknown |= {"employee_ids": [], "department_id": str(uuid4())}
    assert problem(await client.post(PATH, json=unknown)) == (422, "unknown-department")
    assert len((await client.get(PATH)).json()["items"]) == 1
    body = {"employee_id": people[0], "skills": [{"kind": "language", "value": "en", "level": 3}]}
    entered = await client.post("/v1/assignees", json=body)
    assert problem(await client.post("/v1/assignees", json=body)) == (409, "assignee-taken")
    url = f"/v1/assignees/{entered.json()['id']}"
    days = [{"from_on": "2027-02-05", "to_on": "2027-02-12"}]
    away = await client.patch(url, json={"leaves": days}, headers={"If-Match": '"1"'})
    assert (away.json()["leaves"], away.json()["skills"]) == (days, body["skills"])
    listed = await client.get("/v1/assignees", params={"employee_id": people[0]})
    assert listed.json()["items"] == [(await client.get(url)).json()]


class TestSoundRules:
    @pytest.mark.parametrize(
        ("given", "code"),
        [({"amount_from": "100", "amount_below": "100"}, "amounts-reversed"),
         ({"amount_below": "0"}, "amounts-reversed"),
         ({"territory_ids": [str(UUID(int=99))]}, "unknown-territory"),
         ({"categories": ["不存在"]}, "unknown-categories")],
        ids=["reversed", "below nothing", "territory", "category"],
    )  # fmt: skip
    async def test_what_would_never_apply_is_refused(
        self, client: httpx.AsyncClient, people: list[str], make_rule: Make, problem: ProblemOf,
        given: dict[str, Any], code: str,
    ) -> None:  # fmt: skip
        body = {"name": "X", "position": 9, "way": "named", "employee_ids": people}
        assert problem(await client.post("/v1/assignment-rules", json=body | given)) == (422, code)
        made = await make_rule()
        changed = await client.patch(
            f"/v1/assignment-rules/{made['id']}", json=given, headers={"If-Match": '"1"'}
        )
        assert problem(changed) == (422, code)

    async def test_active_rules_have_positions_of_their_own(
        self, client: httpx.AsyncClient, people: list[str], make_rule: Make, problem: ProblemOf
    ) -> None:
        made = await make_rule()
        body = {"name": "X", "position": 1, "way": "named", "employee_ids": people}
        taken = await client.post("/v1/assignment-rules", json=body)
        assert problem(taken) == (409, "position-taken")
        off = await client.patch(
            f"/v1/assignment-rules/{made['id']}",
            json={"active": False},
            headers={"If-Match": '"1"'},
        )
        assert off.status_code == 200, off.text
        assert (await client.post("/v1/assignment-rules", json=body)).status_code == 201
        on = await client.patch(
            f"/v1/assignment-rules/{made['id']}", json={"active": True}, headers={"If-Match": '"2"'}
        )
        assert problem(on) == (409, "position-taken")

    @pytest.mark.parametrize("kind", ["category", "industry"])
    async def test_a_skill_is_one_that_something_asks_for(
        self, client: httpx.AsyncClient, people: list[str], problem: ProblemOf, kind: str
    ) -> None:
        skills = [{"kind": kind, "value": "不存在", "level": 3}]
        codes = {"category": "unknown-categories", "industry": "unknown-industries"}
        body = {"employee_id": people[0]}
        refused = await client.post("/v1/assignees", json=body | {"skills": skills})
        assert problem(refused) == (422, codes[kind])
        made = await client.post("/v1/assignees", json=body)
        changed = await client.patch(
            f"/v1/assignees/{made.json()['id']}", json={"skills": skills},
            headers={"If-Match": '"1"'},
        )  # fmt: skip
        assert problem(changed) == (422, codes[kind])


async def test_nobody_to_assign_says_of_each_rule_and_person_why_not(
    client: httpx.AsyncClient, people: list[str], make_rule: Make, make_opportunity: Make,
    problem: ProblemOf,
) -> None:  # fmt: skip
    made = await make_opportunity()
    url = f"/v1/opportunities/{made['id']}/assign"
    none = await client.post(url)
    assert problem(none) == (409, "nobody-to-assign")
    assert (none.json()["explanation"], "0 tried" in none.json()["detail"]) == ([], True)
    await make_rule(position=1, sources=["展会"])
    await make_rule(position=2, max_load="0")
    await make_rule(position=3, department_id=None, employee_ids=[], way="territory")
    refused = await client.post(url)
    assert "3 tried" in refused.json()["detail"]
    other, full, nowhere = refused.json()["explanation"]
    assert (other["unmet"], nowhere["unmet"]) == ("source", "territory")
    assert {one["passed_over"] for one in full["considered"]} == {"at_limit"}


async def test_a_rule_without_people_says_so(
    client: httpx.AsyncClient, make_rule: Make, make_opportunity: Make,
    worker_database: Database, tenant: str,
) -> None:  # fmt: skip
    empty = uuid4()
    async with worker_database.worker_transaction() as session:
        session.add(DepartmentRef(tenant_id=tenant, id=empty, code="E", name="E", sequence=1))
    await make_rule(employee_ids=[], department_id=str(empty))
    made = await make_opportunity()
    refused = await client.post(f"/v1/opportunities/{made['id']}/assign")
    (told,) = refused.json()["explanation"]
    assert (told["unmet"], told["considered"]) == ("nobody", [])


async def test_amounts_of_a_rule_are_in_the_tenants_currency_unless_it_names_one(
    client: httpx.AsyncClient, make_rule: Make
) -> None:
    assert (await make_rule(position=1, amount_below="100", currency="USD"))["currency"] == "USD"
    assert (await make_rule(position=2, amount_from="100"))["currency"] == "CNY"
    made = await make_rule(position=3)
    assert made["currency"] is None  # it compares nothing
    url = f"{PATH}/{made['id']}"
    given = {"amount_below": "100", "currency": None}
    changed = await client.patch(url, json=given, headers={"If-Match": '"1"'})
    assert changed.json()["currency"] == "CNY"
    assert (await client.get(url)).json()["currency"] == "CNY"


async def test_an_opportunity_in_another_currency_is_not_compared_with_amounts(
    client: httpx.AsyncClient, make_rule: Make, make_opportunity: Make
) -> None:
    await make_rule(amount_from="100")
    made = await make_opportunity(expected_revenue={"amount": "9000.00", "currency": "USD"})
    refused = await client.post(f"/v1/opportunities/{made['id']}/assign")
    (told,) = refused.json()["explanation"]
    assert (told["unmet"], told["considered"]) == ("currency", [])
