"""The audit log is sealed: who changes it behind the product's back is found out (C12)."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from kehu_customer.jobs import erasures
from kehu_kernel import audit_chain
from kehu_kernel.audit_chain import Sealing
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.erased import carry_out
from kehu_kernel.testing.observe import audited
from kehu_kernel.testing.plugin import RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Seal = Callable[[], Awaitable[None]]
Tamper = Callable[..., Awaitable[None]]

MANY = """
    INSERT INTO audit_log
        (tenant_id, id, at, actor, request_id, entity, entity_id, version, action, changes)
    SELECT $1, gen_random_uuid(), now(), 'x', 'x', 'territory', gen_random_uuid(), 1, 'x', '{}'
    FROM generate_series(1, 20000)
"""


@pytest.fixture
def seal(worker_database: Database) -> Seal:
    """Seals what there is, two entries at a time."""

    async def work() -> None:
        await Sealing(worker_database, entries=2).work()

    return work


@pytest.fixture
def tamper(cluster: Cluster, running: RunningService) -> Tamper:
    """Changes the database as somebody who owns the server, past every trigger."""

    async def execute(statement: str, *arguments: object) -> None:
        connection = await asyncpg.connect(cluster.superuser(running.settings.database_url))
        try:
            await connection.execute("SET session_replication_role = replica")
            assert (await connection.execute(statement, *arguments)).split()[-1] == "1"
        finally:
            await connection.close()

    return execute


@pytest.fixture
async def story(make_territory: Make, seal: Seal, database: Database, tenant: str) -> list[Any]:
    """Five entries that are sealed, in three seals."""
    for _ in range(5):
        await make_territory()
    await seal()
    return await audited(database, tenant)


async def check(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """Return what a check finds."""
    answer = await client.post("/v1/audit-checks", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestSealing:
    async def test_what_is_as_it_was_sealed_is_intact(
        self, client: httpx.AsyncClient, story: list[Any], seal: Seal, make_territory: Make
    ) -> None:
        found = await check(client)
        assert (found["intact"], found["seals"], found["entries"]) == (True, 3, len(story))
        await seal()  # nothing new: no seal
        await make_territory()
        await seal()
        assert (await check(client))["entries"] == 6
        assert (await check(client, first=3))["seals"] == 2
        page = (await client.get("/v1/audit-seals", params={"limit": 2})).json()
        newest, before = page["items"]
        assert (newest["number"], newest["previous"]) == (4, before["hash"])
        more = await client.get(
            "/v1/audit-seals", params={"limit": 2, "cursor": page["next_cursor"]}
        )
        assert [one["number"] for one in more.json()["items"]] == [2, 1]

    async def test_an_open_transaction_is_waited_for(
        self,
        client: httpx.AsyncClient,
        database: Database,
        make_territory: Make,
        seal: Seal,
        tenant: str,
    ) -> None:
        """Its entries could come between those that would be sealed already."""
        async with database.transaction(Context(tenant_id=tenant, actor="slow")) as slow:
            await slow.fetch("SELECT pg_current_xact_id()")
            await make_territory()
            await seal()
            assert (await check(client))["entries"] == 0
        await seal()
        assert (await check(client))["entries"] == 1

    async def test_a_quiet_tenant_is_not_looked_for_among_the_entries_of_others(
        self,
        client: httpx.AsyncClient,
        database: Database,
        worker_database: Database,
        make_territory: Make,
        tenant: str,
    ) -> None:
        sealing = Sealing(worker_database, entries=100_000)
        await make_territory()
        await sealing.work()
        busy = Context(tenant_id=f"{tenant}-busy", actor="x")
        async with database.transaction(busy) as session:
            await session.fetch(MANY, busy.tenant_id)
        await sealing.work()
        await make_territory()
        async with worker_database.worker_transaction() as session:
            _, since, _ = (await session.fetch(audit_chain.LAST, tenant))[0]
            asked = {audit_chain.CUT: (2**62, 99), audit_chain.ENTRIES: (2**62,)}
            for statement, rest in asked.items():
                explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
                ((found,),) = await session.fetch(explain, tenant, since, *rest)
                plan = found[0]["Plan"]
                assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 20, found
        await sealing.work()
        assert (await check(client))["entries"] == 2


class TestTampering:
    async def test_a_changed_entry_is_found(
        self, client: httpx.AsyncClient, story: list[Any], tamper: Tamper
    ) -> None:
        victim = story[2].id
        await tamper("UPDATE audit_log SET actor = 'nobody' WHERE id = $1", victim)
        found = await check(client)
        assert found["broken"] == {"seal": 2, "entry_id": str(victim), "what": "changed"}
        assert (found["intact"], found["seals"]) == (False, 1)

    async def test_changed_values_are_found_even_if_they_pretend_to_be_erased(
        self, client: httpx.AsyncClient, story: list[Any], tamper: Tamper
    ) -> None:
        victim = story[4].id
        await tamper(
            "UPDATE audit_log SET digest = audit_digest(salt, changes), "
            "changes = audit_blank(changes) WHERE id = $1",
            victim,
        )
        found = await check(client)
        assert found["broken"] == {"seal": 3, "entry_id": str(victim), "what": "changed"}

    async def test_a_removed_entry_is_found(
        self, client: httpx.AsyncClient, story: list[Any], tamper: Tamper
    ) -> None:
        victim = story[3].id
        await tamper("DELETE FROM audit_log WHERE id = $1", victim)
        found = await check(client)
        assert found["broken"] == {"seal": 2, "entry_id": str(victim), "what": "missing"}

    async def test_an_added_entry_is_found(
        self, client: httpx.AsyncClient, story: list[Any], tamper: Tamper
    ) -> None:
        await tamper(
            "INSERT INTO audit_log SELECT tenant_id, gen_random_uuid(), at, actor, request_id, "
            "entity, entity_id, version, action, changes, xid FROM audit_log WHERE id = $1",
            story[0].id,
        )
        broken = (await check(client))["broken"]
        assert (broken["seal"], broken["what"]) == (1, "added")

    @pytest.mark.parametrize(
        ("statement", "what"),
        [
            ("UPDATE audit_seals SET entries = '' WHERE tenant_id = $1 AND number = 2", "broken"),
            ("DELETE FROM audit_seals WHERE tenant_id = $1 AND number = 2", "missing"),
        ],
        ids=["changed", "removed"],
    )
    async def test_a_seal_that_was_touched_is_found(
        self,
        client: httpx.AsyncClient,
        story: list[Any],
        tamper: Tamper,
        tenant: str,
        statement: str,
        what: str,
    ) -> None:
        await tamper(statement, tenant)
        found = await check(client)
        assert found["broken"] == {"seal": 2, "entry_id": None, "what": what}

    @pytest.mark.parametrize("role", ["database", "worker_database"])
    @pytest.mark.parametrize("table", ["audit_log", "audit_seals"])
    async def test_no_role_of_the_product_can_change_or_remove_anything(
        self, request: pytest.FixtureRequest, story: list[Any], role: str, table: str, tenant: str
    ) -> None:
        database: Database = request.getfixturevalue(role)
        column = "changes" if table == "audit_log" else "hash"
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
                async with database.transaction(Context(tenant_id=tenant, actor="x")) as session:
                    await session.fetch(f"{statement} WHERE tenant_id = $1", tenant)


class TestErasure:
    async def test_blanked_values_do_not_break_the_chain(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        make_contact: Make,
        seal: Seal,
        worker_database: Database,
    ) -> None:
        contact = await make_contact(name="欧阳云岫")
        await client.patch(
            f"/v1/contacts/{contact['id']}", json={"active": False}, headers={"If-Match": '"1"'}
        )
        await seal()
        body = {"contact_id": contact["id"], "legal_basis": "request", "reason": "GR-118"}
        assert (await client.post("/v1/erasures", json=body)).status_code == 202
        await carry_out(erasures(running.databases, lambda: None), worker_database)
        entries = (await client.get("/v1/audit-log", params={"entity_id": contact["id"]})).json()[
            "items"
        ]
        assert all(one["erased"] for one in entries)
        assert entries[-1]["changes"]["name"] == {"before": None, "after": None}
        assert (await check(client))["intact"]
        await seal()
        assert (await check(client))["intact"]
