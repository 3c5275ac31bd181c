"""What an answer is worth: nothing is told that has not happened, and no failure goes untold."""

import asyncio
import logging
import os
import re
import signal

import asyncpg
import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import text
from starlette.types import Message

from kehu_customer.__main__ import SERVICE
from kehu_kernel import http, migrations, process
from kehu_kernel.auth import KeySet
from kehu_kernel.context import Context
from kehu_kernel.db import Database, explained
from kehu_kernel.errors import IssuerUnavailable, TookTooLong
from kehu_kernel.process import Service, schema_problem
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_kernel.testing.tokens import TestIssuer
from kehu_local.ports import free_port

CUSTOMER = {"kind": "person", "name": "李雷"}


@pytest.fixture
def service() -> Service:
    """The customer service stands for all: the edge is the same code in each."""
    return SERVICE


class TestCommit:
    async def test_that_fails_is_told_and_leaves_nothing(
        self, client: httpx.AsyncClient, database: Database, running: RunningService, tenant: str
    ) -> None:
        owner = await asyncpg.connect(running.settings.owner_database_url)
        try:
            # A deferred trigger fails where nothing else can: in COMMIT itself.
            await owner.execute(f"""
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE 'refused at commit'; END $$;
                CREATE CONSTRAINT TRIGGER refuse_one_tenant AFTER INSERT ON customers
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                    WHEN (NEW.tenant_id = '{tenant}') EXECUTE FUNCTION refuse();
            """)
            response = await client.post("/v1/customers", json=CUSTOMER)
        finally:
            await owner.execute("DROP FUNCTION refuse CASCADE")
            await owner.close()
        assert response.status_code == 500
        assert response.json()["code"] == "internal-error"
        assert "refused at commit" not in response.text
        assert await emitted(database, tenant) == []
        assert await audited(database, tenant) == []
        assert (await client.get("/v1/customers", params={"count": "exact"})).json()["count"] == 0

    async def test_connection_lost_inside_a_command(
        self, client: httpx.AsyncClient, running: RunningService, database: Database, tenant: str
    ) -> None:
        locker = await asyncpg.connect(running.settings.owner_database_url)
        try:
            lock = locker.transaction()
            await lock.start()
            await locker.execute("LOCK TABLE customers IN EXCLUSIVE MODE")
            command = asyncio.create_task(client.post("/v1/customers", json=CUSTOMER))
            await asyncio.sleep(0.3)  # it waits for the table now
            admin = await asyncpg.connect(
                re.sub(r"//[^@]+@", "//postgres:kehu@", str(running.settings.owner_database_url))
            )
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            await admin.close()
            response = await command
            await lock.rollback()
        finally:
            await locker.close()
        assert response.status_code == 503
        assert response.json()["code"] == "unavailable"
        assert response.headers["retry-after"]
        assert await emitted(database, tenant) == []
        assert (await client.post("/v1/customers", json=CUSTOMER)).status_code == 201

    async def test_lock_that_is_not_had_in_time(
        self, client: httpx.AsyncClient, running: RunningService
    ) -> None:
        created = await client.post("/v1/customers", json=CUSTOMER)
        url = created.headers["location"]
        locker = await asyncpg.connect(running.settings.owner_database_url)
        try:
            lock = locker.transaction()
            await lock.start()
            await locker.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
            response = await client.post(f"{url}/end", json={"reason": "公司已注销"})
            await lock.rollback()
        finally:
            await locker.close()
        assert response.status_code == 409
        assert response.json()["code"] == "concurrent-change"
        assert response.headers["retry-after"]


class TestTimeouts:
    async def test_statement_that_takes_too_long_is_not_called_an_outage(
        self, database: Database, context: Context
    ) -> None:
        async with database.session(context) as session:
            await session.execute(text("SET LOCAL statement_timeout = 50"))
            with pytest.raises(TookTooLong), explained({}):
                await session.execute(text("SELECT pg_sleep(2)"))


