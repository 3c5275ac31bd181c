"""One limit for a whole group: granted, adjusted, reserved, released, blocked, and asked about."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from kehu_contracts.access import ROLES
from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"
LIMITS, CHANGES, RESERVATIONS = (
    "/v1/credit-limits",
    "/v1/credit-limit-changes",
    "/v1/credit-reservations",
)
POLICY = "/v1/credit-policy"
Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
YEAR = clock.today(clock.now(), "Asia/Shanghai").year


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


@pytest.fixture
async def head(make_customer: Make) -> str:
    """A head company without a limit."""
    return str((await make_customer(name="总公司"))["id"])


@pytest.fixture
async def branch(make_customer: Make, head: str) -> str:
    """A branch of a branch of the head company."""
    region = await make_customer(name="华东分公司", parent_id=head)
    return str((await make_customer(name="苏州办事处", parent_id=region["id"]))["id"])


async def grant(
    client: httpx.AsyncClient, customer: str, wanted: str = "100.00", **fields: Any
) -> httpx.Response:
    body = {"customer_id": customer, "year": YEAR, "amount": cny(wanted), "reason": "年度授信"}
    return await client.post(LIMITS, json=body | fields)


@pytest.fixture
async def limit(client: httpx.AsyncClient, head: str) -> dict[str, Any]:
    """A limit of 100.00 CNY of the head company for this year."""
    response = await grant(client, head)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def reserve(
    client: httpx.AsyncClient, customer: str, wanted: str, key: str | None = None, **fields: Any
) -> httpx.Response:
    body = {
        "customer_id": customer,
        "source_kind": "contract",
        "source_key": key or uuid4().hex,
        "amount": cny(wanted),
    }
    return await client.post(RESERVATIONS, json=body | fields)


async def reserved(client: httpx.AsyncClient, customer: str, amount: str) -> dict[str, Any]:
    response = await reserve(client, customer, amount)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def release(
    client: httpx.AsyncClient, one: dict[str, Any], amount: str | None, key: str | None = None
) -> httpx.Response:
    body = {"source_kind": "receipt", "source_key": key or uuid4().hex}
    given = body if amount is None else body | {"amount": amount}
    return await client.post(f"{RESERVATIONS}/{one['id']}/release", json=given)


async def credit(client: httpx.AsyncClient, customer: str) -> dict[str, Any]:
    response = await client.get(f"/v1/customers/{customer}/credit")
    assert response.status_code == 200, response.text
    read: dict[str, Any] = response.json()
    return read


async def may(client: httpx.AsyncClient, customer: str, amount: str, **asked: str) -> Any:
    params = {"amount": amount, "currency": "CNY"} | asked
    response = await client.get(f"/v1/customers/{customer}/credit/check", params=params)
    assert response.status_code == 200, response.text
    return response.json()


def codes(answer: dict[str, Any]) -> list[str]:
    return [one["code"] for one in answer["findings"] if one["refuses"]]


async def test_a_year_of_credit(
    client: httpx.AsyncClient, head: str, branch: str, database: Database, tenant: str
) -> None:
    """The story: report, limit, a branch's contract, receipts, a bad sign, a block."""
    report = {"customer_id": head, "source": "own", "grade": "AA"}
    await client.post("/v1/credit-reports", json=report)
    limit = (await grant(client, head, "500000.00")).json()
    asked = await may(client, branch, "120000.00")
    assert (asked["allowed"], asked["findings"], asked["report_valid"]) == (True, [], True)
    contract = await reserved(client, branch, "120000.00")
    assert [(await credit(client, one))["available"] for one in (head, branch)] == 2 * ["380000.00"]
    await release(client, contract, "50000.00")
    assert (await credit(client, head))["used"] == "70000.00"
    lowered = await client.post(
        f"{LIMITS}/{limit['id']}/adjust", json={"amount": cny("100000.00"), "reason": "回款放缓"}
    )
    assert lowered.json()["amount"] == cny("100000.00")
    assert codes(await may(client, head, "30000.01")) == ["limit_exceeded"]
    block = {"reason": "逾期 90 天未付款"}
    blocked = (await client.post(f"/v1/customers/{head}/credit/block", json=block)).json()
    assert (blocked["blocked"], blocked["block_reason"]) == (True, block["reason"])
    assert codes(await may(client, branch, "1.00")) == ["blocked"]
    await release(client, contract, None)
    await client.post(f"/v1/customers/{head}/credit/unblock", json={"reason": "欠款已结清"})
    end = await may(client, branch, "100000.00")
    assert (end["allowed"], end["used"]) == (True, "0.00")
    facts = [
        event.type.removeprefix("customer.credit-").removesuffix(".v1")
        for event in await emitted(database, tenant)
        if event.type.startswith("customer.credit-")
    ]
    assert facts == [
        "report-recorded", "account-opened", "limit-granted",
        "exposure-changed", "reservation-created", "exposure-changed", "reservation-released",
        "limit-adjusted", "blocked", "exposure-changed", "reservation-released", "unblocked",
    ]  # fmt: skip


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
    ) -> None:
        if body.get("customer_id") == "branch":
            body = body | {"customer_id": branch}
        response = await grant(client, head, **body)
        assert problem(response) == refusal
        if refusal[1] == "not-head-company":
            assert response.json()["head_id"] == head

    async def test_two_at_once_for_the_same_year(
        self, client: httpx.AsyncClient, head: str
    ) -> None:
        answers = await asyncio.gather(*(grant(client, head) for _ in range(4)))
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
    ) -> None:
        await reserved(client, head, "80.00")
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
        after = await credit(client, head)
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
        self, client: httpx.AsyncClient, head: str
    ) -> None:
        await reserved(client, head, "80.00")
        assert (await grant(client, head, "90.00", year=YEAR + 1)).status_code == 201
        then = await may(client, head, "10.01", on=f"{YEAR + 1}-01-01")
        assert (then["limit"], then["used"]) == ("90.00", "80.00")
        assert codes(then) == ["limit_exceeded"]
        assert codes(await may(client, head, "1.00", on=f"{YEAR + 2}-01-01")) == ["no_limit"]

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


