"""A world for conversions: the real customer and sales services, and workers that can be killed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import delete, event, select, update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from kehu_contracts.events import event_class
from kehu_contracts.examples import load
from kehu_customer.__main__ import SERVICE as CUSTOMER
from kehu_kernel import clock, ids
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.idempotency import IdempotencyKey
from kehu_kernel.plumbing import OutboxMessage
from kehu_kernel.process import Service
from kehu_kernel.projection import Fold
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_kernel.testing.observe import Emitted, emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_kernel.testing.tokens import TestIssuer
from kehu_marketing.consumers import fold as keep_in_marketing
from kehu_marketing.conversions.models import Conversion
from kehu_marketing.conversions.worker import ConversionWorker
from kehu_marketing.outbound import Outbound
from kehu_marketing.settings import Settings
from kehu_sales.__main__ import SERVICE as SALES
from kehu_sales.consumers import fold as keep_in_sales

NOW = timedelta(0)
STAGE = {"code": "understand", "name": "了解情况", "planned_days": 7, "success_rate": 10}
LEAD = {
    "topic": "车间服务器更新需求",
    "source": "seminar",
    "customer_name": "苏州恒远精密机械有限公司",
    "contact_name": "赵立新",
    "contact_phone": "+86 512 6500 0000",
    "expected_revenue": {"amount": "180000.00", "currency": "CNY"},
    "need": "三台老服务器年底前更换",
}


class Killed(BaseException):
    """The worker's process died here."""


class Death:
    """Counts the moments where a process can die, and kills at the chosen one.

    A moment lies before and after every request that is sent, and before and after every commit.
    """

    Killed = Killed

    def __init__(self) -> None:
        self.moments: list[str] = []
        self.chosen: int | None = None

    def moment(self, name: str) -> None:
        self.moments.append(name)
        if self.chosen == len(self.moments) - 1:
            raise Killed(name)

    def expect(self, moment: int | None) -> None:
        self.moments, self.chosen = [], moment


class Wire(httpx.AsyncBaseTransport):
    """Carries requests to an application in this process; can be cut, or kill who sends."""

    def __init__(self, name: str, app: Any, death: Death) -> None:
        self.name = name
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._death = death
        self.cut = False
        self.answer: Any = None
        self.before: Callable[[], Awaitable[Any]] | None = None
        self.reached = asyncio.Event()
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("nobody there", request=request)
        self._death.moment(f"before {request.method} {self.name}")
        self.requests.append(request)
        self.reached.set()
        if self.before is not None:
            await self.before()
        if self.answer is not None:
            return httpx.Response(200, json=self.answer)
        response = await self._inner.handle_async_request(request)
        await response.aread()
        self._death.moment(f"after {request.method} {self.name}")
        return response


