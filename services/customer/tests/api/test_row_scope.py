"""Who may see and change which customers, and what hangs on them (C4): own, department, all.

Fang (王芳) works in sales east, a department below sales; Lei (李雷) in sales west. A customer in
the public pool belongs to nobody and is in everybody's scope.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from kehu_contracts import examples
from kehu_contracts.contracting import ContractApproved
from kehu_customer.credit_contracts.service import record_contract
from kehu_kernel import clock, ids
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]

YEAR = clock.today(clock.now(), "Asia/Shanghai").year
SECRET = "机密客户"
"""In every name of what only Lei may see."""


@dataclass(frozen=True)
class Company:
    """The departments sales, sales east and sales west below it, and who works there."""

    sales: dict[str, Any]
    east: dict[str, Any]
    fang: dict[str, Any]
    boss: dict[str, Any]
    lei: dict[str, Any]


@pytest.fixture
async def company(make_department: Make, make_employee: Make) -> Company:
    """Two departments below one, with a person each."""
    sales = await make_department()
    east = await make_department(parent_id=sales["id"])
    west = await make_department(parent_id=sales["id"])
    return Company(
        sales,
        east,
        fang=await make_employee(department_id=east["id"]),
        boss=await make_employee(department_id=sales["id"]),
        lei=await make_employee(department_id=west["id"]),
    )


Login = Callable[[dict[str, Any], str], httpx.AsyncClient]


@pytest.fixture
def login(client_for: ClientFor, tenant: str) -> Login:
    """An administrator as this employee, with this row scope."""

    def make(employee: dict[str, Any], row_scope: str) -> httpx.AsyncClient:
        return client_for(
            tenant, subject=employee["code"], employee_id=employee["id"], row_scope=row_scope
        )

    return make


@pytest.fixture
async def foreign(
    client: httpx.AsyncClient,
    company: Company,
    login: Login,
    make_customer: Make,
    make_employee: Make,
    database: Database,
    tenant: str,
) -> dict[str, dict[str, Any]]:
    """A customer of Lei's with one of everything that hangs on a customer, by its path."""

    async def post(path: str, **body: Any) -> dict[str, Any]:
        response = await client.post(path, json=body)
        assert response.status_code in (200, 201), response.text
        made: dict[str, Any] = response.json()
        return made

    lei = company.lei["id"]
    customer = await make_customer(name=f"{SECRET}甲", owner_id=lei, kind="person")
    other = await make_customer(name=f"{SECRET}乙", owner_id=lei)
    contact = await post("/v1/contacts", customer_id=other["id"], name=f"{SECRET}丙")
    scheme = await post(
        "/v1/classification-schemes",
        code="S1",
        name_zh="价值",
        name_en="Value",
        classes=[{"code": "key", "name_zh": "关键客户", "name_en": "Key"}],
    )
    household = await post("/v1/households", name=f"{SECRET}家庭")
    await post(
        f"/v1/households/{household['id']}/join", customer_id=customer["id"], relation="head"
    )
    affiliations = (
        await client.get("/v1/affiliations", params={"contact_id": contact["id"]})
    ).json()
    whose = {"customer_id": customer["id"]}
    some = {"amount": "100.00", "currency": "CNY"}
    await post("/v1/archive-defaults")
    recorded = await client.patch(
        f"/v1/customers/{customer['id']}/archive/person/basic",
        json={"source_code": "association", "facts": {"birthday": {"value": "1980-05-04"}}},
        headers={"If-Match": '"0"'},
    )
    assert recorded.status_code == 200, recorded.text
    known = (await client.get("/v1/facts", params=whose)).json()["items"]
    twins = [
        await make_customer(name=f"{SECRET}工业有限公司 {n}", owner_id=lei, code=f"{SECRET}{n}")
        for n in (1, 2)
    ]
    merge = {"survivor_id": twins[0]["id"], "merged_ids": [twins[1]["id"]]}
    again = await client.post(
        "/v1/customers",
        json={"kind": "organisation", "name": f"{SECRET}乙", "owner_id": lei},
        headers={"Kehu-Allow-Duplicate": "two plants"},
    )
    assert again.status_code == 201, again.text
    gone = await make_customer(name="司马青岚", owner_id=lei, kind="person")
    await post(f"/v1/customers/{gone['id']}/end", reason="申请删除")
    why = {"legal_basis": "request", "reason": SECRET}
    erasure = await client.post("/v1/erasures", json={"customer_id": gone["id"]} | why)
    assert erasure.status_code == 202, erasure.text
    export = await client.post("/v1/data-exports", json={"contact_id": contact["id"]})
    assert export.status_code == 202, export.text
    pairs = (await client.get("/v1/duplicates", params={"customer_id": other["id"]})).json()
    own_import = await login(company.lei, "own").post(
        "/v1/imports", json={"file_name": f"{SECRET}.csv"}
    )
    return {
        "/v1/facts": known[0],
        "/v1/erasures": erasure.json(),
        "/v1/data-exports": export.json(),
        "/v1/consents": await post(
            "/v1/consents",
            contact_id=contact["id"],
            purpose="marketing",
            channel="sms",
            decision="given",
            manner="form",
            proof=SECRET,
        ),
        "/v1/duplicates": pairs["items"][0],
        "/v1/imports": own_import.json(),
        "/v1/merges": await post("/v1/merges", **merge),
        "/v1/credit-reports": await post("/v1/credit-reports", source="own", **whose),
        "/v1/credit-investigations": await post(
            "/v1/credit-investigations", reason=f"{SECRET}变更", **whose
        ),
        "/v1/credit-limits": await post(
            "/v1/credit-limits", year=YEAR, amount=some, reason="年度授信", **whose
        ),
        "/v1/credit-reservations": await post(
            "/v1/credit-reservations",
            source_kind="contract",
            source_key=f"{SECRET}合同",
            amount=some,
            **whose,
        ),
        "/v1/credit-contracts": await _contract(database, tenant, customer["id"]),
        "/v1/financial-statements": await post(
            "/v1/financial-statements",
            starts_on="2025-01-01",
            ends_on="2025-12-31",
            currency="CNY",
            current_assets="1000.00",
            **whose,
        ),
        "/v1/customers": customer,
        "/v1/contacts": contact,
        "/v1/affiliations": affiliations["items"][0],
        "/v1/contact-points": await post(
            "/v1/contact-points", customer_id=customer["id"], kind="mobile", value="13800001234"
        ),
        "/v1/trade-parties": await post(
            "/v1/trade-parties", customer_id=customer["id"], party_id=other["id"], role="payer"
        ),
        "/v1/households": household,
        "/v1/acquaintances": await post(
            "/v1/acquaintances", employee_id=lei, contact_id=contact["id"], closeness=2
        ),
        "/v1/classifications": await post(
            "/v1/classifications",
            customer_id=customer["id"],
            scheme_id=scheme["id"],
            class_code="key",
            reason="战略合作",
        ),
    }


