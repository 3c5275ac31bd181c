"""What a body names has to be there: else the request is wrong, 422, and nothing broke (404, 500).

Every operation of the document is asked, for every id in its body. What others own (customers,
contacts, people, departments, ...) arrives here as a copy, maybe after the request that names it.
Once it has arrived who works here, nobody else is named.
"""

import copy
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_sales.directory.models import DepartmentRef, EmployeeRef

Make = Callable[..., Awaitable[dict[str, Any]]]
DOCUMENT = json.loads(
    (Path(__file__).parents[4] / "docs/api/sales.openapi.json").read_text(encoding="utf-8")
)
SCHEMAS = DOCUMENT["components"]["schemas"]
OURS = {
    "competitor_id", "contract_id", "kept_id", "method_id", "opportunity_id", "price_list_id",
    "product_id", "project_id", "quote_id", "task_id", "template_id",
}  # fmt: skip
"""What this service owns: unknown means that it does not exist."""
OTHERS = {
    "assignee_id", "contact_id", "contact_ids", "customer_id", "department_id", "employee_id",
    "employee_ids", "evaluator_id", "lead_id", "leader_id", "next_evaluator_id", "observer_ids",
    "owner_id", "reported_by_id", "segment_id", "subject_ids", "territory_ids",
}  # fmt: skip
"""Owned by other services: a copy may arrive later."""
TESTED_ELSEWHERE = {
    "/v1/collisions/{collision_id}/arbitrate",  # names one of two sides, as the next three do
    "/v1/collisions/{collision_id}/claim",
    "/v1/collisions/{collision_id}/contest",
    "/v1/collisions/{collision_id}/yield",
    "/v1/receipts/{receipt_id}/release",  # names what the receipt itself pays
}
PEOPLE = {
    "assignee_id", "department_id", "employee_id", "evaluator_id", "leader_id", "observer_ids",
    "owner_id",
}  # fmt: skip
"""Who is named to work on something, and the department it belongs to."""
NOT_NAMED_TO_WORK = {
    ("/v1/activities", "employee_id"),  # did it, and may have left since
    ("/v1/collisions/{collision_id}/arbitrate", "employee_id"),  # one of two sides
    ("/v1/projects/{project_id}/team/leave", "employee_id"),  # 409 not-in-team
}
ALWAYS_KNOWN = ("/v1/assignees", "/v1/assignment-rules", "/v1/grading-scheme", "/v1/targets")
"""Settings about people: unknown also where no directory is kept; their own tests say so."""
WORKS_HERE, HAS_LEFT, OURS_TOO = (str(UUID(int=number)) for number in (61, 62, 63))
Place = tuple[str, ...]


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    for one in [schema, *schema.get("anyOf", [])]:
        if "$ref" in one:
            return dict(SCHEMAS[one["$ref"].rpartition("/")[2]])
        if "items" in one:
            return dict(one)
    return schema


def _ids(schema: dict[str, Any], at: Place = ()) -> Iterator[Place]:
    """Where in a body ids stand; `[]` is every item of a list."""
    schema = _resolved(schema)
    if "items" in schema:
        yield from _ids(schema["items"], (*at, "[]"))
    for name, part in schema.get("properties", {}).items():
        if name.endswith(("_id", "_ids")):
            yield (*at, name)
        else:
            yield from _ids(part, (*at, name))


def _operations() -> Iterator[tuple[str, str, Place]]:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            if method in {"post", "patch"} and "requestBody" in operation:
                body = operation["requestBody"]["content"]["application/json"]["schema"]
                for place in sorted(set(_ids(body))):
                    yield method, path, place


ALL = list(_operations())
ASKED = [one for one in ALL if one[2][-1] in OURS and one[1] not in TESTED_ELSEWHERE]
NAMING = [
    (method, path, place)
    for method, path, place in ALL
    if place[-1] in PEOPLE
    and (path, place[-1]) not in NOT_NAMED_TO_WORK
    and not path.startswith(ALWAYS_KNOWN)
]


def test_every_id_is_known_to_be_ours_or_others() -> None:
    assert {place[-1] for _, _, place in ALL} == OURS | OTHERS
    assert {path for _, path, _ in ALL} >= TESTED_ELSEWHERE


