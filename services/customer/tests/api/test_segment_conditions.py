"""What each kind of condition means: whom it holds for, and that `not` holds for all the others."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_kernel.context import Context
from kehu_kernel.db import Database

Make = Callable[..., Awaitable[dict[str, Any]]]

OPEN: dict[str, Any] = {"at_least": None, "below": None}
FIELDS = (
    {"code": "area", "name_zh": "面积", "name_en": "Area", "type": "number"},
    {"code": "renewal", "name_zh": "续约日", "name_en": "Renewal", "type": "date"},
    {"code": "budget", "name_zh": "预算", "name_en": "Budget", "type": "money"},
    {"code": "note", "name_zh": "备注", "name_en": "Note", "type": "text"},
)


def known(fact: str, holds: bool = True) -> dict[str, Any]:
    return {"test": "known", "fact": fact, "known": holds}


def between(fact: str, **ends: Any) -> dict[str, Any]:
    return {"test": "between", "fact": fact} | OPEN | ends


def amount(fact: str, currency: str, **ends: Any) -> dict[str, Any]:
    return {"test": "amount_between", "fact": fact, "currency": currency} | OPEN | ends


def days(fact: str, first: str | None, last: str | None) -> dict[str, Any]:
    return {"test": "day_between", "fact": fact, "first": first, "last": last}


def ago(fact: str, **ends: int) -> dict[str, Any]:
    return {"test": "days_ago", "fact": fact} | OPEN | ends


CONDITIONS = {
    "role": ({"test": "one_of", "fact": "roles", "values": ["partner", "supplier"]}, True),
    "no-role": ({"test": "one_of", "fact": "roles", "values": ["supplier"]}, False),
    "kind": ({"test": "one_of", "fact": "kind", "values": ["organisation"]}, True),
    "employees": (between("employee_count", at_least="100", below="101"), True),
    "fewer": (between("employee_count", below="100"), False),
    "no-score": (between("value_score", at_least="0"), False),
    "no-contacts": (between("contacts", below="1"), True),
    "contacts": (between("contacts", at_least="1"), False),
    "revenue": (amount("annual_revenue", "CNY", at_least="5000000.00"), True),
    "other-currency": (amount("annual_revenue", "USD", at_least="1"), False),
    "won": (amount("won_amount", "CNY", at_least="1"), False),
    "created": (days("created_on", "2026-01-05", "2026-01-05"), True),
    "created-later": (days("created_on", "2026-01-06", None), False),
    "created-ago": (ago("created_on", at_least=1), True),
    "never-promoted": (ago("promoted_on", at_least=1), False),
    "no-contact-ever": (known("last_contact_on", False), True),
    "known-count": (known("requests"), True),
    "known-roles": (known("roles"), True),
    "known-won": (known("won_amount"), False),
    "no-complaints": (between("complaints", below="1"), True),
    "open-complaints": (between("complaints_open", at_least="1"), False),
    "no-leads": (between("leads", below="1"), True),
    "converted": (between("leads_converted", at_least="1"), False),
    "never-captured": (ago("last_lead_on", at_least=0), False),
    "no-consent": (known("last_consent_on", False), True),
    "withdrawn": (between("consents_withdrawn", at_least="1"), False),
    "known-revenue": (known("annual_revenue"), True),
    "known-parent": (known("parent_id"), False),
    "custom-number": (between("custom.area", at_least="12.5", below="12.6"), True),
    "custom-day": (days("custom.renewal", "2030-01-01", "2030-12-31"), True),
    "custom-days-to-come": (ago("custom.renewal", below=-1), True),
    "custom-amount": (amount("custom.budget", "EUR", at_least="10", below="11"), True),
    "custom-amount-of-another": (amount("custom.budget", "CNY", at_least="1"), False),
    "custom-text": ({"test": "one_of", "fact": "custom.note", "values": ["重要"]}, True),
    "custom-known": (known("custom.note"), True),
    "custom-unknown": (known("custom.note", False), False),
    "unreachable": ({"test": "reachable", "by": ["phone", "mobile", "email", "address"]}, False),
}


@pytest.fixture
async def fields(client: httpx.AsyncClient) -> None:
    """Custom fields of several types."""
    for field in FIELDS:
        answer = await client.post("/v1/custom-fields", json=field)
        assert answer.status_code == 201, answer.text


@pytest.fixture
async def steel_works(make_customer: Make, make_employee: Make, fields: None) -> dict[str, Any]:
    """A customer of whom something is known."""
    return await make_customer(
        name="鞍山钢铁",
        roles=["merchant", "partner"],
        owner_id=(await make_employee())["id"],
        employee_count=100,
        annual_revenue={"amount": "5000000.00", "currency": "CNY"},
        created_on="2026-01-05",
        custom={
            "area": "12.5",
            "renewal": "2030-06-01",
            "budget": {"amount": "10.50", "currency": "EUR"},
            "note": "重要",
        },
    )


async def meant(client: httpx.AsyncClient, rule: dict[str, Any]) -> list[str]:
    """Return the ids of the customers that a rule means."""
    answer = await client.post("/v1/segment-previews", json={"rule": rule, "sample": 50})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["sample"]]


@pytest.mark.parametrize("name", CONDITIONS)
async def test_a_condition_holds_or_its_opposite_does(
    name: str, client: httpx.AsyncClient, steel_works: dict[str, Any]
) -> None:
    condition, holds = CONDITIONS[name]
    ours = [steel_works["id"]]
    assert await meant(client, condition) == (ours if holds else [])
    assert await meant(client, {"test": "not", "of": condition}) == ([] if holds else ours)


async def test_who_looks_after_it_counts(
    client: httpx.AsyncClient, steel_works: dict[str, Any], make_customer: Make
) -> None:
    await make_customer(name="武汉纺织")
    held = {"test": "held_by", "fact": "owner_id", "ids": [steel_works["owner_id"]]}
    assert await meant(client, held) == [steel_works["id"]]
    department = held | {"fact": "department_id", "ids": [steel_works["department_id"]]}
    assert await meant(client, department) == [steel_works["id"]]


async def test_texts_are_compared_and_never_run(
    client: httpx.AsyncClient, steel_works: dict[str, Any], database: Database, context: Context
) -> None:
    values = ["' OR true --", '"); DROP TABLE segments; --', "%", "$1"]
    assert await meant(client, {"test": "one_of", "fact": "industry", "values": values}) == []
    async with database.transaction(context) as session:
        assert await session.fetch("SELECT count(*) FROM segments")
