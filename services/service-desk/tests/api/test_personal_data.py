"""Everything this service holds about a person, for the person (C12)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]


async def test_holds_the_requests_of_the_person_with_their_steps(
    client: httpx.AsyncClient, client_for: ClientFor, make_request: Make, tenant: str
) -> None:
    mine = await make_request(status="handled", problem="水压太低")
    await make_request(problem="别人的请求")
    officer = client_for(tenant, roles=("privacy_officer",))
    body = {"subject_ids": [mine["customer_id"], str(uuid4())]}
    answer = await officer.post("/v1/personal-data", json=body)
    assert answer.status_code == 200, answer.text
    rows = answer.json()["items"]
    tables = {one["table"] for one in rows}
    assert {"customer_refs", "requests", "request_steps", "dispatch_orders", "audit_log"} <= tables
    assert [one["row"]["problem"] for one in rows if one["table"] == "requests"] == ["水压太低"]
    agent = client_for(tenant, roles=("service_manager",))
    assert (await agent.post("/v1/personal-data", json=body)).status_code == 403
