"""Merging customers and undoing it, with everything that hangs on them (C5)."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Answer = dict[str, Any]
BOOKKEEPING = {"version", "updated_at"}
LISTS = (
    "contacts", "contact-points", "affiliations", "trade-parties", "classifications", "households",
    "facts",
)  # fmt: skip


@pytest.fixture
def merge(client: httpx.AsyncClient) -> Callable[..., Awaitable[Answer]]:
    """Merges customers; answers with what came of it."""

    async def merge(survivor: Answer, *losers: Answer, **more: Any) -> Answer:
        body = {"survivor_id": survivor["id"], "merged_ids": [one["id"] for one in losers]}
        response = await client.post("/v1/merges", json=body | more)
        assert response.status_code == (200 if more.get("dry_run") else 201), response.text
        result: Answer = response.json()
        return result

    return merge


@pytest.fixture
def undo(client: httpx.AsyncClient) -> Callable[..., Awaitable[Answer]]:
    """Undoes a merge; answers with what came of it."""

    async def undo(merge: Answer) -> Answer:
        response = await client.post(f"/v1/merges/{merge['id']}/undo", json={"reason": "两家"})
        assert response.status_code == 200, response.text
        result: Answer = response.json()
        return result

    return undo


Merge = Callable[..., Awaitable[Answer]]


async def everything(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return all that there is, without what counts changes."""
    seen: dict[str, Any] = {}
    customers = (await client.get("/v1/customers", params={"limit": 200})).json()["items"]
    for path in LISTS:
        for one in (await client.get(f"/v1/{path}", params={"limit": 200})).json()["items"]:
            seen[one["id"]] = {n: v for n, v in one.items() if n not in BOOKKEEPING}
    for one in customers:
        seen[one["id"]] = {n: v for n, v in one.items() if n not in BOOKKEEPING}
        size = {"custom": f"size:{one['custom'].get('size', 0)}"}
        found = (await client.get("/v1/customers", params=size)).json()
        archive = (await client.get(f"/v1/customers/{one['id']}/archive")).json()
        seen[f"archive {one['id']}"] = archive["completeness"]
        seen[f"found {one['id']}"] = sorted(row["id"] for row in found.get("items", []))
    return seen


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
        database: Database, tenant: str,
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