async def _contract(database: Database, tenant: str, customer_id: str) -> dict[str, Any]:
    """Have sales tell of a contract with a customer."""
    known = examples.load(ContractApproved.type)[0].data
    of_it = {"customer_id": UUID(customer_id), "contract_id": ids.new_id(), "number": SECRET}
    signed = ContractApproved.from_bytes(known).model_copy(update=of_it)
    async with database.transaction(Context(tenant, "system:customer")) as session:
        await record_contract(session, signed, 1)
    return {"id": str(signed.contract_id)}


OF_NOBODY = {
    "/v1/default-view",
    "/v1/saved-views",
    "/v1/saved-views/{view_id}",
    "/v1/duplicate-rules",
    "/v1/credit-policy",
    "/v1/fact-definitions/{definition_id}",
    "/v1/fact-sources/{source_id}",
    "/v1/profiles/{profile_id}",
    "/v1/classification-schemes/{scheme_id}",
    "/v1/custom-fields/{field_id}",
    "/v1/departments/{department_id}",
    "/v1/departments/{department_id}/pool-rules",
    "/v1/employees/{employee_id}",
    "/v1/hand-overs/{hand_over_id}",
    "/v1/pool-rules",
    "/v1/segments/{segment_id}",
    "/v1/segments/{segment_id}/members",
    "/v1/preferences",
    "/v1/territories/{territory_id}",
}
"""Reads of what belongs to no customer."""


