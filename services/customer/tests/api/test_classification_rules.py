"""Classifying customers by rule: with an explanation, whenever one changes, and for all."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx

from kehu_contracts.analytics import CustomerValueChanged
from kehu_customer.customers.schemas import CustomerUpdate
from kehu_customer.customers.service import change_customer, record_customer_value
from kehu_kernel import clock, ids
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
Classify = Callable[..., Awaitable[httpx.Response]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH, SCHEMES = "/v1/classifications", "/v1/classification-schemes"
DEFAULTS = "/v1/classification-scheme-defaults"
CLASSIFIED = "customer.customer-classified.v1"
BY_GRADE = [
    {
        "class_code": "key",
        "conditions": [{"test": "one_of", "fact": "value_grade", "values": ["A"]}],
    },
    {
        "class_code": "general",
        "conditions": [{"test": "one_of", "fact": "industry", "values": ["retail"]}],
    },
]


async def history(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    page = await client.get(PATH, params={"sort": "created_at"} | filters)
    items: list[dict[str, Any]] = page.json()["items"]
    return items


async def classes_of(client: httpx.AsyncClient, customer: dict[str, Any]) -> list[str]:
    found = await history(client, customer_id=customer["id"], current="true")
    return [one["class_code"] for one in found]


class TestByRule:
    async def test_a_new_customer_is_classified_and_told_why(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_scheme: Make,
        database: Database,
        tenant: str,
    ) -> None:
        await make_scheme(rules=BY_GRADE)
        customer = await make_customer(industry="retail")
        (one,) = await history(client, customer_id=customer["id"])
        assert (one["class_code"], one["manner"], one["reason"]) == ("general", "rule", None)
        assert one["explanation"] == {
            "rule": 2,
            "findings": [
                {"fact": "industry", "test": "one_of", "wanted": ["retail"], "found": ["retail"]}
            ],
        }
        assert [event.data["manner"] for event in await emitted(database, tenant, CLASSIFIED)] == [
            "rule"
        ]

    async def test_a_change_moves_the_customer_and_then_out(
        self, client: httpx.AsyncClient, customer: dict[str, Any], make_scheme: Make
    ) -> None:
        await make_scheme(rules=BY_GRADE)
        url = f"/v1/customers/{customer['id']}"
        await client.patch(url, json={"industry": "retail"}, headers={"If-Match": '"1"'})
        assert await classes_of(client, customer) == ["general"]
        await client.patch(url, json={"industry": "other"}, headers={"If-Match": '"2"'})
        assert await classes_of(client, customer) == []
        (one,) = await history(client, customer_id=customer["id"])
        assert one["end_reason"] == "no rule applies"

    async def test_a_value_that_analytics_found(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        make_scheme: Make,
        database: Database,
        context: Context,
    ) -> None:
        await make_scheme(rules=BY_GRADE)
        finding = CustomerValueChanged(
            customer_id=customer["id"],
            model_id=ids.new_id(),
            score="90",
            grade="A",
            previous_grade=None,
            calculated_at=clock.now(),
        )
        async with database.transaction(context) as session:
            await record_customer_value(session, finding, 1)
        assert await classes_of(client, customer) == ["key"]

    async def test_the_time_axis_of_the_texts_follows_the_life_of_the_customer(
        self, client: httpx.AsyncClient, make_customer: Make
    ) -> None:
        await client.post(DEFAULTS)
        (time,) = (await client.get(SCHEMES, params={"code": "time"})).json()["items"]
        customer = await make_customer()
        url = f"/v1/customers/{customer['id']}"
        seen = []
        for step in ({}, {"promote": {}}, {"end": {"reason": "无"}}):
            for command, body in step.items():
                assert (await client.post(f"{url}/{command}", json=body)).status_code == 200
            found = {"customer_id": customer["id"], "scheme_id": time["id"], "current": "true"}
            seen += [one["class_code"] for one in await history(client, **found)]
        assert seen == ["future", "present", "past"]

    async def test_what_a_person_has_decided_stays(
        self, client: httpx.AsyncClient, make_customer: Make, make_scheme: Make
    ) -> None:
        scheme = await make_scheme(rules=BY_GRADE)
        customer = await make_customer(industry="retail")
        by_hand = {
            "customer_id": customer["id"],
            "scheme_id": scheme["id"],
            "class_code": "general",
            "reason": "已核实",
        }
        confirmed = await client.post(PATH, json=by_hand)
        assert confirmed.status_code == 201
        url = f"/v1/customers/{customer['id']}"
        await client.patch(url, json={"industry": "other"}, headers={"If-Match": '"1"'})
        assert await classes_of(client, customer) == ["general"]
        run = f"{SCHEMES}/{scheme['id']}/run"
        assert (await client.post(run, json={})).json()["kept_by_hand"] == 1
        assert await classes_of(client, customer) == ["general"]
        told = (await client.post(run, json={"overwrite_hand": True})).json()
        assert (told["removed"], told["kept_by_hand"]) == (1, 0)
        assert await classes_of(client, customer) == []


class TestRun:
    async def test_lot_by_lot_over_all_customers(
        self, client: httpx.AsyncClient, make_customer: Make, make_scheme: Make
    ) -> None:
        made = [await make_customer(industry=i) for i in ("retail", "steel", "retail", "x", "y")]
        scheme = await make_scheme(rules=BY_GRADE)
        lots, after = [], None
        while not lots or after is not None:
            body = {"limit": 2, "after": after}
            answer = (await client.post(f"{SCHEMES}/{scheme['id']}/run", json=body)).json()
            lots.append((answer["looked_at"], answer["classified"]))
            after = answer["next_after"]
        assert lots == [(2, 1), (2, 1), (1, 0)]
        classified = await history(client, scheme_id=scheme["id"])
        assert [one["customer_id"] for one in classified] == [made[0]["id"], made[2]["id"]]

    async def test_again_changes_nothing(
        self, client: httpx.AsyncClient, make_customer: Make, make_scheme: Make
    ) -> None:
        await make_customer(industry="retail")
        scheme = await make_scheme(rules=BY_GRADE)
        answers = [
            (await client.post(f"{SCHEMES}/{scheme['id']}/run", json={})).json() for _ in range(2)
        ]
        assert [answer["classified"] for answer in answers] == [1, 0]

    async def test_takes_the_same_few_queries_however_many(
        self, client: httpx.AsyncClient, make_customer: Make, make_scheme: Make, database: Database
    ) -> None:
        for _ in range(5):
            await make_customer(industry="retail")
        counts = []
        for limit in (2, 200):
            scheme = await make_scheme(rules=BY_GRADE)
            with count_queries(database) as queries:
                await client.post(f"{SCHEMES}/{scheme['id']}/run", json={"limit": limit})
            counts.append(len(queries))
        # begin, scheme, customers, their classes, the new ones, journal, commit
        assert counts == [7, 7]

    async def test_two_at_once(
        self, client: httpx.AsyncClient, make_customer: Make, make_scheme: Make
    ) -> None:
        for _ in range(10):
            await make_customer(industry="retail")
        scheme = await make_scheme(rules=BY_GRADE)
        answers = await asyncio.gather(
            *(client.post(f"{SCHEMES}/{scheme['id']}/run", json={}) for _ in range(3))
        )
        assert sorted(answer.json()["classified"] for answer in answers) == [0, 0, 10]


async def test_a_customer_of_a_tenant_without_rules_and_fields_costs_one_short_query_more(
    client: httpx.AsyncClient, database: Database
) -> None:
    body = {"kind": "person", "name": "张敏"}
    with count_queries(database) as queries:
        assert (await client.post("/v1/customers", json=body)).status_code == 201
    # begin, fields or rules for new ones, match keys, row, journal, commit
    assert len(queries) == 6, queries.statements


async def test_a_clock_that_was_ahead_does_not_stop_a_change(
    client: httpx.AsyncClient,
    make_customer: Make,
    make_scheme: Make,
    database: Database,
    tenant: str,
) -> None:
    await make_scheme(rules=BY_GRADE)
    customer = await make_customer()
    ahead = Context(tenant_id=tenant, actor="x", now=clock.now() + timedelta(minutes=1))
    async with database.transaction(ahead) as session:
        data = CustomerUpdate(industry="retail")
        await change_customer(session, customer["id"], data, expected_version=1)
    url = f"/v1/customers/{customer['id']}"
    response = await client.patch(url, json={"industry": "other"}, headers={"If-Match": '"2"'})
    assert response.status_code == 200
    (one,) = await history(client, customer_id=customer["id"])
    assert one["ended_at"] == one["effective_at"]
