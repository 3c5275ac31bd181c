"""Merging customers: what becomes of each record, and what is refused (C5)."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Answer = dict[str, Any]
Everything = Callable[[httpx.AsyncClient], Awaitable[Answer]]
Merge = Callable[..., Awaitable[Answer]]


class TestMerge:
    async def test_the_survivor_has_what_each_record_knew(
        self, make_customer: Make, merge: Merge
    ) -> None:
        survivor = await make_customer(
            industry="retail", roles=["merchant"], created_on="2026-03-01"
        )
        older = await make_customer(
            industry="food", country="CN", code="C-1", roles=["supplier"], created_on="2026-01-05",
            annual_revenue={"amount": "5.00", "currency": "CNY"},
        )  # fmt: skip
        newer = await make_customer(country="DE", external_ref="erp-1")
        after = (await merge(survivor, older, newer))["survivor"]
        told = ("industry", "country", "code", "external_ref", "roles", "created_on")
        assert [after[name] for name in told] == [
            "retail", "DE", "C-1", "erp-1", ["consumer", "merchant", "supplier"], "2026-01-05",
        ]  # fmt: skip
        assert after["annual_revenue"] == {"amount": "5.00", "currency": "CNY"}

    async def test_fields_come_from_where_somebody_says(
        self, make_customer: Make, merge: Merge, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        survivor = await make_customer(name="甲方工业", industry="retail")
        loser = await make_customer(name="乙方商贸", industry="food", country="CN")
        fields = {"name": loser["id"], "country": survivor["id"]}
        after = (await merge(survivor, loser, fields=fields))["survivor"]
        assert (after["name"], after["industry"], after["country"]) == ("乙方商贸", "retail", None)
        third = await make_customer()
        body = {
            "survivor_id": survivor["id"],
            "merged_ids": [third["id"]],
            "fields": {"name": loser["id"]},
        }
        response = await client.post("/v1/merges", json=body)
        assert problem(response) == (422, "source-not-member")

    @pytest.mark.parametrize("owned", [True, False])
    async def test_the_survivor_keeps_its_owner_or_stays_in_the_pool(
        self, client: httpx.AsyncClient, make_customer: Make, make_employee: Make, merge: Merge,
        undo: Merge, problem: ProblemOf, owned: bool,
    ) -> None:  # fmt: skip
        own, other = await make_employee(), await make_employee()
        survivor = await make_customer(owner_id=own["id"] if owned else None)
        loser = await make_customer(owner_id=other["id"])
        body = {"survivor_id": survivor["id"], "merged_ids": [loser["id"]]}
        chosen = await client.post("/v1/merges", json=body | {"fields": {"owner_id": loser["id"]}})
        assert chosen.status_code == 422
        merged = await merge(survivor, loser, rule="newest")
        told = ("owner_id", "department_id")
        assert [merged["survivor"][name] for name in told] == [survivor[name] for name in told]
        new = await make_employee(department_id=other["department_id"])
        url = f"/v1/customers/{survivor['id']}/hand-over"
        given = await client.post(url, json={"owner_id": new["id"], "reason": "调整"})
        assert given.status_code == 200, given.text
        after = (await undo(merged))["survivor"]
        assert [after[name] for name in told] == [new["id"], new["department_id"]]

    async def test_rules_and_completeness_follow(
        self, client: httpx.AsyncClient, make_customer: Make, make_scheme: Make, merge: Merge,
        undo: Merge,
    ) -> None:  # fmt: skip
        foods = {"test": "one_of", "fact": "industry", "values": ["food"]}
        await make_scheme(rules=[{"class_code": "key", "conditions": [foods]}])
        assert (await client.post("/v1/archive-defaults", json={})).is_success
        survivor = await make_customer(roles=["merchant"], industry="retail")
        loser = await make_customer(roles=["distributor"], industry="food")
        known = {
            "source_code": "internal",
            "known_on": "2026-03-01",
            "facts": {"location_kind": {"value": "other"}},
        }
        archive = f"/v1/customers/{survivor['id']}/archive"
        recorded = await client.patch(
            f"{archive}/retail_terminal/location", json=known, headers={"If-Match": '"0"'}
        )
        assert recorded.is_success, recorded.text

        async def complete() -> Decimal:
            return Decimal((await client.get(archive)).json()["completeness"])

        async def classes_of(one: Answer) -> list[str]:
            query = {"customer_id": one["id"], "current": "true"}
            found = (await client.get("/v1/classifications", params=query)).json()["items"]
            return [row["class_code"] for row in found]

        before = await complete()
        assert (await classes_of(survivor), await classes_of(loser)) == ([], ["key"])
        merged = await merge(survivor, loser)  # brings along a class, but stays in retail
        assert (await classes_of(survivor), await complete() < before) == ([], True)
        await undo(merged)
        assert (await classes_of(survivor), await classes_of(loser)) == ([], ["key"])
        assert await complete() == before
        await merge(survivor, loser, fields={"industry": loser["id"]})
        assert await classes_of(survivor) == ["key"]

    async def test_newest_wins_if_asked_for(self, make_customer: Make, merge: Merge) -> None:
        survivor = await make_customer(industry="retail")
        loser = await make_customer(industry="food")
        after = (await merge(survivor, loser, rule="newest"))["survivor"]
        assert after["industry"] == "food"

    async def test_a_trade_customer_stays_one(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge
    ) -> None:
        survivor, loser = await make_customer(), await make_customer()
        await client.post(f"/v1/customers/{loser['id']}/promote", json={})
        after = (await merge(survivor, loser))["survivor"]
        assert (after["state"], after["promoted_on"] is not None) == ("trade", True)

    async def test_a_merged_record_leads_to_the_survivor_and_is_not_changed(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge, problem: ProblemOf
    ) -> None:
        survivor, loser = (
            await make_customer(external_ref="a"),
            await make_customer(external_ref="b"),
        )
        await merge(survivor, loser)
        url = f"/v1/customers/{loser['id']}"
        read = await client.get(url)
        assert (read.status_code, read.json()["merged_into_id"]) == (307, survivor["id"])
        assert read.headers["location"] == f"/v1/customers/{survivor['id']}"
        followed = await client.get(url, follow_redirects=True)
        assert (followed.status_code, followed.json()["id"]) == (200, survivor["id"])
        changed = await client.patch(url, json={"industry": "x"}, headers={"If-Match": '"2"'})
        assert problem(changed) == (409, "customer-merged")
        assert changed.json()["merged_into_id"] == survivor["id"]
        contact = await client.post("/v1/contacts", json={"customer_id": loser["id"], "name": "李"})
        assert problem(contact) == (409, "customer-merged")
        listed = (await client.get("/v1/customers")).json()["items"]
        assert [one["id"] for one in listed] == [survivor["id"]]
        by_reference = (await client.get("/v1/customers", params={"external_ref": "b"})).json()
        assert [one["merged_into_id"] for one in by_reference["items"]] == [survivor["id"]]

    async def test_the_old_name_finds_the_survivor(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge
    ) -> None:
        survivor = await make_customer(name="华强集团有限公司")
        loser = await make_customer(name="老字号机电有限公司")
        await merge(survivor, loser)
        body = {"kind": "organisation", "name": "老字号机电公司"}
        response = await client.post("/v1/customers", json=body)
        assert response.status_code == 409
        assert response.json()["candidates"][0]["customer_id"] == survivor["id"]

    async def test_a_dry_run_shows_the_same_and_changes_nothing(
        self, client: httpx.AsyncClient, make_contact: Make, make_customer: Make, merge: Merge,
        database: Database, tenant: str, everything: Everything,
    ) -> None:  # fmt: skip
        survivor = await make_customer()
        loser = await make_customer(industry="food")
        await make_contact(customer_id=loser["id"])
        before, told = await everything(client), len(await emitted(database, tenant))
        entries = len(await audited(database, tenant))
        preview = await merge(survivor, loser, dry_run=True)
        assert await everything(client) == before
        assert len(await emitted(database, tenant)) == told
        assert len(await audited(database, tenant)) == entries
        real = await merge(survivor, loser)
        assert (preview["id"], preview["moved"]) == (None, real["moved"])
        assert (preview["state"], real["state"]) == ("planned", "merged")
        for name in ("industry", "name", "roles", "version"):
            assert preview["survivor"][name] == real["survivor"][name]

    async def test_undoing_it_never_makes_a_company_its_own_parent(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        merge: Merge,
        problem: ProblemOf,
    ) -> None:
        old, new = await make_customer(name="老集团"), await make_customer(name="新控股")
        survivor = await make_customer(name="东方机械", parent_id=old["id"])
        loser = await make_customer(name="西门机电", parent_id=new["id"])
        made = await merge(survivor, loser, fields={"parent_id": loser["id"]})
        assert made["survivor"]["parent_id"] == new["id"]
        match = {"If-Match": f'"{old["version"]}"'}
        body = {"parent_id": survivor["id"]}
        answer = await client.patch(f"/v1/customers/{old['id']}", json=body, headers=match)
        assert answer.status_code == 200, answer.text
        answer = await client.post(f"/v1/merges/{made['id']}/undo", json={})
        assert problem(answer) == (409, "parent-cycle")
        read = (await client.get(f"/v1/customers/{survivor['id']}")).json()
        assert read["parent_id"] == new["id"]

    async def test_one_event_tells_of_it(
        self, make_customer: Make, merge: Merge, undo: Merge, database: Database, tenant: str
    ) -> None:
        survivor, *losers = [await make_customer(industry=one) for one in (None, "food", "tea")]
        made = await merge(survivor, *losers, reason="重复建档")
        await undo(made)
        told = [one for one in await emitted(database, tenant) if "merged" in one.type]
        assert [(one.type, one.key, one.sequence) for one in told] == [
            ("customer.customer-merged.v1", made["id"], 1),
            ("customer.customer-unmerged.v1", made["id"], 2),
        ]
        assert told[0].data["survivor_id"] == survivor["id"]
        assert told[0].data["merged_ids"] == sorted(one["id"] for one in losers)

    async def test_the_primary_ones_of_the_survivor_stay_primary(
        self, client: httpx.AsyncClient, make_customer: Make, make_contact: Make, make_point: Make,
        merge: Merge,
    ) -> None:  # fmt: skip
        survivor, loser = await make_customer(), await make_customer()
        for one in (survivor, loser):
            await make_contact(customer_id=one["id"], name=one["id"][-5:])
            await make_point(customer_id=one["id"])  # the same number
            await make_point(customer_id=one["id"], kind="email", value=f"{one['id']}@kehu.cn")
        await merge(survivor, loser)
        query = {"customer_id": survivor["id"]}
        contacts = (await client.get("/v1/contacts", params=query)).json()["items"]
        assert [(one["name"]) for one in contacts if one["is_primary"]] == [survivor["id"][-5:]]
        assert len(contacts) == 2
        points = (await client.get("/v1/contact-points", params=query)).json()["items"]
        assert sorted((one["kind"], one["is_primary"]) for one in points) == [
            ("email", False), ("email", True), ("mobile", True),
        ]  # fmt: skip

    async def test_companies_below_a_merged_one_are_below_the_survivor(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge
    ) -> None:
        top = await make_customer()
        loser = await make_customer(parent_id=top["id"])
        survivor = await make_customer(parent_id=loser["id"])
        child = await make_customer(parent_id=loser["id"])
        after = (await merge(survivor, loser))["survivor"]
        assert after["parent_id"] == top["id"]
        read = (await client.get(f"/v1/customers/{child['id']}")).json()
        assert read["parent_id"] == survivor["id"]

    async def test_a_line_that_would_close_is_refused(
        self, client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
    ) -> None:
        loser = await make_customer()
        middle = await make_customer(parent_id=loser["id"])
        survivor = await make_customer(parent_id=middle["id"])
        body = {"survivor_id": survivor["id"], "merged_ids": [loser["id"]]}
        assert problem(await client.post("/v1/merges", json=body)) == (409, "parent-cycle")

    async def test_the_same_ones_merged_both_ways_at_once(
        self, client: httpx.AsyncClient, make_customer: Make
    ) -> None:
        one, other = await make_customer(), await make_customer()
        answers = await asyncio.gather(
            *(
                client.post("/v1/merges", json={"survivor_id": a["id"], "merged_ids": [b["id"]]})
                for a, b in [(one, other), (other, one)] * 2
            )
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]

    @pytest.mark.parametrize(
        ("which", "status", "code"),
        [
            ("itself", 422, "merge-with-itself"),
            ("nobody", 422, "unknown-member"),
            ("person", 409, "kinds-differ"),
        ],
    )
    async def test_refused(
        self, client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf,
        which: str, status: int, code: str,
    ) -> None:  # fmt: skip
        survivor = await make_customer()
        loser = {
            "itself": survivor["id"],
            "nobody": str(uuid4()),
            "person": (await make_customer(kind="person"))["id"],
        }[which]
        body = {"survivor_id": survivor["id"], "merged_ids": [loser]}
        assert problem(await client.post("/v1/merges", json=body)) == (status, code)

    async def test_of_another_tenant(
        self, client_for: ClientFor, make_customer: Make, problem: ProblemOf
    ) -> None:
        one, other = await make_customer(), await make_customer()
        body = {"survivor_id": one["id"], "merged_ids": [other["id"]]}
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert problem(await stranger.post("/v1/merges", json=body)) == (422, "unknown-member")
