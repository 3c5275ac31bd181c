"""Limits of a group: granted, adjusted, asked about, blocked."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from kehu_contracts.access import ROLES
from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor

NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"
LIMITS, CHANGES, POLICY = "/v1/credit-limits", "/v1/credit-limit-changes", "/v1/credit-policy"
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Kit = Any
"""See `Kit` in conftest.py."""
YEAR = clock.today(clock.now(), "Asia/Shanghai").year


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


class TestLimits:
    async def test_is_of_a_fiscal_year_and_told(
        self,
        client: httpx.AsyncClient,
        head: str,
        limit: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        assert (limit["starts_on"], limit["ends_on"]) == (f"{YEAR}-01-01", f"{YEAR + 1}-01-01")
        assert (limit["granted_by"], limit["amount"]) == ("tester", cny("100.00"))
        read = await client.get(f"{LIMITS}/{limit['id']}")
        assert (read.json(), read.headers["etag"]) == (limit, '"1"')
        (event,) = await emitted(database, tenant, "customer.credit-limit-granted.v1")
        assert (event.key, event.data["previous_amount"]) == (limit["id"], None)
        listed = await client.get(LIMITS, params={"customer_id": head, "on": f"{YEAR}-12-31"})
        assert [one["id"] for one in listed.json()["items"]] == [limit["id"]]
        nothing = await client.get(LIMITS, params={"on": f"{YEAR + 1}-01-01"})
        assert nothing.json()["items"] == []

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            ({"customer_id": NOBODY}, (422, "unknown-customer")),
            ({"customer_id": "branch"}, (409, "not-head-company")),
            ({}, (409, "limit-taken")),
            ({"year": YEAR - 1}, (409, "limit-period-over")),
            ({"year": YEAR + 1, "amount": cny("1.00") | {"currency": "USD"}},
             (409, "credit-currency-differs")),
            ({"amount": cny("-1.00")}, (422, "invalid-request")),
            ({"year": 12026}, (422, "invalid-request")),
        ],
    )  # fmt: skip
    @pytest.mark.usefixtures("limit")
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        head: str,
        branch: str,
        problem: ProblemOf,
        body: dict[str, Any],
        refusal: tuple[int, str],
        kit: Kit,
    ) -> None:
        if body.get("customer_id") == "branch":
            body = body | {"customer_id": branch}
        response = await kit.grant(client, head, **body)
        assert problem(response) == refusal
        if refusal[1] == "not-head-company":
            assert response.json()["head_id"] == head

    async def test_two_at_once_for_the_same_year(
        self, client: httpx.AsyncClient, head: str, kit: Kit
    ) -> None:
        answers = await asyncio.gather(*(kit.grant(client, head) for _ in range(4)))
        assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]

    async def test_below_what_is_used_only_by_override_with_the_scope(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        head: str,
        limit: dict[str, Any],
        problem: ProblemOf,
        monkeypatch: pytest.MonkeyPatch,
        kit: Kit,
    ) -> None:
        await kit.reserved(client, head, "80.00")
        url = f"{LIMITS}/{limit['id']}/adjust"
        body = {"amount": cny("79.99"), "reason": "经营恶化"}
        assert problem(await client.post(url, json=body)) == (409, "limit-below-used")
        approver = _with_scopes(
            monkeypatch, client_for, tenant, {"customer:credit:read", "customer:credit:approve"}
        )
        refused = await approver.post(url, json=body | {"override": True})
        assert problem(refused) == (403, "scope-missing")
        exact = await approver.post(url, json=body | {"amount": cny("80.00")})
        assert (exact.status_code, exact.json()["overridden"]) == (200, False)
        overridden = await client.post(url, json=body | {"override": True})
        assert (overridden.status_code, overridden.json()["overridden"]) == (200, True)
        after = await kit.credit(client, head)
        assert (after["limit"], after["used"], after["available"]) == ("79.99", "80.00", "0.00")
        changes = await client.get(CHANGES, params={"credit_limit_id": limit["id"]})
        steps = changes.json()["items"]
        assert [one["amount_before"] for one in steps] == [None, cny("100.00"), cny("80.00")]
        assert [one["reason"] for one in steps] == ["年度授信", "经营恶化", "经营恶化"]
        assert (steps[2]["overridden"], steps[2]["used"]) == (True, cny("80.00"))

    async def test_to_what_it_is_already_changes_nothing(
        self, client: httpx.AsyncClient, limit: dict[str, Any]
    ) -> None:
        body = {"amount": cny("100.00"), "reason": "复核"}
        response = await client.post(f"{LIMITS}/{limit['id']}/adjust", json=body)
        assert (response.status_code, response.json()) == (200, limit)
        assert len((await client.get(CHANGES)).json()["items"]) == 1

    @pytest.mark.usefixtures("limit")
    async def test_next_year_begins_with_what_is_still_owed(
        self, client: httpx.AsyncClient, head: str, kit: Kit
    ) -> None:
        await kit.reserved(client, head, "80.00")
        assert (await kit.grant(client, head, "90.00", year=YEAR + 1)).status_code == 201
        then = await kit.may(client, head, "10.01", on=f"{YEAR + 1}-01-01")
        assert (then["limit"], then["used"]) == ("90.00", "80.00")
        assert kit.codes(then) == ["limit_exceeded"]
        assert kit.codes(await kit.may(client, head, "1.00", on=f"{YEAR + 2}-01-01")) == [
            "no_limit"
        ]

    async def test_the_history_cannot_be_rewritten(
        self, client: httpx.AsyncClient, limit: dict[str, Any], database: Database, tenant: str
    ) -> None:
        for table, column in (("credit_limit_changes", "reason"), ("credit_reports", "grade")):
            with pytest.raises(Exception, match="permission denied"):
                async with database.transaction(Context(tenant, "tester")) as session:
                    await session.execute(text(f"UPDATE {table} SET {column} = 'x'"))
        assert (await client.get(f"{LIMITS}/{limit['id']}")).json() == limit


def _with_scopes(
    monkeypatch: pytest.MonkeyPatch, client_for: ClientFor, tenant: str, scopes: set[str]
) -> httpx.AsyncClient:
    """Somebody with just these scopes, by a role that exists for this test only."""
    monkeypatch.setitem(ROLES, "approver", frozenset(scopes))
    return client_for(tenant, roles=("approver",))


class TestBlocking:
    async def test_a_customer_without_credit_is_blocked_before_it_gets_any(
        self, client: httpx.AsyncClient, head: str, problem: ProblemOf, kit: Kit
    ) -> None:
        url = f"/v1/customers/{head}/credit"
        assert problem(await client.post(f"{url}/unblock", json={"reason": "无"})) == (
            409, "credit-not-blocked"
        )  # fmt: skip
        await client.post(f"{url}/block", json={"reason": "黑名单"})
        assert problem(await client.post(f"{url}/block", json={"reason": "再次"})) == (
            409, "credit-already-blocked"
        )  # fmt: skip
        assert (await kit.grant(client, head)).status_code == 201
        assert kit.codes(await kit.may(client, head, "1.00")) == ["blocked"]
        refused = await kit.reserve(client, head, "1.00")
        assert problem(refused) == (409, "credit-refused")

    async def test_is_told_with_its_reason(
        self, client: httpx.AsyncClient, head: str, database: Database, tenant: str
    ) -> None:
        url = f"/v1/customers/{head}/credit"
        await client.post(f"{url}/block", json={"reason": "黑名单"})
        await client.post(f"{url}/unblock", json={"reason": "误列"})
        (event,) = await emitted(database, tenant, "customer.credit-blocked.v1")
        assert (event.sequence, event.data["block_reason"]) == (2, "黑名单")
        (event,) = await emitted(database, tenant, "customer.credit-unblocked.v1")
        assert (event.sequence, event.data["blocked"]) == (3, False)
        entry = (await audited(database, tenant))[-1]
        assert entry.changes["reason"] == {"before": None, "after": "误列"}

    async def test_of_nobody(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        url = f"/v1/customers/{NOBODY}/credit"
        assert problem(await client.get(url)) == (404, "not-found")
        assert problem(await client.post(f"{url}/block", json={"reason": "无"})) == (
            404, "not-found"
        )  # fmt: skip


class TestChecks:
    async def test_without_anything(self, client: httpx.AsyncClient, head: str, kit: Kit) -> None:
        answer = await kit.may(client, head, "1.00")
        assert (answer["allowed"], answer["limit"], answer["currency"]) == (False, None, None)
        assert [one["code"] for one in answer["findings"]] == ["no_limit", "no_report"]

    @pytest.mark.usefixtures("limit")
    async def test_an_expired_report_warns_or_refuses_as_the_policy_says(
        self, client: httpx.AsyncClient, head: str, problem: ProblemOf, kit: Kit
    ) -> None:
        old = {"customer_id": head, "source": "own", "reported_on": "2024-03-01"}
        await client.post("/v1/credit-reports", json=old)
        answer = await kit.may(client, head, "1.00")
        assert (answer["allowed"], answer["report_valid"]) == (True, False)
        assert answer["report_expires_on"] == "2025-03-01"
        (warning,) = answer["findings"]
        assert (warning["code"], warning["refuses"]) == ("report_expired", False)
        await client.patch(POLICY, json={"report_required": True}, headers={"If-Match": '"0"'})
        assert kit.codes(await kit.may(client, head, "1.00")) == ["report_expired"]
        assert problem(await kit.reserve(client, head, "1.00")) == (409, "credit-refused")

    @pytest.mark.parametrize(
        "asked",
        [{"amount": "0"}, {"amount": "1e3"}, {"currency": "cny"}, {"on": "2026-2-30"}, {"x": "1"}],
    )
    async def test_of_nonsense(
        self, client: httpx.AsyncClient, head: str, problem: ProblemOf, asked: dict[str, str]
    ) -> None:
        params = {"amount": "1.00", "currency": "CNY"} | asked
        response = await client.get(f"/v1/customers/{head}/credit/check", params=params)
        assert problem(response) == (422, "invalid-request")
