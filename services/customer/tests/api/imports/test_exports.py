"""Customers as a file, which an import reads (C6)."""

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_customer.imports.worker import ImportWork
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
        names = {"code": "state_2", "name_zh": "客户状态", "name_en": "State", "type": "text"}
        assert (await client.post("/v1/custom-fields", json=names)).status_code == 201
        answer = await client.get("/v1/customer-exports", headers={"Accept-Language": "zh"})
        (headers,) = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert len(set(headers)) == len(headers)
        assert [one for one in headers if not one[0] > "\u4e00"] == ["custom.state_2"]
