"""Who may see and change which opportunities, and what hangs on them (C4): own, department, all.

Fang (王芳) works in sales east, a department below sales; Lei (李雷) in sales west. The boss is in
the department above. What nobody owns is in everybody's scope.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text, update

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.calendar import routes
from kehu_sales.directory.models import DepartmentRef, EmployeeRef

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Login = Callable[[UUID, str], httpx.AsyncClient]

SECRET = "机密商机"
"""In every name of what only Lei may see."""


@dataclass(frozen=True)
class Company:
    """The departments sales, sales east and sales west below it, and who works there."""

    sales: UUID
    east: UUID
    west: UUID
    boss: UUID
    fang: UUID
    lei: UUID
    mei: UUID


@pytest.fixture
async def company(worker_database: Database, tenant: str) -> Company:
    """Two departments below one, with a person each, and a second one in the west."""
    one = Company(*(uuid4() for _ in range(7)))
    departments = {one.sales: None, one.east: one.sales, one.west: one.sales}
    people = {one.boss: one.sales, one.fang: one.east, one.lei: one.west, one.mei: one.west}
    known = {"tenant_id": tenant, "sequence": 1, "code": "X", "name": "X"}
    async with worker_database.worker_transaction() as session:
        for department, parent in departments.items():
            session.add(DepartmentRef(id=department, parent_id=parent, **known))
        for employee, department in people.items():
            session.add(EmployeeRef(id=employee, department_id=department, active=True, **known))
    return one


@pytest.fixture
def login(client_for: ClientFor, tenant: str) -> Login:
    """An administrator as this employee, with this row scope."""

    def make(employee: UUID, row_scope: str) -> httpx.AsyncClient:
        return client_for(
            tenant, subject=f"{employee}", employee_id=str(employee), row_scope=row_scope
        )

    return make


@pytest.fixture
async def agreements(
    company: Company, login: Login, make_contract: Make
) -> dict[str, dict[str, Any]]:
    """A contract of Lei's in force."""
    lei = {"owner_id": str(company.lei), "department_id": str(company.west)}
    made = await make_contract(terms=SECRET, **lei)
    submitted = await login(company.lei, "own").post(f"/v1/contracts/{made['id']}/submit")
    assert submitted.json()["state"] == "approved", submitted.text
    contract = submitted.json()
    amended = await login(company.lei, "own").post(
        f"/v1/contracts/{contract['id']}/amend", json={"reason": SECRET, "terms": f"{SECRET}二"}
    )
    assert amended.status_code == 200, amended.text
    received = {"amount": {"amount": "1.00", "currency": "CNY"}, "reference": SECRET}
    of_it = {"customer_id": contract["customer_id"], "allocations": []} | lei
    receipt = await login(company.lei, "own").post("/v1/receipts", json=received | of_it)
    assert receipt.status_code == 201, receipt.text
    return {
        "/v1/contracts": contract,
        "/v1/contract-amendments": amended.json(),
        "/v1/receipts": receipt.json(),
    }