@pytest.mark.usefixtures("limit")
class TestReservations:
    async def test_a_branch_takes_from_its_head_company(
        self, client: httpx.AsyncClient, head: str, branch: str, database: Database, tenant: str
    ) -> None:
        response = await reserve(client, branch, "30.00", "CT-1")
        one = response.json()
        assert response.headers["location"] == f"{RESERVATIONS}/{one['id']}"
        assert (one["outstanding"], one["state"]) == (cny("30.00"), "open")
        await reserved(client, head, "20.00")
        of_branch, of_head = await credit(client, branch), await credit(client, head)
        assert of_branch["head_customer_id"] == of_head["head_customer_id"] == head
        shown = ("limit", "used", "reserved", "used_by_customer", "available")
        group = ["100.00", "50.00", "50.00"]
        assert [of_branch[name] for name in shown] == [*group, "30.00", "50.00"]
        assert [of_head[name] for name in shown] == [*group, "20.00", "50.00"]
        event = (await emitted(database, tenant, "customer.credit-exposure-changed.v1"))[-1]
        assert event.data["exposure"] == cny("50.00")
        assert (await audited(database, tenant))[-1].action == "credit-reservation.created"

    async def test_the_same_document_reserves_once(
        self, client: httpx.AsyncClient, head: str, branch: str, problem: ProblemOf
    ) -> None:
        first = await reserve(client, head, "60.00", "CT-1")
        again = await reserve(client, head, "60.00", "CT-1")
        assert again.json() == first.json()
        assert (await credit(client, head))["used"] == "60.00"
        for other in ((head, "50.00"), (branch, "60.00")):
            refused = await reserve(client, *other, "CT-1")
            assert problem(refused) == (409, "reservation-differs")

    async def test_of_many_at_once_for_the_last_amount_one_wins(
        self, client: httpx.AsyncClient, head: str, branch: str
    ) -> None:
        await reserved(client, head, "70.00")
        answers = await asyncio.gather(
            *(reserve(client, one, "30.00") for one in 2 * [head, branch])
        )
        assert sorted(one.status_code for one in answers) == [201] + 3 * [409]
        assert {one.json()["code"] for one in answers if one.status_code == 409} == {
            "credit-refused"
        }
        assert (await credit(client, head))["available"] == "0.00"

    async def test_the_same_document_many_times_at_once(
        self, client: httpx.AsyncClient, head: str, database: Database, tenant: str
    ) -> None:
        answers = await asyncio.gather(*(reserve(client, head, "30.00", "CT-1") for _ in range(5)))
        assert {one.status_code for one in answers} == {201}
        assert len({one.json()["id"] for one in answers}) == 1
        created = await emitted(database, tenant, "customer.credit-reservation-created.v1")
        assert len(created) == 1

    async def test_receipts_release_it_each_once(
        self, client: httpx.AsyncClient, head: str, problem: ProblemOf
    ) -> None:
        one = await reserved(client, head, "60.00")
        await release(client, one, "25.00", "RC-1")
        again = await release(client, one, "25.00", "RC-1")
        assert again.json()["released"] == cny("25.00")
        assert problem(await release(client, one, "5.00", "RC-1")) == (409, "release-differs")
        assert problem(await release(client, one, "35.01")) == (409, "release-too-large")
        done = await release(client, one, None, "RC-2")
        assert (done.json()["state"], done.json()["outstanding"]) == ("released", cny("0.00"))
        assert (await release(client, one, None, "RC-2")).json() == done.json()
        assert problem(await release(client, one, "1.00")) == (409, "reservation-closed")
        assert (await credit(client, head))["used"] == "0.00"
        listed = await client.get(f"{RESERVATIONS}/{one['id']}/releases")
        assert [(each["source_key"], each["amount"]) for each in listed.json()["items"]] == [
            ("RC-1", "25.00"), ("RC-2", "35.00")
        ]  # fmt: skip

    async def test_releases_at_once_set_free_what_is_there(
        self, client: httpx.AsyncClient, head: str
    ) -> None:
        one = await reserved(client, head, "50.00")
        answers = await asyncio.gather(*(release(client, one, "20.00") for _ in range(5)))
        assert sorted(each.status_code for each in answers) == [200, 200, 409, 409, 409]
        assert (await credit(client, head))["used"] == "10.00"

    async def test_cancelled_it_gives_back_the_rest(
        self, client: httpx.AsyncClient, head: str, database: Database, tenant: str
    ) -> None:
        one = await reserved(client, head, "60.00")
        await release(client, one, "25.00")
        url = f"{RESERVATIONS}/{one['id']}/cancel"
        cancelled = await client.post(url, json={"reason": "合同解除"}, headers={"If-Match": '"2"'})
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
        assert (await credit(client, head))["used"] == "0.00"
        (event,) = await emitted(database, tenant, "customer.credit-reservation-cancelled.v1")
        assert (event.data["released"], event.data["state"]) == (cny("25.00"), "cancelled")
        again = await client.post(url, json={"reason": "再次"})
        assert again.json()["code"] == "reservation-closed"

    async def test_a_cancelled_one_sent_again_takes_nothing_and_says_so(
        self, client: httpx.AsyncClient, head: str, problem: ProblemOf
    ) -> None:
        one = (await reserve(client, head, "60.00", "SO-1")).json()
        await client.post(f"{RESERVATIONS}/{one['id']}/cancel", json={"reason": "客户取消订单"})
        again = await reserve(client, head, "60.00", "SO-1")
        assert problem(again) == (409, "reservation-cancelled")
        assert "客户取消订单" in again.json()["detail"]
        assert problem(await reserve(client, head, "50.00", "SO-1")) == (409, "reservation-differs")
        assert (await credit(client, head))["used"] == "0.00"
        assert (await reserve(client, head, "60.00", "SO-1/2")).status_code == 201
        assert (await credit(client, head))["used"] == "60.00"

    async def test_one_that_is_paid_sent_again_stays_paid(
        self, client: httpx.AsyncClient, head: str
    ) -> None:
        one = (await reserve(client, head, "60.00", "SO-1")).json()
        paid = await release(client, one, None)
        again = await reserve(client, head, "60.00", "SO-1")
        assert (again.status_code, again.json()) == (201, paid.json())
        assert (await credit(client, head))["used"] == "0.00"

    async def test_a_refusal_says_why_in_both_languages(
        self, client: httpx.AsyncClient, head: str
    ) -> None:
        english = await reserve(client, head, "100.01")
        assert english.status_code == 409
        assert english.json()["findings"][0] == {
            "code": "limit_exceeded",
            "refuses": True,
            "zh": "额度 100.00，已用 0.00，超出 0.01",
            "en": "of the limit of 100.00, 0.00 is used: 0.01 too much",
        }
        client.headers["Accept-Language"] = "zh"
        chinese = await reserve(client, head, "100.01")
        assert "额度 100.00，已用 0.00，超出 0.01" in chinese.json()["detail"]

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            ({"customer_id": NOBODY}, (422, "unknown-customer")),
            ({"amount": cny("1.00") | {"currency": "USD"}}, (409, "credit-refused")),
            ({"amount": cny("0.00")}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        head: str,
        problem: ProblemOf,
        body: dict[str, Any],
        refusal: tuple[int, str],
    ) -> None:
        assert problem(await reserve(client, head, "1.00", **body)) == refusal

    async def test_payments_of_a_former_customer_still_release(
        self, client: httpx.AsyncClient, head: str
    ) -> None:
        one = await reserved(client, head, "60.00")
        await client.post(f"/v1/customers/{head}/end", json={"reason": "注销"})
        assert codes(await may(client, head, "1.00")) == ["customer_has_ended"]
        assert (await release(client, one, None)).status_code == 200

    async def test_the_database_itself_keeps_the_exposure_within_the_limit(
        self, client: httpx.AsyncClient, head: str, database: Database, tenant: str
    ) -> None:
        await reserved(client, head, "60.00")
        with pytest.raises(Exception, match="ck_credit_accounts_within_limit"):
            async with database.transaction(Context(tenant, "tester")) as session:
                await session.execute(text("UPDATE credit_accounts SET exposure = exposure + 41"))

    async def test_what_is_used_is_always_the_sum_of_what_is_outstanding(
        self, client: httpx.AsyncClient, head: str, branch: str
    ) -> None:
        chance = random.Random(9)  # noqa: S311 - the same each time
        made: list[dict[str, Any]] = []

        async def something() -> None:
            if made and chance.random() < 0.5:
                amount = chance.choice((None, "5.00", "10.00"))
                await release(client, chance.choice(made), amount)
                return
            amount = chance.choice(("10.00", "20.00", "35.00"))
            response = await reserve(client, chance.choice((head, branch)), amount)
            if response.status_code == 201:
                made.append(response.json())

        for _ in range(8):
            await asyncio.gather(*(something() for _ in range(4)))
        listed = (await client.get(RESERVATIONS, params={"limit": 200})).json()["items"]
        outstanding = sum(Decimal(one["outstanding"]["amount"]) for one in listed)
        assert Decimal((await credit(client, head))["used"]) == outstanding <= 100
        assert len(made) > 3

    async def test_costs(self, client: httpx.AsyncClient, branch: str, database: Database) -> None:
        with count_queries(database) as queries:
            await reserved(client, branch, "1.00")
        assert len(queries) == 14, queries.statements
        with count_queries(database) as queries:
            await may(client, branch, "1.00")
        assert len(queries) == 10, queries.statements


