"""Credit reports and what becomes of them when they expire, statements and ratios, the policy."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kehu_customer.credit_investigations.schemas import InvestigationRun
from kehu_customer.credit_investigations.service import open_due
from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"
POLICY, REPORTS, STATEMENTS = "/v1/credit-policy", "/v1/credit-reports", "/v1/financial-statements"
INVESTIGATIONS, RUNS = "/v1/credit-investigations", "/v1/credit-investigation-runs"
OPENED, CLOSED = (
    "customer.credit-investigation-opened.v1",
    "customer.credit-investigation-closed.v1",
)
LONG_AGO = "2024-03-01"
Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
FACTORY = {
    "starts_on": "2025-01-01", "ends_on": "2025-12-31", "currency": "CNY",
    "current_assets": "1000.00", "inventory": "300.00", "prepayments": "50.00",
    "deferred_expenses": "10.00", "cash": "120.00", "marketable_securities": "30.00",
    "net_receivables": "400.00", "total_assets": "2000.00", "current_liabilities": "500.00",
    "total_liabilities": "800.00",
}  # fmt: skip


@pytest.fixture
async def customer(make_customer: Make) -> str:
    """A customer without credit."""
    return str((await make_customer())["id"])


async def report(client: httpx.AsyncClient, customer: str, **fields: Any) -> dict[str, Any]:
    body = {"customer_id": customer, "source": "own"} | fields
    response = await client.post(REPORTS, json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def items(client: httpx.AsyncClient, path: str, **filters: Any) -> list[dict[str, Any]]:
    response = await client.get(path, params=filters)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def run(client: httpx.AsyncClient, **body: Any) -> int:
    response = await client.post(RUNS, json=body)
    assert response.status_code == 200, response.text
    return int(response.json()["opened"])


class TestReports:
    async def test_is_valid_as_long_as_it_says_told_and_audited(
        self, client: httpx.AsyncClient, customer: str, database: Database, tenant: str
    ) -> None:
        body = {"customer_id": customer, "source": "agency", "agency": "华夏国际", "grade": "AA"}
        body |= {"reported_on": "2026-03-01", "months": 6, "finance": "流动比率 1.8"}
        advised = {"amount": "500000.00", "currency": "CNY"}
        response = await client.post(REPORTS, json=body | {"advised_limit": advised})
        made = response.json()
        assert response.headers["location"] == f"{REPORTS}/{made['id']}"
        assert (made["expires_on"], made["advised_limit"]) == ("2026-09-01", advised)
        assert (await client.get(f"{REPORTS}/{made['id']}")).json() == made
        (event,) = await emitted(database, tenant, "customer.credit-report-recorded.v1")
        assert (event.key, event.data["grade"]) == (made["id"], "AA")
        assert "finance" not in event.data
        assert (await audited(database, tenant))[-1].action == "credit-report.created"

    async def test_a_later_one_takes_its_place_a_late_one_does_not(
        self, client: httpx.AsyncClient, customer: str, database: Database, tenant: str
    ) -> None:
        first = await report(client, customer, reported_on="2026-01-01")
        second = await report(client, customer, reported_on="2026-03-01")
        late = await report(client, customer, reported_on="2026-02-01")
        assert late["superseded_at"] is not None
        (latest,) = await items(client, REPORTS, customer_id=customer, latest="true")
        assert latest["id"] == second["id"]
        former = await items(client, REPORTS, customer_id=customer, latest="false")
        assert [one["id"] for one in former] == [late["id"], first["id"]]
        (event,) = await emitted(database, tenant, "customer.credit-report-superseded.v1")
        assert (event.key, event.sequence) == (first["id"], 2)

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            ({"customer_id": NOBODY}, (422, "unknown-customer")),
            ({"customer_id": "former"}, (409, "customer-has-ended")),
            ({"months": 2}, (422, "report-months-out-of-range")),
            ({"months": 13}, (422, "report-months-out-of-range")),
            ({"source": "agency"}, (422, "agency-missing")),
            ({"reported_on": "2199-01-01"}, (422, "date-in-future")),
            ({"source": "gossip"}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        customer: str,
        make_customer: Make,
        problem: ProblemOf,
        body: dict[str, Any],
        refusal: tuple[int, str],
    ) -> None:
        if body.get("customer_id") == "former":
            former = (await make_customer())["id"]
            await client.post(f"/v1/customers/{former}/end", json={"reason": "注销"})
            body = body | {"customer_id": former}
        given = {"customer_id": customer, "source": "own"} | body
        assert problem(await client.post(REPORTS, json=given)) == refusal

    async def test_two_at_once_leave_one_latest(
        self, client: httpx.AsyncClient, customer: str
    ) -> None:
        await asyncio.gather(*(report(client, customer, grade=grade) for grade in "ABCD"))
        assert len(await items(client, REPORTS, customer_id=customer, latest="true")) == 1

    async def test_list_takes_three_queries(
        self, client: httpx.AsyncClient, customer: str, database: Database
    ) -> None:
        for _ in range(3):
            await report(client, customer)
        with count_queries(database) as queries:
            assert len(await items(client, REPORTS)) == 3
        assert len(queries) == 3, queries.statements


class TestExpiry:
    async def test_an_expired_report_asks_for_an_investigation_once(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_employee: Make,
        database: Database,
        tenant: str,
    ) -> None:
        owner = (await make_employee())["id"]
        customer = (await make_customer(owner_id=owner))["id"]
        expired = await report(client, customer, reported_on=LONG_AGO, months=6)
        due = await items(client, REPORTS, latest="true", expired_by=str(TODAY))
        assert [one["id"] for one in due] == [expired["id"]]
        assert [await run(client), await run(client)] == [1, 0]
        (one,) = await items(client, INVESTIGATIONS, state="open", due_by=str(TODAY))
        assert (one["expired_report_id"], one["due_on"]) == (expired["id"], "2024-09-01")
        assert (one["customer_id"], one["assignee_id"]) == (customer, owner)
        assert [event.key for event in await emitted(database, tenant, OPENED)] == [one["id"]]

    async def test_many_runs_at_once_ask_once(
        self, client: httpx.AsyncClient, make_customer: Make, database: Database, tenant: str
    ) -> None:
        for _ in range(3):
            await report(client, (await make_customer())["id"], reported_on=LONG_AGO)
        assert sum(await asyncio.gather(*(run(client) for _ in range(5)))) == 3
        assert len(await emitted(database, tenant, OPENED)) == 3

    async def test_a_run_goes_on_lot_by_lot(
        self, client: httpx.AsyncClient, make_customer: Make
    ) -> None:
        for _ in range(3):
            await report(client, (await make_customer())["id"], reported_on=LONG_AGO)
        assert [await run(client, limit=2) for _ in range(3)] == [2, 1, 0]

    async def test_a_new_report_settles_it_and_an_outdated_one_does_not(
        self, client: httpx.AsyncClient, customer: str, database: Database, tenant: str
    ) -> None:
        await report(client, customer, reported_on=LONG_AGO, months=6)
        await run(client)
        (one,) = await items(client, INVESTIGATIONS)
        await report(client, customer, reported_on="2024-04-01", months=3)
        assert (await client.get(f"{INVESTIGATIONS}/{one['id']}")).json()["state"] == "open"
        new = await report(client, customer)
        done = (await client.get(f"{INVESTIGATIONS}/{one['id']}")).json()
        assert (done["state"], done["new_report_id"]) == ("done", new["id"])
        (event,) = await emitted(database, tenant, CLOSED)
        assert (event.sequence, event.data["state"]) == (2, "done")
        assert await run(client) == 0

    async def test_a_former_customer_is_not_investigated(
        self, client: httpx.AsyncClient, customer: str
    ) -> None:
        await report(client, customer, reported_on=LONG_AGO)
        await client.post(f"/v1/customers/{customer}/end", json={"reason": "注销"})
        assert await run(client) == 0

    async def test_the_tenant_may_want_notice_before_it_expires(
        self, client: httpx.AsyncClient, customer: str
    ) -> None:
        began = TODAY - timedelta(days=80)  # so it expires in 9 to 12 days
        await report(client, customer, reported_on=str(began), months=3)
        assert await run(client) == 0
        await client.patch(POLICY, json={"notice_days": 14}, headers={"If-Match": '"0"'})
        assert await run(client) == 1

    async def test_runs_for_the_system_as_well(
        self, client: httpx.AsyncClient, customer: str, database: Database, tenant: str
    ) -> None:
        await report(client, customer, reported_on=LONG_AGO)
        context = Context(tenant_id=tenant, actor="system:credit")
        async with database.transaction(context) as session:
            assert await open_due(session, InvestigationRun(), today=TODAY) == 1
        assert (await audited(database, tenant))[-1].actor == "system:credit"


class TestInvestigations:
    async def test_asked_for_and_cancelled_by_a_person(
        self, client: httpx.AsyncClient, customer: str, problem: ProblemOf
    ) -> None:
        body = {"customer_id": customer, "reason": "更换法定代表人", "due_on": "2027-01-31"}
        response = await client.post(INVESTIGATIONS, json=body)
        one = response.json()
        url = f"{INVESTIGATIONS}/{one['id']}"
        assert (response.status_code, response.headers["location"]) == (201, url)
        assert problem(await client.post(INVESTIGATIONS, json=body)) == (
            409, "investigation-under-way"
        )  # fmt: skip
        cancelled = await client.post(f"{url}/cancel", json={"reason": "变更未发生"})
        assert (cancelled.json()["state"], cancelled.headers["etag"]) == ("cancelled", '"2"')
        assert problem(await client.post(f"{url}/cancel", json={"reason": "再次"})) == (
            409, "investigation-closed"
        )  # fmt: skip

    async def test_one_that_is_cancelled_is_not_asked_for_again_by_the_same_report(
        self, client: httpx.AsyncClient, customer: str
    ) -> None:
        await report(client, customer, reported_on=LONG_AGO)
        await run(client)
        (one,) = await items(client, INVESTIGATIONS)
        await client.post(f"{INVESTIGATIONS}/{one['id']}/cancel", json={"reason": "不再赊销"})
        assert await run(client) == 0

    async def test_of_nobody(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        body = {"customer_id": NOBODY, "reason": "无"}
        assert problem(await client.post(INVESTIGATIONS, json=body)) == (422, "unknown-customer")
        assert problem(await client.get(f"{INVESTIGATIONS}/{NOBODY}")) == (404, "not-found")


class TestStatements:
    async def test_ratios_with_their_verdicts(
        self, client: httpx.AsyncClient, customer: str
    ) -> None:
        made = await client.post(STATEMENTS, json=FACTORY | {"customer_id": customer})
        assert made.status_code == 201, made.text
        answer = (await client.get(f"{STATEMENTS}/{made.json()['id']}/ratios")).json()
        found = {one["ratio"]: (one["percent"], one["verdict"]) for one in answer["ratios"]}
        assert found == {
            "current": ("200.00", "good"),
            "quick": ("128.00", "good"),
            "quick_to_current": ("64.00", "unrated"),
            "cash": ("30.00", "good"),
            "super_quick": ("110.00", "unrated"),
            "current_assets_to_debt": ("125.00", "unrated"),
            "debt": ("40.00", "unrated"),
        }
        current = answer["ratios"][0]
        assert (current["name_zh"], current["verdict_zh"]) == ("流动比率", "良好")
        assert (current["attention_below"], current["good_from"]) == ("100", "200")

    async def test_a_ratio_that_cannot_be_computed_says_why(
        self, client: httpx.AsyncClient, customer: str
    ) -> None:
        body = FACTORY | {"customer_id": customer, "current_liabilities": "0.00"}
        body.pop("total_assets")
        made = (await client.post(STATEMENTS, json=body)).json()
        answer = (await client.get(f"{STATEMENTS}/{made['id']}/ratios")).json()
        ratios = {one["ratio"]: one for one in answer["ratios"]}
        for name in ("percent", "verdict", "verdict_zh"):
            assert ratios["current"][name] is None
        assert ratios["current"]["not_computable_en"] == "current liabilities: zero cannot divide"
        assert ratios["debt"]["not_computable_zh"] == "缺少：资产总额"
        assert ratios["quick_to_current"]["percent"] == "64.00"

    async def test_thresholds_of_the_tenant_decide_at_once(
        self, client: httpx.AsyncClient, customer: str
    ) -> None:
        made = (await client.post(STATEMENTS, json=FACTORY | {"customer_id": customer})).json()
        debt = {"ratio": "debt", "good_from": "0", "attention_above": "35.5"}
        changed = await client.patch(POLICY, json={"thresholds": [debt]}, headers=IF_DEFAULT)
        assert changed.status_code == 200, changed.text
        answer = (await client.get(f"{STATEMENTS}/{made['id']}/ratios")).json()
        assert answer["ratios"][-1]["verdict"] == "too_high"
        assert answer["ratios"][0]["verdict"] == "good"

    async def test_is_corrected_and_the_log_keeps_what_stood_there(
        self, client: httpx.AsyncClient, customer: str, database: Database, tenant: str
    ) -> None:
        made = (await client.post(STATEMENTS, json=FACTORY | {"customer_id": customer})).json()
        url = f"{STATEMENTS}/{made['id']}"
        change = {"inventory": "420.00", "cash": None, "audited": True}
        response = await client.patch(url, json=change, headers={"If-Match": '"1"'})
        assert (response.status_code, response.json()["inventory"]) == (200, "420.00")
        assert response.json()["cash"] is None
        entry = (await audited(database, tenant))[-1]
        assert entry.changes["inventory"] == {"before": "300.00", "after": "420.00"}
        (event,) = await emitted(database, tenant, "customer.financial-statement-changed.v1")
        assert event.data["audited"] is True
        assert "420.00" not in str(event.data)

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            ({"customer_id": NOBODY}, (422, "unknown-customer")),
            ({"starts_on": "2026-01-01"}, (422, "period-backwards")),
            ({"ends_on": "2199-12-31"}, (422, "date-in-future")),
            ({}, (409, "statement-taken")),
            ({"inventory": "-1.00"}, (422, "invalid-request")),
            ({"inventory": 300}, (422, "invalid-request")),
            ({"currency": "yuan"}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        customer: str,
        problem: ProblemOf,
        body: dict[str, Any],
        refusal: tuple[int, str],
    ) -> None:
        given = FACTORY | {"customer_id": customer}
        assert (await client.post(STATEMENTS, json=given)).status_code == 201
        assert problem(await client.post(STATEMENTS, json=given | body)) == refusal


IF_DEFAULT = {"If-Match": '"0"'}


class TestPolicy:
    async def test_defaults_of_the_texts_until_the_tenant_decides(
        self, client: httpx.AsyncClient
    ) -> None:
        response = await client.get(POLICY)
        policy = response.json()
        assert (response.headers["etag"], policy["version"]) == ('"0"', 0)
        months = [policy[f"report_months{end}"] for end in ("_min", "", "_max")]
        assert (months, policy["report_required"]) == ([3, 12, 12], False)
        current = policy["thresholds"][0]
        assert (current["name_en"], current["source"]) == ("Current ratio", "3 L2278-2280")
        changed = await client.patch(POLICY, json={"report_months": 6}, headers=IF_DEFAULT)
        assert (changed.json()["version"], changed.json()["report_months"]) == (1, 6)
        again = await client.patch(
            POLICY, json={"report_required": True}, headers={"If-Match": '"1"'}
        )
        assert (again.json()["version"], again.json()["report_months"]) == (2, 6)

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"report_months": 24}, "report-months-contradict"),
            (
                {"thresholds": [{"ratio": "cash", "good_from": "20", "attention_above": "10"}]},
                "thresholds-contradict",
            ),
            ({"fiscal_year_month": 13}, "invalid-request"),
            ({"report_months": None}, "invalid-request"),
        ],
    )
    async def test_refused(
        self, client: httpx.AsyncClient, problem: ProblemOf, body: dict[str, Any], code: str
    ) -> None:
        response = await client.patch(POLICY, json=body, headers=IF_DEFAULT)
        assert problem(response) == (422, code)
        assert (await client.get(POLICY)).json()["version"] == 0

    async def test_two_first_decisions_at_once(self, client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(
            *(
                client.patch(POLICY, json={"notice_days": days}, headers=IF_DEFAULT)
                for days in (7, 14)
            )
        )
        assert sorted(one.status_code for one in answers)[0] == 200
        assert sorted(one.status_code for one in answers)[1] in (409, 412)


class TestWhoMay:
    @pytest.mark.parametrize(
        ("role", "reads", "writes", "decides"),
        [
            ("credit_manager", 200, 201, 200),
            ("sales_manager", 200, 403, 403),
            ("sales_representative", 403, 403, 403),
            ("analyst", 403, 403, 403),
        ],
    )
    async def test_by_role(
        self,
        client_for: ClientFor,
        tenant: str,
        customer: str,
        role: str,
        reads: int,
        writes: int,
        decides: int,
    ) -> None:
        one = client_for(tenant, roles=(role,))
        for path in (REPORTS, STATEMENTS, INVESTIGATIONS, POLICY):
            assert (await one.get(path)).status_code == reads
        body = {"customer_id": customer, "source": "own"}
        assert (await one.post(REPORTS, json=body)).status_code == writes
        change = await one.patch(POLICY, json={"notice_days": 7}, headers=IF_DEFAULT)
        assert change.status_code == decides

    async def test_another_tenant_sees_nothing(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        customer: str,
        problem: ProblemOf,
    ) -> None:
        made = await report(client, customer)
        stranger = client_for(f"{tenant}-stranger")
        assert problem(await stranger.get(f"{REPORTS}/{made['id']}")) == (404, "not-found")
        body = {"customer_id": customer, "source": "own"}
        assert problem(await stranger.post(REPORTS, json=body)) == (422, "unknown-customer")
        assert await items(stranger, REPORTS) == []
