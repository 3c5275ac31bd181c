"""Everything this service holds about a person, for the person (C12)."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_customer.data_exports.worker import ExportWork
from kehu_customer.jobs import erasures
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.erased import carry_out
from kehu_kernel.testing.plugin import ClientFor, RunningService, Traces

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
NAME, PHONE = "欧阳云岫", "13917654321"


@pytest.fixture
async def contact(client: httpx.AsyncClient, make_contact: Make) -> dict[str, Any]:
    """Whom it is about: with a number, a consent and a change on record, and a colleague."""
    made = await make_contact(name=NAME, mobile=PHONE)
    await make_contact(customer_id=made["customer_id"], name="司马青岚")
    answer = await client.patch(
        f"/v1/contacts/{made['id']}", json={"title": "科长"}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200, answer.text
    consent = {"purpose": "marketing", "channel": "any", "decision": "given", "manner": "form"}
    body = consent | {"contact_id": made["id"], "proof": "勾选"}
    assert (await client.post("/v1/consents", json=body)).status_code == 201
    return made


@pytest.fixture
def work(running: RunningService) -> Callable[[], Awaitable[int]]:
    """Lets the worker make what was asked for."""
    return ExportWork(running.databases).work


async def export_of(client: httpx.AsyncClient, contact: dict[str, Any]) -> str:
    """Ask for an export; return its address."""
    answer = await client.post("/v1/data-exports", json={"contact_id": contact["id"]})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


async def test_holds_everything_about_the_person_and_nothing_of_others(
    client: httpx.AsyncClient,
    contact: dict[str, Any],
    work: Callable[[], Awaitable[int]],
    problem: ProblemOf,
) -> None:
    url = await export_of(client, contact)
    assert problem(await client.get(f"{url}/document")) == (409, "export-not-ready")
    await work()
    assert (await client.get(url)).json()["state"] == "ready"
    document = (await client.get(f"{url}/document")).json()
    records = document["records"]
    assert document["subject_ids"] == [contact["id"]]
    assert [one["name"] for one in records["contacts"]] == [NAME]
    assert records["contact_points"][0]["normalised"] == f"+86{PHONE}"
    assert records["consents"][0]["purpose"] == "marketing"
    assert "contact.changed" in {one["action"] for one in records["audit_log"]}
    assert records["affiliations"][0]["contact_id"] == contact["id"]
    assert "司马青岚" not in json.dumps(document, ensure_ascii=False)
    assert await work() == 0  # nothing is left to do


async def test_goes_when_it_expires(
    client: httpx.AsyncClient,
    contact: dict[str, Any],
    work: Callable[[], Awaitable[int]],
    database: Database,
    problem: ProblemOf,
    tenant: str,
) -> None:
    url = await export_of(client, contact)
    await work()
    async with database.transaction(Context(tenant_id=tenant, actor="time")) as session:
        await session.fetch("UPDATE data_exports SET expires_at = now()")
    assert problem(await client.get(f"{url}/document")) == (410, "export-gone")
    assert await work() == 1
    assert (await client.get(url)).json()["state"] == "expired"


async def test_goes_with_the_person(
    client: httpx.AsyncClient,
    running: RunningService,
    contact: dict[str, Any],
    make_contact: Make,
    work: Callable[[], Awaitable[int]],
    worker_database: Database,
    traces: Traces,
    problem: ProblemOf,
) -> None:
    url = await export_of(client, contact)
    await work()
    body = {"contact_id": contact["id"], "legal_basis": "request", "reason": "GR-118"}
    answer = await client.post("/v1/erasures", json=body | {"despite": ["contact_active"]})
    assert answer.status_code == 202, answer.text
    await carry_out(erasures(running.databases, lambda: None), worker_database)
    assert problem(await client.get(f"{url}/document")) == (410, "export-gone")
    assert await traces(NAME, PHONE) == {}
    again = await client.post("/v1/data-exports", json={"contact_id": contact["id"]})
    assert problem(again) == (409, "already-erased")


async def test_needs_a_right_of_its_own(
    client_for: ClientFor, contact: dict[str, Any], tenant: str, problem: ProblemOf
) -> None:
    manager = client_for(tenant, roles=("sales_manager",))
    answer = await manager.post("/v1/data-exports", json={"contact_id": contact["id"]})
    assert problem(answer) == (403, "scope-missing")
