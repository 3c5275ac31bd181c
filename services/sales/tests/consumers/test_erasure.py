"""Erasing a person here: nothing personal stays, nothing brings it back, figures stay (C12)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.erased import carry_out, order_of, reads_of_whole_tables
from kehu_kernel.testing.events import RecordedDeadLetters, customer_changed, deliveries, fact_of
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import RunningService, Traces
from kehu_sales.consumers import fold
from kehu_sales.erasure import erasures

Make = Callable[..., Awaitable[dict[str, Any]]]
NAME, WISH = "欧阳云岫", "喜欢钓鱼"
TERMS = """
    SELECT count(*) FILTER (WHERE opportunity_term(tenant_id, 'topic', $2) = ANY (terms)), count(*)
    FROM opportunity_terms WHERE tenant_id = $1
"""


async def report_visit(client: httpx.AsyncClient, visit: dict[str, Any]) -> None:
    """Go through with a visit, writing down what is personal wherever one can."""
    url = f"/v1/visits/{visit['id']}"
    report = {
        "summary": NAME,
        "needs": WISH,
        "proposals": [{"feature": WISH, "benefit": WISH}],
        "commitments": [{"promise": WISH, "within_policy": True}],
        "market_assessment": {"market": WISH},
        "refusal": {"degree": "not_firm", "reason": "cannot_afford"},
        "next_step": {"step": WISH},
    }
    position = {"latitude": 31.29891234, "longitude": 120.5}
    for step, body in (("check-in", {"position": position}), ("finish", {}), ("report", report)):
        answer = await client.post(f"{url}/{step}", json=body)
        assert answer.status_code == 200, answer.text


async def test_texts_go_and_figures_stay_whatever_is_replayed(  # noqa: PLR0917 - fixtures
    client: httpx.AsyncClient,
    running: RunningService,
    worker_database: Database,
    database: Database,
    traces: Traces,
    make_in_progress: Make,
    make_activity: Make,
    make_task: Make,
    make_quote: Make,
    make_visit: Make,
    make_product: Make,
    context: Context,
) -> None:
    customer_id, tenant = uuid4(), context.tenant_id
    deliver = deliveries(fold, worker_database, RecordedDeadLetters())
    history = [
        fact_of(customer_changed(customer_id, name=NAME), tenant, sequence=1),
        fact_of(customer_changed(customer_id, name=f"{NAME}二"), tenant, sequence=7),
    ]
    await deliver(*history)
    whose = {"customer_id": str(customer_id)}
    lines = [{"product_id": (await make_product())["id"], "quantity": "2"}]
    opened = await make_in_progress(**whose, topic=NAME, need=WISH, lines=lines)
    await make_activity(opportunity_id=opened["id"], topic=NAME, content=WISH, place=WISH)
    await make_task(**whose, topic=f"致电{NAME}", content=WISH)
    await make_quote(opportunity_id=opened["id"])
    await report_visit(client, await make_visit(**whose, purpose=NAME, place=WISH, city=WISH))
    other = await make_in_progress(topic="某公司更新")
    assert await traces(NAME, WISH)
    async with database.transaction(context) as session:
        assert tuple((await session.fetch(TERMS, tenant, NAME[:2]))[0]) == (1, 2)
    order = order_of(tenant, customer_id)
    await deliver(order)
    await carry_out(erasures(running.databases, lambda: None), worker_database)
    assert await traces(NAME, WISH) == {}
    await deliver(*history, order)  # from the start
    newest = fact_of(customer_changed(customer_id, name=NAME), tenant, sequence=99)
    await deliver(newest)
    await carry_out(erasures(running.databases, lambda: None), worker_database)
    assert await traces(NAME, WISH) == {}
    kept = (await client.get(f"/v1/opportunities/{opened['id']}")).json()
    assert kept["topic"] == "erased"
    async with database.transaction(context) as session:
        assert tuple((await session.fetch(TERMS, tenant, NAME[:2]))[0]) == (0, 2)
        assert tuple((await session.fetch(TERMS, tenant, "ra"))[0]) == (1, 2)
    product = {"product_id": lines[0]["product_id"]}
    sold = (await client.get("/v1/opportunities", params=product)).json()["items"]
    assert [one["id"] for one in sold] == [opened["id"]]
    figures = ("number", "expected_revenue", "status", "stage_code", "customer_id", "opened_on")
    assert {name: kept[name] for name in figures} == {name: opened[name] for name in figures}
    assert (await client.get(f"/v1/opportunities/{other['id']}")).json() == other
    (told,) = await emitted(database, tenant, "sales.sales-erasure-acknowledged.v1")
    assert UUID(told.key) == order.event.erasure_id
    assert told.data["counts"]["opportunities"] == 1
    refused = await client.post(
        "/v1/activities", json={"kind": "call", "topic": NAME, "opportunity_id": opened["id"]}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "person-erased")


async def test_free_texts_inside_of_plans_go_and_the_plans_are_carried_on(
    client: httpx.AsyncClient,
    running: RunningService,
    worker_database: Database,
    traces: Traces,
    make_customer: Callable[..., Awaitable[str]],
    make_executing: Make,
    make_effective: Make,
    tenant: str,
) -> None:
    customer_id = await make_customer()
    day = clock.today(clock.now(), "Asia/Shanghai")
    plan = [
        {"due_on": f"{day}", "percent": "30", "condition": f"{NAME}签收"},
        {"due_on": f"{day}", "percent": "70"},
    ]
    contract = await make_effective(customer_id=customer_id, instalments=plan)
    contracts = f"/v1/contracts/{contract['id']}"
    amended = {"reason": "续约", "terms": WISH, "ends_on": "2029-12-31"}
    assert (await client.post(f"{contracts}/amend", json=amended)).status_code == 200
    milestones = [{"name": f"{NAME}验收", "planned_on": f"{day}"}]
    project = await make_executing(customer_id=customer_id, milestones=milestones)
    before = await traces(NAME, WISH)
    places = {"contracts.instalments", "contract_instalments.condition", "projects.milestones"}
    assert before.keys() > places | {"contract_amendments.instalments"}
    order, deliver = (
        order_of(tenant, UUID(customer_id)),
        deliveries(fold, worker_database, RecordedDeadLetters()),
    )
    await deliver(order)
    for _ in range(2):  # the second time as after a replay from the start
        await carry_out(erasures(running.databases, lambda: None), worker_database)
        assert await traces(NAME, WISH) == {}
        await deliver(order)
    kept = (await client.get(contracts)).json()
    assert [one["condition"] for one in kept["instalments"]] == ["erased", None]
    figures = ("due_on", "amount", "percent")
    assert [[one[name] for name in figures] for one in kept["instalments"]] == [
        [one[name] for name in figures] for one in contract["instalments"]
    ]
    url, one = f"/v1/projects/{project['id']}/milestones", project["milestones"][0]
    reached = await client.post(f"{url}/{one['id']}/reach", json={})
    assert reached.status_code == 200, reached.text
    (milestone,) = reached.json()["milestones"]
    assert (milestone["name"], milestone["reached_on"]) == ("erased", f"{day}")
    refused = await client.post(url, json={"name": NAME, "planned_on": f"{day}"})
    assert (refused.status_code, refused.json()["code"]) == (409, "person-erased")
    assert await traces(NAME, WISH) == {}


async def test_an_erasure_reads_no_table_from_end_to_end(
    running: RunningService, cluster: Cluster
) -> None:
    work, url = erasures(running.databases, lambda: None), running.settings.database_url
    assert await reads_of_whole_tables(work, cluster.superuser(url)) == set()
