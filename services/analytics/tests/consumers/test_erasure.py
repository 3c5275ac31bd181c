"""Erasing a person here: nothing personal stays, nothing brings it back, figures stay (C12)."""

from datetime import date
from typing import Any
from uuid import uuid4

import httpx

from kehu_analytics.erasure import erasures
from kehu_analytics.rebuild import rebuild
from kehu_analytics.testing import Stream, dump
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.erased import carry_out, order_of, reads_of_whole_tables
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import RunningService, Traces

NAME = "欧阳云岫"
FIGURES = ("customer_figures", "customer_values", "opportunity_history")


async def test_names_go_and_figures_stay_whatever_is_replayed(
    client: httpx.AsyncClient,
    running: RunningService,
    worker_database: Database,
    database: Database,
    traces: Traces,
    stream: Stream,
    tenant: str,
) -> None:
    person = stream.customer(uuid4(), name=NAME, code=NAME, source=NAME)
    for amount in (5000, 700):
        opportunity = uuid4()
        about = {"customer_id": person, "topic": NAME}
        stream.opportunity(opportunity, "in_progress", date(2026, 3, 1), stage="bid", **about)
        stream.opportunity(
            opportunity, "won", date(2026, 4, 1), won=amount, close_reason=NAME, **about
        )
    await stream.fold(worker_database)
    before = await dump(worker_database, tenant)
    funnel = await stages_of(client)
    assert await traces(NAME)
    history = list(stream.facts)
    stream.facts.append(order_of(tenant, person))
    await stream.fold(worker_database)
    await carry_out(erasures(running.databases, lambda: None), worker_database)
    assert await traces(NAME) == {}
    await rebuild(worker_database, history)  # from the start, without the order
    assert await traces(NAME) == {}
    after = await dump(worker_database, tenant)
    assert {name: after[name] for name in FIGURES} == {name: before[name] for name in FIGURES}
    assert await stages_of(client) == funnel
    (told,) = await emitted(database, tenant, "analytics.analytics-erasure-acknowledged.v1")
    assert told.data["counts"]["opportunity_facts"] == 2


async def stages_of(client: httpx.AsyncClient) -> Any:
    """Return the funnel as it stood on a day, without how fresh it is."""
    answer = await client.get("/v1/funnel", params={"as_of": "2026-03-31"})
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name != "lag_seconds"}


async def test_an_erasure_reads_no_table_from_end_to_end(
    running: RunningService, cluster: Cluster
) -> None:
    work, url = erasures(running.databases, lambda: None), running.settings.database_url
    assert await reads_of_whole_tables(work, cluster.superuser(url)) == set()
