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
from kehu_marketing.consumers import fold
from kehu_marketing.erasure import erasures

Make = Callable[..., Awaitable[dict[str, Any]]]
NAME, PHONE, MAIL = "欧阳云岫", "+86 139 1765 4321", "yunxiu@example.com"
PERSON = {"contact_name": NAME, "contact_phone": PHONE, "contact_email": MAIL}


async def test_texts_go_and_figures_stay_whatever_is_replayed(
    client: httpx.AsyncClient,
    running: RunningService,
    worker_database: Database,
    database: Database,
    traces: Traces,
    make_lead: Make,
    tenant: str,
) -> None:
    customer_id = uuid4()
    deliver = deliveries(fold, worker_database, RecordedDeadLetters())
    heard = fact_of(customer_changed(customer_id, name=NAME), tenant, sequence=1)
    await deliver(heard)
    price = {"amount": "180000.00", "currency": "CNY"}
    lead = await make_lead(
        **PERSON, customer_id=str(customer_id), customer_name=None, topic=NAME,
        need=MAIL, expected_revenue=price,
    )  # fmt: skip
    assert await traces(NAME, PHONE, MAIL)
    order = order_of(tenant, customer_id)
    await deliver(order)
    await carry_out(erasures(running.databases, lambda: None), worker_database)
    await deliver(
        heard, order, fact_of(customer_changed(customer_id, name=NAME), tenant, sequence=9)
    )
    assert await traces(NAME, PHONE, MAIL) == {}
    kept = (await client.get(f"/v1/leads/{lead['id']}")).json()
    figures = ("number", "status", "source", "created_on", "expected_revenue", "customer_id")
    assert {name: kept[name] for name in figures} == {name: lead[name] for name in figures}
    (told,) = await emitted(database, tenant, "marketing.marketing-erasure-acknowledged.v1")
    assert told.data["counts"]["leads"] == 1


async def test_a_contact_goes_and_the_lead_stays_the_companys(
    client: httpx.AsyncClient,
    running: RunningService,
    worker_database: Database,
    traces: Traces,
    make_lead: Make,
    tenant: str,
) -> None:
    customer_id, contact_id = uuid4(), uuid4()
    deliver = deliveries(fold, worker_database, RecordedDeadLetters())
    company = customer_changed(customer_id, name="苏州恒远精密机械有限公司")
    await deliver(fact_of(company, tenant, sequence=1))
    lead = await make_lead(
        **PERSON, customer_id=str(customer_id), customer_name=None, contact_id=str(contact_id)
    )
    await deliver(order_of(tenant, contact_id))
    await carry_out(erasures(running.databases, lambda: None), worker_database)
    assert await traces(NAME, PHONE, MAIL) == {}
    kept = (await client.get(f"/v1/leads/{lead['id']}")).json()
    assert (kept["topic"], kept["customer_id"]) == (lead["topic"], str(customer_id))


async def test_an_erasure_reads_no_table_from_end_to_end(
    running: RunningService, cluster: Cluster
) -> None:
    work, url = erasures(running.databases, lambda: None), running.settings.database_url
    assert await reads_of_whole_tables(work, cluster.superuser(url)) == set()