class TestGroups:
    @pytest.mark.usefixtures("limit")
    async def test_what_a_company_took_before_it_joined_counts(
        self, client: httpx.AsyncClient, make_customer: Make, head: str
    ) -> None:
        joining = (await make_customer(name="被收购公司"))["id"]
        await grant(client, joining, "50.00")
        old = await reserved(client, joining, "40.00")
        joined = {"parent_id": head}
        await client.patch(f"/v1/customers/{joining}", json=joined, headers={"If-Match": '"1"'})
        now = await credit(client, joining)
        assert (now["limit"], now["used"], now["used_by_customer"]) == ("100.00", "40.00", "40.00")
        assert (await reserve(client, head, "60.01")).status_code == 409
        await reserved(client, joining, "60.00")
        assert (await credit(client, head))["used"] == "100.00"
        await release(client, old, None)
        assert (await credit(client, head))["available"] == "40.00"

    @pytest.mark.usefixtures("limit")
    async def test_a_branch_may_be_blocked_alone(
        self, client: httpx.AsyncClient, head: str, branch: str
    ) -> None:
        url = f"/v1/customers/{branch}/credit"
        blocked = await client.post(f"{url}/block", json={"reason": "负责人失联"})
        assert blocked.json()["blocked"] is True
        assert codes(await may(client, branch, "1.00")) == ["blocked"]
        assert (await may(client, head, "1.00"))["allowed"] is True

    @pytest.mark.usefixtures("limit")
    async def test_exposure_in_another_currency_cannot_be_added_up(
        self, client: httpx.AsyncClient, make_customer: Make, head: str
    ) -> None:
        joining = (await make_customer(name="海外公司"))["id"]
        dollars = {"amount": "50.00", "currency": "USD"}
        await grant(client, joining, amount=dollars)
        assert (await reserve(client, joining, "", amount=dollars)).status_code == 201
        joined = {"parent_id": head}
        await client.patch(f"/v1/customers/{joining}", json=joined, headers={"If-Match": '"1"'})
        assert codes(await may(client, head, "1.00")) == ["group_owes_in_other_currency"]


