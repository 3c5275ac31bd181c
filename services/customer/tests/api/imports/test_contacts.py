"""A row may name the person to turn to, who becomes a contact of its customer (C3, C6)."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
Job = dict[str, Any]
Upload = Finish = Callable[..., Awaitable[Job]]
Kit = Any
"""See `Kit` in conftest.py."""

HEADERS = [
    "客户名称",
    "编码",
    "联系人",
    "职务",
    "采购角色",
    "联系人电话",
    "联系人手机",
    "联系人邮箱",
]
WANG = [
    "王海燕",
    "采购总监",
    "决策者",
    "0532-8888 6666",
    "138 0000 1111",
    "Wang@Haichuan.example.cn",
]
NAMES = ("青岛海川贸易有限公司", "苏州恒远精密机械有限公司", "Bayer Leverkusen GmbH")


async def contacts_of(client: httpx.AsyncClient, customer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the contacts of a customer, in the order of their names."""
    answer = await client.get("/v1/contacts", params={"customer_id": customer["id"]})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


class TestNewCustomer:
    async def test_the_person_comes_with_the_customer_as_if_typed(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        database: Database,
        tenant: str,
        kit: Kit,
    ) -> None:
        job = await upload(kit.sheet(HEADERS, [NAMES[0], "C1", *WANG]))
        assert list(job["mapping"].values())[2:] == [
            "contact.name", "contact.title", "contact.buying_role", "contact.phone",
            "contact.mobile", "contact.email",
        ]  # fmt: skip
        done = await finish(job)
        assert kit.counts(done) == {"created": 1}, await kit.rows_of(client, done)
        [customer] = await kit.customers(client)
        [contact] = await contacts_of(client, customer)
        expected = {
            "name": "王海燕", "title": "采购总监", "buying_role": "decision_maker",
            "phone": "0532-8888 6666", "mobile": "138 0000 1111",
            "email": "Wang@Haichuan.example.cn", "is_primary": True, "active": True, "version": 1,
        }  # fmt: skip
        assert {name: contact[name] for name in expected} == expected
        points = await client.get("/v1/contact-points", params={"contact_id": contact["id"]})
        assert {(one["kind"], one["normalised"]) for one in points.json()["items"]} == {
            ("phone", "+8653288886666"), ("mobile", "+8613800001111"),
            ("email", "wang@haichuan.example.cn"),
        }  # fmt: skip
        places = await client.get("/v1/affiliations", params={"contact_id": contact["id"]})
        assert [one["title"] for one in places.json()["items"]] == ["采购总监"]
        told = [one.type for one in await emitted(database, tenant)]
        assert told.count("customer.contact-created.v1") == 1
        assert told.count("customer.contact-point-created.v1") == 3
        renamed = {"name": "王海燕燕"}
        etag = {"If-Match": f'"{contact["version"]}"'}
        changed = await client.patch(f"/v1/contacts/{contact['id']}", json=renamed, headers=etag)
        assert changed.status_code == 200, changed.text  # a contact like any other

    async def test_what_no_contact_can_be_refuses_the_whole_row(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, kit: Kit
    ) -> None:
        rows = [
            [NAMES[0], "C1", "", "采购总监", "", "", "", ""],
            [NAMES[1], "C2", "李雷", "", "老板", "不详", "12", "nobody"],
            [NAMES[2], "C3", "", "", "", "", "", ""],
        ]
        done = await finish(await upload(kit.sheet(HEADERS, *rows)), "check")
        assert kit.counts(done) == {"created": 1, "refused": 2}
        done = await finish(done)
        assert kit.counts(done) == {"created": 1, "refused": 2}
        first, second = await kit.rows_of(client, done, outcome="refused")
        assert [(one["column"], one["code"]) for one in first["reasons"]] == [("联系人", "missing")]
        assert {one["column"] for one in second["reasons"]} == {
            "采购角色", "联系人电话", "联系人手机", "联系人邮箱",
        }  # fmt: skip
        assert (await client.get("/v1/contacts")).json()["items"] == []

    async def test_two_companies_may_have_the_same_person(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, kit: Kit
    ) -> None:
        rows = [[NAMES[0], "C1", *WANG], [NAMES[1], "C2", *WANG]]
        done = await finish(await upload(kit.sheet(HEADERS, *rows)), batch=1)
        assert kit.counts(done) == {"created": 2}, await kit.rows_of(client, done)


