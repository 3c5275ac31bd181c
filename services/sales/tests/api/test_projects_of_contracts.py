"""Pushed down: opportunity, quote, contract, project, delivery (1.4, items 2 to 5)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Carry = Callable[[str], Awaitable[str]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
PLAN = [{"due_on": f"{TODAY + timedelta(days=30)}", "percent": "100"}]


@pytest.fixture
async def method(make_method: Make) -> dict[str, Any]:
    """A method to tick stages from."""
    return await make_method()


@pytest.fixture
def carry_out(client: httpx.AsyncClient) -> Carry:
    """Has a project approved and carried out; returns its address."""

    async def carry(project_id: str) -> str:
        url = f"/v1/projects/{project_id}"
        await client.post(f"{url}/submit")
        assert (await client.post(f"{url}/execute", json={})).is_success
        return url

    return carry


async def plan(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    return await client.post("/v1/projects", json={"topic": "交付"} | fields)


async def deliver(client: httpx.AsyncClient, url: str, quantity: str) -> httpx.Response:
    line = {"line_number": 1, "quantity": quantity}
    return await client.post(f"{url}/deliver", json={"lines": [line]})


async def test_customer_opportunity_quote_worth_and_lines_are_carried_over(
    client: httpx.AsyncClient, make_in_progress: Make, make_product: Make, carry_out: Carry
) -> None:
    line = {"product_id": (await make_product())["id"], "quantity": "4"}
    opportunity = await make_in_progress(lines=[line])
    quote = (await client.post("/v1/quotes", json={"opportunity_id": opportunity["id"]})).json()
    await client.post(f"/v1/quotes/{quote['id']}/submit")
    body = {"quote_id": quote["id"], "instalments": PLAN}
    contract = (await client.post("/v1/contracts", json=body)).json()
    assert (await client.post(f"/v1/contracts/{contract['id']}/submit")).json()["state"] == (
        "approved"
    )
    project = (await plan(client, contract_id=contract["id"])).json()
    assert project["customer_id"] == opportunity["customer_id"]
    assert project["opportunity_id"] == opportunity["id"]
    assert project["quote_id"] == quote["id"]
    assert project["amount"] == contract["total"]
    assert [(x["product_id"], x["quantity"]) for x in project["lines"]] == [
        (line["product_id"], "4")
    ]
    for source in ("contract_id", "quote_id", "opportunity_id"):
        page = (await client.get("/v1/projects", params={source: project[source]})).json()
        assert [one["id"] for one in page["items"]] == [project["id"]], source
    url = await carry_out(project["id"])
    delivery = (await deliver(client, url, "4")).json()
    # Back by the ids that each document names, forth by the lists' filters.
    contract = (await client.get(f"/v1/contracts/{contract['id']}")).json()
    quote = (await client.get(f"/v1/quotes/{quote['id']}")).json()
    forth = [
        ("quotes", "opportunity_id", opportunity, quote),
        ("contracts", "opportunity_id", opportunity, contract),
        ("contracts", "quote_id", quote, contract),
        ("project-deliveries", "contract_id", contract, delivery),
        ("project-deliveries", "project_id", project, delivery),
    ]
    for documents, back, source, found in forth:
        assert found[back] == source["id"]
        page = await client.get(f"/v1/{documents}", params={back: source["id"]})
        assert [one["id"] for one in page.json()["items"]] == [found["id"]], (documents, back)
        page = await client.get(f"/v1/{documents}", params={back: f"{uuid4()}"})
        assert page.json()["items"] == [], (documents, back)
    assert quote["contract_id"] == contract["id"]


@pytest.mark.usefixtures("method")
async def test_only_a_contract_in_force_is_delivered(
    client: httpx.AsyncClient, make_contract: Make, make_opportunity: Make, problem: ProblemOf
) -> None:
    contract = await make_contract()
    refused = await plan(client, contract_id=contract["id"])
    assert problem(refused) == (409, "contract-not-effective")
    assert problem(await plan(client, contract_id=str(uuid4()))) == (422, "unknown-contract")
    await client.post(f"/v1/contracts/{contract['id']}/submit")
    both = await plan(
        client, contract_id=contract["id"], opportunity_id=(await make_opportunity())["id"]
    )
    assert problem(both) == (422, "project-source-unclear")


@pytest.mark.usefixtures("method")
async def test_nothing_is_carried_out_before_the_contract_was_signed(
    client: httpx.AsyncClient, make_effective: Make, problem: ProblemOf
) -> None:
    signed_on = TODAY - timedelta(days=2)
    contract = await make_effective(signed_on=str(signed_on))
    project = (await plan(client, contract_id=contract["id"])).json()
    url = f"/v1/projects/{project['id']}"
    await client.post(f"{url}/submit")
    before = {"on": str(signed_on - timedelta(days=1))}
    refused = await client.post(f"{url}/execute", json=before)
    assert problem(refused) == (422, "date-before-previous")
    begun = await client.post(f"{url}/execute", json={"on": str(signed_on)})
    assert begun.json()["started_on"] == str(signed_on)


@pytest.mark.usefixtures("method")
async def test_all_projects_of_a_contract_never_plan_more_than_was_agreed(
    client: httpx.AsyncClient, make_effective: Make, make_product: Make, problem: ProblemOf
) -> None:
    contract = await make_effective()  # ten pieces
    of_it = {"contract_id": contract["id"]}
    product = contract["lines"][0]["product_id"]
    first = await plan(client, **of_it, lines=[{"product_id": product, "quantity": "7"}])
    assert first.status_code == 201, first.text
    more = await plan(client, **of_it, lines=[{"product_id": product, "quantity": "4"}])
    assert problem(more) == (409, "more-than-contract")
    sold = (await client.get(f"/v1/products/{product}")).json()
    assert f"{sold['code']} {sold['name']}" in more.json()["detail"]
    assert product not in more.json()["detail"]
    assert more.json()["product_id"] == product
    other = [{"product_id": (await make_product())["id"], "quantity": "1"}]
    assert problem(await plan(client, **of_it, lines=other)) == (409, "more-than-contract")
    rest = (await plan(client, **of_it)).json()
    worth = [Decimal(one["amount"]["amount"]) for one in (first.json(), rest)]
    price = Decimal(contract["lines"][0]["unit_price"]["amount"])
    assert worth == [7 * price, 3 * price]  # each what its part is worth
    assert [one["quantity"] for one in rest["lines"]] == ["3"]
    assert problem(await plan(client, **of_it)) == (409, "nothing-left-of-contract")
    cancel = f"/v1/projects/{rest['id']}/cancel"
    assert (await client.post(cancel, json={"reason": "改由一期交付"})).is_success
    assert [x["quantity"] for x in (await plan(client, **of_it)).json()["lines"]] == ["3"]


@pytest.mark.usefixtures("method")
async def test_of_two_projects_at_once_one_gets_what_is_left(
    client: httpx.AsyncClient, make_effective: Make
) -> None:
    contract = await make_effective()
    answers = await asyncio.gather(*(plan(client, contract_id=contract["id"]) for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409]


@pytest.mark.usefixtures("method")
async def test_what_projects_deliver_or_have_delivered_is_not_cancelled(
    client: httpx.AsyncClient, make_effective: Make, carry_out: Carry, problem: ProblemOf
) -> None:
    contract = await make_effective()
    cancel, why = f"/v1/contracts/{contract['id']}/cancel", {"reason": "终止"}
    project = (await plan(client, contract_id=contract["id"])).json()
    refused = await client.post(cancel, json=why)
    assert problem(refused) == (409, "contract-has-projects")
    assert project["number"] in refused.json()["detail"]
    url = await carry_out(project["id"])
    delivery = (await deliver(client, url, "1")).json()
    refused = await client.post(cancel, json=why)
    assert problem(refused) == (409, "contract-has-deliveries")
    assert project["number"] in refused.json()["detail"]
    reverse = f"/v1/project-deliveries/{delivery['id']}/reverse"
    assert (await client.post(reverse, json=why)).is_success
    assert problem(await client.post(cancel, json=why)) == (409, "contract-has-projects")
    assert (await client.post(f"{url}/cancel", json=why)).is_success
    assert (await client.post(cancel, json=why)).json()["state"] == "cancelled"
    assert problem(await plan(client, contract_id=contract["id"])) == (
        409,
        "contract-not-effective",
    )


@pytest.mark.usefixtures("method")
async def test_what_a_cancelled_project_delivered_holds_the_contract(
    client: httpx.AsyncClient, make_effective: Make, carry_out: Carry, problem: ProblemOf
) -> None:
    contract, why = await make_effective(), {"reason": "终止"}
    url = await carry_out((await plan(client, contract_id=contract["id"])).json()["id"])
    assert (await deliver(client, url, "1")).is_success
    assert (await client.post(f"{url}/cancel", json=why)).is_success
    refused = await client.post(f"/v1/contracts/{contract['id']}/cancel", json=why)
    assert problem(refused) == (409, "contract-has-deliveries")
    told = await client.post(
        f"/v1/contracts/{contract['id']}/cancel", json=why, headers={"Accept-Language": "zh"}
    )
    assert "请收齐款项后履行合同" in told.json()["detail"]


@pytest.mark.usefixtures("method")
async def test_a_contract_is_cancelled_after_what_a_closed_project_delivered_came_back(
    client: httpx.AsyncClient, make_effective: Make, carry_out: Carry, problem: ProblemOf
) -> None:
    contract, why = await make_effective(), {"reason": "客户退货"}
    cancel = f"/v1/contracts/{contract['id']}/cancel"
    made = (await plan(client, contract_id=contract["id"], stages=[{"code": "sign"}])).json()
    url = await carry_out(made["id"])
    delivery = (await deliver(client, url, "10")).json()
    await client.post(f"{url}/promote", json={"next_stage": None})
    etag = (await client.get(url)).headers["etag"]
    await client.patch(url, json={"summary": "按期完成"}, headers={"If-Match": etag})
    closed = (await client.post(f"{url}/close", json={})).json()
    assert closed["state"] == "closed"
    assert problem(await client.post(cancel, json=why)) == (409, "contract-has-deliveries")

    back = await client.post(f"/v1/project-deliveries/{delivery['id']}/reverse", json=why)
    assert back.json()["state"] == "reversed"
    after = (await client.get(url)).json()
    (line,) = after["lines"]
    assert (after["state"], after["closed_on"]) == ("closed", closed["closed_on"])
    assert (line["delivered"], line["given_up"], line["open"]) == ("0", "10", "0")
    assert line["give_up_reason"] == "客户退货"
    assert (await client.post(cancel, json=why)).json()["state"] == "cancelled"
