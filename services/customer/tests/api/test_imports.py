"""Customers come as a file: uploaded, mapped, checked, entered, and taken back (C6)."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from kehu_customer.imports import service
from kehu_customer.imports.worker import ImportWork
from kehu_customer.search.index import Key, renew
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Job = dict[str, Any]

NAMES = (
    "深圳华强系统集成有限公司", "苏州恒远精密机械有限公司", "Siemens Healthineers AG",
    "成都天府软件园发展有限公司", "Bayer Leverkusen GmbH", "广州白云电器设备股份有限公司",
    "Acme Rocket Works Inc.", "哈尔滨汽轮机厂有限责任公司",
)  # fmt: skip


def sheet(*rows: list[str], encoding: str = "utf-8", separator: str = ",") -> bytes:
    """Return rows as a CSV file."""
    file = io.StringIO()
    csv.writer(file, delimiter=separator).writerows(rows)
    return file.getvalue().encode(encoding)


Worker = Callable[..., ImportWork]
Finish = Callable[..., Awaitable[Job]]


@pytest.fixture
def worker(running: RunningService) -> Worker:
    """Makes a worker that takes three rows at a time."""

    def make(batch: int = 3) -> ImportWork:
        return ImportWork(
            running.databases, lambda: None, batch=batch, attempts=2,
            time_zone="Asia/Shanghai", currency="CNY",
        )  # fmt: skip

    return make


@pytest.fixture
def upload(client: httpx.AsyncClient) -> Callable[..., Awaitable[Job]]:
    """Sets up an import of a file, with the meanings that are suggested."""

    async def upload(
        content: bytes, caller: httpx.AsyncClient | None = None, *, size: int = 10_000, **body: Any
    ) -> Job:
        caller = caller or client
        answer = await caller.post("/v1/imports", json=body)
        assert answer.status_code == 201, answer.text
        url = answer.headers["location"]
        for number, start in enumerate(range(0, len(content), size), 1):
            part = content[start : start + size]
            sent = await caller.post(f"{url}/parts/{number}", content=part)
            assert sent.status_code == 200, sent.text
        preview = await caller.get(f"{url}/preview")
        assert preview.status_code == 200, preview.text
        mapped = await caller.put(
            f"{url}/mapping",
            json={"columns": preview.json()["suggested"]},
            headers={"If-Match": answer.headers["etag"]},
        )
        assert mapped.status_code == 200, mapped.text
        job: Job = mapped.json()
        return job

    return upload


Upload = Callable[..., Awaitable[Job]]


@pytest.fixture
def finish(client: httpx.AsyncClient, worker: Worker) -> Finish:
    """Lets an import do something, and the worker work until it is done."""

    async def finish(
        job: Job, what: str = "run", caller: httpx.AsyncClient | None = None, *, batch: int = 3
    ) -> Job:
        url = f"/v1/imports/{job['id']}"
        answer = await (caller or client).post(f"{url}/{what}")
        assert answer.status_code == 202, answer.text
        hand = worker(batch)
        while await hand.work():
            pass
        done: Job = (await client.get(url)).json()
        return done

    return finish


async def customers(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    """Return the customers that match."""
    params = params | {"limit": "200"}
    items: list[dict[str, Any]] = (await client.get("/v1/customers", params=params)).json()["items"]
    return items


async def rows_of(client: httpx.AsyncClient, job: Job, **params: str) -> list[dict[str, Any]]:
    """Return what became of rows."""
    answer = await client.get(f"/v1/imports/{job['id']}/rows", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def counts(job: Job) -> dict[str, int]:
    """Return what became of how many rows, without zeros."""
    names = ("created", "updated", "unchanged", "skipped", "refused", "undone", "kept")
    return {name: job[name] for name in names if job[name]}


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
    ) -> None:
        owner = await make_employee(code="E7")
        parent = await make_customer(name="华强集团控股", code="P1")
        file = sheet(
            ["客户名称", "编码", "类型", "角色", "上级公司编码", "工号", "统一社会信用代码",
             "成立年份", "员工人数", "年营业额", "币种", "录入日期", "电话", "邮箱", "备注"],
            [NAMES[0], "C1", "企业", "商户、经销商", "P1", "E7", "91440300708461136T", "1998",
             "1,200", "1,250,000.50", "USD", "2020/3/5", "0755-8888 6666",
             "Info@HQ.example.cn", "x"],
        )  # fmt: skip
        job = await upload(file)
        assert job["mapping"].keys().isdisjoint({"备注"})
        done = await finish(job)
        assert (done["state"], counts(done)) == ("completed", {"created": 1}), done
        (one,) = await customers(client, code="C1")
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
        (row,) = await rows_of(client, done)
        assert row == {
            "number": 2, "outcome": "created", "customer_id": one["id"], "reasons": [],
        }  # fmt: skip
        again = await client.post(
            "/v1/customers", json={"kind": "organisation", "name": "深圳市华强系统集成"}
        )
        assert again.json()["code"] == "duplicate-customer"  # it is found again, too

    async def test_batches_cost_a_fixed_number_of_queries(
        self, upload: Upload, worker: Worker, client: httpx.AsyncClient, running: RunningService
    ) -> None:
        costs = []
        for names in (
            NAMES[:2],
            [f"Plant {n} of {word}" for n in range(20) for word in NAMES[2:5]],
        ):
            job = await upload(sheet(["name"], *([name] for name in names)))
            await client.post(f"/v1/imports/{job['id']}/run")
            hand = worker(batch=100)
            with count_queries(running.database) as queries:
                assert await hand.work() == 1
            costs.append(len(queries))
            await hand.work()
        assert costs[0] == costs[1], costs


class TestRefusedRows:
    async def test_every_reason_is_told_with_its_column_in_the_callers_language(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish
    ) -> None:
        file = sheet(
            ["名称", "员工人数", "统一社会信用代码", "邮箱", "工号", "上级公司", "录入日期"],
            ["", "-3", "123", "no address", "E404", "P404", "2999-01-01"],
            [NAMES[1], "12", "", "", "", "", ""],
        )
        done = await finish(await upload(file))
        assert counts(done) == {"created": 1, "refused": 1}
        (row,) = await rows_of(client, done, outcome="refused")
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

    async def test_characters_that_no_database_takes_harm_one_row_only(
        self, upload: Upload, finish: Finish
    ) -> None:
        file = b"name,code\n" + f"{NAMES[0]}\x00,A1\n{NAMES[1]},A2\n".encode()
        assert counts(await finish(await upload(file))) == {"created": 1, "refused": 1}

    async def test_what_is_on_record_or_earlier_in_the_file_is_refused(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, make_customer: Make
    ) -> None:
        known = await make_customer(name=NAMES[0], code="C1")
        file = sheet(
            ["name", "code"],
            ["深圳市華強系統集成有限公司", "C2"],
            [NAMES[1], "C1"],
            [NAMES[2], "C3"],
            [NAMES[3], "C3"],
            ["SIEMENS HEALTHINEERS AG", "C4"],
        )
        done = await finish(await upload(file), batch=10)
        assert counts(done) == {"created": 1, "refused": 4}
        told = [
            (row["number"], [one["code"] for one in row["reasons"]])
            for row in await rows_of(client, done, outcome="refused")
        ]
        assert told == [
            (2, ["duplicate-customer"]), (3, ["customer-code-taken"]),
            (5, ["row-repeated"]), (6, ["row-repeated"]),
        ]  # fmt: skip
        assert {one["id"] for one in await customers(client, code="C1")} == {known["id"]}

    async def test_without_the_file_reasons_name_nobody(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        database: Database,
        context: Context,
    ) -> None:
        await make_customer(name=NAMES[0])
        done = await finish(await upload(sheet(["name", "industry"], [NAMES[0], "IT"])))
        deleted = await client.delete(
            f"/v1/imports/{done['id']}/file", headers={"If-Match": f'"{done["version"]}"'}
        )
        assert deleted.status_code == 200, deleted.text
        code = "duplicate-customer"
        (row,) = await rows_of(client, done)
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
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, make_customer: Make
    ) -> None:
        known = await make_customer(name=NAMES[0], code="C1")
        file = sheet(["name", "code"], ["改名", "C1"], [NAMES[1], "C2"], [NAMES[1], "C9"])
        done = await finish(await upload(file, on_duplicate="skip"), batch=10)
        assert counts(done) == {"created": 1, "skipped": 2}
        assert (await customers(client, code="C1")) == [known]

    async def test_rows_may_update_and_empty_cells_change_nothing(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        database: Database,
        tenant: str,
    ) -> None:
        code = "91440300708461136T"
        known = await make_customer(name=NAMES[0], code="C1", industry="IT", country="CN")
        other = await make_customer(name=NAMES[1], credit_code=code)
        file = sheet(
            ["name", "code", "credit_code", "industry"],
            ["深圳华强新名称有限公司", "C1", "", ""],
            ["", "", code, "机械"],
            [NAMES[2], "C3", "", "化工"],
            [NAMES[2], "C3", "", "医疗"],
            ["", "C1", code, ""],
            [NAMES[1], "", code, ""],
        )
        done = await finish(await upload(file, on_duplicate="update"), batch=10)
        assert counts(done) == {"created": 1, "updated": 3, "unchanged": 1, "refused": 1}
        (one,) = await customers(client, code="C1")
        assert (one["id"], one["name"], one["industry"], one["version"]) == (
            known["id"], "深圳华强新名称有限公司", "IT", 2,
        )  # fmt: skip
        assert (await client.get(f"/v1/customers/{other['id']}")).json()["industry"] == "机械"
        assert (await customers(client, code="C3"))[0]["industry"] == "医疗"
        (refused,) = await rows_of(client, done, outcome="refused")
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
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, make_customer: Make
    ) -> None:
        await make_customer(name=NAMES[0], code="A")
        await make_customer(name=NAMES[1], code="B")
        file = sheet(["name", "code", "parent_code"], ["", "A", "B"], ["", "B", "A"])
        done = await finish(await upload(file, on_duplicate="update"), batch=10)
        assert counts(done) == {"updated": 1, "refused": 1}
        (row,) = await rows_of(client, done, outcome="refused")
        assert [one["code"] for one in row["reasons"]] == ["parent-cycle"]

    async def test_one_customer_found_by_two_identities_is_changed_twice(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, make_customer: Make
    ) -> None:
        await make_customer(name=NAMES[0], code="A", external_ref="X")
        file = sheet(
            ["code", "external_ref", "industry", "name"], ["A", "", "IT", ""], ["", "X", "Food", ""]
        )
        done = await finish(await upload(file, on_duplicate="update"), batch=10)
        assert counts(done) == {"updated": 2}
        rows = await rows_of(client, done)
        assert len(rows) == 2
        assert (await customers(client, code="A"))[0]["version"] == 3


class TestJob:
    async def test_a_check_says_the_same_and_enters_nothing(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, make_customer: Make
    ) -> None:
        await make_customer(name=NAMES[0], code="C1")
        file = sheet(["name", "code"], [NAMES[1], "C1"], [NAMES[2], "C2"], ["", "C3"])
        job = await upload(file)
        checked = await finish(job, "check")
        assert (checked["state"], counts(checked)) == ("checked", {"created": 1, "refused": 2})
        found = await rows_of(client, checked)
        assert len(await customers(client)) == 1
        done = await finish(job)
        assert (done["state"], counts(done)) == ("completed", counts(checked))
        assert await rows_of(client, done, outcome="refused") == found

    async def test_a_worker_that_dies_loses_no_row_and_enters_none_twice(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        worker: Worker,
        database: Database,
        tenant: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        job = await upload(sheet(["name", "code"], *([n, f"C{i}"] for i, n in enumerate(NAMES))))
        await client.post(f"/v1/imports/{job['id']}/run")
        assert await worker().work() == 1  # the first three; then its process is gone
        dealt_with = service.go_on

        async def dies(*arguments: Any, **more: Any) -> None:
            await dealt_with(*arguments, **more)
            raise asyncio.CancelledError  # all is written, nothing committed

        with monkeypatch.context() as patched:
            patched.setattr(service, "go_on", dies)
            with pytest.raises(asyncio.CancelledError):
                await worker().work()
        another, two = worker(), worker()
        while sum(await asyncio.gather(another.work(), two.work())):
            pass
        done = (await client.get(f"/v1/imports/{job['id']}")).json()
        assert (done["state"], counts(done)) == ("completed", {"created": len(NAMES)})
        assert sorted(one["code"] for one in await customers(client)) == sorted(
            f"C{i}" for i in range(len(NAMES))
        )
        told = await emitted(database, tenant, "customer.customer-created.v1")
        assert len(told) == len({one.key for one in told}) == len(NAMES)
        rows = await rows_of(client, done)
        assert [one["number"] for one in rows] == list(range(2, len(NAMES) + 2))

    async def test_it_can_be_paused_and_goes_on_where_it_was(
        self, client: httpx.AsyncClient, upload: Upload, worker: Worker, problem: ProblemOf
    ) -> None:
        job = await upload(sheet(["name"], *([name] for name in NAMES)))
        url = f"/v1/imports/{job['id']}"
        await client.post(f"{url}/run")
        hand = worker()
        await hand.work()
        paused = await client.post(f"{url}/pause")
        assert (paused.json()["state"], paused.json()["position"]) == ("paused", 4)
        assert await hand.work() == 0
        assert problem(await client.post(f"{url}/run")) == (409, "import-state-forbids")
        assert (await client.post(f"{url}/resume")).status_code == 202
        while await hand.work():
            pass
        assert counts((await client.get(url)).json()) == {"created": len(NAMES)}

    async def test_a_batch_that_keeps_failing_fails_the_import(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        worker: Worker,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        job = await upload(sheet(["name"], [NAMES[0]]))
        await client.post(f"/v1/imports/{job['id']}/run")

        async def fails(*_arguments: Any, **_more: Any) -> None:
            raise RuntimeError("broken")

        with monkeypatch.context() as patched:
            patched.setattr(service, "go_on", fails)
            for _ in range(3):
                assert await worker().work() == 0
        failed = (await client.get(f"/v1/imports/{job['id']}")).json()
        assert (failed["state"], failed["failure"]) == ("failed", "internal-error")
        assert (await client.post(f"/v1/imports/{job['id']}/resume")).status_code == 202
        assert await worker().work() == 1

    async def test_it_waits_for_a_file_and_for_what_its_columns_mean(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        made = await client.post("/v1/imports", json={})
        url = made.headers["location"]
        assert problem(await client.post(f"{url}/run")) == (409, "mapping-needed")
        at_one = {"If-Match": '"1"'}
        twice = {"columns": {"a": "name", "b": "name", "c": "nonsense", "d": "custom.none"}}
        refused = await client.put(f"{url}/mapping", json=twice, headers=at_one)
        assert problem(refused) == (422, "mapping-invalid")
        assert refused.json()["meanings"] == ["custom.none", "name", "nonsense"]
        mapped = await client.put(f"{url}/mapping", json={"columns": {"a": "name"}}, headers=at_one)
        assert mapped.status_code == 200
        await client.post(f"{url}/parts/2", content=b"x")
        assert problem(await client.post(f"{url}/run")) == (409, "file-incomplete")
        assert problem(await client.get(f"{url}/preview")) == (409, "file-incomplete")

    async def test_only_its_maker_and_who_sees_all_see_it(
        self,
        client_for: ClientFor,
        client: httpx.AsyncClient,
        make_employee: Make,
        upload: Upload,
        finish: Finish,
        tenant: str,
        make_customer: Make,
    ) -> None:
        fang, lei = await make_employee(code="FANG"), await make_employee(code="LEI")
        await make_customer(name=NAMES[0], code="C1", owner_id=lei["id"])
        caller = client_for(tenant, employee_id=fang["id"], row_scope="own")
        file = sheet(
            ["name", "code", "owner_code"],
            [NAMES[1], "C2", "LEI"], [NAMES[2], "C3", "FANG"], [NAMES[0], "C1", "FANG"],
        )  # fmt: skip
        job = await upload(file, caller, on_duplicate="update")
        done = await finish(job, "run", caller)
        assert counts(done) == {"created": 1, "refused": 2}
        codes = [[r["code"] for r in one["reasons"]] for one in await rows_of(caller, done)]
        assert codes == [["outside-row-scope"], [], ["customer-code-taken", "duplicate-customer"]]
        assert (await customers(client, code="C1"))[0]["version"] == 1
        other = client_for(tenant, employee_id=lei["id"], row_scope="own")
        assert (await other.get(f"/v1/imports/{job['id']}")).status_code == 404
        assert (await other.get("/v1/imports")).json()["items"] == []

    async def test_nobody_works_with_the_rights_of_another(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        upload: Upload,
        finish: Finish,
        problem: ProblemOf,
        tenant: str,
    ) -> None:
        job = await upload(sheet(["name"], [NAMES[0]]))
        url = f"/v1/imports/{job['id']}"
        other = client_for(tenant, subject="another")
        refused = (403, "import-of-another")
        match = {"If-Match": f'"{job["version"]}"'}
        assert problem(await other.post(f"{url}/parts/1", content=b"name\nx\n")) == refused
        mapping = {"columns": {"name": "source"}}
        assert problem(await other.put(f"{url}/mapping", json=mapping, headers=match)) == refused
        for what in ("check", "run", "pause", "resume", "undo"):
            assert problem(await other.post(f"{url}/{what}")) == refused, what
        for what in ("preview", "rows", "errors.csv"):
            assert problem(await other.get(f"{url}/{what}")) == refused, what
        assert problem(await other.delete(f"{url}/file", headers=match)) == refused
        assert (await other.get(url)).json()["state"] == "draft"
        assert counts(await finish(job)) == {"created": 1}

    async def test_rights_that_were_taken_away_do_not_live_on(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        upload: Upload,
        finish: Finish,
        make_employee: Make,
        make_customer: Make,
        tenant: str,
    ) -> None:
        fang, lei = await make_employee(code="FANG"), await make_employee(code="LEI")
        await make_customer(name=NAMES[0], code="C1", owner_id=lei["id"])
        file = sheet(["name", "code"], ["改名有限公司", "C1"])
        full = client_for(tenant, employee_id=fang["id"])
        job = await upload(file, full, on_duplicate="update")
        limited = client_for(tenant, employee_id=fang["id"], row_scope="own")
        assert counts(await finish(job, "check", full)) == {"updated": 1}
        assert counts(await finish(job, "run", limited)) == {"refused": 1}
        assert (await customers(client, code="C1"))[0]["name"] == NAMES[0]


class TestUndo:
    async def test_everything_is_as_before_and_the_file_can_be_imported_again(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, make_customer: Make
    ) -> None:
        parent = await make_customer(name="华强集团控股", code="P1")
        known = await make_customer(
            name=NAMES[0], code="C1", roles=["supplier"], parent_id=parent["id"],
            annual_revenue={"amount": "7.00", "currency": "CNY"},
        )  # fmt: skip
        file = sheet(
            ["name", "code", "roles", "annual_revenue", "currency", "phone", "parent_code"],
            ["改名有限公司", "C1", "partner", "8", "USD", "", "C9"],
            *([name, f"N{n}", "", "", "", f"0755 8888 000{n}", ""]
              for n, name in enumerate(NAMES[1:], 1)),
            ["天津北方贸易", "C1", "", "", "", "", ""],
        )  # fmt: skip
        await make_customer(name="远景能源科技", code="C9")
        before = {one["id"]: one for one in await customers(client)}
        job = await upload(file, on_duplicate="update")
        done = await finish(job)
        assert counts(done) == {"created": 7, "updated": 2}
        undone = await finish(job, "undo")
        assert undone["state"] == "undone"
        assert (undone["undone"], undone["kept"]) == (9, 0)
        now = {one["id"]: one for one in await customers(client, state="prospect")}
        changing = {"version": 0, "updated_at": ""}
        assert {key: one | changing for key, one in now.items()} == {
            key: one | changing for key, one in before.items()
        }
        assert now[known["id"]]["annual_revenue"] == known["annual_revenue"]
        again = await finish(await upload(file, on_duplicate="update"))
        assert counts(again) == counts(done)

    async def test_what_rules_and_the_search_index_made_of_it_is_nobodys_work(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_segment: Make,
        make_list: Make,
        settle: Callable[[], Awaitable[None]],
        worker_database: Database,
        tenant: str,
    ) -> None:
        prospects = {"test": "one_of", "fact": "state", "values": ["prospect"]}
        await make_segment(rule=prospects)
        chosen = await make_list()
        rows = [[name, f"N{n}"] for n, name in enumerate(NAMES[:3])]
        job = await upload(sheet(["name", "code"], *rows))
        await finish(job)
        entered = await customers(client)
        await settle()
        async with worker_database.worker_transaction() as session:
            await renew(session, [Key(tenant, UUID(one["id"])) for one in entered])
        [visited] = await customers(client, code="N1")
        answer = await client.post(
            f"/v1/segments/{chosen['id']}/add", json={"customer_ids": [visited["id"]]}
        )
        assert answer.status_code == 200, answer.text
        undone = await finish(job, "undo")
        assert (undone["undone"], undone["kept"]) == (2, 1)
        assert await customers(client, state="prospect") == [visited]

    async def test_what_somebody_has_worked_with_since_is_kept(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        make_contact: Make,
    ) -> None:
        await make_customer(name=NAMES[0], code="C1")
        file = sheet(
            ["name", "code"], ["改名有限公司", "C1"], [NAMES[1], "C2"], [NAMES[2], "C3"],
            [NAMES[3], "C4"],
        )  # fmt: skip
        job = await upload(file, on_duplicate="update")
        await finish(job)
        (updated,), (promoted,), (met,) = [
            await customers(client, code=code) for code in ("C1", "C2", "C3")
        ]
        await client.patch(
            f"/v1/customers/{updated['id']}", json={"source": "展会"}, headers={"If-Match": '"2"'}
        )
        await client.post(f"/v1/customers/{promoted['id']}/promote", json={})
        await make_contact(customer_id=met["id"])
        undone = await finish(job, "undo")
        assert (undone["undone"], undone["kept"]) == (1, 3)
        kept = await rows_of(client, job, outcome="kept")
        assert [row["number"] for row in kept] == [2, 3, 4]
        assert (await customers(client, code="C1"))[0]["name"] == "改名有限公司"

    async def test_what_our_own_consumers_write_is_nobodys_work(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_segment: Make,
        make_list: Make,
        settle: Callable[[], Awaitable[None]],
        worker_database: Database,
        tenant: str,
    ) -> None:
        rule = {"test": "one_of", "fact": "industry", "values": ["steel"]}
        segment, guests = await make_segment(rule=rule), await make_list()
        file = sheet(
            ["name", "code", "industry"], [NAMES[0], "C1", "steel"], [NAMES[1], "C2", "steel"]
        )
        job = await upload(file)
        await finish(job)
        ids = {one["code"]: one["id"] for one in await customers(client)}
        async with worker_database.worker_transaction() as session:
            await renew(session, [Key(tenant, UUID(one)) for one in ids.values()])
        await settle()  # calculates their behaviour, too
        found = (await client.get(f"/v1/segments/{segment['id']}/members")).json()["items"]
        assert {one["customer_id"] for one in found} == set(ids.values())
        listed = await client.post(
            f"/v1/segments/{guests['id']}/add", json={"customer_ids": [ids["C2"]]}
        )
        assert listed.status_code < 300, listed.text
        undone = await finish(job, "undo")
        assert (undone["undone"], undone["kept"]) == (1, 1)
        assert [one["code"] for one in await customers(client, state="prospect")] == ["C2"]

    async def test_work_that_the_maker_does_not_see_keeps_a_customer(
        self,
        client_for: ClientFor,
        upload: Upload,
        finish: Finish,
        make_employee: Make,
        make_customer: Make,
        tenant: str,
    ) -> None:
        fang, lei = await make_employee(code="FANG"), await make_employee(code="LEI")
        caller = client_for(tenant, employee_id=fang["id"], row_scope="own")
        file = sheet(["name", "code", "owner_code"], [NAMES[1], "C2", "FANG"])
        job = await upload(file, caller)
        done = await finish(job, "run", caller)
        (row,) = await rows_of(caller, done)
        await make_customer(name=NAMES[0], owner_id=lei["id"], parent_id=row["customer_id"])
        undone = await finish(job, "undo", caller)
        assert (undone["undone"], undone["kept"]) == (0, 1)


class TestFiles:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    async def test_text_is_read_as_it_is(
        self, client: httpx.AsyncClient, upload: Upload, encoding: str, separator: str
    ) -> None:
        file = sheet(
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