class TestBlocking:
    async def test_a_customer_without_credit_is_blocked_before_it_gets_any(
        self, client: httpx.AsyncClient, head: str, problem: ProblemOf
    ) -> None:
        url = f"/v1/customers/{head}/credit"
        assert problem(await client.post(f"{url}/unblock", json={"reason": "无"})) == (
            409, "credit-not-blocked"
        )  # fmt: skip
        await client.post(f"{url}/block", json={"reason": "黑名单"})
        assert problem(await client.post(f"{url}/block", json={"reason": "再次"})) == (
            409, "credit-already-blocked"
        )  # fmt: skip
        assert (await grant(client, head)).status_code == 201
        assert codes(await may(client, head, "1.00")) == ["blocked"]
        refused = await reserve(client, head, "1.00")
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
    async def test_without_anything(self, client: httpx.AsyncClient, head: str) -> None:
        answer = await may(client, head, "1.00")
        assert (answer["allowed"], answer["limit"], answer["currency"]) == (False, None, None)
        assert [one["code"] for one in answer["findings"]] == ["no_limit", "no_report"]

    @pytest.mark.usefixtures("limit")
    async def test_an_expired_report_warns_or_refuses_as_the_policy_says(
        self, client: httpx.AsyncClient, head: str, problem: ProblemOf
    ) -> None:
        old = {"customer_id": head, "source": "own", "reported_on": "2024-03-01"}
        await client.post("/v1/credit-reports", json=old)
        answer = await may(client, head, "1.00")
        assert (answer["allowed"], answer["report_valid"]) == (True, False)
        assert answer["report_expires_on"] == "2025-03-01"
        (warning,) = answer["findings"]
        assert (warning["code"], warning["refuses"]) == ("report_expired", False)
        await client.patch(POLICY, json={"report_required": True}, headers={"If-Match": '"0"'})
        assert codes(await may(client, head, "1.00")) == ["report_expired"]
        assert problem(await reserve(client, head, "1.00")) == (409, "credit-refused")

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


