"""Customers as a file, which an import reads (C6)."""

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest

from kehu_customer.exports import service
from kehu_customer.imports.worker import ImportWork
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Job = dict[str, Any]
Worker = Callable[..., ImportWork]
Upload = Finish = Callable[..., Awaitable[Job]]
Kit = Any
"""See `Kit` in conftest.py."""

NAMES = (
    "深圳华强系统集成有限公司", "苏州恒远精密机械有限公司", "Siemens Healthineers AG",
    "成都天府软件园发展有限公司", "Bayer Leverkusen GmbH", "广州白云电器设备股份有限公司",
    "Acme Rocket Works Inc.", "哈尔滨汽轮机厂有限责任公司",
)  # fmt: skip


PERSON = ("name", "title", "department", "buying_role", "phone", "mobile", "email", "is_primary")
"""What a file says of a contact."""


async def people(client: httpx.AsyncClient) -> set[tuple[Any, ...]]:
    """Return every contact with its customer's name, without ids."""
    customers = (await client.get("/v1/customers", params={"limit": "200"})).json()["items"]
    names = {one["id"]: one["name"] for one in customers}
    found = (await client.get("/v1/contacts", params={"limit": "200"})).json()["items"]
    return {(names[one["customer_id"]], *(one[name] for name in PERSON)) for one in found}


