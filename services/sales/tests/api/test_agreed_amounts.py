"""What an opportunity is won for, if nobody says: what was agreed with the customer (1.3, 1.4)."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from kehu_kernel import clock

Make = Callable[..., Awaitable[dict[str, Any]]]
PATH = "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
WON = {"closed_on": str(TODAY), "reason": "方案优"}
EXPECTED = {"amount": "1100.00", "currency": "CNY"}


@pytest.fixture
def ten(make_product: Make) -> Callable[[str], Awaitable[list[dict[str, Any]]]]:
    """Ten pieces at a price."""

    async def make(price: str) -> list[dict[str, Any]]:
        unit_price = {"amount": price, "currency": "CNY"}
        product = await make_product(list_price=unit_price)
        return [{"product_id": product["id"], "quantity": "10", "unit_price": unit_price}]

    return make


@pytest.fixture
def quoted(client: httpx.AsyncClient, ten: Make, make_quote: Make) -> Make:
    """A quote of ten pieces for an opportunity, approved and sent."""

    async def make(
        opportunity: str, price: str, *, send: bool = True, on: date = TODAY
    ) -> dict[str, Any]:
        made = await make_quote(
            opportunity_id=opportunity, lines=await ten(price), on=str(TODAY - timedelta(days=9))
        )
        for step in ("submit", "send") if send else ("submit",):
            body = {"on": str(on)} if step == "send" else {}
            response = await client.post(f"/v1/quotes/{made['id']}/{step}", json=body)
            assert response.status_code == 200, response.text
        return made

    return make


@pytest.fixture
def win(client: httpx.AsyncClient) -> Callable[[str], Awaitable[str]]:
    """Win an opportunity without an amount; what it was won for."""

    async def do(opportunity: str) -> str:
        response = await client.post(f"{PATH}/{opportunity}/win", json=WON)
        assert response.status_code == 200, response.text
        amount: str = response.json()["won_amount"]["amount"]
        return amount

    return do


@pytest.fixture
async def opportunity(make_in_progress: Make) -> str:
    made = await make_in_progress(expected_revenue=EXPECTED)
    return str(made["id"])


async def test_nothing_agreed_it_is_the_expected_revenue(
    opportunity: str, ten: Make, make_contract: Make, make_quote: Make, win: Make
) -> None:
    await make_quote(opportunity_id=opportunity, lines=await ten("70.00"))
    await make_contract(opportunity_id=opportunity, lines=await ten("80.00"))
    assert await win(opportunity) == EXPECTED["amount"], "drafts bind nobody"


async def test_quoted_it_is_the_last_quote_sent(opportunity: str, quoted: Make, win: Make) -> None:
    await quoted(opportunity, "70.00", on=TODAY - timedelta(days=2))
    await quoted(opportunity, "80.00", on=TODAY - timedelta(days=1))
    await quoted(opportunity, "75.00", on=TODAY - timedelta(days=3))
    await quoted(opportunity, "90.00", send=False)
    assert await win(opportunity) == "800.00"


async def test_accepted_it_is_that_quote(
    client: httpx.AsyncClient, opportunity: str, quoted: Make, win: Make
) -> None:
    first = await quoted(opportunity, "70.00")
    response = await client.post(f"/v1/quotes/{first['id']}/accept", json={})
    assert response.status_code == 200, response.text
    await quoted(opportunity, "80.00")
    assert await win(opportunity) == "700.00"


async def test_signed_it_is_what_the_contracts_in_force_add_up_to(
    opportunity: str, quoted: Make, ten: Make, make_effective: Make, win: Make
) -> None:
    await quoted(opportunity, "70.00")
    await make_effective(opportunity_id=opportunity, lines=await ten("65.00"))
    await make_effective(opportunity_id=opportunity, lines=await ten("10.00"))
    assert await win(opportunity) == "750.00"


async def test_a_batch_agrees(client: httpx.AsyncClient, opportunity: str, quoted: Make) -> None:
    await quoted(opportunity, "70.00")
    command = {"op": "win", "opportunity_id": opportunity, **WON}
    answer = await client.post(f"{PATH}/batch", json={"commands": [command]})
    assert answer.json()["items"][0]["status"] == "ok", answer.text
    won = (await client.get(f"{PATH}/{opportunity}")).json()
    assert won["won_amount"]["amount"] == "700.00"


async def test_what_was_quoted_before_it_was_taken_up_from_the_pool_counts_no_more(
    client: httpx.AsyncClient, opportunity: str, quoted: Make, win: Make
) -> None:
    await quoted(opportunity, "70.00")
    lost = {"closed_on": str(TODAY), "reason": "项目暂停", "competitor_unknown": True}
    evaluator = "00000000-0000-4000-8000-000000000001"
    for step, body in (
        ("lose", lost),
        ("return-to-pool", {"reason": "明年再议"}),
        ("take-up", {"owner_id": evaluator}),
        ("submit", {"evaluator_id": evaluator}),
        ("evaluate", {"result": "pass"}),
    ):
        response = await client.post(f"{PATH}/{opportunity}/{step}", json=body)
        assert response.status_code == 200, f"{step}: {response.text}"
    assert await win(opportunity) == EXPECTED["amount"]