class TestWhoMay:
    @pytest.mark.parametrize(
        ("role", "reads", "reserves", "blocks"),
        [
            ("credit_manager", 200, 201, 200),
            ("sales_manager", 200, 403, 403),
            ("sales_representative", 403, 403, 403),
        ],
    )
    @pytest.mark.usefixtures("limit")
    async def test_by_role(
        self,
        client_for: ClientFor,
        tenant: str,
        head: str,
        role: str,
        reads: int,
        reserves: int,
        blocks: int,
    ) -> None:
        one = client_for(tenant, roles=(role,))
        url = f"/v1/customers/{head}/credit"
        for path in (url, LIMITS, CHANGES, RESERVATIONS):
            assert (await one.get(path)).status_code == reads
        assert (await reserve(one, head, "1.00")).status_code == reserves
        assert (await one.post(f"{url}/block", json={"reason": "无"})).status_code == blocks

    async def test_another_tenant_neither_sees_nor_takes_anything(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        head: str,
        limit: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        stranger = client_for(f"{tenant}-stranger")
        assert problem(await stranger.get(f"{LIMITS}/{limit['id']}")) == (404, "not-found")
        assert problem(await reserve(stranger, head, "1.00")) == (422, "unknown-customer")
        assert problem(await stranger.get(f"/v1/customers/{head}/credit")) == (404, "not-found")
        assert (await stranger.get(LIMITS)).json()["items"] == []
        one = await reserved(client, head, "1.00")
        assert problem(await release(stranger, one, None)) == (404, "not-found")
