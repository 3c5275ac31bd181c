"""Everything analytics holds about a person, for the person (C12)."""

from datetime import date
from uuid import uuid4

from kehu_analytics.testing import Stream
from kehu_kernel.db import Database
from kehu_kernel.testing.plugin import ClientFor

NAME = "欧阳云岫"


async def test_holds_the_facts_of_the_person(
    client_for: ClientFor, worker_database: Database, stream: Stream, tenant: str
) -> None:
    person = stream.customer(uuid4(), name=NAME, code="O-1", source="fair")
    other = stream.customer(uuid4(), name="司马青岚", code="S-1", source="fair")
    for whose in (person, other):
        stream.opportunity(
            uuid4(), "in_progress", date(2026, 3, 1), stage="bid", customer_id=whose, topic="净水"
        )
    await stream.fold(worker_database)
    officer = client_for(tenant, roles=("privacy_officer",))
    answer = await officer.post("/v1/personal-data", json={"subject_ids": [str(person)]})
    assert answer.status_code == 200, answer.text
    rows = answer.json()["items"]
    assert [one["table"] for one in rows] == ["customer_facts", "opportunity_facts"]
    assert rows[0]["row"]["name"] == NAME