class TestKeys:
    async def test_that_does_not_answer_is_not_the_callers_fault(self) -> None:
        asked: list[httpx.Request] = []

        def nobody(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            raise httpx.ConnectError("refused")

        async with httpx.AsyncClient(transport=httpx.MockTransport(nobody)) as client:
            keys = KeySet("http://issuer.test/jwks.json", client)
            answers = await asyncio.gather(
                *(keys.key(f"key-{number}") for number in range(5)), return_exceptions=True
            )
        assert {type(answer) for answer in answers} == {IssuerUnavailable}
        assert len(asked) == 1


class TestReads:
    async def test_take_one_statement_in_their_transaction(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        with count_queries(database) as queries:
            await client.get("/v1/customers")
        assert len(queries) == 3  # begin, the statement, end

    async def test_cannot_write(
        self, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        created = await client.post("/v1/customers", json=CUSTOMER)
        url, version = created.headers["location"], {"If-Match": created.headers["etag"]}
        assert (await client.patch(url, json={"country": "CN"}, headers=version)).status_code == 200
        # The same route, taken for a read: now the database itself refuses.
        monkeypatch.setattr(http, "SAFE_METHODS", {"PATCH"})
        version = {"If-Match": '"2"'}
        refused = await client.patch(url, json={"country": "DE"}, headers=version)
        assert refused.status_code == 500
        assert (await client.get(url)).json()["country"] == "CN"


class TestClientThatGoesAway:
    async def test_in_the_middle_of_its_body_is_no_failure_of_ours(
        self, running: RunningService, issuer: TestIssuer, tenant: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        messages: list[Message] = [
            {"type": "http.request", "body": b'{"kind": ', "more_body": True},
            {"type": "http.disconnect"},
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            return messages.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        token = issuer.token(tenant)
        scope = {
            "type": "http", "method": "POST", "path": "/v1/customers", "raw_path": b"/v1/customers",
            "query_string": b"", "scheme": "http", "root_path": "", "http_version": "1.1",
            "server": ("kehu.test", 80), "client": ("127.0.0.1", 1),
            "headers": [(b"authorization", f"Bearer {token}".encode())],
        }  # fmt: skip
        with caplog.at_level(logging.INFO):
            await running.app(scope, receive, send)
        assert sent == []
        assert "unexpected error" not in caplog.messages
        (request,) = [record for record in caplog.records if record.message == "request"]
        assert request.status == "499"  # type: ignore[attr-defined]


class TestOverload:
    async def test_more_than_the_limit_is_refused_at_once_and_health_answers(
        self, client_for: ClientFor, running: RunningService, tenant: str
    ) -> None:
        limit = running.settings.concurrency_limit + running.settings.queue_limit
        client = client_for(tenant)
        locker = await asyncpg.connect(running.settings.owner_database_url)
        try:
            lock = locker.transaction()
            await lock.start()
            await locker.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
            slow = [asyncio.create_task(client.get("/v1/customers")) for _ in range(limit)]
            await asyncio.sleep(0.5)
            refused = await client.get("/v1/customers")
            alive = await client.get("/healthz")
            await lock.rollback()
            answers = await asyncio.gather(*slow)
        finally:
            await locker.close()
        assert refused.status_code == 503
        assert refused.json()["code"] == "overloaded"
        assert refused.headers["retry-after"]
        assert alive.status_code == 200
        assert {answer.status_code for answer in answers} <= {200, 503, 409}
        assert (await client.get("/v1/customers")).status_code == 200


class TestReadiness:
    async def test_waits_for_the_migrations_of_this_version(
        self, cluster: Cluster, tenant: str
    ) -> None:
        urls = await cluster.create_database(f"readiness_{tenant[2:]}")
        database = Database(urls.app, application_name="test")
        try:
            assert "run `migrate`" in str(await schema_problem(SERVICE, database))
            await asyncio.to_thread(migrations.upgrade, SERVICE.migrations, urls.owner)
            assert await schema_problem(SERVICE, database) is None
            owner = await asyncpg.connect(urls.owner)
            await owner.execute("UPDATE alembic_version SET version_num = 'of the next release'")
            assert await schema_problem(SERVICE, database) is None
            await owner.execute("REVOKE SELECT ON alembic_version FROM kehu_app")
            await owner.close()
            assert "cannot be read" in str(await schema_problem(SERVICE, database))
        finally:
            await database.dispose()


class TestProcess:
    async def test_serves_until_told_to_stop_and_exports_the_spans_of_its_workers(
        self, running: RunningService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        providers: list[object] = []
        # The real one can be set once in a process; other tests are in this one.
        monkeypatch.setattr(process.trace, "set_tracer_provider", providers.append)
        port = free_port()
        settings = running.settings.model_copy(update={"port": port})
        serving = asyncio.create_task(process._serve(SERVICE, settings, "api"))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            async with asyncio.timeout(20):
                while not await _ready(client):
                    assert not serving.done(), serving.result()
                    await asyncio.sleep(0.05)
            os.kill(os.getpid(), signal.SIGTERM)
            async with asyncio.timeout(20):
                await serving
            assert not await _ready(client)
        assert [type(provider) for provider in providers] == [TracerProvider]


async def _ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


class TestReplay:
    async def test_is_not_for_somebody_who_lost_the_right(
        self, client_for: ClientFor, tenant: str
    ) -> None:
        key = {"Idempotency-Key": "once"}
        may, may_not = client_for(tenant), client_for(tenant, roles=("analyst",))
        assert (await may.post("/v1/customers", json=CUSTOMER, headers=key)).status_code == 201
        refused = await may_not.post("/v1/customers", json=CUSTOMER, headers=key)
        assert refused.status_code == 403
        assert (await may.post("/v1/customers", json=CUSTOMER, headers=key)).status_code == 201


class TestServiceAccounts:
    async def test_name_the_tenant_they_act_for(
        self, running: RunningService, issuer: TestIssuer, client_for: ClientFor, tenant: str
    ) -> None:
        account = client_for("*", subject="marketing")
        created = await account.post(
            "/v1/customers", json=CUSTOMER, headers={"Kehu-Tenant": tenant}
        )
        assert created.status_code == 201
        there = await client_for(tenant).get("/v1/customers", params={"count": "exact"})
        assert there.json()["count"] == 1
        assert (await account.get("/v1/customers")).status_code == 401


class TestTracing:
    async def test_trace_goes_on_into_the_event(
        self, client: httpx.AsyncClient, running: RunningService, tenant: str
    ) -> None:
        trace = "0af7651916cd43dd8448eb211c80319c"
        await client.post(
            "/v1/customers",
            json=CUSTOMER,
            headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01", "X-Request-Id": "req-17"},
        )
        connection = await asyncpg.connect(running.settings.worker_database_url)
        try:
            carried = await connection.fetchval(
                "SELECT traceparent FROM outbox WHERE tenant_id = $1", tenant
            )
        finally:
            await connection.close()
        assert carried.split("-")[1] == trace
        assert [entry.request_id for entry in await audited(running.database, tenant)] == ["req-17"]
