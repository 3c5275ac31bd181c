"""Rows of a file become customers, update them, or are refused with every reason (C6)."""

import csv
import io
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from kehu_customer.imports.columns import ROLES
from kehu_customer.imports.worker import ImportWork
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import RunningService

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


class TestNewCustomers:
    async def test_every_row_becomes_a_customer_as_if_typed(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_employee: Make,
        make_customer: Make,
        database: Database,
        tenant: str,
        kit: Kit,
    ) -> None:
        owner = await make_employee(code="E7")
        parent = await make_customer(name="华强集团控股", code="P1")
        file = kit.sheet(
            ["客户名称", "编码", "类型", "角色", "上级公司编码", "工号", "统一社会信用代码",
             "成立年份", "员工人数", "年营业额", "币种", "录入日期", "电话", "邮箱", "备注"],
            [NAMES[0], "C1", "企业", "商户、经销商", "P1", "E7", "91440300708461136T", "1998",
             "1,200", "1,250,000.50", "USD", "2020/3/5", "0755-8888 6666",
             "Info@HQ.example.cn", "x"],
        )  # fmt: skip
        job = await upload(file)
        assert job["mapping"].keys().isdisjoint({"备注"})
        done = await finish(job)
        assert (done["state"], kit.counts(done)) == ("completed", {"created": 1}), done
        (one,) = await kit.customers(client, code="C1")
        expected = {
            "name": NAMES[0], "kind": "organisation", "roles": ["distributor", "merchant"],
            "parent_id": parent["id"], "owner_id": owner["id"],
            "department_id": owner["department_id"], "state": "prospect", "version": 1,
            "credit_code": "91440300708461136T", "founded_year": 1998, "employee_count": 1200,
            "annual_revenue": {"amount": "1250000.50", "currency": "USD"},
            "created_on": "2020-03-05",
        }  # fmt: skip
        assert {name: one[name] for name in expected} == expected
        points = (await client.get("/v1/contact-points", params={"customer_id": one["id"]})).json()[
            "items"
        ]
        assert [(p["kind"], p["normalised"], p["is_primary"]) for p in points] == [
            ("phone", "+8675588886666", True), ("email", "info@hq.example.cn", True),
        ]  # fmt: skip
        told = [e for e in await emitted(database, tenant) if e.key == one["id"]]
        assert [(e.type, e.sequence) for e in told] == [("customer.customer-created.v1", 1)]
        entries = [e for e in await audited(database, tenant) if str(e.entity_id) == one["id"]]
        assert [(e.action, e.version, e.actor) for e in entries] == [
            ("customer.created", 1, "tester")
        ]
        history = (await client.get("/v1/owner-changes", params={"customer_id": one["id"]})).json()[
            "items"
        ]
        assert [h["owner_id"] for h in history] == [owner["id"]]
        (row,) = await kit.rows_of(client, done)
        assert row == {
            "number": 2, "outcome": "created", "customer_id": one["id"], "reasons": [],
        }  # fmt: skip
        again = await client.post(
            "/v1/customers", json={"kind": "organisation", "name": "深圳市华强系统集成"}
        )
        assert again.json()["code"] == "duplicate-customer"  # it is found again, too

    async def test_batches_cost_a_fixed_number_of_queries(
        self,
        upload: Upload,
        worker: Worker,
        client: httpx.AsyncClient,
        running: RunningService,
        kit: Kit,
    ) -> None:
        costs = []
        for names in (
            NAMES[:2],
            [f"Plant {n} of {word}" for n in range(20) for word in NAMES[2:5]],
        ):
            job = await upload(kit.sheet(["name"], *([name] for name in names)))
            await client.post(f"/v1/imports/{job['id']}/run")
            hand = worker(batch=100)
            with count_queries(running.database) as queries:
                assert await hand.work() == 1
            costs.append(len(queries))
            await hand.work()
        assert costs[0] == costs[1], costs


