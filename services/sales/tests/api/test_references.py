"""What a body names has to be there: else the request is wrong, 422, and nothing broke (404, 500).

Every operation of the document is asked, for every id in its body. What others own (customers,
contacts, people, departments, ...) arrives here as a copy, maybe after the request that names it.
"""

import copy
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock

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


def test_every_id_is_known_to_be_ours_or_others() -> None:
    assert {place[-1] for _, _, place in ALL} == OURS | OTHERS
    assert {path for _, path, _ in ALL} >= TESTED_ELSEWHERE


CRITERION = {"criterion": "价格", "ours": "4600", "theirs": "4300", "advantage": "theirs"}
LINES: list[Any] = [{"product_id": "product", "quantity": "1"}]
CNY = {"amount": "1.00", "currency": "CNY"}
ENDS = {"starts_at": "2026-11-25T09:30:00+08:00", "ends_at": "2026-11-25T10:15:00+08:00"}
BODIES: dict[str, dict[str, Any]] = {
    "activities": {"kind": "call", "topic": "电话"},
    "assignments/preview": {},
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
    "opportunity-competitors": {"opportunity_id": "opportunity", "competitor_id": "competitor"},
    "price-lists/{price_list_id}/lines": {"lines": [{"price": "1.00", "product_id": "product"}]},
    "prices": {"lines": LINES},
    "projects": {"topic": "交付", "customer_id": "customer", "lines": LINES},
    "quotes": {"lines": LINES},
    "quotes/{quote_id}": {"lines": LINES},
    "receipts": {"customer_id": "customer", "amount": CNY},
    "receipts/{receipt_id}/allocate": {},
    "samples": {"lines": LINES, "opportunity_id": "opportunity"},
    "tasks": {"topic": "致电"},
    "visits": {"type": "new_customer", "purpose": "了解需求"} | ENDS,
}
"""What is asked of each operation besides the id that is not there."""
PART = {"position": 1, "amount": "1.00"}
INSTEAD: dict[tuple[str, str], dict[str, Any]] = {
    ("comparison-sheets", "competitor_id"): BODIES["comparison-sheets"]
    | {"opportunity_id": "opportunity"},
    ("contracts", "quote_id"): {},
    ("opportunities", "competitor_id"): {"topic": "工作站更新", "method_id": "method"},
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


def _filled(body: Any, real: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(one, real) for name, one in body.items()}
    if isinstance(body, list):
        return [_filled(one, real) for one in body]
    return real.get(body, body)


def _put(body: dict[str, Any], place: Place, value: str) -> None:
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
