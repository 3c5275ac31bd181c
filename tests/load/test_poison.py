"""An event that cannot be handled is parked, the rest flows, the operator's replay heals it."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest

from kehu_local.testing import System, User, eventually

pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]

TRIGGER = """
    CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'this customer cannot be stored'; END $$;
    CREATE TRIGGER poison BEFORE INSERT OR UPDATE ON customer_refs FOR EACH ROW
        WHEN (NEW.id = '{customer_id}') EXECUTE FUNCTION poison();
"""


def in_sales(system: System, statement: str, *values: object) -> list[asyncpg.Record]:
    """Execute a statement in the sales service's database, as the server's administrator."""

    async def execute() -> list[asyncpg.Record]:
        server = system.config.admin_url.rpartition("/")[0]
        database = system.config.service("sales").database
        connection = await asyncpg.connect(f"{server}/{database}")
        try:
            if values:
                return list(await connection.fetch(statement, *values))
            await connection.execute(statement)
            return []
        finally:
            await connection.close()

    return asyncio.run(execute())


@contextmanager
def poisonous(system: System, customer_id: str) -> Iterator[None]:
    """Let the sales service's database refuse one customer: every event about it is poison."""
    in_sales(system, TRIGGER.format(customer_id=customer_id))
    try:
        yield
    finally:
        in_sales(system, "DROP FUNCTION poison CASCADE")


def dlq(system: System, *arguments: str) -> str:
    """Run the command of the sales service as an operator would."""
    service = system.config.service("sales")
    ended = subprocess.run(
        [*service.command[:-1], "dlq", *arguments],
        env=system.config.service_environment(service, ""),
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return ended.stdout


def copies(system: System, tenant: str) -> dict[str, str]:
    """Return the sales service's copies of customers: id and name."""
    query = "SELECT id, name FROM customer_refs WHERE tenant_id = $1"
    return {str(row["id"]): row["name"] for row in in_sales(system, query, tenant)}


def create(user: User, name: str) -> str:
    return str(user.post("/customer/v1/customers", {"kind": "person", "name": name})["id"])


def rename(user: User, customer_id: str, name: str) -> dict[str, Any]:
    url = f"/customer/v1/customers/{customer_id}"
    etag = user.http.get(url).headers["etag"]
    answer = user.http.patch(url, json={"name": name}, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


def test_poison_is_parked_the_rest_flows_and_a_replay_heals(
    system: System, user: User, tenant: str
) -> None:
    ill, well = create(user, "张三"), create(user, "李四")
    eventually(lambda: set(copies(system, tenant)) == {ill, well}, within=120)
    with poisonous(system, ill):
        for name in ("张三一", "张三二"):
            rename(user, ill, name)
        rename(user, well, "李四一")
        eventually(lambda: copies(system, tenant)[well] == "李四一", within=120)
        eventually(lambda: "2 waiting" in dlq(system, "list"), within=180)
        listed = dlq(system, "list")
        assert "1 aggregates wait" in listed
        assert ill in listed
        assert "this customer cannot be stored" in listed
        assert copies(system, tenant) == {ill: "张三", well: "李四一"}
        rename(user, well, "李四二")  # the rest of the partition goes on
        eventually(lambda: copies(system, tenant)[well] == "李四二", within=120)
    assert f"{ill}: 2 handled, free again" in dlq(system, "replay", "--tenant", tenant)
    assert copies(system, tenant)[ill] == "张三二"
    assert "0 aggregates wait" in dlq(system, "list")
    rename(user, ill, "张三三")
    eventually(lambda: copies(system, tenant)[ill] == "张三三", within=120)
