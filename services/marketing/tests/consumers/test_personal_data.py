"""Everything this service holds about a person, for the person (C12)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from kehu_kernel.db import Database
from kehu_kernel.testing.events import RecordedDeadLetters, customer_changed, deliveries, fact_of
from kehu_kernel.testing.plugin import ClientFor
from kehu_marketing.consumers import fold

Make = Callable[..., Awaitable[dict[str, Any]]]


async def test_holds_the_leads_of_a_contact(
    client_for: ClientFor, make_lead: Make, worker_database: Database, tenant: str
) -> None:
    company, contact = uuid4(), uuid4()
    heard = customer_changed(company, name="苏州恒远精密机械有限公司")
    await deliveries(fold, worker_database, RecordedDeadLetters())(
        fact_of(heard, tenant, sequence=1)
    )
    whose = {"customer_id": str(company), "customer_name": None, "contact_id": str(contact)}
    await make_lead(topic="净水系统", **whose)
    await make_lead(topic="别人的线索")
    officer = client_for(tenant, roles=("privacy_officer",))
    for subject, tables in ((contact, {"leads"}), (company, {"customer_refs", "leads"})):
        answer = await officer.post("/v1/personal-data", json={"subject_ids": [str(subject)]})
        assert answer.status_code == 200, answer.text
        rows = answer.json()["items"]
        assert {one["table"] for one in rows} == tables | {"audit_log"}
        assert [one["row"]["topic"] for one in rows if one["table"] == "leads"] == ["净水系统"]
        assert "lead.created" in {one["row"].get("action") for one in rows}
