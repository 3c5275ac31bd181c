"""Segments: groups of customers, kept by a rule or by hand (C7)."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.dialects import postgresql

from kehu_customer.segments.evaluation import crossed
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plans import planner
from kehu_kernel.testing.plugin import ClientFor, RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Settle = Callable[[], Awaitable[None]]
Members = Callable[[dict[str, Any]], Awaitable[set[str]]]
STEEL = {"test": "one_of", "fact": "industry", "values": ["钢铁"]}
ENTERED = "customer.customer-entered-segment.v1"
LEFT = "customer.customer-left-segment.v1"


async def set_value(client: httpx.AsyncClient, url: str, **fields: Any) -> httpx.Response:
    """Change an object, based on its present version."""
    version = (await client.get(url)).headers["ETag"]
    changed = await client.patch(url, json=fields, headers={"If-Match": version})
    assert changed.status_code == 200, changed.text
    return changed


class TestDefinition:
    async def test_a_new_segment_is_calculated_until_every_customer_was_looked_at(
        self, client: httpx.AsyncClient, make_customer: Make, make_segment: Make, settle: Settle
    ) -> None:
        steel = await make_customer(industry="钢铁")
        await make_customer(industry="纺织")
        await settle()
        made = await make_segment(rule=STEEL)
        assert (made["computing"], made["looked_at"], made["size"]) == (True, 0, 0)
        assert (made["version"], made["rule_version"], made["reads"]) == (1, 1, ["industry"])
        await settle()
        read = (await client.get(f"/v1/segments/{made['id']}")).json()
        assert (read["computing"], read["looked_at"], read["size"]) == (False, 2, 1)
        members = (await client.get(f"/v1/segments/{made['id']}/members")).json()["items"]
        assert [(one["customer_id"], one["reason"]) for one in members] == [(steel["id"], "rule")]

    async def test_it_is_told_and_audited(
        self, make_segment: Make, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        made = await make_segment(code="steel", rule=STEEL)
        await set_value(client, f"/v1/segments/{made['id']}", name_en="Steel works")
        await client.post(f"/v1/segments/{made['id']}/archive")
        told = [
            (one.type, one.sequence, one.data["changed"]) for one in await emitted(database, tenant)
        ]
        assert told == [
            ("customer.segment-created.v1", 1, []),
            ("customer.segment-changed.v1", 2, ["name_en"]),
            ("customer.segment-archived.v1", 3, ["state"]),
        ]
        actions = [entry.action for entry in await audited(database, tenant)]
        assert actions == ["segment.created", "segment.changed", "segment.archived"]

    async def test_a_code_is_taken_once(
        self, make_list: Make, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        made = await make_list()
        body = {"code": made["code"], "name_zh": "名单", "name_en": "List", "kind": "static"}
        assert problem(await client.post("/v1/segments", json=body)) == (409, "segment-code-taken")

    @pytest.mark.parametrize(("kind", "rule"), [("dynamic", None), ("static", STEEL)])
    async def test_a_rule_belongs_to_a_dynamic_segment(
        self, client: httpx.AsyncClient, problem: ProblemOf, kind: str, rule: Any
    ) -> None:
        body = {"code": "X", "name_zh": "甲", "name_en": "A", "kind": kind, "rule": rule}
        answer = await client.post("/v1/segments", json=body)
        assert problem(answer) == (422, "segment-needs-rule")

    async def test_a_list_gets_no_rule_later(
        self, client: httpx.AsyncClient, make_list: Make, problem: ProblemOf
    ) -> None:
        made = await make_list()
        answer = await client.patch(
            f"/v1/segments/{made['id']}", json={"rule": STEEL}, headers={"If-Match": '"1"'}
        )
        assert problem(answer) == (422, "segment-needs-rule")

    async def test_another_rule_lets_members_leave_and_others_enter(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_segment: Make,
        settle: Settle,
        members: Members,
        database: Database,
        tenant: str,
    ) -> None:
        steel, cloth = [await make_customer(industry=one) for one in ("钢铁", "纺织")]
        segment = await make_segment(rule=STEEL)
        await settle()
        rule = STEEL | {"values": ["纺织"]}
        changed = await set_value(client, f"/v1/segments/{segment['id']}", rule=rule)
        assert (changed.json()["rule_version"], changed.json()["computing"]) == (2, True)
        await settle()
        assert await members(segment) == {cloth["id"]}
        left = (await emitted(database, tenant, LEFT))[0]
        assert (left.data["customer_id"], left.data["reason"]) == (steel["id"], "rule")
        assert (left.data["rule_version"], left.sequence) == (2, 2)

    async def test_the_same_rule_again_is_no_change(
        self, client: httpx.AsyncClient, make_segment: Make, settle: Settle
    ) -> None:
        segment = await make_segment(rule=STEEL)
        await settle()
        again = await set_value(client, f"/v1/segments/{segment['id']}", rule=STEEL)
        assert (again.json()["version"], again.json()["computing"]) == (1, False)

    async def test_an_archived_segment_keeps_its_members_and_is_left_alone(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_segment: Make,
        settle: Settle,
        members: Members,
        problem: ProblemOf,
    ) -> None:
        steel = await make_customer(industry="钢铁")
        segment = await make_segment(rule=STEEL)
        await settle()
        url = f"/v1/segments/{segment['id']}"
        assert (await client.post(f"{url}/archive")).json()["state"] == "archived"
        await set_value(client, f"/v1/customers/{steel['id']}", industry="纺织")
        await settle()
        assert await members(segment) == {steel["id"]}
        assert (await client.get(f"/v1/customers/{steel['id']}/segments")).json() == {"items": []}
        assert problem(await client.post(f"{url}/archive")) == (409, "segment-archived")
        changed = await client.patch(url, json={"name_en": "X"}, headers={"If-Match": '"2"'})
        assert problem(changed) == (409, "segment-archived")

    async def test_the_segments_of_the_texts_are_installed_once(
        self, client: httpx.AsyncClient, make_segment: Make
    ) -> None:
        await make_segment(code="silent", rule=STEEL)
        first = (await client.post("/v1/segment-defaults")).json()
        assert first["kept"] == ["silent"]
        assert {"pyramid-top", "rfm-lapsing", "life-cycle-stable"} <= set(first["installed"])
        again = (await client.post("/v1/segment-defaults")).json()
        assert (again["installed"], len(again["kept"])) == ([], len(first["installed"]) + 1)
        listed = (await client.get("/v1/segments", params={"code": "silent"})).json()["items"]
        assert [one["rule"] for one in listed] == [STEEL]


class TestPreview:
    async def test_counts_and_shows_whom_a_rule_means_and_keeps_nothing(
        self, client: httpx.AsyncClient, make_customer: Make
    ) -> None:
        made = [await make_customer(industry="钢铁") for _ in range(3)]
        await make_customer(industry="纺织")
        body = {"rule": STEEL, "sample": 2}
        answer = (await client.post("/v1/segment-previews", json=body)).json()
        shown = [{"id": one["id"], "name": one["name"]} for one in made[:2]]
        assert answer == {"size": 3, "more": False, "sample": shown}
        assert (await client.get("/v1/segments")).json()["items"] == []

    async def test_counts_no_further_than_the_limit(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        running: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(running.app.state.settings, "segment_preview_limit", 2)
        for _ in range(3):
            await make_customer(industry="钢铁")
        answer = (await client.post("/v1/segment-previews", json={"rule": STEEL})).json()
        assert (answer["size"], answer["more"]) == (2, True)

    async def test_costs_the_same_whatever_the_rule(
        self, client: httpx.AsyncClient, database: Database, customer: dict[str, Any]
    ) -> None:
        rule = {"test": "any", "of": [STEEL, {"test": "reachable", "by": ["email"]}]}
        with count_queries(database) as queries:
            await client.post("/v1/segment-previews", json={"rule": rule})
        assert len(queries) <= 4, queries.statements


class TestLists:
    async def test_customers_are_put_on_a_list_and_taken_off(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_list: Make,
        members: Members,
        database: Database,
        tenant: str,
    ) -> None:
        one, two = [(await make_customer())["id"] for _ in range(2)]
        vip = await make_list()
        url = f"/v1/segments/{vip['id']}"
        added = await client.post(f"{url}/add", json={"customer_ids": [one, two]})
        assert added.json() == {"changed": sorted([one, two]), "unchanged": []}
        again = await client.post(f"{url}/add", json={"customer_ids": [one, one]})
        assert again.json() == {"changed": [], "unchanged": [one]}
        removed = await client.post(f"{url}/remove", json={"customer_ids": [one]})
        assert removed.json() == {"changed": [one], "unchanged": []}
        back = await client.post(f"{url}/add", json={"customer_ids": [one]})
        assert back.json()["changed"] == [one]
        assert await members(vip) == {one, two}
        told = [
            (event.type, event.sequence, event.data["reason"])
            for event in await emitted(database, tenant)
            if event.data.get("customer_id") == one and "segment_id" in event.data
        ]
        assert told == [(ENTERED, 1, "hand"), (LEFT, 2, "hand"), (ENTERED, 3, "hand")]
        actions = [entry.action for entry in await audited(database, tenant)]
        assert [action for action in actions if action.startswith("segment-member")] == [
            "segment-member.created", "segment-member.created", "segment-member.left",
            "segment-member.entered",
        ]  # fmt: skip

    async def test_what_cannot_be_put_on_a_list(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_list: Make,
        make_segment: Make,
        problem: ProblemOf,
        members: Members,
    ) -> None:
        customer, vip = (await make_customer())["id"], await make_list()
        url = f"/v1/segments/{vip['id']}/add"
        unknown = await client.post(url, json={"customer_ids": [customer, str(uuid4())]})
        assert problem(unknown) == (422, "unknown-customers")
        assert await members(vip) == set(), "all or nobody"
        ruled = await make_segment(rule=STEEL)
        for way in ("add", "remove"):
            answer = await client.post(
                f"/v1/segments/{ruled['id']}/{way}", json={"customer_ids": [customer]}
            )
            assert problem(answer) == (409, "segment-kept-by-rule")
        await client.post(f"/v1/segments/{vip['id']}/archive")
        answer = await client.post(url, json={"customer_ids": [customer]})
        assert problem(answer) == (409, "segment-archived")

    async def test_a_merged_record_is_put_on_no_list(
        self, client: httpx.AsyncClient, make_customer: Make, make_list: Make, problem: ProblemOf
    ) -> None:
        survivor, merged = [(await make_customer())["id"] for _ in range(2)]
        body = {"survivor_id": survivor, "merged_ids": [merged]}
        assert (await client.post("/v1/merges", json=body)).status_code == 201
        vip = await make_list()
        answer = await client.post(f"/v1/segments/{vip['id']}/add", json={"customer_ids": [merged]})
        assert problem(answer) == (409, "customer-merged")


class TestReading:
    async def test_members_are_listed_page_by_page(
        self, client: httpx.AsyncClient, make_customer: Make, make_list: Make
    ) -> None:
        made = [(await make_customer())["id"] for _ in range(3)]
        vip = await make_list()
        for one in made:
            await client.post(f"/v1/segments/{vip['id']}/add", json={"customer_ids": [one]})
        url, seen, cursor = f"/v1/segments/{vip['id']}/members", [], None
        for _ in range(2):
            params = {"limit": "2", "count": "exact"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get(url, params=params)).json()
            seen += [one["customer_id"] for one in page["items"]]
            cursor = page["next_cursor"]
        assert (seen, cursor, page["count"]) == (made, None, 3)

    async def test_a_list_of_segments_costs_the_same_however_long(
        self, client: httpx.AsyncClient, make_segment: Make, database: Database
    ) -> None:
        await make_segment(rule=STEEL)
        with count_queries(database) as one:
            await client.get("/v1/segments")
        await make_segment(rule=STEEL)
        with count_queries(database) as two:
            await client.get("/v1/segments")
        assert len(one) == len(two)

    async def test_callers_see_the_members_that_they_may_see(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        make_employee: Make,
        make_customer: Make,
        make_segment: Make,
        settle: Settle,
    ) -> None:
        fang, lei = [await make_employee() for _ in range(2)]
        mine = await make_customer(owner_id=fang["id"], industry="钢铁")
        theirs = await make_customer(owner_id=lei["id"], industry="钢铁")
        segment = await make_segment(rule=STEEL)
        await settle()
        caller = client_for(tenant, subject=fang["code"], employee_id=fang["id"], row_scope="own")
        url = f"/v1/segments/{segment['id']}"
        listed = (await caller.get(f"{url}/members", params={"count": "exact"})).json()
        assert [one["customer_id"] for one in listed["items"]] == [mine["id"]]
        assert listed["count"] == (await caller.get(url)).json()["size"] == 1
        seen = (await caller.post("/v1/segment-previews", json={"rule": STEEL})).json()
        assert (seen["size"], [one["id"] for one in seen["sample"]]) == (1, [mine["id"]])
        for what in ("segments", "behaviour"):
            answer = await caller.get(f"/v1/customers/{theirs['id']}/{what}")
            assert answer.status_code == 404
        assert (await client.get(url)).json()["size"] == 2

    async def test_nobody_puts_customers_of_others_on_a_list(
        self,
        client_for: ClientFor,
        tenant: str,
        make_employee: Make,
        make_customer: Make,
        make_list: Make,
        problem: ProblemOf,
    ) -> None:
        fang, lei = [await make_employee() for _ in range(2)]
        theirs = await make_customer(owner_id=lei["id"])
        vip = await make_list()
        caller = client_for(tenant, subject=fang["code"], employee_id=fang["id"], row_scope="own")
        answer = await caller.post(
            f"/v1/segments/{vip['id']}/add", json={"customer_ids": [theirs["id"]]}
        )
        assert problem(answer) == (422, "unknown-customers")

    async def test_another_tenant_sees_nothing(
        self, client_for: ClientFor, make_segment: Make
    ) -> None:
        made = await make_segment(rule=STEEL)
        other = client_for(f"t-{uuid4().hex[:12]}")
        assert (await other.get("/v1/segments")).json()["items"] == []
        assert (await other.get(f"/v1/segments/{made['id']}/members")).status_code == 404

    async def test_who_may_do_what(
        self, client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        reader = client_for(tenant, roles=("sales_representative",))
        assert (await reader.get("/v1/segments")).status_code == 200
        body = {"code": "X", "name_zh": "名单", "name_en": "List", "kind": "static"}
        assert problem(await reader.post("/v1/segments", json=body))[0] == 403
        assert (
            await client_for(tenant, roles=("marketer",)).post("/v1/segments", json=body)
        ).status_code == 201


@pytest.mark.parametrize(
    "fact", ["created_on", "promoted_on", "ended_on", "last_contact_on", "last_request_on"]
)
async def test_a_new_day_finds_whom_it_concerns_by_an_index(
    running: RunningService, cluster: Cluster, fact: str
) -> None:
    query = crossed("nobody", fact, date(2026, 1, 1), date(2026, 1, 2))
    asked = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    url = cluster.superuser(running.settings.database_url)
    async with planner(url, "kehu_app") as app:
        plan = await app.plan(str(asked))
    assert f"_{fact}" in str(plan), plan