@pytest.fixture
def small_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers and contacts are read two at a time."""
    monkeypatch.setattr(service, "LOT", 2)


class TestContacts:
    @pytest.mark.usefixtures("small_lots")
    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    async def test_both_files_imported_elsewhere_give_the_same_people(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        make_customer: Make,
        make_contact: Make,
        kind: str,
        worker: Worker,
        upload: Upload,
    ) -> None:
        words = {"Accept-Language": "zh" if kind == "csv" else "en"}
        wang = {
            "name": "=王海燕", "title": "总监,华东", "department": "采购部",
            "buying_role": "decision_maker", "phone": "+86 755 8888 6666",
            "mobile": "(+86) 138 0000 1111", "email": "Wang@Hq.example.cn",
        }  # fmt: skip
        for place, name in enumerate(NAMES[:3]):
            made = await make_customer(name=name, code=f"C{place}")
            for number in range(place * 2):
                await make_contact(customer_id=made["id"], name=f"李雷{number}")
            await make_contact(customer_id=made["id"], **wang, is_primary=True)
        gone = await make_contact(customer_id=made["id"], name="韩梅梅")
        left = await client.post(f"/v1/contacts/{gone['id']}/leave", json={"reason": "退休"})
        assert left.status_code == 200, left.text
        elsewhere = client_for(f"{tenant}-b")
        for path, mode in (("customer", "refuse"), ("contact", "update")):
            url = f"/v1/{path}-exports"
            answer = await client.get(url, params={"format": kind}, headers=words)
            assert answer.status_code == 200, answer.text
            job = await upload(answer.content, elsewhere, format=kind, on_duplicate=mode)
            url = f"/v1/imports/{job['id']}"
            assert (await elsewhere.post(f"{url}/run")).status_code == 202
            while await worker().work():
                pass
            rows = (await elsewhere.get(f"{url}/rows", params={"outcome": "refused"})).json()
            assert rows["items"] == []
        before = await people(client)
        assert len(before) == 10
        assert await people(elsewhere) == {one for one in before if one[1] != "韩梅梅"}

    async def test_of_the_filtered_customers_that_the_caller_sees(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        make_customer: Make,
        make_contact: Make,
        make_employee: Make,
    ) -> None:
        fang, lei = await make_employee(), await make_employee()
        whose = [(NAMES[0], fang, "IT"), (NAMES[1], lei, "IT"), (NAMES[2], fang, "Food")]
        for name, owner, industry in whose:
            made = await make_customer(name=name, owner_id=owner["id"], industry=industry)
            await make_contact(customer_id=made["id"], name=f"王海燕 {name}")
        params = {"format": "ndjson", "industry": "IT"}
        caller = client_for(tenant, employee_id=fang["id"], row_scope="own")
        [line] = (await caller.get("/v1/contact-exports", params=params)).text.splitlines()
        row = orjson.loads(line)
        assert (row["name"], row["contact.name"]) == (NAMES[0], f"王海燕 {NAMES[0]}")
        assert row["contact.is_primary"] is True
        assert len((await client.get("/v1/contact-exports", params=params)).text.splitlines()) == 2
        seller = client_for(tenant, roles=("sales_representative",))
        assert (await seller.get("/v1/contact-exports")).status_code == 403

    async def test_of_each_customer_the_primary_one_comes_first(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_contact: Make,
        small_lots: None,
    ) -> None:
        for name in NAMES[:2]:
            made = await make_customer(name=name)
            for number in range(3):
                await make_contact(customer_id=made["id"], name=f"李雷{number}")
            await make_contact(customer_id=made["id"], name="王海燕", is_primary=True)
        answer = await client.get("/v1/contact-exports", params={"format": "ndjson"})
        names = [orjson.loads(one)["contact.name"] for one in answer.text.splitlines()]
        assert names == ["王海燕", "李雷0", "李雷1", "李雷2"] * 2

    async def test_who_may_not_read_contacts_gets_no_columns_of_them(
        self, client_for: ClientFor, tenant: str, make_contact: Make
    ) -> None:
        await make_contact(name="王海燕")
        caller = client_for(tenant, roles=(), scope="customer:customers:export")
        answer = await caller.get("/v1/customer-exports", headers={"Accept-Language": "en"})
        assert answer.status_code == 200, answer.text
        assert "contact." not in answer.text
        assert "王海燕" not in answer.text
        assert (await caller.get("/v1/contact-exports")).status_code == 403

    async def test_what_a_lot_costs_does_not_grow_with_it(
        self, client: httpx.AsyncClient, make_customer: Make, make_contact: Make, database: Database
    ) -> None:
        counts = []
        for name in NAMES[:3]:
            made = await make_customer(name=name)
            await make_contact(customer_id=made["id"])
            for path in ("customer", "contact"):
                with count_queries(database) as queries:
                    await client.get(f"/v1/{path}-exports", params={"format": "ndjson"})
                counts.append(len(queries))
        assert counts[:2] == counts[2:4] == counts[4:]


class TestExport:
    @pytest.mark.parametrize("language", ["zh", "en"])
    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    async def test_what_is_exported_can_be_imported_elsewhere(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        make_customer: Make,
        kind: str,
        language: str,
        worker: Worker,
        upload: Upload,
    ) -> None:
        field = {
            "code": "taste", "name_zh": "口味", "name_en": "Taste", "type": "choice",
            "options": [{"code": "mild", "name_zh": "清淡", "name_en": "Mild"}],
        }  # fmt: skip
        elsewhere = client_for(f"{tenant}-b")
        for one in (client, elsewhere):
            assert (await one.post("/v1/custom-fields", json=field)).status_code == 201
        full = {
            "name": "=1+1 华强", "kind": "person", "code": "-C1", "external_ref": "x1",
            "roles": ["partner", "supplier"], "industry": "a,b", "country": "CN", "source": "展会",
            "website": "https://hq.example.cn", "founded_year": 1998, "employee_count": 7,
            "annual_revenue": {"amount": "12.50", "currency": "USD"}, "created_on": "2020-03-05",
            "custom": {"taste": "mild"},
        }  # fmt: skip
        made = await make_customer(**full)
        point = {"customer_id": made["id"], "kind": "phone", "value": "+86 755 8888 6666"}
        assert (await client.post("/v1/contact-points", json=point)).status_code == 201
        answer = await client.get(
            "/v1/customer-exports",
            params={"format": kind},
            headers={"Accept-Language": language},
        )
        assert answer.status_code == 200, answer.text
        job = await upload(answer.content, elsewhere, format=kind)
        url = f"/v1/imports/{job['id']}"
        assert (await elsewhere.post(f"{url}/run")).status_code == 202
        while await worker().work():
            pass
        rows = (await elsewhere.get(f"{url}/rows")).json()["items"]
        assert [(row["outcome"], row["reasons"]) for row in rows] == [("created", [])]
        (copy,) = (await elsewhere.get("/v1/customers")).json()["items"]
        assert {name: copy[name] for name in full} == full

    async def test_it_holds_what_the_caller_sees_and_asked_for(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        make_customer: Make,
        make_employee: Make,
    ) -> None:
        fang, lei = await make_employee(), await make_employee()
        await make_customer(name=NAMES[0], owner_id=fang["id"], industry="IT")
        await make_customer(name=NAMES[1], owner_id=lei["id"], industry="IT")
        await make_customer(name=NAMES[2], owner_id=fang["id"], industry="Food")
        caller = client_for(tenant, employee_id=fang["id"], row_scope="own")
        params = {"format": "ndjson", "industry": "IT"}
        answer = await caller.get("/v1/customer-exports", params=params)
        lines = answer.text.splitlines()
        assert len(lines) == 1
        assert NAMES[0] in lines[0]
        assert len((await client.get("/v1/customer-exports", params=params)).text.splitlines()) == 2
        seller = client_for(tenant, roles=("sales_representative",))
        assert (await seller.get("/v1/customer-exports")).status_code == 403

    async def test_chinese_headers_are_all_chinese_and_each_is_another(
        self, client: httpx.AsyncClient
    ) -> None:
        for code, name in (("state_2", "客户状态"), ("post", "职位")):  # 职位 suggests a contact's
            names = {"code": code, "name_zh": name, "name_en": code, "type": "text"}
            assert (await client.post("/v1/custom-fields", json=names)).status_code == 201
        answer = await client.get("/v1/customer-exports", headers={"Accept-Language": "zh"})
        (headers,) = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert len(set(headers)) == len(headers)
        assert [one for one in headers if not one[0] > "\u4e00"] == [
            "custom.post",
            "custom.state_2",
        ]
