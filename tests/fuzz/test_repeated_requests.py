"""Any sequence of repeated and changed requests, with and without keys and ETags, against a model.

The model is what the documents promise: a key is bound to one request and gives its answer again;
a refused request leaves no claim; `If-Match` admits the present version only. In the end the
database holds exactly what was acknowledged: each change once, with one event and one audit entry.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kehu_customer.__main__ import SERVICE
from kehu_kernel.db import Database
from kehu_kernel.process import Service
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor

pytestmark = pytest.mark.timeout(600)  # many examples, on a machine that may be busy
KEYS = st.sampled_from([None, "k1", "k2", '"k1"', "a" * 255])
ETAGS = st.sampled_from([None, "present", "present", "old", "future", "weak", "garbage"])
STEPS = st.one_of(
    st.tuples(st.just("create"), KEYS, st.sampled_from(["李雷", "韩梅梅"]), st.none()),
    st.tuples(st.just("change"), st.none(), st.sampled_from(["a", "b", "c"]), ETAGS),
    st.tuples(st.just("promote"), KEYS, st.none(), ETAGS),
    st.tuples(st.just("end"), KEYS, st.sampled_from(["注销", "合并"]), ETAGS),
)


@pytest.fixture
def service() -> Service:
    """The customer service stands for all: idempotency and ETags are the same code in each."""
    return SERVICE


@dataclass
class Customer:
    """What we believe of the customer that the commands are about."""

    id: str
    version: int = 1
    state: str = "prospect"
    industry: str | None = None


@dataclass
class Model:
    """What the service should answer, and what should be in its database."""

    customer: Customer
    customers: int = 1
    changes: int = 1
    answers: dict[str, tuple[Any, int, bytes]] = field(default_factory=dict)

    def expect(self, step: tuple[str, Any, Any, Any]) -> int:
        """Return the status that the step deserves, apart from its key, and take its effect."""
        kind, _, what, etag = step
        one = self.customer
        if kind == "create":
            self.customers += 1
            self.changes += 1
            return 201
        refusal = _refused(kind, etag)
        if refusal is not None:
            return refusal
        if one.state == "former" or (kind == "promote" and one.state == "trade"):
            return 409
        if kind == "change" and one.industry == what:
            return 200  # nothing new: no version, no event
        one.industry = what if kind == "change" else one.industry
        one.state = {"promote": "trade", "end": "former"}.get(kind, one.state)
        one.version += 1
        self.changes += 1
        return 200


@given(steps=st.lists(STEPS, min_size=1, max_size=14))
@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_sequence_of_requests_does_what_the_model_says(
    client_for: ClientFor, database: Database, steps: list[tuple[str, Any, Any, Any]]
) -> None:
    tenant = f"t-{uuid4().hex[:12]}"
    client = client_for(tenant)
    made = await client.post("/v1/customers", json={"kind": "person", "name": "王工"})
    model = Model(Customer(made.json()["id"]))
    for step in steps:
        await _take(client, model, step)
    page = (await client.get("/v1/customers", params={"count": "exact", "limit": 200})).json()
    assert page["count"] == len(page["items"]) == model.customers
    now = (await client.get(f"/v1/customers/{model.customer.id}")).json()
    assert (now["version"], now["state"]) == (model.customer.version, model.customer.state)
    assert len(await emitted(database, tenant)) == model.changes
    assert len(await audited(database, tenant)) == model.changes


async def _take(client: httpx.AsyncClient, model: Model, step: tuple[str, Any, Any, Any]) -> None:
    kind, key, what, etag = step
    version = _etag(etag, model.customer.version)
    body = {
        "create": {"kind": "person", "name": what},
        "change": {"industry": what},
        "promote": {},
        "end": {"reason": what},
    }[kind]
    asked = (kind, str(body), version or "")
    known = model.answers.get((key or "").strip('"')) if key else None
    response = await _send(client, model.customer.id, kind, body, key, version)
    if known is not None and known[0] != asked:
        assert (response.status_code, response.json()["code"]) == (422, "idempotency-key-reused")
    elif known is not None:
        assert (response.status_code, response.content) == known[1:]
        assert response.headers["idempotency-replayed"] == "true"
    else:
        assert response.status_code == model.expect(step), (step, response.text)
        assert "idempotency-replayed" not in response.headers
        if key and response.is_success:
            model.answers[key.strip('"')] = (asked, response.status_code, response.content)


def _refused(kind: str, etag: str | None) -> int | None:
    """The status with which `If-Match`, or its absence, has a command refused."""
    if etag is None:
        return 428 if kind == "change" else None
    return {"garbage": 400, "old": 412, "future": 412}.get(etag)


def _etag(kind: str | None, version: int) -> str | None:
    return {
        None: None,
        "present": f'"{version}"',
        "weak": f'W/"{version}"',
        "old": f'"{version - 1}"',
        "future": f'"{version + 1}"',
        "garbage": "*",
    }[kind]


async def _send(
    client: httpx.AsyncClient,
    customer_id: str,
    kind: str,
    body: dict[str, Any],
    key: str | None,
    version: str | None,
) -> httpx.Response:
    headers = {"Idempotency-Key": key, "If-Match": version}
    sent = {name: value for name, value in headers.items() if value is not None}
    if kind == "create":
        return await client.post("/v1/customers", json=body, headers=sent)
    if kind == "change":
        return await client.patch(f"/v1/customers/{customer_id}", json=body, headers=sent)
    return await client.post(f"/v1/customers/{customer_id}/{kind}", json=body, headers=sent)