@pytest.fixture
async def found(
    running: RunningService,
    login: Login,
    company: Company,
    foreign: dict[str, dict[str, Any]],
) -> dict[str, httpx.Response]:
    """What Fang gets from every GET of the service, asked for what is Lei's."""
    fang = login(company.fang, "own")
    answers = {}
    for path, item in running.app.openapi()["paths"].items():
        if "get" not in item or path in OF_NOBODY:
            continue
        if "{" in path:
            collection = path.partition("/{")[0]
            assert collection in foreign, f"{path}: make one of these in the fixture `foreign`"
            url = re.sub(r"\{[^}]*\}", foreign[collection]["id"], path)
            asked = {"amount": "1.00", "currency": "CNY"} if path.endswith("/check") else {}
            answers[url] = await fang.get(url, params=asked)
            continue
        names = {one["name"] for one in item["get"].get("parameters", ())}
        counted = {"count": "exact"} if "count" in names else {}
        if path != "/v1/search":  # which has to be asked something, as below
            answers[path] = await fang.get(path, params=counted)
        for name in names & {"customer_id", "contact_id", "q", "entity_id", "under", "name"}:
            asked = {"q": SECRET, "name": f"{SECRET}甲", "under": foreign["/v1/customers"]["id"]}
            path_of = "/v1/contacts" if name == "contact_id" else "/v1/customers"
            value = asked.get(name, foreign[path_of]["id"])
            answers[f"{path}?{name}"] = await fang.get(path, params={name: value} | counted)
    return answers


class TestNoPathLeaks:
    """Walks every GET of the document: a path that somebody adds is tried without being named."""

    async def test_single_reads_do_not_find_what_is_of_others(
        self, found: dict[str, httpx.Response], foreign: dict[str, dict[str, Any]]
    ) -> None:
        single = {url: one.status_code for url, one in found.items() if url.count("/") > 2}
        assert len(single) >= len(foreign)
        assert set(single.values()) == {404}, single

    async def test_lists_counts_and_the_audit_log_show_nothing_of_others(
        self, found: dict[str, httpx.Response], foreign: dict[str, dict[str, Any]]
    ) -> None:
        ids = {one["id"] for one in foreign.values()}
        lists = {url: one for url, one in found.items() if url.count("/") == 2}
        assert len(lists) > 20
        for url, answer in lists.items():
            assert answer.status_code == 200, (url, answer.text)
            said = answer.text
            assert SECRET not in said, url
            assert not [one for one in ids if one in said], url
            if url.partition("?")[0] in foreign:
                assert answer.json()["count"] == 0, url

    async def test_whoever_may_see_all_finds_everything(
        self, client: httpx.AsyncClient, foreign: dict[str, dict[str, Any]]
    ) -> None:
        for path, one in foreign.items():
            assert (await client.get(f"{path}/{one['id']}")).status_code == 200, path
            assert (await client.get(path, params={"count": "exact"})).json()["count"] >= 1, path

    async def test_the_owner_finds_everything(
        self, login: Login, company: Company, foreign: dict[str, dict[str, Any]]
    ) -> None:
        lei = login(company.lei, "own")
        for path, one in foreign.items():
            assert (await lei.get(f"{path}/{one['id']}")).status_code == 200, path


async def test_every_table_that_names_a_customer_is_limited(worker_database: Database) -> None:
    unlimited = text(
        "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint "
        "WHERE confrelid IN ('customers'::regclass, 'contacts'::regclass) "
        "AND conrelid NOT IN (SELECT polrelid FROM pg_policy WHERE polname = 'row_scope')"
    )
    async with worker_database.worker_transaction() as session:
        # Members are ids that are only read with their household, which is limited.
        found = set(await session.scalars(unlimited)) - {"household_members"}
    assert not found, f"{found}: call `limit_to_visible` in the migration that makes the table"


