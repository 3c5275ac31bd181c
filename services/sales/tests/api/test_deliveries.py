"""Deliveries of projects at the API (S11, D1; 1.4, items 4 and 5)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")


def ago(days: int) -> str:
    """Return the day so many days ago."""
    return str(TODAY - timedelta(days=days))


def of_line(quantity: str, *serials: str, line: int = 1) -> dict[str, Any]:
    """Return the body of a delivery of one line."""
    body = {"line_number": line, "quantity": quantity, "serial_numbers": list(serials)}
    return {"lines": [body], "receiver": "王工", "on": ago(3)}


async def test_what_is_delivered_is_told_with_what_the_product_means_to_the_service_desk(
    client: httpx.AsyncClient,
    make_executing: Make,
    make_product: Make,
    database: Database,
    tenant: str,
) -> None:
    product = await make_product(
        creates_product_file=True, warranty_months=36, service_life_months=96
    )
    project = await make_executing(lines=[{"product_id": product["id"], "quantity": "3"}])
    url = f"/v1/projects/{project['id']}"
    with count_queries(database) as queries:
        delivered = await client.post(f"{url}/deliver", json=of_line("2", "SN-1", "SN-2"))
    assert delivered.status_code == 200, delivered.text
    assert len(queries) == 12, queries.statements
    delivery = delivered.json()
    assert delivery["number"].startswith("DLV-")
    [line] = (await client.get(url)).json()["lines"]
    assert (line["delivered"], line["open"]) == ("2", "1")
    event = (await emitted(database, tenant))[-1]
    assert (event.type, event.key) == ("sales.project-lines-delivered.v1", delivery["id"])
    assert event.data["customer_id"] == project["customer_id"]
    [told] = event.data["lines"]
    assert told["serial_numbers"] == ["SN-1", "SN-2"]
    assert (told["creates_product_file"], told["warranty_months"]) == (True, 36)
    entry = (await audited(database, tenant))[-1]
    assert entry.action == "project-delivery.created"
    listed = await client.get("/v1/project-deliveries", params={"project_id": project["id"]})
    assert listed.json()["items"] == [delivery]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (of_line("7"), (409, "over-delivery")),
        (of_line("1", line=2), (422, "unknown-project-line")),
        (of_line("2", "SN-1"), (422, "serial-numbers-differ")),
        (of_line("2", "SN-1", "SN-1"), (422, "serial-numbers-differ")),
        (of_line("1") | {"on": ago(-1)}, (422, "date-in-future")),
        (of_line("1") | {"on": ago(31)}, (422, "date-before-previous")),
        ({"lines": of_line("1")["lines"] * 2}, (422, "unknown-project-line")),
    ],
    ids=["too-much", "line", "serials", "serial-twice", "future", "before", "line-twice"],
)
async def test_what_cannot_have_been_delivered_is_refused(
    client: httpx.AsyncClient,
    make_executing: Make,
    problem: ProblemOf,
    body: dict[str, Any],
    refusal: tuple[int, str],
) -> None:
    project = await make_executing()
    assert problem(await client.post(f"/v1/projects/{project['id']}/deliver", json=body)) == refusal
    [line] = (await client.get(f"/v1/projects/{project['id']}")).json()["lines"]
    assert line["delivered"] == "0"


async def test_nothing_is_delivered_before_it_is_carried_out(
    client: httpx.AsyncClient, make_project: Make, problem: ProblemOf
) -> None:
    project = await make_project()
    answer = await client.post(f"/v1/projects/{project['id']}/deliver", json=of_line("1"))
    assert problem(answer) == (409, "project-not-ready")


async def test_of_two_at_once_both_count(client: httpx.AsyncClient, make_executing: Make) -> None:
    project = await make_executing()
    url = f"/v1/projects/{project['id']}"
    answers = await asyncio.gather(
        *(client.post(f"{url}/deliver", json=of_line("4")) for _ in range(2))
    )
    assert sorted(one.status_code for one in answers) == [200, 409]
    [line] = (await client.get(url)).json()["lines"]
    assert (line["delivered"], line["open"]) == ("4", "2")


async def test_what_was_taken_back_is_open_again_and_its_serial_number_free(
    client: httpx.AsyncClient,
    make_executing: Make,
    problem: ProblemOf,
    database: Database,
    tenant: str,
) -> None:
    project = await make_executing()
    url = f"/v1/projects/{project['id']}"
    body = of_line("1", "SN-9")
    delivery = (await client.post(f"{url}/deliver", json=body)).json()
    again = await client.post(f"{url}/deliver", json=body)
    assert problem(again) == (409, "serial-number-delivered")
    reverse = f"/v1/project-deliveries/{delivery['id']}/reverse"
    early = await client.post(reverse, json={"reason": "发错", "on": ago(4)})
    assert problem(early) == (422, "date-before-previous")
    taken = await client.post(reverse, json={"reason": "发错型号"})
    assert (taken.json()["state"], taken.json()["reverse_reason"]) == ("reversed", "发错型号")
    event = (await emitted(database, tenant))[-1]
    assert event.type == "sales.project-delivery-reversed.v1"
    assert (event.key, event.sequence, event.data["reason"]) == (delivery["id"], 2, "发错型号")
    refused = await client.post(reverse, json={"reason": "再次"})
    assert problem(refused) == (409, "delivery-is-reversed")
    [line] = (await client.get(url)).json()["lines"]
    assert line["delivered"] == "0"
    assert (await client.post(f"{url}/deliver", json=body)).status_code == 200


async def test_what_was_delivered_comes_back_also_after_the_project_was_cancelled(
    client: httpx.AsyncClient, make_executing: Make, database: Database, tenant: str
) -> None:
    project = await make_executing()
    url = f"/v1/projects/{project['id']}"
    delivery = (await client.post(f"{url}/deliver", json=of_line("1"))).json()
    await client.post(f"{url}/cancel", json={"reason": "终止合作"})
    answer = await client.post(
        f"/v1/project-deliveries/{delivery['id']}/reverse", json={"reason": "退货"}
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "reversed")
    event = (await emitted(database, tenant))[-1]
    assert event.type == "sales.project-delivery-reversed.v1"
    cancelled = (await client.get(url)).json()
    assert cancelled["state"] == "cancelled"
    assert cancelled["lines"][0]["delivered"] == "0"


async def test_what_comes_back_after_the_project_was_closed_is_given_up_and_told(
    client: httpx.AsyncClient, make_executing: Make, database: Database, tenant: str
) -> None:
    project = await make_executing(stages=[{"code": "sign"}])
    url = f"/v1/projects/{project['id']}"
    delivery = (await client.post(f"{url}/deliver", json=of_line("1"))).json()
    await client.post(f"{url}/give-up", json={"line_number": 1, "reason": "客户缩减"})
    await client.post(f"{url}/promote", json={"next_stage": None})
    etag = (await client.get(url)).headers["etag"]
    await client.patch(url, json={"summary": "按期完成"}, headers={"If-Match": etag})
    assert (await client.post(f"{url}/close", json={})).json()["state"] == "closed"
    answer = await client.post(
        f"/v1/project-deliveries/{delivery['id']}/reverse", json={"reason": "退货"}
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "reversed")
    event = (await emitted(database, tenant))[-1]
    assert event.type == "sales.project-delivery-reversed.v1"
    line = (await client.get(url)).json()["lines"][0]
    assert (line["delivered"], line["open"], line["given_up"]) == ("0", "0", line["quantity"])


async def test_of_a_line_that_was_given_up_nothing_is_open(
    client: httpx.AsyncClient, make_executing: Make, problem: ProblemOf
) -> None:
    url = f"/v1/projects/{(await make_executing())['id']}"
    body = {"line_number": 1, "reason": "客户缩减"}
    await client.post(f"{url}/deliver", json=of_line("1"))
    given_up = (await client.post(f"{url}/give-up", json=body)).json()["lines"][0]["given_up"]
    for again in (body, body | {"quantity": "1"}):
        refused = await client.post(f"{url}/give-up", json=again, headers={"Accept-Language": "zh"})
        assert problem(refused) == (409, "nothing-open-of-line")
        assert f"已交付 1，已放弃 {given_up}" in refused.json()["detail"]
    none = await client.post(f"{url}/give-up", json=body | {"line_number": 99})
    assert problem(none) == (422, "unknown-project-line")
