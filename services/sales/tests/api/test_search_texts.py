"""Contracts, receipts and projects are found by a part of what they are called."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Make = Callable[..., Awaitable[dict[str, Any]]]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/contracts", ["华强系统", "000001"]),
        ("/v1/receipts", ["华强系统", "000001", "网银-77"]),
        ("/v1/projects", ["华强系统", "000001", "机房"]),
    ],
    ids=["contracts", "receipts", "projects"],
)
async def test_by_number_words_and_customer(
    client: httpx.AsyncClient, make_effective: Make, make_method: Make, path: str, said: list[str]
) -> None:
    contract = await make_effective()
    await make_method()
    of_it = {"customer_id": contract["customer_id"], "reference": "网银-77"}
    paid = await client.post(
        "/v1/receipts", json=of_it | {"amount": {"amount": "5.00", "currency": "CNY"}}
    )
    assert paid.status_code == 201, paid.text
    plan = {"contract_id": contract["id"], "topic": "机房改造"}
    made = await client.post("/v1/projects", json=plan)
    assert made.status_code == 201, made.text
    for text in said:
        found = await client.get(path, params={"q": text})
        assert found.status_code == 200, found.text
        assert len(found.json()["items"]) == 1, text
    for text in ("%", "_", "没有这个"):
        assert (await client.get(path, params={"q": text})).json()["items"] == []