class TestRefusedRows:
    async def test_every_reason_is_told_with_its_column_in_the_callers_language(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        kit: Kit,
    ) -> None:
        file = kit.sheet(
            ["名称", "员工人数", "统一社会信用代码", "邮箱", "工号", "上级公司", "录入日期"],
            ["", "-3", "123", "no address", "E404", "P404", "2999-01-01"],
            [NAMES[1], "12", "", "", "", "", ""],
        )
        done = await finish(await upload(file))
        assert kit.counts(done) == {"created": 1, "refused": 1}
        (row,) = await kit.rows_of(client, done, outcome="refused")
        assert row["number"] == 2
        assert {(one["column"], one["code"]) for one in row["reasons"]} == {
            ("名称", "missing"), ("员工人数", "greater_than_equal"),
            ("统一社会信用代码", "invalid-credit-code"), ("邮箱", "invalid-email-address"),
            ("工号", "unknown-owner"), ("上级公司", "unknown-parent"),
        }  # fmt: skip
        url = f"/v1/imports/{done['id']}/errors.csv"
        answer = await client.get(url, headers={"Accept-Language": "zh"})
        assert answer.headers["content-type"].startswith("text/csv")
        header, line = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert header[-2:] == ["行号", "原因"]
        assert line[:3] == ["", "'-3", "123"]  # no formula for a spreadsheet
        assert line[-2] == "2"
        assert "邮箱: 电子邮件地址无效" in line[-1]

    async def test_words_that_would_be_accepted_are_told_as_chinese_files_write_them(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, kit: Kit
    ) -> None:
        file = kit.sheet(
            ["名称", "类型", "角色", "联系人", "采购角色"],
            [NAMES[0], "国企", "大户", "王海燕", "老板"],
        )
        done = await finish(await upload(file))
        url = f"/v1/imports/{done['id']}/rows"
        (row,) = (await client.get(url, headers={"Accept-Language": "zh"})).json()["items"]
        told = {one["column"]: one["message"] for one in row["reasons"]}
        assert told["类型"] == "不在允许的取值范围内：企业、个人"
        assert told["采购角色"] == "不在允许的取值范围内：经办人、业务主管、决策者"
        assert told["角色"].startswith("不在允许的取值范围内：消费者、商户、批发商、")
        assert re.search("[a-z]", str(told)) is None
        for word in told["角色"].partition("：")[2].split("、"):
            assert word in ROLES  # and may be written
        english = (await client.get(url)).json()["items"][0]["reasons"]
        assert "organisation, person" in str(english)

    async def test_characters_that_no_database_takes_harm_one_row_only(
        self,
        upload: Upload,
        finish: Finish,
        kit: Kit,
    ) -> None:
        file = b"name,code\n" + f"{NAMES[0]}\x00,A1\n{NAMES[1]},A2\n".encode()
        assert kit.counts(await finish(await upload(file))) == {"created": 1, "refused": 1}

    async def test_what_is_on_record_or_earlier_in_the_file_is_refused(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        known = await make_customer(name=NAMES[0], code="C1")
        file = kit.sheet(
            ["name", "code"],
            ["深圳市華強系統集成有限公司", "C2"],
            [NAMES[1], "C1"],
            [NAMES[2], "C3"],
            [NAMES[3], "C3"],
            ["SIEMENS HEALTHINEERS AG", "C4"],
        )
        done = await finish(await upload(file), batch=10)
        assert kit.counts(done) == {"created": 1, "refused": 4}
        told = [
            (row["number"], [one["code"] for one in row["reasons"]])
            for row in await kit.rows_of(client, done, outcome="refused")
        ]
        assert told == [
            (2, ["duplicate-customer"]), (3, ["customer-code-taken"]),
            (5, ["row-repeated"]), (6, ["row-repeated"]),
        ]  # fmt: skip
        assert {one["id"] for one in await kit.customers(client, code="C1")} == {known["id"]}

    async def test_without_the_file_reasons_name_nobody(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        database: Database,
        context: Context,
        kit: Kit,
    ) -> None:
        await make_customer(name=NAMES[0])
        done = await finish(await upload(kit.sheet(["name", "industry"], [NAMES[0], "IT"])))
        deleted = await client.delete(
            f"/v1/imports/{done['id']}/file", headers={"If-Match": f'"{done["version"]}"'}
        )
        assert deleted.status_code == 200, deleted.text
        code = "duplicate-customer"
        (row,) = await kit.rows_of(client, done)
        assert row["reasons"] == [{"column": None, "code": code, "message": code}]
        async with database.session(context) as session:
            kept = await session.fetch(
                "SELECT cells, reasons::text AS reasons FROM import_rows WHERE import_id = $1",
                UUID(done["id"]),
            )
        assert NAMES[0] not in kept[0]["reasons"]
        assert "candidates" not in kept[0]["reasons"]


class TestOnRecord:
    async def test_rows_may_be_skipped(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        known = await make_customer(name=NAMES[0], code="C1")
        file = kit.sheet(["name", "code"], ["改名", "C1"], [NAMES[1], "C2"], [NAMES[1], "C9"])
        done = await finish(await upload(file, on_duplicate="skip"), batch=10)
        assert kit.counts(done) == {"created": 1, "skipped": 2}
        assert (await kit.customers(client, code="C1")) == [known]

    async def test_rows_may_update_and_empty_cells_change_nothing(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        database: Database,
        tenant: str,
        kit: Kit,
    ) -> None:
        code = "91440300708461136T"
        known = await make_customer(name=NAMES[0], code="C1", industry="IT", country="CN")
        other = await make_customer(name=NAMES[1], credit_code=code)
        file = kit.sheet(
            ["name", "code", "credit_code", "industry"],
            ["深圳华强新名称有限公司", "C1", "", ""],
            ["", "", code, "机械"],
            [NAMES[2], "C3", "", "化工"],
            [NAMES[2], "C3", "", "医疗"],
            ["", "C1", code, ""],
            [NAMES[1], "", code, ""],
        )
        done = await finish(await upload(file, on_duplicate="update"), batch=10)
        assert kit.counts(done) == {"created": 1, "updated": 3, "unchanged": 1, "refused": 1}
        (one,) = await kit.customers(client, code="C1")
        assert (one["id"], one["name"], one["industry"], one["version"]) == (
            known["id"], "深圳华强新名称有限公司", "IT", 2,
        )  # fmt: skip
        assert (await client.get(f"/v1/customers/{other['id']}")).json()["industry"] == "机械"
        assert (await kit.customers(client, code="C3"))[0]["industry"] == "医疗"
        (refused,) = await kit.rows_of(client, done, outcome="refused")
        assert [one["code"] for one in refused["reasons"]] == ["row-identities-differ"]
        changed = await emitted(database, tenant, "customer.customer-changed.v1")
        assert [(e.key, e.data["changed"]) for e in changed if e.key == known["id"]] == [
            (known["id"], ["name"])
        ]
        again = await client.post(
            "/v1/customers", json={"kind": "organisation", "name": "深圳华强新名称"}
        )
        assert again.json()["code"] == "duplicate-customer"  # its keys followed

    async def test_rows_of_one_batch_close_no_circle(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        await make_customer(name=NAMES[0], code="A")
        await make_customer(name=NAMES[1], code="B")
        file = kit.sheet(["name", "code", "parent_code"], ["", "A", "B"], ["", "B", "A"])
        done = await finish(await upload(file, on_duplicate="update"), batch=10)
        assert kit.counts(done) == {"updated": 1, "refused": 1}
        (row,) = await kit.rows_of(client, done, outcome="refused")
        assert [one["code"] for one in row["reasons"]] == ["parent-cycle"]

    async def test_one_customer_found_by_two_identities_is_changed_twice(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        await make_customer(name=NAMES[0], code="A", external_ref="X")
        file = kit.sheet(
            ["code", "external_ref", "industry", "name"], ["A", "", "IT", ""], ["", "X", "Food", ""]
        )
        done = await finish(await upload(file, on_duplicate="update"), batch=10)
        assert kit.counts(done) == {"updated": 2}
        rows = await kit.rows_of(client, done)
        assert len(rows) == 2
        assert (await kit.customers(client, code="A"))[0]["version"] == 3


class TestFiles:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    async def test_text_is_read_as_it_is(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        encoding: str,
        separator: str,
        kit: Kit,
    ) -> None:
        file = kit.sheet(
            ["客户名称", "备注"], ["华强\n集团", 'a "b", c'], encoding=encoding, separator=separator
        )
        job = await upload(file, size=7)
        preview = (await client.get(f"/v1/imports/{job['id']}/preview")).json()
        assert preview["headers"] == ["客户名称", "备注"]
        assert preview["rows"] == [["华强\n集团", 'a "b", c']]
        assert preview["suggested"] == {"客户名称": "name"}

    async def test_what_is_no_workbook_is_refused(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        url = (await client.post("/v1/imports", json={"format": "xlsx"})).headers["location"]
        await client.post(f"{url}/parts/1", content=b"name\nx\n")
        assert problem(await client.get(f"{url}/preview")) == (422, "file-unreadable")