class TestDuplicates:
    """Matching looks over the walls; what it tells does not (C5)."""

    async def test_a_customer_of_others_is_refused_without_saying_whose_it_is(
        self, login: Login, company: Company, make_customer: Make, problem: ProblemOf
    ) -> None:
        name = f"{SECRET}精密机械有限公司"
        theirs = await make_customer(name=name, owner_id=company.lei["id"])
        fang = login(company.fang, "own")
        body = {"kind": "organisation", "name": name}
        refused = await fang.post("/v1/customers", json=body)
        assert problem(refused) == (409, "duplicate-customer")
        served = {"customer_id": None, "name": None, "score": None, "reasons": []}
        (candidate,) = refused.json()["candidates"]
        assert candidate.items() >= served.items()
        assert candidate["served_by"] is not None
        assert theirs["id"] not in refused.text
        checked = (await fang.post("/v1/duplicate-checks", json=body)).json()
        assert checked["candidates"] == [candidate]

    async def test_matching_does_not_widen_what_the_caller_may_do(
        self, login: Login, company: Company, make_customer: Make, problem: ProblemOf
    ) -> None:
        fang = login(company.fang, "own")
        for_lei = {"kind": "organisation", "name": "华强电子", "owner_id": company.lei["id"]}
        assert problem(await fang.post("/v1/customers", json=for_lei)) == (403, "outside-row-scope")

    async def test_a_scan_may_be_repeated_by_whoever_does_not_see_the_other_record(
        self, client: httpx.AsyncClient, login: Login, company: Company, make_customer: Make
    ) -> None:
        fang = login(company.fang, "own")
        await make_customer(name="深圳华强有限公司", owner_id=company.fang["id"])
        await make_customer(name="华强有限公司", owner_id=company.lei["id"])
        pairs = (await client.get("/v1/duplicates", params={"count": "exact"})).json()["count"]
        assert pairs == 1
        for _ in range(2):
            scanned = await fang.post("/v1/duplicate-scans", json={})
            assert (scanned.status_code, scanned.json()["found"]) == (200, 0)
        assert (await fang.get("/v1/duplicates")).json()["items"] == []

    async def test_a_scan_counts_what_the_caller_sees(
        self, client: httpx.AsyncClient, login: Login, company: Company, make_customer: Make
    ) -> None:
        for name, owner in (("旧甲", company.fang), ("旧乙", company.fang), ("旧丙", company.lei)):
            made = await make_customer(name=name, owner_id=owner["id"])
            renamed = {"name": "深圳华强系统集成有限公司"}
            url = f"/v1/customers/{made['id']}"
            answer = await client.patch(url, json=renamed, headers={"If-Match": '"1"'})
            assert answer.is_success, answer.text
        scanned = await login(company.fang, "own").post("/v1/duplicate-scans", json={})
        assert scanned.json()["found"] == 1
        pairs = (await client.get("/v1/duplicates", params={"count": "exact"})).json()["count"]
        assert pairs == 3

    async def test_what_one_does_not_see_one_cannot_merge(
        self, login: Login, company: Company, make_customer: Make, problem: ProblemOf
    ) -> None:
        mine = await make_customer(name="华强电子", owner_id=company.fang["id"])
        theirs = await make_customer(name="大北农业", owner_id=company.lei["id"])
        fang = login(company.fang, "own")
        for survivor, merged in ((mine, theirs), (theirs, mine)):
            body = {"survivor_id": survivor["id"], "merged_ids": [merged["id"]]}
            assert problem(await fang.post("/v1/merges", json=body)) == (422, "unknown-member")


