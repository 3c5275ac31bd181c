"""Facts and credit of customers that are merged (C2, C5, C9)."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Answer = dict[str, Any]
Everything = Callable[[httpx.AsyncClient], Awaitable[Answer]]
Merge = Callable[..., Awaitable[Answer]]


class TestFacts:
    """What is known of a merged record goes along (C2, C5)."""

    @pytest.fixture
    async def record(self, client: httpx.AsyncClient) -> Callable[..., Awaitable[None]]:
        """Records facts of a person's archive."""
        assert (await client.post("/v1/archive-defaults", json={})).is_success

        async def record(person: Answer, version: int, **values: str) -> None:
            facts = {code: {"value": value} for code, value in values.items()}
            body = {"source_code": "internal", "known_on": "2026-03-01", "facts": facts}
            url = f"/v1/customers/{person['id']}/archive/person/basic"
            answer = await client.patch(url, json=body, headers={"If-Match": f'"{version}"'})
            assert answer.is_success, answer.text

        return record

    async def test_go_along_with_their_history_where_the_survivor_does_not_know_and_back(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        record: Callable[..., Awaitable[None]],
        merge: Merge,
        undo: Merge,
        database: Database,
        tenant: str,
        everything: Everything,
    ) -> None:
        survivor = await make_customer(kind="person", name="刘洋")
        loser = await make_customer(kind="person", name="司马青岚")
        await record(survivor, 0, sex="male")
        await record(loser, 0, sex="female", birthday="1980-05-04")
        await record(loser, 1, birthday="1980-05-14")

        async def known(one: Answer, current: str = "true") -> list[Any]:
            asked = {"customer_id": one["id"], "current": current, "sort": "created_at"}
            found = (await client.get("/v1/facts", params=asked)).json()["items"]
            return [row["value"] for row in found]

        before = await everything(client)
        merged = await merge(survivor, loser)
        assert merged["moved"]["fact"] == 2
        assert (await known(survivor), await known(loser)) == (["male", "1980-05-14"], ["female"])
        assert (await known(survivor, "false"), await known(loser, "false")) == (["1980-05-04"], [])
        told = [
            (
                str(one.data["customer_id"]),
                [(step["code"], step["step"]) for step in one.data["facts"]],
            )
            for one in await emitted(database, tenant, "customer.archive-changed.v1")
        ][-2:]
        assert sorted(told) == sorted(
            [
                (survivor["id"], [("birthday", "corrected")]),
                (loser["id"], [("birthday", "withdrawn")]),
            ]
        )
        undone = await undo(merged)
        assert undone["moved"] == merged["moved"]
        assert await everything(client) == before

    async def test_a_record_without_an_archive_gets_one(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        record: Callable[..., Awaitable[None]],
        merge: Merge,
        undo: Merge,
    ) -> None:
        survivor = await make_customer(kind="person", name="刘洋")
        loser = await make_customer(kind="person", name="司马青岚")
        await record(loser, 0, birthday="1980-05-04")

        async def complete(one: Answer) -> Decimal:
            archive = await client.get(f"/v1/customers/{one['id']}/archive")
            return Decimal(archive.json()["completeness"])

        had = await complete(loser)
        merged = await merge(survivor, loser)
        assert (await complete(survivor), await complete(loser)) == (had, 0)
        await undo(merged)
        assert (await complete(survivor), await complete(loser)) == (0, had)

    async def test_one_that_was_corrected_since_stays_corrected_with_the_survivor(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        record: Callable[..., Awaitable[None]],
        merge: Merge,
        undo: Merge,
    ) -> None:
        survivor = await make_customer(kind="person", name="刘洋")
        loser = await make_customer(kind="person", name="司马青岚")
        await record(loser, 0, birthday="1980-05-04")
        merged = await merge(survivor, loser)
        await record(survivor, 1, birthday="1980-05-14")
        await undo(merged)
        held = {}
        for one in (survivor, loser):
            page = await client.get("/v1/facts", params={"customer_id": one["id"]})
            held[one["id"]] = [(row["value"], row["ended_at"]) for row in page.json()["items"]]
        assert held[survivor["id"]] == [("1980-05-14", None)]
        ((value, ended),) = held[loser["id"]]
        assert (value, ended is None) == ("1980-05-04", False)


async def test_a_record_with_credit_of_its_own_can_only_survive(
    client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
) -> None:
    one, other = await make_customer(name="华强电子"), await make_customer(name="大北农业")
    blocking = {"reason": "逾期 90 天未付款"}
    blocked = await client.post(f"/v1/customers/{one['id']}/credit/block", json=blocking)
    assert blocked.status_code == 200, blocked.text
    body = {"survivor_id": other["id"], "merged_ids": [one["id"]]}
    assert problem(await client.post("/v1/merges", json=body)) == (409, "credit-on-record")
    body = {"survivor_id": one["id"], "merged_ids": [other["id"]]}
    assert (await client.post("/v1/merges", json=body)).status_code == 201


async def test_a_merged_record_gets_no_credit(
    client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
) -> None:
    head = await make_customer(name="恒远集团")
    branch = await make_customer(name="大北农业", parent_id=head["id"])
    other = await make_customer(name="华强电子", parent_id=head["id"])
    money = {"amount": "100.00", "currency": "CNY"}
    year = clock.today(clock.now(), "Asia/Shanghai").year
    limit = {"customer_id": head["id"], "year": year, "amount": money, "reason": "年度授信"}
    assert (await client.post("/v1/credit-limits", json=limit)).status_code == 201
    body = {"survivor_id": other["id"], "merged_ids": [branch["id"]]}
    assert (await client.post("/v1/merges", json=body)).status_code == 201
    asked = {"customer_id": branch["id"], "source_kind": "contract", "source_key": "HT-1"}
    reserved = await client.post("/v1/credit-reservations", json=asked | {"amount": money})
    assert problem(reserved) == (409, "credit-refused")
    blocking = {"reason": "逾期 90 天未付款"}
    blocked = await client.post(f"/v1/customers/{branch['id']}/credit/block", json=blocking)
    assert problem(blocked) == (409, "customer-merged")
