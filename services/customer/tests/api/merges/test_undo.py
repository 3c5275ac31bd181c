"""Undoing a merge gives back what there was, and keeps what came since (C5)."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Answer = dict[str, Any]
Everything = Callable[[httpx.AsyncClient], Awaitable[Answer]]
Merge = Callable[..., Awaitable[Answer]]


class TestUndo:
    async def test_leaves_everything_as_it_was(
        self,
        *,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_contact: Make,
        make_point: Make,
        make_scheme: Make,
        make_employee: Make,
        merge: Merge,
        undo: Merge,
        everything: Everything,
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
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        merge: Merge,
        undo: Merge,
        everything: Everything,
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
        merge: Merge, undo: Merge, everything: Everything,
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
        problem: ProblemOf, everything: Everything,
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