class World:
    """One tenant in three services."""

    def __init__(
        self,
        services: dict[str, RunningService],
        wires: dict[str, Wire],
        death: Death,
        issuer: TestIssuer,
        tenant: str,
    ) -> None:
        self.services, self.wires, self.death, self.issuer = services, wires, death, issuer
        self.tenant = tenant
        self.marketing, self.customer, self.sales = (
            self._client(services[name].app) for name in ("marketing", "customer", "sales")
        )

    def _client(self, app: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://kehu.test",
            headers={"Authorization": f"Bearer {self.issuer.token(self.tenant)}"},
        )

    def another(self) -> "World":
        """The same services, another tenant."""
        tenant = f"t-{uuid4().hex[:12]}"
        return World(self.services, self.wires, self.death, self.issuer, tenant)

    async def prepare(self) -> None:
        """Set up a sales method, and leave no work of other tests to the workers."""
        self.death.expect(None)
        method = {"code": "M", "name": "示例", "is_default": True, "stages": [STAGE]}
        response = await self.sales.post("/v1/methods", json=method)
        assert response.status_code == 201, response.text
        async with self.services["marketing"].worker_database.worker_transaction() as session:
            nobody = {"claim_id": ids.new_id(), "claimed_until": clock.now() + timedelta(days=1)}
            await session.execute(update(Conversion).values(nobody))

    def worker(self, *, claim: timedelta = NOW, step_seconds: float = 30) -> ConversionWorker:
        """Start a worker, whose claims last for `claim`; it repeats without waiting."""
        running = self.services["marketing"]
        client = httpx.AsyncClient(
            mounts={f"http://{name}.test": wire for name, wire in self.wires.items()}
        )
        overrides = {
            "customer_url": "http://customer.test",
            "sales_url": "http://sales.test",
            "oidc_token_url": "http://identity.test/token",
        }
        settings = Settings(**(running.settings.model_dump() | overrides))
        return ConversionWorker(
            running.databases,
            settings,
            Outbound(client, settings),
            lambda: None,
            claim=claim,
            step_seconds=step_seconds,
            wait_before=lambda _: NOW,
        )

    async def lead(self, **fields: Any) -> str:
        """Enter a lead and return its address."""
        response = await self.marketing.post("/v1/leads", json=LEAD | fields)
        assert response.status_code == 201, response.text
        return f"/v1/leads/{response.json()['id']}"

    async def converted(self, worker: ConversionWorker, lead: str) -> dict[str, Any]:
        """Work, and deliver events in between, until the conversion is over; return it."""
        conversion: dict[str, Any] = {}
        for _ in range(10):
            await worker.work()
            await self.deliver()
            conversion = (await self.marketing.get(f"{lead}/conversion")).json()
            if conversion["state"] in ("completed", "failed"):
                return conversion
        raise AssertionError(conversion)

    async def deliver(self) -> None:
        """Bring every event about customers to those who keep a copy, as Kafka would: again."""
        await self.tell_sales()
        await self._hand_over("marketing", keep_in_marketing)

    async def tell_sales(self) -> None:
        """Bring them to sales only."""
        await self._hand_over("sales", keep_in_sales)

    async def _hand_over(self, receiver: str, fold: Fold) -> None:
        context = Context(tenant_id=self.tenant, actor="system:test")
        async with self.services["customer"].database.transaction(context) as session:
            query = select(OutboxMessage).order_by(OutboxMessage.id)
            rows = list(await session.scalars(query))
        async with self.services[receiver].worker_database.worker_transaction() as session:
            await fold(session, [_fact(row) for row in rows])

    @asynccontextmanager
    async def database_is_down(self) -> AsyncIterator[None]:
        """Let every transaction of the worker role fail inside the block."""
        engine = self.services["marketing"].worker_database.engine.sync_engine

        def fail(*_: object) -> None:
            raise ConnectionRefusedError

        event.listen(engine, "checkout", fail)
        try:
            yield
        finally:
            event.remove(engine, "checkout", fail)

    async def forget_idempotency_keys(self) -> None:
        """Let every service forget its idempotency keys, as they do after some days."""
        for running in self.services.values():
            async with running.worker_database.worker_transaction() as session:
                await session.execute(delete(IdempotencyKey))

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Return all customers, contacts and opportunities of the tenant."""
        found = {}
        for client, path in (
            (self.customer, "customers"), (self.customer, "contacts"), (self.sales, "opportunities")
        ):  # fmt: skip
            found[path] = (await client.get(f"/v1/{path}", params={"limit": 200})).json()["items"]
        return found

    async def told(self) -> list[Emitted]:
        """Return what the marketing service has published."""
        return await emitted(self.services["marketing"].database, self.tenant)

    async def assert_one_of_each(self, lead: str) -> None:
        """One customer, one contact, one opportunity, all linked to the lead and each other."""
        found = await self.everything()
        assert {path: len(items) for path, items in found.items()} == {
            "customers": 1, "contacts": 1, "opportunities": 1
        }  # fmt: skip
        customer, contact, opportunity = (items[0] for items in found.values())
        body = (await self.marketing.get(lead)).json()
        assert (body["status"], body["last_error"]) == ("converted", None)
        assert (body["customer_id"], body["contact_id"]) == (customer["id"], contact["id"])
        assert body["opportunity_id"] == opportunity["id"]
        assert contact["customer_id"] == opportunity["customer_id"] == customer["id"]
        assert (opportunity["contact_id"], opportunity["lead_id"]) == (contact["id"], body["id"])
        events = await self.told()
        assert [event.sequence for event in events] == list(range(1, body["version"] + 1))
        assert [event.type for event in events].count("marketing.lead-converted.v1") == 1
        assert events[-1].type == "marketing.lead-converted.v1"
        assert events[-1].data["opportunity_id"] == opportunity["id"]

    async def lead_is_open_because(self, lead: str, code: str) -> str:
        """Check that the lead is open again for this reason; return the reason in Chinese."""
        body = (await self.marketing.get(lead, headers={"Accept-Language": "zh"})).json()
        assert (body["status"], body["last_error"]["code"]) == ("open", code), body["last_error"]
        reason: str = body["last_error"]["message"]
        return reason

    async def make_customer(self, **fields: Any) -> UUID:
        """Enter a customer which the others have heard of."""
        body = {"kind": "organisation", "name": LEAD["customer_name"]} | fields
        # Some tests are about several of one name, which nobody enters by accident.
        headers = {"Kehu-Allow-Duplicate": "two of one name"}
        response = await self.customer.post("/v1/customers", json=body, headers=headers)
        assert response.status_code == 201, response.text
        await self.deliver()
        return UUID(response.json()["id"])


def _fact(row: OutboxMessage) -> Fact:
    kind = event_class(row.type)
    assert kind is not None, row.type
    envelope = load(row.type)[0]._replace(sequence=row.sequence, tenant_id=row.tenant_id)
    return Fact(kind.from_bytes(row.payload), envelope)


@contextmanager
def _commits(death: Death, *databases: Database) -> Iterator[None]:
    """Let the process die before and after commits to these databases."""
    engines = {database.engine for database in databases}
    commit = Session.commit

    async def watched(session: Session) -> None:
        if session._engine in engines:
            death.moment("before commit")
        await commit(session)
        if session._engine in engines:
            death.moment("after commit")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "commit", watched)
        yield


@pytest.fixture
async def world(
    start_service: Callable[[Service], Awaitable[RunningService]],
    running: RunningService,
    issuer: TestIssuer,
    tenant: str,
) -> AsyncIterator[World]:
    """The three services, ready for conversions in the test's tenant."""
    services = {
        "marketing": running,
        "customer": await start_service(CUSTOMER),
        "sales": await start_service(SALES),
    }

    async def grant(_request: Request) -> JSONResponse:
        token = issuer.token("*", roles=("service_account",), subject="kehu-marketing")
        return JSONResponse({"access_token": token, "expires_in": 3600})

    identity = Starlette(routes=[Route("/token", grant, methods=["POST"])])
    death = Death()
    wires = {
        "customer": Wire("customer", services["customer"].app, death),
        "sales": Wire("sales", services["sales"].app, death),
        "identity": Wire("identity", identity, death),
    }
    made = World(services, wires, death, issuer, tenant)
    await made.prepare()
    with _commits(death, running.database, running.worker_database):
        yield made
    await asyncio.gather(*(one.aclose() for one in (made.marketing, made.customer, made.sales)))
