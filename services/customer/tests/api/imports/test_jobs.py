"""An import is checked, let run, paused and resumed, by whoever may; a crash harms nothing (C6)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from kehu_customer.imports import service
from kehu_customer.imports.worker import FileExpiry, ImportWork
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService

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


class TestJob:
    async def test_a_check_says_the_same_and_enters_nothing(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        await make_customer(name=NAMES[0], code="C1")
        file = kit.sheet(["name", "code"], [NAMES[1], "C1"], [NAMES[2], "C2"], ["", "C3"])
        job = await upload(file)
        checked = await finish(job, "check")
        assert (checked["state"], kit.counts(checked)) == ("checked", {"created": 1, "refused": 2})
        found = await kit.rows_of(client, checked)
        assert len(await kit.customers(client)) == 1
        done = await finish(job)
        assert (done["state"], kit.counts(done)) == ("completed", kit.counts(checked))
        assert await kit.rows_of(client, done, outcome="refused") == found

    async def test_a_worker_that_dies_loses_no_row_and_enters_none_twice(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        worker: Worker,
        database: Database,
        tenant: str,
        monkeypatch: pytest.MonkeyPatch,
        kit: Kit,
    ) -> None:
        job = await upload(
            kit.sheet(["name", "code"], *([n, f"C{i}"] for i, n in enumerate(NAMES)))
        )
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
        assert (done["state"], kit.counts(done)) == ("completed", {"created": len(NAMES)})
        assert sorted(one["code"] for one in await kit.customers(client)) == sorted(
            f"C{i}" for i in range(len(NAMES))
        )
        told = await emitted(database, tenant, "customer.customer-created.v1")
        assert len(told) == len({one.key for one in told}) == len(NAMES)
        rows = await kit.rows_of(client, done)
        assert [one["number"] for one in rows] == list(range(2, len(NAMES) + 2))

    async def test_it_can_be_paused_and_goes_on_where_it_was(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        worker: Worker,
        problem: ProblemOf,
        kit: Kit,
    ) -> None:
        job = await upload(kit.sheet(["name"], *([name] for name in NAMES)))
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
        assert kit.counts((await client.get(url)).json()) == {"created": len(NAMES)}

    async def test_a_batch_that_keeps_failing_fails_the_import(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        worker: Worker,
        monkeypatch: pytest.MonkeyPatch,
        kit: Kit,
    ) -> None:
        job = await upload(kit.sheet(["name"], [NAMES[0]]))
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

    async def test_columns_that_the_file_does_not_have_cannot_mean_anything(
        self, client: httpx.AsyncClient, upload: Upload, problem: ProblemOf, kit: Kit
    ) -> None:
        job = await upload(kit.sheet(["name", "tel"], [NAMES[0], ""]))
        body = {"columns": {"name": "name", "phone": "phone", "邮箱": "email"}}
        refused = await client.put(
            f"/v1/imports/{job['id']}/mapping",
            json=body,
            headers={"If-Match": f'"{job["version"]}"', "Accept-Language": "zh"},
        )
        assert problem(refused) == (422, "headers-missing")
        assert refused.json()["headers"] == ["phone", "邮箱"]
        assert refused.json()["detail"] == "文件中没有以下列标题：phone、邮箱。"

    @pytest.mark.parametrize(("what", "state"), [("check", "draft"), ("run", "failed")])
    async def test_nor_if_the_file_is_replaced_after_the_mapping(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        kit: Kit,
        what: str,
        state: str,
    ) -> None:
        job = await upload(kit.sheet(["name", "tel"], [NAMES[0], "0512-6280 0000"]))
        other = kit.sheet(["name", "phone"], [NAMES[0], "0512-6280 0000"])
        await client.post(f"/v1/imports/{job['id']}/parts/1", content=other)
        done = await finish(job, what)
        assert (done["state"], done["failure"]) == (state, "headers-missing")
        assert await kit.customers(client) == []

    async def test_meanings_are_refused_in_chinese_by_their_labels(
        self, client: httpx.AsyncClient, kit: Kit, upload: Upload
    ) -> None:
        job = await upload(kit.sheet(["name", "b", "c"], [NAMES[0], "", ""]))
        body = {"columns": {"name": "contact.phone", "b": "contact.phone", "c": "nonsense"}}
        refused = await client.put(
            f"/v1/imports/{job['id']}/mapping",
            json=body,
            headers={"If-Match": f'"{job["version"]}"', "Accept-Language": "zh"},
        )
        assert refused.json()["detail"] == "以下列含义不存在或重复：联系人电话、nonsense。"
        assert refused.json()["meanings"] == ["contact.phone", "nonsense"]

    async def test_only_its_maker_and_who_sees_all_see_it(
        self,
        client_for: ClientFor,
        client: httpx.AsyncClient,
        make_employee: Make,
        upload: Upload,
        finish: Finish,
        tenant: str,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        fang, lei = await make_employee(code="FANG"), await make_employee(code="LEI")
        await make_customer(name=NAMES[0], code="C1", owner_id=lei["id"])
        caller = client_for(tenant, employee_id=fang["id"], row_scope="own")
        file = kit.sheet(
            ["name", "code", "owner_code"],
            [NAMES[1], "C2", "LEI"], [NAMES[2], "C3", "FANG"], [NAMES[0], "C1", "FANG"],
        )  # fmt: skip
        job = await upload(file, caller, on_duplicate="update")
        done = await finish(job, "run", caller)
        assert kit.counts(done) == {"created": 1, "refused": 2}
        codes = [[r["code"] for r in one["reasons"]] for one in await kit.rows_of(caller, done)]
        assert codes == [["outside-row-scope"], [], ["customer-code-taken", "duplicate-customer"]]
        assert (await kit.customers(client, code="C1"))[0]["version"] == 1
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
        kit: Kit,
    ) -> None:
        job = await upload(kit.sheet(["name"], [NAMES[0]]))
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
        assert kit.counts(await finish(job)) == {"created": 1}

    async def test_rights_that_were_taken_away_do_not_live_on(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        upload: Upload,
        finish: Finish,
        make_employee: Make,
        make_customer: Make,
        tenant: str,
        kit: Kit,
    ) -> None:
        fang, lei = await make_employee(code="FANG"), await make_employee(code="LEI")
        await make_customer(name=NAMES[0], code="C1", owner_id=lei["id"])
        file = kit.sheet(["name", "code"], ["改名有限公司", "C1"])
        full = client_for(tenant, employee_id=fang["id"])
        job = await upload(file, full, on_duplicate="update")
        limited = client_for(tenant, employee_id=fang["id"], row_scope="own")
        assert kit.counts(await finish(job, "check", full)) == {"updated": 1}
        assert kit.counts(await finish(job, "run", limited)) == {"refused": 1}
        assert (await kit.customers(client, code="C1"))[0]["name"] == NAMES[0]


class TestChecks:
    @pytest.mark.parametrize("mode", ["refuse", "skip", "update"])
    async def test_repeats_far_apart_are_found_as_a_run_finds_them(
        self, client: httpx.AsyncClient, upload: Upload, finish: Finish, kit: Kit, mode: str
    ) -> None:
        names = {"code": "card", "name_zh": "卡号", "name_en": "Card"}
        field = names | {"type": "text", "is_unique": True}
        assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
        file = kit.sheet(
            ["名称", "编码", "上级公司编码", "卡号"],
            [NAMES[0], "C1", "", "k1"], [NAMES[1], "C2", "C1", ""], [NAMES[2], "C3", "", ""],
            [NAMES[0], "", "", ""], [NAMES[3], "C1", "", ""], [NAMES[4], "C9", "", "K1"],
        )  # fmt: skip
        job = await upload(file, on_duplicate=mode)
        checked = await finish(job, "check", batch=1)
        found = await kit.rows_of(client, checked, outcome="refused")
        done = await finish(job, batch=1)
        assert kit.counts(checked) == kit.counts(done)
        refused = await kit.rows_of(client, done, outcome="refused")
        assert [one["number"] for one in found] == [one["number"] for one in refused]
        if mode == "refuse":
            told = [(one["number"], one["reasons"][0]["code"]) for one in found]
            assert told == [(5, "row-repeated"), (6, "row-repeated"), (7, "custom-value-taken")]

    async def test_two_credit_codes_tell_equal_names_apart(
        self, upload: Upload, finish: Finish, kit: Kit
    ) -> None:
        one, other = "91440300708461136T", "91110000802100433B"
        file = kit.sheet(
            ["名称", "统一社会信用代码"], [NAMES[0], one], [NAMES[1], ""], [NAMES[0], other],
            [NAMES[1], ""], [NAMES[2], one],
        )  # fmt: skip
        job = await upload(file)
        checked = await finish(job, "check", batch=1)
        done = await finish(job, batch=1)
        assert kit.counts(checked) == kit.counts(done) == {"created": 3, "refused": 2}

    async def test_a_check_forgets_what_an_earlier_one_saw_and_a_round_deletes_it(
        self,
        upload: Upload,
        finish: Finish,
        running: RunningService,
        database: Database,
        context: Context,
        kit: Kit,
    ) -> None:
        job = await upload(kit.sheet(["名称"], [NAMES[0]], [NAMES[1]]))
        first = await finish(job, "check", batch=1)
        again = await finish(job, "check", batch=1)
        assert kit.counts(first) == kit.counts(again) == {"created": 2}
        while await FileExpiry(running.databases, keep_days=30).work():
            pass
        async with database.session(context) as session:
            assert await session.fetch("SELECT FROM import_claims") == []


class TestAfterItsMakerLeft:
    async def test_who_sees_everything_may_undo_it(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        upload: Upload,
        finish: Finish,
        make_employee: Make,
        problem: ProblemOf,
        tenant: str,
        kit: Kit,
    ) -> None:
        fang = await make_employee(code="FANG")
        maker = client_for(tenant, subject="fang", employee_id=fang["id"])
        job = await upload(kit.sheet(["名称"], [NAMES[0]]), maker)
        await finish(job, "run", maker)
        url, refused = f"/v1/imports/{job['id']}", (403, "import-of-another")
        assert problem(await client.post(f"{url}/undo")) == refused
        left = await client.post(f"/v1/employees/{fang['id']}/leave", json={"reason": "离职"})
        assert left.status_code == 200, left.text
        limited = client_for(tenant, subject="lei", employee_id=fang["id"], row_scope="own")
        assert problem(await limited.post(f"{url}/undo")) == refused
        assert problem(await client.post(f"{url}/resume")) == refused
        undone = await finish(job, "undo")
        assert (undone["undone"], undone["requested_by"]) == (1, "tester")


class TestFileKept:
    async def test_uploads_and_deletes_are_in_the_audit_log(
        self, client: httpx.AsyncClient, upload: Upload, database: Database, tenant: str, kit: Kit
    ) -> None:
        job = await upload(kit.sheet(["名称"], [NAMES[0]]))
        match = {"If-Match": f'"{job["version"]}"'}
        deleted = await client.delete(f"/v1/imports/{job['id']}/file", headers=match)
        assert deleted.json()["file_dropped_at"] is not None
        entries = [e for e in await audited(database, tenant) if str(e.entity_id) == job["id"]]
        actions = [one.action for one in entries]
        assert actions == [
            "import.created", "import.part-uploaded", "import.mapped", "import.file-deleted",
        ]  # fmt: skip
        told = entries[1].changes["part"]["after"]
        assert (told["number"], told["bytes"], len(told["sha256"])) == (1, 46, 64)

    async def test_after_some_days_the_file_goes_unless_it_is_needed(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        running: RunningService,
        database: Database,
        context: Context,
        kit: Kit,
    ) -> None:
        done = await upload(kit.sheet(["名称", "编码"], [NAMES[0], "C1"], ["", "C2"]))
        await finish(done)
        paused = await upload(kit.sheet(["名称"], [NAMES[1]]))
        await client.post(f"/v1/imports/{paused['id']}/run")
        await client.post(f"/v1/imports/{paused['id']}/pause")
        fresh = await upload(kit.sheet(["名称"], [NAMES[2]]))
        async with database.transaction(context) as session:
            await session.fetch(
                "UPDATE imports SET updated_at = updated_at - interval '31 days' WHERE id <> $1",
                UUID(fresh["id"]),
            )
        expiry = FileExpiry(running.databases, keep_days=30)
        while await expiry.work():
            pass
        parts = {
            one["id"]: one["parts"] for one in (await client.get("/v1/imports")).json()["items"]
        }
        assert parts == {done["id"]: 0, paused["id"]: 1, fresh["id"]: 1}
        (row,) = await kit.rows_of(client, done, outcome="refused")
        assert row["reasons"][0]["message"] == row["reasons"][0]["code"]
        entries = await audited(database, context.tenant_id)
        assert [(e.action, e.actor) for e in entries if str(e.entity_id) == done["id"]][-1] == (
            "import.file-expired", "system:import-expiry",
        )  # fmt: skip