async def test_a_withdrawal_counts_though_the_merged_record_is_anothers(
    client: httpx.AsyncClient, login: Login, company: Company, make_customer: Make
) -> None:
    """Whoever sees the customer must not send because a colleague's record is out of sight."""
    mine = await make_customer(kind="person", name="王小波", owner_id=company.fang["id"])
    theirs = await make_customer(kind="person", name="Wang Xiaobo", owner_id=company.lei["id"])
    said = {"purpose": "marketing", "channel": "sms", "manner": "form", "proof": "登记表"}
    for who, decision in ((mine, "given"), (theirs, "withdrawn")):
        body = said | {"customer_id": who["id"], "decision": decision}
        assert (await client.post("/v1/consents", json=body)).status_code == 201
    fang = login(company.fang, "own")

    async def reasons() -> list[str]:
        asked = [
            {"customer_id": one["id"], "purpose": "marketing", "channel": "sms"}
            for one in (mine, theirs)
        ]
        answer = await fang.post("/v1/consent-checks", json={"questions": asked})
        return [one["reason"] for one in answer.json()["answers"]]

    assert await reasons() == ["given", "no_consent"]
    merge = {"survivor_id": mine["id"], "merged_ids": [theirs["id"]]}
    assert (await client.post("/v1/merges", json=merge)).status_code == 201
    assert await reasons() == ["withdrawn", "no_consent"]