@pytest.fixture
async def documents(
    client: httpx.AsyncClient,
    company: Company,
    make_product: Make,
    make_customer: Callable[..., Awaitable[str]],
    make_method: Make,
    login: Login,
    agreements: dict[str, dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """A price list that Lei agreed with a customer, which the boss is to approve; a report."""
    level = {"name": "总经理", "employee_id": str(company.boss)}
    chain = {"kind": "price_list", "levels": [level]}
    assert (await client.post("/v1/approval-chains", json=chain)).status_code == 201
    of_lei = login(company.lei, "own")
    agreed = await of_lei.post(
        "/v1/price-lists",
        json={
            "name": SECRET,
            "audience": "customer",
            "customer_id": await make_customer(),
            "starts_on": "2026-01-01",
            "department_id": str(company.west),
        },
    )
    assert agreed.status_code == 201, agreed.text
    listed = agreed.json()
    lines = {"lines": [{"product_id": (await make_product())["id"], "price": "90.00"}]}
    path = f"/v1/price-lists/{listed['id']}"
    await of_lei.post(f"{path}/lines", json=lines, headers={"If-Match": '"1"'})
    submitted = await of_lei.post(f"{path}/submit")
    assert submitted.json()["state"] == "in_approval", submitted.text
    approvals = await client.get("/v1/approvals", params={"document_id": listed["id"]})
    await make_method()
    product = (await make_product())["id"]
    project = {"topic": SECRET, "customer_id": await make_customer(name="宁波海天塑机集团"),
               "owner_id": str(company.lei), "department_id": str(company.west),
               "lines": [{"product_id": product, "quantity": "1"}]}  # fmt: skip
    planned = (await of_lei.post("/v1/projects", json=project)).json()
    path = f"/v1/projects/{planned['id']}"
    for step in ("submit", "execute"):
        await of_lei.post(f"{path}/{step}", json={} if step == "execute" else None)
    one = {"lines": [{"line_number": 1, "quantity": "1"}]}
    delivered = await of_lei.post(f"{path}/deliver", json=one)
    assert delivered.status_code == 200, delivered.text
    report = {"topic": f"{SECRET}丁"}
    reported = await of_lei.post("/v1/opportunity-reports", json=report)
    assert reported.status_code == 201, reported.text
    taken = {"owner_id": str(company.lei), "department_id": str(company.west)}
    path = f"/v1/opportunities/{reported.json()['id']}"
    assert (await of_lei.patch(path, json=taken, headers={"If-Match": '"1"'})).is_success
    return {
        "/v1/opportunity-reports": reported.json(),
        "/v1/price-lists": listed,
        "/v1/projects": planned,
        "/v1/project-deliveries": delivered.json(),
        "/v1/approvals": approvals.json()["items"][0],
        **agreements,
    }


@pytest.fixture
async def foreign(
    client: httpx.AsyncClient,
    company: Company,
    make_in_progress: Make,
    make_product: Make,
    make_task: Make,
    make_quote: Make,
    login: Login,
    documents: dict[str, dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """An opportunity of Lei's with one of everything that hangs on it, by its path."""

    async def post(path: str, **body: Any) -> dict[str, Any]:
        response = await client.post(path, json=body)
        assert response.status_code in (200, 201), response.text
        made: dict[str, Any] = response.json()
        return made

    lei = {"owner_id": str(company.lei), "department_id": str(company.west)}
    line = {"product_id": (await make_product())["id"], "quantity": "2"}
    opportunity = await make_in_progress(topic=f"{SECRET}甲", lines=[line], **lei)
    of_it = {"opportunity_id": opportunity["id"]}
    sampled = await login(company.lei, "own").post(
        "/v1/samples", json={"lines": [line], "note": SECRET, **of_it}
    )
    assert sampled.status_code == 201, sampled.text
    rival = {"competitor_id": (await post("/v1/competitors", name="神州数码"))["id"], **of_it}
    row = {"criterion": SECRET, "ours": "a", "theirs": "b", "advantage": "even"}
    besides = {"customer_id": opportunity["customer_id"], "department_id": str(company.west)}
    await post("/v1/opportunities", topic=SECRET, owner_id=str(company.mei), **besides)
    collisions = (await client.get("/v1/collisions")).json()["items"]
    return {
        "/v1/opportunities": opportunity,
        "/v1/collisions": collisions[0],
        "/v1/activities": await post("/v1/activities", kind="visit", topic=f"{SECRET}乙", **of_it),
        "/v1/tasks": await make_task(topic=f"{SECRET}丙", assignee_id=str(company.lei), **of_it),
        "/v1/quotes": await make_quote(**of_it),
        "/v1/samples": sampled.json(),
        "/v1/opportunity-competitors": await post(
            "/v1/opportunity-competitors", note=SECRET, **rival
        ),
        "/v1/comparison-sheets": await post(
            "/v1/comparison-sheets", title=SECRET, criteria=[row], **rival
        ),
        "/v1/targets": await post(
            "/v1/targets",
            period="2026",
            employee_id=str(company.lei),
            amount={"amount": "1.00", "currency": "CNY"},
            note=SECRET,
        ),
        "/v1/forecast-calls": await post("/v1/forecast-calls", category="commit", **of_it),
        **documents,
        "/v1/visits": await post(
            "/v1/visits",
            type="new_customer",
            customer_id=opportunity["customer_id"],
            purpose=SECRET,
            owner_id=str(company.lei),
            department_id=str(company.west),
            starts_at=f"{clock.now() + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
            ends_at=f"{clock.now() + timedelta(days=1, hours=1):%Y-%m-%dT%H:%M:%SZ}",
        ),
        "/v1/calendar-feeds": await post(
            "/v1/calendar-feeds", name=SECRET, employee_id=str(company.lei)
        ),
    }


ASKED = {
    "/v1/forecasts": {"month_from": "2026-01", "month_to": "2026-12"},
    "/v1/forecast-accuracy": {"month": "2026-11"},
    "/v1/calendar": {"from": f"{clock.now():%Y-%m-01}", "to": f"{clock.now():%Y-%m-28}"},
}
"""What a path needs to be asked."""
OF_NOBODY = {
    "/v1/approval-chains/{chain_id}",
    "/v1/close-reasons/{reason_id}",
    "/v1/competitors/{competitor_id}",
    "/v1/grading-scheme/versions",
    "/v1/assignees/{assignee_id}",
    "/v1/assignment-rules/{rule_id}",
    "/v1/confirmation-templates/{template_id}",
    "/v1/credit-checks",  # sums of the whole group, whoever of us sold to it
    "/v1/methods/{method_id}",
    "/v1/methods/{method_id}/versions",
    "/v1/prices",
    "/v1/products/{product_id}",
}
"""Reads of what everybody may see."""
OF_CUSTOMERS = {"/v1/quotation-traits/{customer_id}"}
"""Reads of what those see who see the customer, as `test_quotation_traits` tells."""


@pytest.fixture
async def found(
    running: RunningService, login: Login, company: Company, foreign: dict[str, dict[str, Any]]
) -> dict[str, httpx.Response]:
    """What Fang gets from every GET of the service, asked for what is Lei's."""
    fang = login(company.fang, "own")
    answers = {}
    for path, item in running.app.openapi()["paths"].items():
        if "get" not in item or path in OF_NOBODY | OF_CUSTOMERS:
            continue
        names = {one["name"] for one in item["get"].get("parameters", ())}
        counted = {"count": "exact"} if "count" in names else {}
        more = counted | ASKED.get(path, {})
        if "{" in path:
            collection = path.partition("/{")[0]
            assert collection in foreign, f"{path}: make one of these in the fixture `foreign`"
            url = re.sub(r"\{[^}]*\}", foreign[collection]["id"], path.replace("{revision}", "1"))
            answers[url] = await fang.get(url)
            continue
        answers[path] = await fang.get(path, params=more)
        opportunity = foreign["/v1/opportunities"]
        asked = {
            "opportunity_id": opportunity["id"],
            "customer_id": opportunity["customer_id"],
            "entity_id": opportunity["id"],
            "owner_id": opportunity["owner_id"],
        }
        for name in names & asked.keys():
            url = f"{path}?{name}"
            answers[url] = await fang.get(path, params={name: asked[name]} | more)
    return answers


class TestNoPathLeaks:
    """Walks every GET of the document: a path that somebody adds is tried without being named."""

    async def test_single_reads_do_not_find_what_is_of_others(
        self, found: dict[str, httpx.Response], foreign: dict[str, dict[str, Any]]
    ) -> None:
        single = {url: one.status_code for url, one in found.items() if url.count("/") > 2}
        assert len(single) >= len(foreign) - 1  # words have no reads of their own
        assert set(single.values()) == {404}, single

    async def test_lists_counts_and_the_audit_log_show_nothing_of_others(
        self, found: dict[str, httpx.Response], foreign: dict[str, dict[str, Any]]
    ) -> None:
        ids = {one["id"] for one in foreign.values()}
        lists = {url: one for url, one in found.items() if url.count("/") == 2}
        assert len(lists) > len(foreign)
        for url, answer in lists.items():
            assert answer.status_code == 200, (url, answer.text)
            assert SECRET not in answer.text, url
            assert not [one for one in ids if one in answer.text], url
            if url.partition("?")[0] in foreign:
                assert answer.json()["count"] == 0, url

    @pytest.mark.parametrize("row_scope", ["own", "department", "subtree", "all"])
    async def test_the_owner_finds_everything(
        self,
        login: Login,
        company: Company,
        foreign: dict[str, dict[str, Any]],
        row_scope: str,
    ) -> None:
        lei = login(company.lei, row_scope)
        for path, one in foreign.items():
            if path != "/v1/forecast-calls":
                assert (await lei.get(f"{path}/{one['id']}")).status_code == 200, path
            assert (await lei.get(path, params={"count": "exact"})).json()["count"] >= 1, path

    @pytest.mark.parametrize(
        ("who", "row_scope", "sees"),
        [("boss", "own", 404), ("boss", "department", 404), ("boss", "subtree", 200)],
    )
    async def test_a_manager_sees_what_is_below_only_with_the_subtree(
        self,
        login: Login,
        company: Company,
        foreign: dict[str, dict[str, Any]],
        who: str,
        row_scope: str,
        sees: int,
    ) -> None:
        manager = login(getattr(company, who), row_scope)
        for path in foreign.keys() - {"/v1/forecast-calls", "/v1/approvals", "/v1/price-lists"}:
            url = f"{path}/{foreign[path]['id']}"
            assert (await manager.get(url)).status_code == sees, path


@pytest.mark.parametrize("submitted_by", ["boss", None], ids=["by a superior", "by a system"])
async def test_an_approval_is_seen_by_whose_document_it_is(
    client: httpx.AsyncClient, company: Company, login: Login, make_contract: Make,
    submitted_by: str | None, problem: ProblemOf,
) -> None:  # fmt: skip
    lei = {"owner_id": str(company.lei), "department_id": str(company.west)}
    made = await make_contract(terms=SECRET, **lei)
    submitting = login(getattr(company, submitted_by), "all") if submitted_by else client
    assert (await submitting.post(f"/v1/contracts/{made['id']}/submit")).is_success
    asked = {"document_id": made["id"]}
    (approval,) = (await client.get("/v1/approvals", params=asked)).json()["items"]
    url = f"/v1/approvals/{approval['id']}"
    assert (await login(company.lei, "own").get(url)).status_code == 200
    fang = login(company.fang, "department")
    assert problem(await fang.get(url)) == (404, "not-found")
    assert (await fang.get("/v1/approvals", params=asked)).json()["items"] == []


async def test_an_opportunity_belongs_to_where_its_owner_works_unless_somebody_says_otherwise(
    client: httpx.AsyncClient, company: Company, login: Login, make_method: Make
) -> None:
    await make_method()
    made = await client.post("/v1/opportunities", json={"topic": "x", "owner_id": f"{company.lei}"})
    url = f"/v1/opportunities/{made.json()['id']}"
    assert made.json()["department_id"] == str(company.west)
    assert (await login(company.boss, "subtree").get(url)).status_code == 200
    given = await client.patch(
        url, json={"owner_id": str(company.fang)}, headers={"If-Match": made.headers["ETag"]}
    )
    assert given.json()["department_id"] == str(company.east)
    await client.post(f"{url}/return-to-pool", json={"reason": "预算推迟"})
    taken = await client.post(f"{url}/take-up", json={"owner_id": str(company.lei)})
    assert taken.json()["department_id"] == str(company.west)
    of_sales = {"owner_id": str(company.fang), "department_id": str(company.sales)}
    said = await client.post("/v1/opportunities", json={"topic": "y"} | of_sales)
    assert said.json()["department_id"] == str(company.sales)


async def test_every_table_that_names_an_opportunity_is_limited(
    worker_database: Database,
) -> None:
    unlimited = text(
        "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint "
        "WHERE confrelid IN ('opportunities'::regclass, 'customer_refs'::regclass) "
        "AND conrelid NOT IN (SELECT polrelid FROM pg_policy WHERE polname = 'row_scope')"
    )
    async with worker_database.worker_transaction() as session:
        found = set(await session.scalars(unlimited)) - {"customer_group_refs"}  # no API reads it
    assert not found, f"{found}: call `limit_to_visible` in the migration that makes the table"


class TestCommands:
    """What one may do is bounded by what one may see."""

    async def test_nothing_is_entered_for_others(
        self, login: Login, company: Company, make_method: Make, problem: ProblemOf
    ) -> None:
        await make_method()
        fang = login(company.fang, "own")
        for_lei = {"topic": "机床更新", "owner_id": str(company.lei)}
        assert problem(await fang.post("/v1/opportunities", json=for_lei)) == (
            403,
            "outside-row-scope",
        )
        own = for_lei | {"owner_id": str(company.fang)}
        assert (await fang.post("/v1/opportunities", json=own)).status_code == 201

    async def test_nothing_is_recorded_about_what_is_of_others(
        self,
        login: Login,
        company: Company,
        foreign: dict[str, dict[str, Any]],
        problem: ProblemOf,
    ) -> None:
        fang = login(company.fang, "own")
        body = {
            "topic": "探听",
            "kind": "visit",
            "opportunity_id": foreign["/v1/opportunities"]["id"],
        }
        refused = await fang.post("/v1/activities", json=body)
        assert problem(refused) == (422, "unknown-opportunity")

    async def test_an_owner_may_give_away_and_sees_it_no_more(
        self, login: Login, company: Company, make_opportunity: Make
    ) -> None:
        made = await make_opportunity(owner_id=str(company.fang))
        url, fang = f"/v1/opportunities/{made['id']}", login(company.fang, "own")
        given = await fang.patch(
            url, json={"owner_id": str(company.lei)}, headers={"If-Match": '"1"'}
        )
        assert given.status_code == 200, given.text
        assert (await fang.get(url)).status_code == 404
        assert (await login(company.lei, "own").get(url)).status_code == 200

    async def test_an_evaluator_sees_what_is_to_be_decided_until_it_is_decided(
        self, login: Login, company: Company, make_opportunity: Make
    ) -> None:
        made = await make_opportunity(owner_id=str(company.lei), department_id=str(company.west))
        url = f"/v1/opportunities/{made['id']}"
        fang, boss = login(company.fang, "own"), login(company.boss, "own")
        assert (await fang.get(url)).status_code == 404
        submitted = await login(company.lei, "own").post(
            f"{url}/submit", json={"evaluator_id": str(company.fang)}
        )
        assert submitted.status_code == 200, submitted.text
        assert (await fang.get(url)).status_code == 200
        passed = await fang.post(
            f"{url}/evaluate",
            json={"result": "pass_to_next", "next_evaluator_id": str(company.boss)},
        )
        assert passed.status_code == 200, passed.text
        assert (await fang.get(url)).status_code == 404
        assert (await boss.post(f"{url}/evaluate", json={"result": "pass"})).status_code == 200

    async def test_a_task_may_be_given_to_somebody_out_of_sight(
        self, login: Login, company: Company, make_task: Make
    ) -> None:
        task = await make_task(assignee_id=str(company.fang))
        given = await login(company.fang, "own").post(
            f"/v1/tasks/{task['id']}/assign", json={"assignee_id": str(company.lei)}
        )
        assert given.status_code == 200, given.text
        assert (await login(company.lei, "own").get(f"/v1/tasks/{task['id']}")).status_code == 200


async def test_a_list_costs_a_limited_caller_no_statement_more(
    login: Login, company: Company, foreign: dict[str, dict[str, Any]], database: Database
) -> None:
    counts = []
    for row_scope in ("all", "subtree"):
        client = login(company.boss, row_scope)
        await client.get("/v1/opportunities")
        with count_queries(database) as seen:
            assert len((await client.get("/v1/opportunities")).json()["items"]) == 3
        counts.append(len(seen.statements))
    assert counts[0] == counts[1]


async def test_what_one_makes_is_the_departments_though_nobody_named_it(
    login: Login,
    company: Company,
    make_product: Make,
    make_customer: Callable[..., Awaitable[str]],
) -> None:
    lei, head = login(company.lei, "own"), login(company.boss, "subtree")
    customer = await make_customer()
    line = {"product_id": (await make_product())["id"], "quantity": "1"}
    tomorrow = f"{clock.now() + timedelta(days=1):%Y-%m-%d}"
    times = {"starts_at": f"{tomorrow}T02:00:00Z", "ends_at": f"{tomorrow}T03:00:00Z"}
    for path, body in {
        "/v1/quotes": {"customer_id": customer, "lines": [line]},
        "/v1/price-lists": {"name": "x", "audience": "customer", "customer_id": customer,
                            "starts_on": "2026-01-01"},
        "/v1/visits": {"type": "new_customer", "customer_id": customer, "purpose": "x", **times},
    }.items():  # fmt: skip
        made = await lei.post(path, json=body)
        assert made.status_code == 201, made.text
        assert made.json()["department_id"] == str(company.west)
        assert (await head.get(f"{path}/{made.json()['id']}")).status_code == 200


class TestAskedForConsent:
    async def test_a_superior_sees_the_plan_and_what_waits(
        self, login: Login, company: Company, make_visit: Make, worker_database: Database,
        database: Database, tenant: str,
    ) -> None:  # fmt: skip
        async with worker_database.worker_transaction() as session:
            await session.execute(
                update(EmployeeRef)
                .where(EmployeeRef.tenant_id == tenant, EmployeeRef.id == company.lei)
                .values(manager_id=company.boss)
            )
        lei = {"owner_id": str(company.lei), "department_id": str(company.west)}
        visit = await make_visit(type="existing_customer", **lei)
        await make_visit(type="existing_customer", **lei)
        assert visit["approver_id"] is None
        url, boss = f"/v1/visits/{visit['id']}", login(company.boss, "own")
        assert (await boss.get(url)).status_code == 404
        submitted = await login(company.lei, "own").post(f"{url}/submit")
        assert submitted.json()["approver_id"] == str(company.boss), submitted.text
        [event] = await emitted(database, tenant, "sales.visit-changed.v1")
        assert event.data["approver_id"] == str(company.boss)
        asked = {"approver_id": str(company.boss), "status": "in_approval"}
        waiting = (await boss.get("/v1/visits", params=asked)).json()["items"]
        assert [one["id"] for one in waiting] == [visit["id"]]
        assert (await login(company.fang, "own").get(url)).status_code == 404
        approved = await boss.post(f"{url}/approve")
        assert approved.json()["status"] == "approved", approved.text
        assert (await boss.get("/v1/visits", params=asked)).json()["items"] == []


class TestWhatIsOutOfSight:
    """Colleagues' plans keep them busy, whoever asks; of them no more is told than when."""

    @pytest.fixture
    def tomorrow(self) -> dict[str, str]:
        """Begin and end of an hour."""
        begin = clock.now().replace(microsecond=0) + timedelta(days=1)
        return {
            "starts_at": begin.isoformat(), "ends_at": (begin + timedelta(hours=1)).isoformat(),
        }  # fmt: skip

    async def test_a_colleague_who_is_taken_along_is_busy(
        self, login: Login, company: Company, make_visit: Make, make_customer: MakeCustomer,
        tomorrow: dict[str, str], problem: ProblemOf,
    ) -> None:  # fmt: skip
        lei = {"owner_id": str(company.lei), "department_id": str(company.west)}
        hidden = await make_visit(purpose=SECRET, city=SECRET, **lei, **tomorrow)
        fang = login(company.fang, "own")
        body = {"type": "new_customer", "customer_id": await make_customer(), "purpose": "参观",
                "observer_ids": [str(company.lei)], **tomorrow}  # fmt: skip
        made = await fang.post("/v1/visits", json=body)
        assert made.status_code == 201, made.text
        [clash] = made.json()["clashes"]
        assert (clash["kind"], clash["id"], clash["title"]) == ("busy", None, None)
        assert (clash["employee_id"], clash["starts_at"]) == (lei["owner_id"], hidden["starts_at"])
        read = await fang.get(f"/v1/visits/{made.json()['id']}")
        assert read.json()["clashes"] == [clash]
        body["owner_id"] = str(company.fang)
        refused = await fang.post("/v1/visits", json=body | {"refuse_clashes": True})
        assert problem(refused) == (409, "calendar-clash")
        for answer in (made, read, refused):
            for secret in (SECRET, hidden["id"], hidden["number"], hidden["customer_id"]):
                assert secret not in answer.text

    @pytest.mark.parametrize("asked", ["employee_id", "department_id"])
    async def test_a_calendar_says_when_a_colleague_is_busy(
        self, login: Login, company: Company, make_visit: Make, make_task: Make,
        tomorrow: dict[str, str], asked: str, monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(routes, "MOST_ENTRIES", 3)  # what is done already is not among them
        lei, fang = str(company.lei), str(company.fang)
        along = await make_visit(owner_id=fang, observer_ids=[lei], purpose="参观", **tomorrow)
        hidden = await make_visit(
            owner_id=str(company.boss), observer_ids=[lei], purpose=SECRET, place=SECRET, **tomorrow
        )
        await make_task(assignee_id=lei, topic=SECRET, **tomorrow)
        over = await make_task(assignee_id=lei, topic=SECRET, **tomorrow)
        today = str(clock.today(clock.now(), "Asia/Shanghai"))
        done = {"started_on": today, "finished_on": today}
        completed = await login(company.lei, "own").post(
            f"/v1/tasks/{over['id']}/complete", json=done
        )
        assert completed.status_code == 200, completed.text
        days = [clock.now() + timedelta(days=one) for one in (0, 3)]
        period = {"from": f"{days[0]:%Y-%m-%d}", "to": f"{days[1]:%Y-%m-%d}"}
        whose = {"employee_id": lei, "department_id": str(company.west)}
        read = await login(company.fang, "own").get(
            "/v1/calendar", params=period | {asked: whose[asked]}
        )
        assert read.status_code == 200, read.text
        found = sorted(read.json()["items"], key=lambda one: str(one["kind"]))
        assert [one["kind"] for one in found] == ["busy", "busy", "visit"]
        assert found[2]["id"] == along["id"]
        for one in found[:2]:
            assert (one["employee_id"], one["id"], one["title"]) == (lei, lei, "忙碌")
            assert one["starts_at"] == hidden["starts_at"]
            assert (one["customer_id"], one["customer_name"], one["place"]) == (None, None, None)
        for secret in (SECRET, hidden["id"], hidden["customer_id"]):
            assert secret not in read.text
        everybodys = await login(company.fang, "own").get("/v1/calendar", params=period)
        assert [one["id"] for one in everybodys.json()["items"]] == [along["id"]]

    async def test_a_task_given_to_somebody_busy_out_of_sight(
        self, login: Login, company: Company, make_task: Make, tomorrow: dict[str, str]
    ) -> None:
        hidden = await make_task(assignee_id=str(company.lei), topic=SECRET, **tomorrow)
        task = await make_task(assignee_id=str(company.fang), **tomorrow)
        given = await login(company.fang, "own").post(
            f"/v1/tasks/{task['id']}/assign", json={"assignee_id": str(company.lei)}
        )
        assert given.status_code == 200, given.text
        assert [one["kind"] for one in given.json()["clashes"]] == ["busy"]
        assert SECRET not in given.text
        assert hidden["id"] not in given.text

    async def test_what_is_done_for_a_task_of_an_opportunity_out_of_sight(
        self, login: Login, company: Company, make_in_progress: Make, make_task: Make
    ) -> None:
        lei = {"owner_id": str(company.lei), "department_id": str(company.west)}
        opportunity = await make_in_progress(**lei)
        task = await make_task(opportunity_id=opportunity["id"], assignee_id=str(company.fang))
        fang = login(company.fang, "own")
        assert (await fang.get(f"/v1/opportunities/{opportunity['id']}")).status_code == 404
        body = {"kind": "call", "topic": "核对配置", "task_id": task["id"]}
        done = await fang.post("/v1/activities", json=body)
        assert done.status_code == 201, done.text
        assert done.json()["stage_code"] == task["stage_code"] is not None
        hidden = await make_task(assignee_id=str(company.lei))
        unknown = await fang.post("/v1/activities", json=body | {"task_id": hidden["id"]})
        assert unknown.json()["code"] == "unknown-task"

    async def test_a_customer_who_refused_a_colleague_firmly_has_refused_us(
        self, login: Login, company: Company, make_visit: Make, tomorrow: dict[str, str]
    ) -> None:
        lei = {"owner_id": str(company.lei), "department_id": str(company.west)}
        visit = await make_visit(purpose=SECRET, **lei, **tomorrow)
        url, of_lei = f"/v1/visits/{visit['id']}", login(company.lei, "own")
        refusal = {"refusal": {"degree": "firm", "reason": "does_not_want"}, "summary": SECRET}
        for step, sent in (("check-in", {}), ("finish", {}), ("report", refusal)):
            answer = await of_lei.post(f"{url}/{step}", json=sent)
            assert answer.status_code == 200, answer.text
        body = {"type": "new_customer", "customer_id": visit["customer_id"], "purpose": "参观"}
        long = {"ends_at": (clock.now() + timedelta(days=2)).isoformat()}
        made = await login(company.fang, "own").post("/v1/visits", json=body | tomorrow | long)
        assert made.status_code == 201, made.text
        told = {one["code"] for one in made.json()["warnings"]}
        assert "customer-refused-firmly" in told
        assert "first-visit-too-long" not in told, "a colleague was there before"
        assert SECRET not in made.text
