"""Erasing a person here: nothing personal stays, nothing brings it back, figures stay (C12)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.erased import carry_out, order_of, reads_of_whole_tables
from kehu_kernel.testing.events import RecordedDeadLetters, customer_changed, deliveries, fact_of
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import RunningService, Traces
from kehu_service_desk.consumers import fold
from kehu_service_desk.erasure import erasures

Make = Callable[..., Awaitable[dict[str, Any]]]
NAME, WORDS = "欧阳云岫", "住静安区某路十八号"


async def test_texts_go_and_figures_stay_whatever_is_replayed(
    client: httpx.AsyncClient,
    running: RunningService,
    worker_database: Database,
    database: Database,
    traces: Traces,
    make_request: Make,
    make_file: Make,
    tenant: str,
) -> None:
    customer_id = uuid4()
    deliver = deliveries(fold, worker_database, RecordedDeadLetters())
    heard = fact_of(customer_changed(customer_id, name=NAME), tenant, sequence=1)
    await deliver(heard)
    whose = {"customer_id": str(customer_id)}
    await make_file(**whose)
    asked = await make_request(**whose, problem=f"{NAME}来电，{WORDS}", status="dispatching")
    handler = {"handler_id": (await orders(client, asked))[0]["handlers"][0]["handler_id"]}
    url = f"/v1/requests/{asked['id']}"
    answer = await client.post(f"{url}/accept", json=handler | {"reason": WORDS})
    assert answer.status_code == 200, answer.text
    answer = await client.post(f"{url}/handle", json=handler | {"result": WORDS})
    assert answer.status_code == 200, answer.text
    answer = await client.post(f"{url}/close", json={"resolution": WORDS, "satisfied": True})
    closed = answer.json()
    assert await traces(NAME, WORDS)
    order = order_of(tenant, customer_id)
    await deliver(order)
    await carry_out(erasures(running.databases, lambda: None), worker_database)
    await deliver(
        heard, order, fact_of(customer_changed(customer_id, name=NAME), tenant, sequence=9)
    )
    assert await traces(NAME, WORDS) == {}
    kept = (await client.get(url)).json()
    assert (kept["problem"], kept["resolution"]) == ("erased", "erased")
    figures = ("number", "status", "opened_on", "closed_on", "channel", "customer_id")
    assert {name: kept[name] for name in figures} == {name: closed[name] for name in figures}
    (told,) = await emitted(database, tenant, "service-desk.service-desk-erasure-acknowledged.v1")
    assert told.data["counts"]["requests"] == 1


async def orders(client: httpx.AsyncClient, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the dispatch orders of a request."""
    answer = await client.get(f"/v1/requests/{request['id']}/dispatch-orders")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_an_erasure_reads_no_table_from_end_to_end(
    running: RunningService, cluster: Cluster
) -> None:
    work, url = erasures(running.databases, lambda: None), running.settings.database_url
    assert await reads_of_whole_tables(work, cluster.superuser(url)) == set()