class TestScopes:
    @pytest.fixture
    async def customers(
        self, company: Company, make_customer: Make, make_employee: Make
    ) -> dict[str, str]:
        """Ids of customers: Fang's, a colleague's of hers, the boss's, Lei's, and of nobody."""
        colleague = await make_employee(department_id=company.east["id"])
        owners = {
            "fang": company.fang["id"],
            "colleague": colleague["id"],
            "boss": company.boss["id"],
            "lei": company.lei["id"],
            "pool": None,
        }
        return {(await make_customer(owner_id=owner))["id"]: name for name, owner in owners.items()}

    @pytest.mark.parametrize(
        ("who", "row_scope", "expected"),
        [
            ("fang", "own", {"fang", "pool"}),
            ("fang", "department", {"fang", "colleague", "pool"}),
            ("fang", "subtree", {"fang", "colleague", "pool"}),
            ("boss", "own", {"boss", "pool"}),
            ("boss", "department", {"boss", "pool"}),
            ("boss", "subtree", {"boss", "fang", "colleague", "lei", "pool"}),
            ("boss", "all", {"boss", "fang", "colleague", "lei", "pool"}),
        ],
    )
    async def test_each_shows_its_customers_and_the_pool(
        self,
        who: str,
        row_scope: str,
        expected: set[str],
        company: Company,
        login: Login,
        customers: dict[str, str],
    ) -> None:
        caller = login(getattr(company, who), row_scope)
        page = (await caller.get("/v1/customers", params={"count": "exact"})).json()
        assert {customers[one["id"]] for one in page["items"]} == expected
        assert page["count"] == len(expected)
        for customer, name in customers.items():
            answer = await caller.get(f"/v1/customers/{customer}")
            assert answer.status_code == (200 if name in expected else 404)

    async def test_who_is_no_employee_sees_the_pool_only(
        self, client_for: ClientFor, tenant: str, customers: dict[str, str]
    ) -> None:
        caller = client_for(tenant, row_scope="subtree")
        page = (await caller.get("/v1/customers")).json()
        assert [customers[one["id"]] for one in page["items"]] == ["pool"]

    async def test_an_estimate_does_not_tell_how_many_there_are(
        self, company: Company, login: Login, customers: dict[str, str]
    ) -> None:
        caller = login(company.fang, "own")
        page = (await caller.get("/v1/customers", params={"count": "estimated"})).json()
        assert page["count"] == 2

    async def test_an_unknown_scope_is_no_scope(
        self, client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        for unknown in ("everything", None, ["all"]):
            answer = await client_for(tenant, row_scope=unknown).get("/v1/customers")
            assert problem(answer) == (401, "unauthenticated")


class TestCommands:
    async def test_what_one_does_not_see_one_cannot_change(
        self,
        login: Login,
        company: Company,
        foreign: dict[str, dict[str, Any]],
        problem: ProblemOf,
    ) -> None:
        fang, customer = login(company.fang, "own"), foreign["/v1/customers"]["id"]
        at_one = {"If-Match": '"1"'}
        url = f"/v1/customers/{customer}"
        answers = [
            await fang.patch(url, json={"name": "改名"}, headers=at_one),
            await fang.post(f"{url}/promote", json={}),
            await fang.post(f"{url}/end", json={"reason": "关闭"}),
            await fang.post(f"{url}/hand-over", json={"owner_id": company.fang["id"]}),
        ]
        contact = f"/v1/contacts/{foreign['/v1/contacts']['id']}"
        answers.append(await fang.patch(contact, json={"name": "改名"}, headers=at_one))
        assert [problem(one) for one in answers] == [(404, "not-found")] * 5
        entered = await fang.post("/v1/contacts", json={"customer_id": customer, "name": "某人"})
        assert problem(entered) == (422, "unknown-customer")

    async def test_nobody_enters_a_customer_out_of_the_own_sight(
        self, login: Login, company: Company, problem: ProblemOf
    ) -> None:
        body = {"kind": "organisation", "name": "新客户"}
        fang = login(company.fang, "own")
        for_lei = await fang.post("/v1/customers", json=body | {"owner_id": company.lei["id"]})
        assert problem(for_lei) == (403, "outside-row-scope")
        for name, owner in (("华强电子", company.fang["id"]), ("大北农业", None)):
            entered = await fang.post(
                "/v1/customers", json=body | {"name": name, "owner_id": owner}
            )
            assert entered.status_code == 201, entered.text

    async def test_one_may_give_away_what_one_looks_after(
        self, login: Login, company: Company, make_customer: Make
    ) -> None:
        customer = await make_customer(owner_id=company.fang["id"])
        fang, url = login(company.fang, "own"), f"/v1/customers/{customer['id']}"
        given = await fang.post(f"{url}/hand-over", json={"owner_id": company.lei["id"]})
        assert (given.status_code, given.json()["owner_id"]) == (200, company.lei["id"])
        assert (await fang.get(url)).status_code == 404

    async def test_a_circle_of_companies_is_found_through_companies_of_others(
        self, login: Login, company: Company, make_customer: Make, problem: ProblemOf
    ) -> None:
        mine = await make_customer(owner_id=company.fang["id"])
        theirs = await make_customer(owner_id=company.lei["id"], parent_id=mine["id"])
        pool = await make_customer(parent_id=theirs["id"])
        fang = login(company.fang, "own")
        answer = await fang.patch(
            f"/v1/customers/{mine['id']}",
            json={"parent_id": pool["id"]},
            headers={"If-Match": '"1"'},
        )
        assert problem(answer) == (409, "parent-cycle")

    async def test_nobody_leaves_with_customers_that_the_caller_does_not_see(
        self, login: Login, company: Company, foreign: dict[str, Any], problem: ProblemOf
    ) -> None:
        fang = login(company.fang, "own")
        url = f"/v1/employees/{company.lei['id']}/leave"
        assert problem(await fang.post(url, json={"reason": "离职"})) == (
            409,
            "employee-owns-customers",
        )

    async def test_a_household_is_one_unit_for_whoever_sees_a_member(
        self,
        login: Login,
        company: Company,
        foreign: dict[str, dict[str, Any]],
        client: httpx.AsyncClient,
        make_customer: Make,
        database: Database,
        tenant: str,
    ) -> None:
        url = f"/v1/households/{foreign['/v1/households']['id']}"
        mine = await make_customer(owner_id=company.fang["id"], kind="person")
        joining = {"customer_id": mine["id"], "relation": "spouse"}
        assert (await client.post(f"{url}/join", json=joining)).status_code == 200
        fang = login(company.fang, "own")
        renamed = await fang.patch(url, json={"name": "新家"}, headers={"If-Match": '"3"'})
        assert renamed.status_code == 200, renamed.text
        told = (await emitted(database, tenant, "customer.household-changed.v1"))[-1]
        assert len(told.data["members"]) == 2

    async def test_it_costs_no_round_trip(
        self, login: Login, company: Company, database: Database
    ) -> None:
        for row_scope in ("own", "department", "subtree", "all"):
            with count_queries(database) as queries:
                await login(company.fang, row_scope).get("/v1/customers")
            assert len(queries) == 3, queries.statements