CRITERION = {"criterion": "价格", "ours": "4600", "theirs": "4300", "advantage": "theirs"}
LINES: list[Any] = [{"product_id": "product", "quantity": "1"}]
CNY = {"amount": "1.00", "currency": "CNY"}
ENDS = {"starts_at": "2026-11-25T09:30:00+08:00", "ends_at": "2026-11-25T10:15:00+08:00"}
BODIES: dict[str, dict[str, Any]] = {
    "activities": {"kind": "call", "topic": "电话"},
    "approval-chains": {"kind": "sample", "levels": [{"name": "经理"}]},
    "approval-chains/{chain_id}": {"levels": [{"name": "经理"}]},
    "assignments/preview": {},
    "calendar-feeds": {"name": "手机日历"},
    "comparison-sheets": {"title": "对比", "competitor_id": "competitor", "criteria": [CRITERION]},
    "contracts": {"customer_id": "customer", "lines": LINES},
    "contracts/{contract_id}": {"lines": LINES},
    "contracts/{contract_id}/amend": {"reason": "变更", "lines": LINES},
    "forecast-calls": {"category": "commit"},
    "opportunities": {"topic": "工作站更新", "customer_id": "customer", "lines": LINES},
    "opportunities/{opportunity_id}": {"lines": LINES},
    "opportunities/{opportunity_id}/confirm": {},
    "opportunities/{opportunity_id}/lose": {"reason": "价格", "closed_on": "today"},
    "opportunities/{opportunity_id}/move-method": {"reason": "新流程"},
    "opportunities/{opportunity_id}/submit": {},
    "opportunities/{opportunity_id}/take-up": {},
    "opportunity-competitors": {"opportunity_id": "opportunity", "competitor_id": "competitor"},
    "price-lists": {"name": "价目表", "audience": "everybody", "starts_on": "2026-01-01"},
    "price-lists/{price_list_id}": {},
    "price-lists/{price_list_id}/lines": {"lines": [{"price": "1.00", "product_id": "product"}]},
    "prices": {"lines": LINES},
    "projects": {"topic": "交付", "customer_id": "customer", "lines": LINES},
    "projects/{project_id}": {},
    "projects/{project_id}/team": {"role": "实施工程师"},
    "quotes": {"lines": LINES},
    "quotes/{quote_id}": {"lines": LINES},
    "receipts": {"customer_id": "customer", "amount": CNY},
    "receipts/{receipt_id}/allocate": {},
    "samples": {"lines": LINES, "opportunity_id": "opportunity"},
    "tasks": {"topic": "致电"},
    "tasks/{task_id}/assign": {},
    "visits": {"type": "new_customer", "purpose": "了解需求"} | ENDS,
    "visits/{visit_id}": {},
}
"""What is asked of each operation besides the id that is not there."""
PART = {"position": 1, "amount": "1.00"}
INSTEAD: dict[tuple[str, str], dict[str, Any]] = {
    ("comparison-sheets", "competitor_id"): BODIES["comparison-sheets"]
    | {"opportunity_id": "opportunity"},
    ("contracts", "quote_id"): {},
    ("opportunities", "competitor_id"): {"topic": "工作站更新", "method_id": "method"},
    ("projects", "team"): BODIES["projects"] | {"team": [{"role": "实施工程师"}]},
    ("receipts", "allocations"): BODIES["receipts"] | {"allocations": [PART]},
    ("receipts/{receipt_id}/allocate", "allocations"): {"allocations": [PART]},
}
"""Where that would not do."""


@pytest.fixture
def real(  # noqa: PLR0917 - fixtures
    client: httpx.AsyncClient,
    make_customer: Callable[..., Awaitable[str]],
    make_product: Make,
    make_in_progress: Make,
    make_contract: Make,
    make_effective: Make,
    make_price_list: Make,
    make_quote: Make,
    make_method: Make,
) -> Callable[..., Awaitable[dict[str, str]]]:
    """What there is, by its kind; each is made when it is asked for."""

    async def competitor() -> dict[str, Any]:
        body = {"name": "神州数码", "website": "https://example.com"}
        return dict((await client.post("/v1/competitors", json=body)).json())

    async def receipt() -> dict[str, Any]:
        body = {"customer_id": await make_customer(), "amount": CNY}
        return dict((await client.post("/v1/receipts", json=body)).json())

    makers: dict[str, Make] = {
        "product": make_product,
        "opportunity": make_in_progress,
        "competitor": competitor,
        "quote": make_quote,
        "price_list": make_price_list,
        "method": make_method,
        "receipt": receipt,
    }

    async def make(asked: str, path: str) -> dict[str, str]:
        found = {"today": str(clock.today(clock.now(), "Asia/Shanghai"))}
        for kind, maker in makers.items():
            if kind in asked:
                found[kind] = (await maker())["id"]
        if "contract" in asked:
            draft = not path.endswith("amend")
            found["contract"] = (await (make_contract if draft else make_effective)())["id"]
        if "customer" in asked:
            found["customer"] = await make_customer()
        return found

    return make


@pytest.fixture
def theirs(
    client: httpx.AsyncClient,
    real: Callable[..., Awaitable[dict[str, str]]],
    make_project: Make,
    make_task: Make,
    make_visit: Make,
) -> Callable[..., Awaitable[dict[str, str]]]:
    """What there is, and what people are named in besides."""

    async def chain() -> dict[str, Any]:
        level = {"name": "经理", "employee_id": HAS_LEFT}
        body = {"kind": "sample", "levels": [level]}
        return dict((await client.post("/v1/approval-chains", json=body)).json())

    makers: dict[str, Make] = {
        "chain": chain,
        "project": make_project,
        "task": make_task,
        "visit": make_visit,
    }

    async def make(asked: str, path: str) -> dict[str, str]:
        found = await real(asked, path)
        for kind, maker in makers.items():
            if f'"{kind}"' in asked:
                found[kind] = (await maker())["id"]
        return found

    return make