class TestUndo:
    async def test_leaves_everything_as_it_was(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_contact: Make,
        make_point: Make,
        make_scheme: Make,
        make_employee: Make,
        merge: Merge,
        undo: Merge,
    ) -> None:
        field = {"code": "size", "name_zh": "规模", "name_en": "Size", "type": "number"}
        made = await client.post("/v1/custom-fields", json=field | {"indexed": True})
        assert made.status_code == 201, made.text
        schemes = [await make_scheme(), await make_scheme()]
        owner = await make_employee()
        customers = [
            await make_customer(code="A"),
            await make_customer(
                code="B", external_ref="r", industry="food", owner_id=owner["id"],
                annual_revenue={"amount": "7.50", "currency": "USD"}, custom={"size": "3"},
                credit_code="91440300708461136T", created_on="2026-02-01",
            ),
            await make_customer(website="huaqiang.com", custom={"size": "9"}),
        ]  # fmt: skip
        outsider = await make_customer(parent_id=customers[1]["id"])
        await client.post(f"/v1/customers/{customers[2]['id']}/promote", json={})
        for place, one in enumerate(customers):
            contact = await make_contact(customer_id=one["id"])
            await make_contact(customer_id=one["id"], name="第二")
            await make_point(customer_id=one["id"])
            await make_point(customer_id=one["id"], value=f"139 0000 000{place}")
            await make_point(contact_id=contact["id"], kind="email", value=f"a{place}@kehu.cn")
            for scheme in schemes[: place + 1]:
                body = {"customer_id": one["id"], "scheme_id": scheme["id"], "class_code": "key"}
                assert (
                    await client.post("/v1/classifications", json=body | {"reason": "r"})
                ).status_code == 201
            for who, party in ((one, outsider), (outsider, one)):
                role = ("payer", "user", "payer")[place]
                body = {"customer_id": who["id"], "party_id": party["id"], "role": role}
                made = await client.post("/v1/trade-parties", json=body | {"is_default": True})
                assert made.status_code == 201, made.text
            body = {"contact_id": contact["id"], "customer_id": customers[place - 1]["id"]}
            assert (await client.post("/v1/affiliations", json=body)).status_code == 201
        before = await everything(client)
        merged = await merge(*customers)
        assert set(merged["moved"]) == {
            "affiliation", "classification", "contact", "contact_point", "customer", "subsidiary",
            "trade_party",
        }  # fmt: skip
        assert await everything(client) != before
        undone = await undo(merged)
        assert (undone["state"], undone["left"], undone["moved"]) == ("undone", [], merged["moved"])
        assert await everything(client) == before

    async def test_persons_go_back_to_their_households(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge, undo: Merge
    ) -> None:
        one, other = await make_customer(kind="person"), await make_customer(kind="person")
        home = (await client.post("/v1/households", json={"name": "赵家"})).json()
        body = {"customer_id": other["id"], "relation": "head"}
        await client.post(f"/v1/households/{home['id']}/join", json=body)
        before = await everything(client)
        merged = await merge(one, other)
        members = (await client.get(f"/v1/households/{home['id']}")).json()["members"]
        assert [member["customer_id"] for member in members] == [one["id"]]
        await undo(merged)
        assert await everything(client) == before

    async def test_what_went_on_since_stays(
        self, client: httpx.AsyncClient, make_customer: Make, make_contact: Make, merge: Merge,
        undo: Merge,
    ) -> None:  # fmt: skip
        survivor, loser = await make_customer(), await make_customer(industry="food", country="CN")
        elsewhere = await make_customer()
        gone = await make_contact(customer_id=loser["id"])
        merged = await merge(survivor, loser)
        await client.post(f"/v1/contacts/{gone['id']}/move", json={"customer_id": elsewhere["id"]})
        new = await make_contact(customer_id=survivor["id"])
        version = (await client.get(f"/v1/customers/{survivor['id']}")).headers["etag"]
        await client.patch(
            f"/v1/customers/{survivor['id']}", json={"industry": "x"}, headers={"If-Match": version}
        )
        undone = await undo(merged)
        assert gone["id"] in undone["left"]
        assert (undone["survivor"]["industry"], undone["survivor"]["country"]) == ("x", None)
        for contact, there in ((gone, elsewhere), (new, survivor)):
            read = (await client.get(f"/v1/contacts/{contact['id']}")).json()
            assert read["customer_id"] == there["id"]
        read = (await client.get(f"/v1/customers/{loser['id']}")).json()
        assert (read["industry"], read["merged_into_id"]) == ("food", None)

    @pytest.mark.parametrize("amount", ["5.00", "9.00"])
    async def test_fields_that_are_bound_together_go_back_together(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge, undo: Merge, amount: str
    ) -> None:
        survivor = await make_customer(created_on="2026-03-01")
        loser = await make_customer(
            annual_revenue={"amount": "5.00", "currency": "CNY"}, created_on="2026-01-05"
        )
        merged = await merge(survivor, loser)
        url, revenue = f"/v1/customers/{survivor['id']}", {"amount": amount, "currency": "CNY"}
        version = (await client.get(url)).headers["etag"]
        changed = await client.patch(
            url, json={"annual_revenue": revenue}, headers={"If-Match": version}
        )
        assert changed.status_code == 200, changed.text
        after = (await undo(merged))["survivor"]
        assert after["annual_revenue"] == (None if amount == "5.00" else revenue)
        assert after["created_on"] == "2026-03-01"

    @pytest.mark.parametrize("what", ["promote", "end"])
    async def test_a_relation_that_went_on_since_keeps_its_days(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge, undo: Merge, what: str
    ) -> None:
        survivor = await make_customer(created_on="2026-03-01")
        loser = await make_customer(created_on="2026-01-05")
        if what == "end":
            promoted = {"on": "2026-01-06"}
            await client.post(f"/v1/customers/{loser['id']}/promote", json=promoted)
        merged = await merge(survivor, loser)
        url = f"/v1/customers/{survivor['id']}/{what}"
        body = {"on": "2026-02-01"} | ({"reason": "停业"} if what == "end" else {})
        went_on = await client.post(url, json=body)
        assert went_on.status_code == 200, went_on.text
        after = (await undo(merged))["survivor"]
        told = ("state", "created_on", "promoted_on", "ended_on")
        assert [after[name] for name in told] == [went_on.json()[name] for name in told]

    async def test_each_side_has_one_primary_contact_again(
        self, client: httpx.AsyncClient, make_customer: Make, make_contact: Make, make_point: Make,
        merge: Merge, undo: Merge,
    ) -> None:  # fmt: skip
        survivor, loser = await make_customer(), await make_customer()
        contacts, points = [], []
        for place, one in enumerate((survivor, loser, loser)):
            contacts.append(await make_contact(customer_id=one["id"]))
            points.append(await make_point(customer_id=one["id"], value=f"139 0000 000{place}"))
        before = await everything(client)
        merged = await merge(survivor, loser)
        for path, (_, _, chosen) in (("contacts", contacts), ("contact-points", points)):
            url = f"/v1/{path}/{chosen['id']}"
            version = (await client.get(url)).headers["etag"]
            changed = await client.patch(
                url, json={"is_primary": True}, headers={"If-Match": version}
            )
            assert changed.status_code == 200, changed.text
        assert (await undo(merged))["left"] == []
        assert await everything(client) == before

    async def test_who_left_since_does_not_come_first_again(
        self, client: httpx.AsyncClient, make_customer: Make, make_contact: Make, merge: Merge,
        undo: Merge,
    ) -> None:  # fmt: skip
        survivor, loser = await make_customer(), await make_customer()
        await make_contact(customer_id=survivor["id"])
        first, second = [await make_contact(customer_id=loser["id"]) for _ in range(2)]
        merged = await merge(survivor, loser)
        url = f"/v1/contacts/{first['id']}"
        version = (await client.get(url)).headers["etag"]
        gone = await client.patch(url, json={"active": False}, headers={"If-Match": version})
        assert gone.status_code == 200, gone.text
        await undo(merged)
        for one, primary in ((first, False), (second, True)):
            read = (await client.get(f"/v1/contacts/{one['id']}")).json()
            assert (read["customer_id"], read["is_primary"]) == (loser["id"], primary)

    async def test_the_default_party_somebody_chose_since_stays_the_default(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge, undo: Merge
    ) -> None:
        survivor, loser, buyer, other = [await make_customer() for _ in range(4)]
        body = {"customer_id": buyer["id"], "role": "payer"}
        made = []
        for party, default in ((loser, True), (other, False)):
            more = {"party_id": party["id"], "is_default": default}
            made.append((await client.post("/v1/trade-parties", json=body | more)).json())
        merged = await merge(survivor, loser)
        url = f"/v1/trade-parties/{made[1]['id']}"
        version = (await client.get(url)).headers["etag"]
        chosen = await client.patch(url, json={"is_default": True}, headers={"If-Match": version})
        assert chosen.status_code == 200, chosen.text
        assert (await undo(merged))["left"] == []
        for one, party, default in ((made[0], loser, False), (made[1], other, True)):
            read = (await client.get(f"/v1/trade-parties/{one['id']}")).json()
            assert (read["party_id"], read["is_default"]) == (party["id"], default)

    async def test_a_number_that_is_there_already_is_left(
        self, client: httpx.AsyncClient, make_customer: Make, make_point: Make, merge: Merge,
        undo: Merge,
    ) -> None:  # fmt: skip
        survivor, loser = await make_customer(), await make_customer()
        own = await make_point(customer_id=survivor["id"])
        await make_point(customer_id=loser["id"])  # the same number stays with the merged record
        moved = await make_point(customer_id=loser["id"], value="139 0000 0001")
        merged = await merge(survivor, loser)
        for one, change in ((own, "139 0000 0002"), (moved, own["value"])):
            url = f"/v1/contact-points/{one['id']}"
            version = (await client.get(url)).headers["etag"]
            changed = await client.patch(url, json={"value": change}, headers={"If-Match": version})
            assert changed.status_code == 200, changed.text
        assert (await undo(merged))["left"] == [moved["id"]]

    async def test_the_pair_is_dismissed_and_does_not_return(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge, undo: Merge
    ) -> None:
        one = await make_customer(name="深圳华强系统有限公司")
        other = await make_customer(name="华强系统有限公司")
        merged = await merge(one, other)
        [pair] = (await client.get("/v1/duplicates")).json()["items"]
        assert pair["state"] == "merged"
        await undo(merged)
        assert (await client.post("/v1/duplicate-scans", json={})).json()["found"] == 0
        [pair] = (await client.get("/v1/duplicates")).json()["items"]
        assert (pair["state"], pair["decision_reason"]) == ("dismissed", "两家")

    async def test_of_chains_the_last_one_first(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge, undo: Merge,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        a, b, c = [await make_customer() for _ in range(3)]
        before = await everything(client)
        first = await merge(b, a)
        second = await merge(c, b)
        read = (await client.get(f"/v1/customers/{a['id']}")).json()
        assert read["merged_into_id"] == c["id"]
        url = f"/v1/merges/{first['id']}/undo"
        assert problem(await client.post(url, json={})) == (409, "merged-on")
        await undo(second)
        await undo(first)
        assert await everything(client) == before
        assert problem(await client.post(url, json={})) == (409, "merge-undone")

    async def test_after_the_time_for_it(
        self, client: httpx.AsyncClient, make_customer: Make, merge: Merge, problem: ProblemOf
    ) -> None:
        await client.patch(
            "/v1/duplicate-rules", json={"unmerge_within_days": 0}, headers={"If-Match": '"0"'}
        )
        merged = await merge(await make_customer(), await make_customer())
        response = await client.post(f"/v1/merges/{merged['id']}/undo", json={})
        assert problem(response) == (409, "unmerge-too-late")


class TestFacts:
    """What is known of a merged record goes along (C2, C5)."""

    @pytest.fixture
    async def record(self, client: httpx.AsyncClient) -> Callable[..., Awaitable[None]]:
        """Records facts of a person's archive."""
        assert (await client.post("/v1/archive-defaults", json={})).is_success

        async def record(person: Answer, version: int, **values: str) -> None:
            facts = {code: {"value": value} for code, value in values.items()}
            body = {"source_code": "internal", "known_on": "2026-03-01", "facts": facts}
            url = f"/v1/customers/{person['id']}/archive/person/basic"
            answer = await client.patch(url, json=body, headers={"If-Match": f'"{version}"'})
            assert answer.is_success, answer.text

        return record

    async def test_go_along_with_their_history_where_the_survivor_does_not_know_and_back(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        record: Callable[..., Awaitable[None]],
        merge: Merge,
        undo: Merge,
        database: Database,
        tenant: str,
    ) -> None:
        survivor = await make_customer(kind="person", name="刘洋")
        loser = await make_customer(kind="person", name="司马青岚")
        await record(survivor, 0, sex="male")
        await record(loser, 0, sex="female", birthday="1980-05-04")
        await record(loser, 1, birthday="1980-05-14")

        async def known(one: Answer, current: str = "true") -> list[Any]:
            asked = {"customer_id": one["id"], "current": current, "sort": "created_at"}
            found = (await client.get("/v1/facts", params=asked)).json()["items"]
            return [row["value"] for row in found]

        before = await everything(client)
        merged = await merge(survivor, loser)
        assert merged["moved"]["fact"] == 2
        assert (await known(survivor), await known(loser)) == (["male", "1980-05-14"], ["female"])
        assert (await known(survivor, "false"), await known(loser, "false")) == (["1980-05-04"], [])
        told = [
            (
                str(one.data["customer_id"]),
                [(step["code"], step["step"]) for step in one.data["facts"]],
            )
            for one in await emitted(database, tenant, "customer.archive-changed.v1")
        ][-2:]
        assert sorted(told) == sorted(
            [
                (survivor["id"], [("birthday", "corrected")]),
                (loser["id"], [("birthday", "withdrawn")]),
            ]
        )
        undone = await undo(merged)
        assert undone["moved"] == merged["moved"]
        assert await everything(client) == before

    async def test_a_record_without_an_archive_gets_one(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        record: Callable[..., Awaitable[None]],
        merge: Merge,
        undo: Merge,
    ) -> None:
        survivor = await make_customer(kind="person", name="刘洋")
        loser = await make_customer(kind="person", name="司马青岚")
        await record(loser, 0, birthday="1980-05-04")

        async def complete(one: Answer) -> Decimal:
            archive = await client.get(f"/v1/customers/{one['id']}/archive")
            return Decimal(archive.json()["completeness"])

        had = await complete(loser)
        merged = await merge(survivor, loser)
        assert (await complete(survivor), await complete(loser)) == (had, 0)
        await undo(merged)
        assert (await complete(survivor), await complete(loser)) == (0, had)

    async def test_one_that_was_corrected_since_stays_corrected_with_the_survivor(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        record: Callable[..., Awaitable[None]],
        merge: Merge,
        undo: Merge,
    ) -> None:
        survivor = await make_customer(kind="person", name="刘洋")
        loser = await make_customer(kind="person", name="司马青岚")
        await record(loser, 0, birthday="1980-05-04")
        merged = await merge(survivor, loser)
        await record(survivor, 1, birthday="1980-05-14")
        await undo(merged)
        held = {}
        for one in (survivor, loser):
            page = await client.get("/v1/facts", params={"customer_id": one["id"]})
            held[one["id"]] = [(row["value"], row["ended_at"]) for row in page.json()["items"]]
        assert held[survivor["id"]] == [("1980-05-14", None)]
        ((value, ended),) = held[loser["id"]]
        assert (value, ended is None) == ("1980-05-04", False)


async def test_a_record_with_credit_of_its_own_can_only_survive(
    client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
) -> None:
    one, other = await make_customer(name="华强电子"), await make_customer(name="大北农业")
    blocking = {"reason": "逾期 90 天未付款"}
    blocked = await client.post(f"/v1/customers/{one['id']}/credit/block", json=blocking)
    assert blocked.status_code == 200, blocked.text
    body = {"survivor_id": other["id"], "merged_ids": [one["id"]]}
    assert problem(await client.post("/v1/merges", json=body)) == (409, "credit-on-record")
    body = {"survivor_id": one["id"], "merged_ids": [other["id"]]}
    assert (await client.post("/v1/merges", json=body)).status_code == 201


async def test_a_merged_record_gets_no_credit(
    client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
) -> None:
    head = await make_customer(name="恒远集团")
    branch = await make_customer(name="大北农业", parent_id=head["id"])
    other = await make_customer(name="华强电子", parent_id=head["id"])
    money = {"amount": "100.00", "currency": "CNY"}
    year = clock.today(clock.now(), "Asia/Shanghai").year
    limit = {"customer_id": head["id"], "year": year, "amount": money, "reason": "年度授信"}
    assert (await client.post("/v1/credit-limits", json=limit)).status_code == 201
    body = {"survivor_id": other["id"], "merged_ids": [branch["id"]]}
    assert (await client.post("/v1/merges", json=body)).status_code == 201
    asked = {"customer_id": branch["id"], "source_kind": "contract", "source_key": "HT-1"}
    reserved = await client.post("/v1/credit-reservations", json=asked | {"amount": money})
    assert problem(reserved) == (409, "credit-refused")
    blocking = {"reason": "逾期 90 天未付款"}
    blocked = await client.post(f"/v1/customers/{branch['id']}/credit/block", json=blocking)
    assert problem(blocked) == (409, "customer-merged")
