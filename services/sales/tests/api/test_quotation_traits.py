"""What a customer is like is kept, and advice on quoting goes by it (S7; 4 section 6.1)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited
from kehu_kernel.testing.plugin import ClientFor
from kehu_sales.customers.models import CustomerRef

MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Put = Callable[..., Awaitable[httpx.Response]]
TRAITS = "/v1/quotation-traits"


@pytest.fixture
def put(client: httpx.AsyncClient) -> Put:
    """Keeps what a customer is like."""

    async def say(customer_id: str, version: int, *traits: str) -> httpx.Response:
        match = {"If-Match": f'"{version}"'}
        body = {"traits": list(traits)}
        return await client.put(f"{TRAITS}/{customer_id}", json=body, headers=match)

    return say


@pytest.fixture
def change_customer(database: Database, context: Context) -> Callable[..., Awaitable[None]]:
    """Has the copy of a customer say something else, as an event would."""

    async def change(customer_id: str, **fields: Any) -> None:
        async with database.transaction(context) as session:
            customer = await session.get(CustomerRef, (context.tenant_id, UUID(customer_id)))
            for name, value in fields.items():
                setattr(customer, name, value)

    return change


@pytest.fixture
def advised(client: httpx.AsyncClient) -> Callable[..., Awaitable[list[str]]]:
    """Asks for advice about a customer; returns the traits that were looked at."""

    async def ask(customer_id: str, *traits: str) -> list[str]:
        asked = {"customer_id": customer_id, "trait": list(traits)}
        response = await client.get("/v1/quote-advice", params=asked)
        assert response.status_code == 200, response.text
        found: list[str] = response.json()["traits"]
        return found

    return ask


async def test_advice_goes_by_what_was_kept_unless_it_is_told(
    make_customer: MakeCustomer, put: Put, advised: Any, change_customer: Any
) -> None:
    customer = await make_customer()
    assert await advised(customer) == []
    kept = await put(customer, 0, "direct", "knows_product", "direct")
    assert kept.json() == {
        "customer_id": customer,
        "version": 1,
        "traits": ["knows_product", "direct"],
    }
    assert kept.headers["etag"] == '"1"'
    assert await advised(customer) == ["knows_product", "direct"]
    assert await advised(customer, "price_sensitive") == ["price_sensitive"]
    await change_customer(customer, value_grade="A")
    assert await advised(customer) == ["key_account", "knows_product", "direct"]
    assert await advised(await make_customer()) == []


async def test_changes_are_guarded_by_the_version_and_audited(
    client: httpx.AsyncClient,
    make_customer: MakeCustomer,
    put: Put,
    database: Database,
    tenant: str,
    problem: ProblemOf,
) -> None:
    customer = await make_customer()
    none = await client.get(f"{TRAITS}/{customer}")
    assert (none.json()["traits"], none.headers["etag"]) == ([], '"0"')
    assert problem(await put(customer, 1, "direct")) == (412, "version-conflict")
    assert (await put(customer, 0, "direct")).json()["version"] == 1
    assert problem(await put(customer, 0, "key_account")) == (412, "version-conflict")
    assert (await put(customer, 1)).json()["traits"] == []
    unguarded = await client.put(f"{TRAITS}/{customer}", json={"traits": []})
    assert problem(unguarded)[0] == 428
    entries = [one for one in await audited(database, tenant) if one.entity_id == UUID(customer)]
    assert [(one.action, one.version) for one in entries] == [
        ("quotation-traits.created", 1),
        ("quotation-traits.changed", 2),
    ]


async def test_of_two_who_are_first_one_wins(make_customer: MakeCustomer, put: Put) -> None:
    customer = await make_customer()
    answers = await asyncio.gather(*(put(customer, 0, one) for one in ("direct", "key_account")))
    codes = sorted(one.status_code for one in answers)
    assert codes[0] == 200
    assert codes[1] in {409, 412}


async def test_of_a_merged_customer_they_are_those_of_the_survivor(
    client: httpx.AsyncClient, make_customer: MakeCustomer, put: Put, advised: Any,
    change_customer: Any,
) -> None:  # fmt: skip
    merged, survivor = await make_customer(), await make_customer()
    await put(merged, 0, "price_sensitive")
    await put(survivor, 0, "direct")
    await change_customer(merged, state="former", merged_into_id=UUID(survivor))
    assert await advised(merged) == ["direct"]
    assert (await client.get(f"{TRAITS}/{merged}")).json()["customer_id"] == survivor
    assert (await put(merged, 1, "knows_product")).json()["customer_id"] == survivor
    assert await advised(survivor) == ["knows_product"]


async def test_of_whom_there_is_nothing_to_keep(
    make_customer: MakeCustomer, put: Put, problem: ProblemOf
) -> None:
    assert problem(await put(str(uuid4()), 0, "direct")) == (404, "not-found")
    former = await make_customer(state="former")
    assert problem(await put(former, 0, "direct")) == (409, "customer-has-ended")
    assert problem(await put(await make_customer(), 0, "rich")) == (422, "invalid-request")


async def test_are_seen_by_whoever_sees_the_customer(
    client_for: ClientFor, tenant: str, make_customer: MakeCustomer, put: Put,
    change_customer: Any, problem: ProblemOf,
) -> None:  # fmt: skip
    mine, other = str(uuid4()), str(uuid4())
    customer = await make_customer()
    await change_customer(customer, owner_id=UUID(mine))
    await put(customer, 0, "direct")
    me, colleague = (
        client_for(tenant, subject=who, employee_id=who, row_scope="own") for who in (mine, other)
    )
    url, asked = f"{TRAITS}/{customer}", {"customer_id": customer}
    assert (await me.get(url)).json()["traits"] == ["direct"]
    assert (await me.get("/v1/quote-advice", params=asked)).json()["traits"] == ["direct"]
    assert problem(await colleague.get(url)) == (404, "not-found")
    told = {"json": {"traits": []}, "headers": {"If-Match": '"1"'}}
    assert problem(await colleague.put(url, **told)) == (404, "not-found")
    assert (await colleague.get("/v1/quote-advice", params=asked)).json()["traits"] == []
    assert (await me.put(url, **told)).json()["version"] == 2
