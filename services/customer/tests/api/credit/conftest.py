"""What the tests of credit share: a group of companies, its limit, and what is asked and taken."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock

LIMITS, RESERVATIONS = "/v1/credit-limits", "/v1/credit-reservations"
Make = Callable[..., Awaitable[dict[str, Any]]]
YEAR = clock.today(clock.now(), "Asia/Shanghai").year


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


class Kit:
    """Small helpers: limits, reservations, and looks at what they come to."""

    async def grant(
        self, client: httpx.AsyncClient, customer: str, wanted: str = "100.00", **fields: Any
    ) -> httpx.Response:
        """Grant a limit for this year."""
        body = {"customer_id": customer, "year": YEAR, "amount": cny(wanted), "reason": "年度授信"}
        return await client.post(LIMITS, json=body | fields)

    async def reserve(
        self,
        client: httpx.AsyncClient,
        customer: str,
        wanted: str,
        key: str | None = None,
        **fields: Any,
    ) -> httpx.Response:
        """Ask for credit for a document, a new one unless its key is given."""
        body = {
            "customer_id": customer,
            "source_kind": "contract",
            "source_key": key or uuid4().hex,
            "amount": cny(wanted),
        }
        return await client.post(RESERVATIONS, json=body | fields)

    async def reserved(
        self, client: httpx.AsyncClient, customer: str, amount: str
    ) -> dict[str, Any]:
        """Reserve credit, which is given."""
        response = await self.reserve(client, customer, amount)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    async def release(
        self,
        client: httpx.AsyncClient,
        one: dict[str, Any],
        amount: str | None,
        key: str | None = None,
    ) -> httpx.Response:
        """Set an amount of a reservation free, or all."""
        body = {"source_kind": "receipt", "source_key": key or uuid4().hex}
        given = body if amount is None else body | {"amount": amount}
        return await client.post(f"{RESERVATIONS}/{one['id']}/release", json=given)

    async def credit(self, client: httpx.AsyncClient, customer: str) -> dict[str, Any]:
        """Return where the credit of a customer stands."""
        response = await client.get(f"/v1/customers/{customer}/credit")
        assert response.status_code == 200, response.text
        read: dict[str, Any] = response.json()
        return read

    async def may(self, client: httpx.AsyncClient, customer: str, amount: str, **asked: str) -> Any:
        """Ask whether a customer may take on an amount."""
        params = {"amount": amount, "currency": "CNY"} | asked
        response = await client.get(f"/v1/customers/{customer}/credit/check", params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def codes(self, answer: dict[str, Any]) -> list[str]:
        """Return what refuses, without warnings."""
        return [one["code"] for one in answer["findings"] if one["refuses"]]


@pytest.fixture(scope="session")
def kit() -> Kit:
    """The helpers."""
    return Kit()


@pytest.fixture
async def head(make_customer: Make) -> str:
    """A head company without a limit."""
    return str((await make_customer(name="总公司"))["id"])


@pytest.fixture
async def branch(make_customer: Make, head: str) -> str:
    """A branch of a branch of the head company."""
    region = await make_customer(name="华东分公司", parent_id=head)
    return str((await make_customer(name="苏州办事处", parent_id=region["id"]))["id"])


@pytest.fixture
async def limit(client: httpx.AsyncClient, head: str, kit: Kit) -> dict[str, Any]:
    """A limit of 100.00 CNY of the head company for this year."""
    response = await kit.grant(client, head)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made
