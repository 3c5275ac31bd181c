"""An import is taken back, as far as nobody has worked with it since (C6)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx

from kehu_contracts import examples
from kehu_contracts.contracting import ContractApproved
from kehu_customer.credit_contracts.service import record_contract
from kehu_customer.imports.worker import ImportWork
from kehu_customer.search.index import Key, renew
from kehu_kernel import clock, ids
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Job = dict[str, Any]
Worker = Callable[..., ImportWork]
Upload = Finish = Callable[..., Awaitable[Job]]
Kit = Any
"""See `Kit` in conftest.py."""

YEAR = clock.today(clock.now(), "Asia/Shanghai").year
NAMES = (
    "深圳华强系统集成有限公司", "苏州恒远精密机械有限公司", "Siemens Healthineers AG",
    "成都天府软件园发展有限公司", "Bayer Leverkusen GmbH", "广州白云电器设备股份有限公司",
    "Acme Rocket Works Inc.", "哈尔滨汽轮机厂有限责任公司",
)  # fmt: skip


class TestUndo:
    async def test_everything_is_as_before_and_the_file_can_be_imported_again(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        parent = await make_customer(name="华强集团控股", code="P1")
        known = await make_customer(
            name=NAMES[0], code="C1", roles=["supplier"], parent_id=parent["id"],
            annual_revenue={"amount": "7.00", "currency": "CNY"},
        )  # fmt: skip
        file = kit.sheet(
            ["name", "code", "roles", "annual_revenue", "currency", "phone", "parent_code"],
            ["改名有限公司", "C1", "partner", "8", "USD", "", "C9"],
            *([name, f"N{n}", "", "", "", f"0755 8888 000{n}", ""]
              for n, name in enumerate(NAMES[1:], 1)),
            ["天津北方贸易", "C1", "", "", "", "", ""],
        )  # fmt: skip
        await make_customer(name="远景能源科技", code="C9")
        before = {one["id"]: one for one in await kit.customers(client)}
        job = await upload(file, on_duplicate="update")
        done = await finish(job)
        assert kit.counts(done) == {"created": 7, "updated": 2}
        undone = await finish(job, "undo")
        assert undone["state"] == "undone"
        assert (undone["undone"], undone["kept"]) == (9, 0)
        now = {one["id"]: one for one in await kit.customers(client, state="prospect")}
        changing = {"version": 0, "updated_at": ""}
        assert {key: one | changing for key, one in now.items()} == {
            key: one | changing for key, one in before.items()
        }
        assert now[known["id"]]["annual_revenue"] == known["annual_revenue"]
        again = await finish(await upload(file, on_duplicate="update"))
        assert kit.counts(again) == kit.counts(done)

    async def test_companies_that_an_import_moves_take_their_contracts_along_and_back(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        database: Database,
        tenant: str,
        kit: Kit,
    ) -> None:
        head = await make_customer(name=NAMES[0], code="H")
        branch = await make_customer(name=NAMES[1], code="B")
        limit = {"customer_id": head["id"], "year": YEAR, "reason": "年度授信"}
        amount = {"amount": "9000000.00", "currency": "CNY"}
        granted = await client.post("/v1/credit-limits", json=limit | {"amount": amount})
        assert granted.status_code == 201, granted.text
        known = examples.load(ContractApproved.type)[0].data
        of_it = {"customer_id": UUID(branch["id"]), "contract_id": ids.new_id()}
        signed = ContractApproved.from_bytes(known).model_copy(update=of_it)
        async with database.transaction(Context(tenant, "system:customer")) as session:
            await record_contract(session, signed, 1)

        async def used() -> str:
            return str((await client.get(f"/v1/customers/{head['id']}/credit")).json()["used"])

        file = kit.sheet(["name", "code", "parent_code"], ["", "B", "H"])
        before = await used()
        job = await upload(file, on_duplicate="update")
        done = await finish(job)
        assert kit.counts(done) == {"updated": 1}
        assert (before, await used()) == ("0.00", str(signed.total.amount))
        assert (await finish(job, "undo"))["undone"] == 1
        assert await used() == "0.00"

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
        *,
        kit: Kit,
    ) -> None:
        prospects = {"test": "one_of", "fact": "state", "values": ["prospect"]}
        await make_segment(rule=prospects)
        chosen = await make_list()
        rows = [[name, f"N{n}"] for n, name in enumerate(NAMES[:3])]
        job = await upload(kit.sheet(["name", "code"], *rows))
        await finish(job)
        entered = await kit.customers(client)
        await settle()
        async with worker_database.worker_transaction() as session:
            await renew(session, [Key(tenant, UUID(one["id"])) for one in entered])
        [visited] = await kit.customers(client, code="N1")
        answer = await client.post(
            f"/v1/segments/{chosen['id']}/add", json={"customer_ids": [visited["id"]]}
        )
        assert answer.status_code == 200, answer.text
        undone = await finish(job, "undo")
        assert (undone["undone"], undone["kept"]) == (2, 1)
        assert await kit.customers(client, state="prospect") == [visited]

    async def test_what_somebody_has_worked_with_since_is_kept(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        make_contact: Make,
        kit: Kit,
    ) -> None:
        await make_customer(name=NAMES[0], code="C1")
        file = kit.sheet(
            ["name", "code"], ["改名有限公司", "C1"], [NAMES[1], "C2"], [NAMES[2], "C3"],
            [NAMES[3], "C4"],
        )  # fmt: skip
        job = await upload(file, on_duplicate="update")
        await finish(job)
        (updated,), (promoted,), (met,) = [
            await kit.customers(client, code=code) for code in ("C1", "C2", "C3")
        ]
        await client.patch(
            f"/v1/customers/{updated['id']}", json={"source": "展会"}, headers={"If-Match": '"2"'}
        )
        await client.post(f"/v1/customers/{promoted['id']}/promote", json={})
        await make_contact(customer_id=met["id"])
        undone = await finish(job, "undo")
        assert (undone["undone"], undone["kept"]) == (1, 3)
        kept = await kit.rows_of(client, job, outcome="kept")
        assert [row["number"] for row in kept] == [2, 3, 4]
        assert (await kit.customers(client, code="C1"))[0]["name"] == "改名有限公司"

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
        *,
        kit: Kit,
    ) -> None:
        rule = {"test": "one_of", "fact": "industry", "values": ["steel"]}
        segment, guests = await make_segment(rule=rule), await make_list()
        file = kit.sheet(
            ["name", "code", "industry"], [NAMES[0], "C1", "steel"], [NAMES[1], "C2", "steel"]
        )
        job = await upload(file)
        await finish(job)
        ids = {one["code"]: one["id"] for one in await kit.customers(client)}
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
        assert [one["code"] for one in await kit.customers(client, state="prospect")] == ["C2"]

    async def test_work_that_the_maker_does_not_see_keeps_a_customer(
        self,
        client_for: ClientFor,
        upload: Upload,
        finish: Finish,
        make_employee: Make,
        make_customer: Make,
        tenant: str,
        kit: Kit,
    ) -> None:
        fang, lei = await make_employee(code="FANG"), await make_employee(code="LEI")
        caller = client_for(tenant, employee_id=fang["id"], row_scope="own")
        file = kit.sheet(["name", "code", "owner_code"], [NAMES[1], "C2", "FANG"])
        job = await upload(file, caller)
        done = await finish(job, "run", caller)
        (row,) = await kit.rows_of(caller, done)
        await make_customer(name=NAMES[0], owner_id=lei["id"], parent_id=row["customer_id"])
        undone = await finish(job, "undo", caller)
        assert (undone["undone"], undone["kept"]) == (0, 1)


class TestTakenMeanwhile:
    async def test_a_code_that_somebody_else_has_now_keeps_the_row_and_the_rest_goes_on(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        await make_customer(name=NAMES[0], code="OLD", external_ref="x1")
        await make_customer(name=NAMES[1], code="O2", external_ref="x2")
        file = kit.sheet(["编码", "外部引用", "名称"], ["NEW", "x1", ""], ["N2", "x2", ""])
        job = await upload(file, on_duplicate="update")
        assert kit.counts(await finish(job)) == {"updated": 2}
        other = await make_customer(name=NAMES[2], code="OLD")
        undone = await finish(job, "undo")
        assert (undone["state"], undone["undone"], undone["kept"]) == ("undone", 1, 1)
        (kept,) = await kit.rows_of(client, job, outcome="kept")
        told = [(one["column"], one["code"]) for one in kept["reasons"]]
        assert (kept["number"], told) == (2, [("编码", "customer-code-taken")])
        codes = {one["code"]: one["id"] for one in await kit.customers(client)}
        assert codes.keys() == {"NEW", "O2", "OLD"}
        assert codes["OLD"] == other["id"]

    async def test_a_code_that_went_round_goes_back(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        await make_customer(name=NAMES[0], code="A", external_ref="x1")
        await make_customer(name=NAMES[1], code="B", external_ref="x2")
        rows = [["Z", "x1", ""], ["A", "x2", ""], ["B", "x3", NAMES[2]]]
        job = await upload(kit.sheet(["编码", "外部引用", "名称"], *rows), on_duplicate="update")
        done = await finish(job, batch=1)
        assert kit.counts(done) == {"created": 1, "updated": 2}, await kit.rows_of(client, done)
        undone = await finish(job, "undo", batch=10)
        assert (undone["undone"], undone["kept"]) == (3, 0)
        now = {one["external_ref"]: one["code"] for one in await kit.customers(client)}
        assert now == {"x1": "A", "x2": "B", None: None}

    async def test_a_unique_value_that_somebody_else_has_now_keeps_the_row(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        names = {"code": "card", "name_zh": "卡号", "name_en": "Card"}
        field = names | {"type": "text", "is_unique": True}
        assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
        await make_customer(name=NAMES[0], code="A", custom={"card": "1"})
        job = await upload(
            kit.sheet(["编码", "卡号", "名称"], ["A", "2", ""]), on_duplicate="update"
        )
        await finish(job)
        await make_customer(name=NAMES[1], custom={"card": "1"})
        undone = await finish(job, "undo")
        assert (undone["undone"], undone["kept"]) == (0, 1)
        (kept,) = await kit.rows_of(client, job)
        assert [(one["column"], one["code"]) for one in kept["reasons"]] == [
            ("卡号", "custom-value-taken")
        ]

    async def test_a_parent_that_would_close_a_circle_now_keeps_the_row(
        self,
        client: httpx.AsyncClient,
        upload: Upload,
        finish: Finish,
        make_customer: Make,
        kit: Kit,
    ) -> None:
        above = await make_customer(name=NAMES[0], code="A")
        below = await make_customer(name=NAMES[1], code="B", parent_id=above["id"])
        await make_customer(name=NAMES[2], code="C")
        file = kit.sheet(["编码", "上级公司编码", "名称"], ["B", "C", ""])
        job = await upload(file, on_duplicate="update")
        await finish(job)
        turned = await client.patch(
            f"/v1/customers/{above['id']}",
            json={"parent_id": below["id"]},
            headers={"If-Match": f'"{above["version"]}"'},
        )
        assert turned.status_code == 200, turned.text
        undone = await finish(job, "undo")
        assert (undone["state"], undone["undone"], undone["kept"]) == ("undone", 0, 1)
        (kept,) = await kit.rows_of(client, job)
        assert [one["code"] for one in kept["reasons"]] == ["parent-cycle"]