class TestKnownCustomer:
    async def test_who_is_there_already_is_not_doubled(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        make_contact: Make,
        kit: Kit,
    ) -> None:
        customer = await make_customer(name=NAMES[0], code="C1")
        await make_contact(customer_id=customer["id"], name="王海燕", mobile="13800001111")
        rows = [
            ["", "C1", "王 海燕", "", "", "", "", ""],
            ["", "C1", "王小姐", "", "", "", "+86 138 0000 1111", ""],
            ["", "C1", "李雷", "", "经办人", "", "139 0000 2222", ""],
            ["", "C1", "李雷", "", "", "", "", ""],
            [NAMES[1], "C2", *WANG],
            [NAMES[1], "C2", "韩梅梅", "", "", "0532-8888 6666", "", ""],
            [NAMES[1], "C2", *WANG],
        ]
        job = await upload(kit.sheet(HEADERS, *rows), on_duplicate="update")
        done = await finish(job, batch=10)
        assert kit.counts(done) == {"created": 1, "updated": 2, "unchanged": 4}, await kit.rows_of(
            client, done
        )
        found = await contacts_of(client, customer)
        assert {(one["name"], one["is_primary"]) for one in found} == {
            ("王海燕", True), ("李雷", False),
        }  # fmt: skip
        [other] = await kit.customers(client, code="C2")
        found = await contacts_of(client, other)
        assert {(one["name"], one["is_primary"]) for one in found} == {
            ("王海燕", True), ("韩梅梅", False),
        }  # fmt: skip
        again = await upload(kit.sheet(HEADERS, *rows), on_duplicate="update")
        assert kit.counts(await finish(again, batch=10)) == {"unchanged": 7}


class TestUndo:
    async def test_the_person_goes_with_the_customer_and_comes_back_with_it(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, kit: Kit
    ) -> None:
        rows = [
            [NAMES[0], "C1", *WANG],
            [NAMES[0], "C1", "李雷", "", "", "", "", ""],
            [NAMES[1], "C2", "", "", "", "", "", ""],
            ["", "C2", "韩梅梅", "", "", "", "", ""],
        ]
        job = await upload(kit.sheet(HEADERS, *rows), on_duplicate="update")
        assert kit.counts(await finish(job)) == {"created": 2, "updated": 2}
        undone = await finish(job, "undo", batch=1)
        assert (undone["undone"], undone["kept"]) == (4, 0), await kit.rows_of(client, undone)
        everybody = (await client.get("/v1/contacts")).json()["items"]
        assert {one["name"] for one in everybody} == {"王海燕", "李雷", "韩梅梅"}
        assert not any(one["active"] or one["is_primary"] for one in everybody)
        points = (await client.get("/v1/contact-points", params={"active": "true"})).json()["items"]
        assert points == []
        places = (await client.get("/v1/affiliations", params={"current": "true"})).json()["items"]
        assert places == []
        again = await finish(await upload(kit.sheet(HEADERS, *rows), on_duplicate="update"))
        assert kit.counts(again) == {"created": 2, "updated": 2}

    async def test_a_person_somebody_has_worked_with_stays_and_so_does_the_customer(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, kit: Kit
    ) -> None:
        rows = [
            [NAMES[0], "C1", *WANG],
            [NAMES[0], "C1", "李雷", "", "", "", "", ""],
            [NAMES[1], "C2", "韩梅梅", "", "", "", "", ""],
            [NAMES[2], "C3", "张伟", "", "", "", "", ""],
        ]
        job = await upload(kit.sheet(HEADERS, *rows), on_duplicate="update")
        await finish(job)
        by_name = {one["name"]: one for one in (await client.get("/v1/contacts")).json()["items"]}
        changed = await client.patch(
            f"/v1/contacts/{by_name['李雷']['id']}", json={"title": "经理"},
            headers={"If-Match": '"1"'},
        )  # fmt: skip
        assert changed.status_code == 200, changed.text
        agreed = {
            "contact_id": by_name["韩梅梅"]["id"], "purpose": "marketing", "channel": "email",
            "decision": "given", "manner": "form", "proof": "展会登记表",
        }  # fmt: skip
        told = await client.post("/v1/consents", json=agreed)
        assert told.status_code == 201, told.text
        undone = await finish(job, "undo", batch=2)
        assert (undone["undone"], undone["kept"]) == (1, 3), await kit.rows_of(client, undone)
        now = {one["code"] for one in await kit.customers(client, state="prospect")}
        assert now == {"C1", "C2"}
        [active] = [
            one for one in await contacts_of(client, {"id": by_name["王海燕"]["customer_id"]})
            if one["is_primary"]
        ]  # fmt: skip
        assert active["name"] == "王海燕"

    async def test_who_was_there_first_stays_first_while_others_are_there(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        make_contact: Make,
        kit: Kit,
    ) -> None:
        customer = await make_customer(name=NAMES[0], code="C1")
        row = ["", "C1", "李雷", "", "", "", "", ""]
        job = await upload(kit.sheet(HEADERS, row), on_duplicate="update")
        await finish(job)
        await make_contact(customer_id=customer["id"], name="韩梅梅")
        undone = await finish(job, "undo")
        assert (undone["undone"], undone["kept"]) == (0, 1)
        found = await contacts_of(client, customer)
        assert [one["name"] for one in found if one["is_primary"]] == ["李雷"]