@pytest.fixture
def keep_directory(worker_database: Database, tenant: str) -> Callable[[], Awaitable[None]]:
    """Lets it arrive who works here, who has left, and a department."""

    async def arrive() -> None:
        known = {"tenant_id": tenant, "sequence": 1, "code": "X", "name": "王芳"}
        department = UUID(OURS_TOO)
        async with worker_database.worker_transaction() as session:
            session.add(DepartmentRef(id=department, **known))
            for employee, active in ((WORKS_HERE, True), (HAS_LEFT, False)):
                one = {"id": UUID(employee), "department_id": department, "active": active}
                session.add(EmployeeRef(**one, **known))

    return arrive


def _filled(body: Any, real: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(one, real) for name, one in body.items()}
    if isinstance(body, list):
        return [_filled(one, real) for one in body]
    return real.get(body, body)


def _put(body: dict[str, Any], place: Place, value: str | list[str]) -> None:
    *way, last = place
    for step in way:
        part: Any = body
        body = part[0] if step == "[]" else part.setdefault(step, [{}])
    body[last] = value


@pytest.mark.parametrize(
    ("method", "path", "place"), ASKED, ids=[f"{m} {p} {'.'.join(at)}" for m, p, at in ASKED]
)
async def test_what_does_not_exist_is_a_wrong_request(
    client: httpx.AsyncClient,
    real: Callable[..., Awaitable[dict[str, str]]],
    method: str,
    path: str,
    place: Place,
) -> None:
    name = path.removeprefix("/v1/")
    template = INSTEAD.get((name, place[0]), BODIES[name])
    there = await real(json.dumps(template) + path.replace("{", '"').replace("_id}", '"'), path)
    body = _filled(copy.deepcopy(template), there)
    _put(body, place, str(uuid4()))
    for kind, one in there.items():
        path = path.replace(f"{{{kind}_id}}", one)
    headers = {}
    if method == "patch":
        headers["If-Match"] = (await client.get(path)).headers["ETag"]
    answer = await client.request(method, path, json=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"].startswith("unknown-"), answer.text


@pytest.mark.parametrize(
    ("method", "path", "place"), NAMING, ids=[f"{m} {p} {'.'.join(at)}" for m, p, at in NAMING]
)
async def test_only_who_works_here_is_named(
    client: httpx.AsyncClient,
    theirs: Callable[..., Awaitable[dict[str, str]]],
    keep_directory: Callable[[], Awaitable[None]],
    method: str,
    path: str,
    place: Place,
) -> None:
    name = path.removeprefix("/v1/")
    template = INSTEAD.get((name, place[0]), BODIES[name])
    there = await theirs(json.dumps(template) + path.replace("{", '"').replace("_id}", '"'), path)
    for kind, one in there.items():
        path = path.replace(f"{{{kind}_id}}", one)
    headers = {}
    if method == "patch":
        headers["If-Match"] = (await client.get(path)).headers["ETag"]

    async def answer(named: str) -> tuple[int, str | None]:
        body = _filled(copy.deepcopy(template), there)
        _put(body, place, [named] if place[-1].endswith("_ids") else named)
        told = await client.request(method, path, json=body, headers=headers)
        return told.status_code, told.json().get("code")

    await keep_directory()
    if place[-1] == "department_id":
        assert await answer(str(uuid4())) == (422, "unknown-department")
        return
    assert await answer(str(uuid4())) == (422, "unknown-employee")
    if "{chain_id}" not in name:  # there the one who has left was asked before
        assert await answer(HAS_LEFT) == (422, "employee-has-left")


async def test_who_was_named_before_leaving_may_stay(
    client: httpx.AsyncClient,
    make_project: Make,
    make_visit: Make,
    keep_directory: Callable[[], Awaitable[None]],
) -> None:
    department, nobody = str(uuid4()), str(uuid4())
    led = {"leader_id": HAS_LEFT, "department_id": department}
    project = await make_project(**led)
    visit = await make_visit(observer_ids=[HAS_LEFT, nobody])
    await keep_directory()
    for path, body in (
        (f"/v1/projects/{project['id']}", led | {"goal": "十二月验收"}),
        (f"/v1/visits/{visit['id']}", {"observer_ids": [nobody, HAS_LEFT, WORKS_HERE]}),
    ):
        kept = await client.patch(path, json=body, headers={"If-Match": '"1"'})
        assert kept.status_code == 200, kept.text


async def test_whoever_is_named_is_taken_while_no_directory_is_kept(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    named = {name: str(uuid4()) for name in ("owner_id", "leader_id", "department_id")}
    project = await make_project(**named)
    assert {name: project[name] for name in named} == named
