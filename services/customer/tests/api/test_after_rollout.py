"""What an old version wrote during a rolling upgrade is put right afterwards (C3, C7)."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from kehu_customer.after_rollout import (
    BATCH,
    CONSENTED,
    UNLIKE,
    give_contacts_their_points,
    note_new_facts,
)
from kehu_customer.segments.worker import SegmentWork, Sizes
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plans import planner
from kehu_kernel.testing.plugin import RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
Points = Callable[[dict[str, Any]], Awaitable[set[tuple[Any, ...]]]]
OldVersion = Callable[..., Awaitable[None]]


@pytest.fixture
def old_version(database: Database, tenant: str) -> OldVersion:
    """Writes on a contact as a version did that knew no contact points."""

    async def write(contact: dict[str, Any], **fields: str | None) -> None:
        async with database.transaction(Context(tenant_id=tenant, actor="old")) as session:
            for name, value in fields.items():
                query = f"UPDATE contacts SET {name} = $1 WHERE id = $2"
                await session.fetch(query, value, UUID(contact["id"]))

    return write


@pytest.fixture
def points(client: httpx.AsyncClient) -> Points:
    """Reads the active points of a contact."""

    async def read(contact: dict[str, Any]) -> set[tuple[Any, ...]]:
        params = {"contact_id": contact["id"], "active": "true"}
        found = (await client.get("/v1/contact-points", params=params)).json()["items"]
        names = ("kind", "value", "normalised", "is_primary")
        return {tuple(one[name] for name in names) for one in found}

    return read


class TestContacts:
    async def test_get_the_numbers_they_show(
        self,
        *,
        running: RunningService,
        client: httpx.AsyncClient,
        make_contact: Make,
        old_version: OldVersion,
        points: Points,
        database: Database,
        tenant: str,
    ) -> None:
        entered = await make_contact()
        await old_version(entered, phone="0512-6280 0000", email="Zhao@Example.com")
        changed = await make_contact(mobile="138 0000 0000", phone="0512-6280 0000")
        await old_version(changed, mobile="139 0000 0000")
        unreadable = await make_contact(mobile="138 0000 0000")
        await old_version(unreadable, mobile="ask the porter")
        before = len(await emitted(database, tenant))
        for _ in range(2):  # the second time there is nothing to do
            await give_contacts_their_points(running.databases)
        assert await points(entered) == {
            ("phone", "0512-6280 0000", "+8651262800000", True),
            ("email", "Zhao@Example.com", "zhao@example.com", True),
        }
        assert await points(changed) == {
            ("mobile", "139 0000 0000", "+8613900000000", True),
            ("phone", "0512-6280 0000", "+8651262800000", True),
        }
        assert await points(unreadable) == {
            ("mobile", "ask the porter", None, True),
            ("mobile", "138 0000 0000", "+8613800000000", False),
        }
        shown = (await client.get(f"/v1/contacts/{unreadable['id']}")).json()
        assert shown["mobile"] == "ask the porter"
        told = [one.type for one in (await emitted(database, tenant))[before:]]
        assert sorted(told) == [
            "customer.contact-point-changed.v1",
            "customer.contact-point-changed.v1",
            "customer.contact-point-created.v1",
            "customer.contact-point-created.v1",
            "customer.contact-point-created.v1",
        ]
        assert (await audited(database, tenant))[-1].actor == "system:after-rollout"

    async def test_numbers_that_an_old_process_took_away_are_no_longer_in_use(
        self,
        *,
        running: RunningService,
        make_contact: Make,
        make_point: Make,
        old_version: OldVersion,
        points: Points,
        database: Database,
        tenant: str,
    ) -> None:
        left = await make_contact(mobile="138 0000 0000", email="zhao@example.com")
        await old_version(left, mobile=None)
        undecided = await make_contact(mobile="138 0000 0000")
        await make_point(contact_id=undecided["id"], value="139 0000 0000")
        await old_version(undecided, mobile=None)
        for _ in range(2):
            await give_contacts_their_points(running.databases)
        assert await points(left) == {("email", "zhao@example.com", "zhao@example.com", True)}
        assert len(await points(undecided)) == 2  # which to show is for somebody to say
        changed = await emitted(database, tenant, "customer.contact-point-changed.v1")
        assert [one.data["active"] for one in changed] == [False]

    async def test_one_that_cannot_be_put_right_keeps_no_other_waiting(
        self,
        running: RunningService,
        make_contact: Make,
        make_point: Make,
        old_version: OldVersion,
        points: Points,
    ) -> None:
        torn = await make_contact(mobile="138 0000 0000")
        await make_point(contact_id=torn["id"], value="139 0000 0000")
        await old_version(torn, mobile="+86 139 0000 0000")  # a second one of the same number
        entered = await make_contact()
        await old_version(entered, mobile="138 0000 0000")
        await give_contacts_their_points(running.databases)
        assert await points(entered) == {("mobile", "138 0000 0000", "+8613800000000", True)}
        assert len(await points(torn)) == 2


class TestConsents:
    async def test_of_before_are_counted(
        self, running: RunningService, client: httpx.AsyncClient, make_contact: Make
    ) -> None:
        contact = await make_contact()
        said = {"purpose": "marketing", "channel": "sms", "decision": "given", "manner": "form"}
        body = said | {"contact_id": contact["id"], "proof": "x"}
        assert (await client.post("/v1/consents", json=body)).status_code == 201
        await note_new_facts(running.databases)
        zone = running.settings.time_zone
        work = SegmentWork(running.databases, zone, lambda: None, sizes=Sizes(100, 100))
        while await work.work():
            pass
        found = await client.get(f"/v1/customers/{contact['customer_id']}/behaviour")
        assert found.json()["consents_given"] == 1


@pytest.mark.parametrize(
    ("query", "index"),
    [(UNLIKE, "pk_contacts"), (CONSENTED, "ix_consents_subject")],
    ids=["contacts", "consents"],
)
async def test_a_page_is_read_from_where_the_last_one_ended(
    running: RunningService, cluster: Cluster, query: str, index: str
) -> None:
    """Nothing is sorted: that would read the whole table for each page of some hundred."""
    async with planner(cluster.superuser(running.settings.database_url), "kehu_worker") as asking:
        plan = str(await asking.plan(query, "t", UUID(int=0), BATCH))
        whole = await asking.whole(query, "t", UUID(int=0), BATCH)
    assert f"'Index Name': '{index}'" in plan, plan
    assert re.search(r"'Index Cond': .\(+ROW\(tenant_id, ", plan), plan
    assert "Sort" not in plan, plan
    assert whole == set()
