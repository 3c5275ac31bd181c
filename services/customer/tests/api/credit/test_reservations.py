"""What documents take of one limit for a whole group: reserved, released, cancelled; by whom."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import text

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
Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Kit = Any
"""See `Kit` in conftest.py."""


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


async def test_a_year_of_credit(
    client: httpx.AsyncClient, head: str, branch: str, database: Database, tenant: str, kit: Kit
) -> None:
    """The story: report, limit, a branch's contract, receipts, a bad sign, a block."""
    report = {"customer_id": head, "source": "own", "grade": "AA"}
    await client.post("/v1/credit-reports", json=report)
    limit = (await kit.grant(client, head, "500000.00")).json()
    asked = await kit.may(client, branch, "120000.00")
    assert (asked["allowed"], asked["findings"], asked["report_valid"]) == (True, [], True)
    contract = await kit.reserved(client, branch, "120000.00")
    assert [(await kit.credit(client, one))["available"] for one in (head, branch)] == 2 * [
        "380000.00"
    ]
    await kit.release(client, contract, "50000.00")
    assert (await kit.credit(client, head))["used"] == "70000.00"
    lowered = await client.post(
        f"{LIMITS}/{limit['id']}/adjust", json={"amount": cny("100000.00"), "reason": "回款放缓"}
    )
    assert lowered.json()["amount"] == cny("100000.00")
    assert kit.codes(await kit.may(client, head, "30000.01")) == ["limit_exceeded"]
    block = {"reason": "逾期 90 天未付款"}
    blocked = (await client.post(f"/v1/customers/{head}/credit/block", json=block)).json()
    assert (blocked["blocked"], blocked["block_reason"]) == (True, block["reason"])
    assert kit.codes(await kit.may(client, branch, "1.00")) == ["blocked"]
    await kit.release(client, contract, None)
    await client.post(f"/v1/customers/{head}/credit/unblock", json={"reason": "欠款已结清"})
    end = await kit.may(client, branch, "100000.00")
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


@pytest.mark.usefixtures("limit")
class TestReservations:
    async def test_a_branch_takes_from_its_head_company(
        self,
        client: httpx.AsyncClient,
        head: str,
        branch: str,
        database: Database,
        tenant: str,
        kit: Kit,
    ) -> None:
        response = await kit.reserve(client, branch, "30.00", "CT-1")
        one = response.json()
        assert response.headers["location"] == f"{RESERVATIONS}/{one['id']}"
        assert (one["outstanding"], one["state"]) == (cny("30.00"), "open")
        await kit.reserved(client, head, "20.00")
        of_branch, of_head = await kit.credit(client, branch), await kit.credit(client, head)
        assert of_branch["head_customer_id"] == of_head["head_customer_id"] == head
        shown = ("limit", "used", "reserved", "used_by_customer", "available")
        group = ["100.00", "50.00", "50.00"]
        assert [of_branch[name] for name in shown] == [*group, "30.00", "50.00"]
        assert [of_head[name] for name in shown] == [*group, "20.00", "50.00"]
        event = (await emitted(database, tenant, "customer.credit-exposure-changed.v1"))[-1]
        assert event.data["exposure"] == cny("50.00")
        assert (await audited(database, tenant))[-1].action == "credit-reservation.created"

    async def test_the_same_document_reserves_once(
        self, client: httpx.AsyncClient, head: str, branch: str, problem: ProblemOf, kit: Kit
    ) -> None:
        first = await kit.reserve(client, head, "60.00", "CT-1")
        again = await kit.reserve(client, head, "60.00", "CT-1")
        assert again.json() == first.json()
        assert (await kit.credit(client, head))["used"] == "60.00"
        for other in ((head, "50.00"), (branch, "60.00")):
            refused = await kit.reserve(client, *other, "CT-1")
            assert problem(refused) == (409, "reservation-differs")

    async def test_of_many_at_once_for_the_last_amount_one_wins(
        self, client: httpx.AsyncClient, head: str, branch: str, kit: Kit
    ) -> None:
        await kit.reserved(client, head, "70.00")
        answers = await asyncio.gather(
            *(kit.reserve(client, one, "30.00") for one in 2 * [head, branch])
        )
        assert sorted(one.status_code for one in answers) == [201] + 3 * [409]
        assert {one.json()["code"] for one in answers if one.status_code == 409} == {
            "credit-refused"
        }
        assert (await kit.credit(client, head))["available"] == "0.00"

    async def test_the_same_document_many_times_at_once(
        self, client: httpx.AsyncClient, head: str, database: Database, tenant: str, kit: Kit
    ) -> None:
        answers = await asyncio.gather(
            *(kit.reserve(client, head, "30.00", "CT-1") for _ in range(5))
        )
        assert {one.status_code for one in answers} == {201}
        assert len({one.json()["id"] for one in answers}) == 1
        created = await emitted(database, tenant, "customer.credit-reservation-created.v1")
        assert len(created) == 1

    async def test_receipts_release_it_each_once(
        self, client: httpx.AsyncClient, head: str, problem: ProblemOf, kit: Kit
    ) -> None:
        one = await kit.reserved(client, head, "60.00")
        await kit.release(client, one, "25.00", "RC-1")
        again = await kit.release(client, one, "25.00", "RC-1")
        assert again.json()["released"] == cny("25.00")
        assert problem(await kit.release(client, one, "5.00", "RC-1")) == (409, "release-differs")
        assert problem(await kit.release(client, one, "35.01")) == (409, "release-too-large")
        done = await kit.release(client, one, None, "RC-2")
        assert (done.json()["state"], done.json()["outstanding"]) == ("released", cny("0.00"))
        assert (await kit.release(client, one, None, "RC-2")).json() == done.json()
        assert problem(await kit.release(client, one, "1.00")) == (409, "reservation-closed")
        assert (await kit.credit(client, head))["used"] == "0.00"
        listed = await client.get(f"{RESERVATIONS}/{one['id']}/releases")
        assert [(each["source_key"], each["amount"]) for each in listed.json()["items"]] == [
            ("RC-1", "25.00"), ("RC-2", "35.00")
        ]  # fmt: skip

    async def test_releases_at_once_set_free_what_is_there(
        self, client: httpx.AsyncClient, head: str, kit: Kit
    ) -> None:
        one = await kit.reserved(client, head, "50.00")
        answers = await asyncio.gather(*(kit.release(client, one, "20.00") for _ in range(5)))
        assert sorted(each.status_code for each in answers) == [200, 200, 409, 409, 409]
        assert (await kit.credit(client, head))["used"] == "10.00"

    async def test_cancelled_it_gives_back_the_rest(
        self, client: httpx.AsyncClient, head: str, database: Database, tenant: str, kit: Kit
    ) -> None:
        one = await kit.reserved(client, head, "60.00")
        await kit.release(client, one, "25.00")
        url = f"{RESERVATIONS}/{one['id']}/cancel"
        cancelled = await client.post(url, json={"reason": "合同解除"}, headers={"If-Match": '"2"'})
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
        assert (await kit.credit(client, head))["used"] == "0.00"
        (event,) = await emitted(database, tenant, "customer.credit-reservation-cancelled.v1")
        assert (event.data["released"], event.data["state"]) == (cny("25.00"), "cancelled")
        again = await client.post(url, json={"reason": "再次"})
        assert again.json()["code"] == "reservation-closed"

    async def test_a_cancelled_one_sent_again_takes_nothing_and_says_so(
        self, client: httpx.AsyncClient, head: str, problem: ProblemOf, kit: Kit
    ) -> None:
        one = (await kit.reserve(client, head, "60.00", "SO-1")).json()
        await client.post(f"{RESERVATIONS}/{one['id']}/cancel", json={"reason": "客户取消订单"})
        again = await kit.reserve(client, head, "60.00", "SO-1")
        assert problem(again) == (409, "reservation-cancelled")
        assert "客户取消订单" in again.json()["detail"]
        assert problem(await kit.reserve(client, head, "50.00", "SO-1")) == (
            409,
            "reservation-differs",
        )
        assert (await kit.credit(client, head))["used"] == "0.00"
        assert (await kit.reserve(client, head, "60.00", "SO-1/2")).status_code == 201
        assert (await kit.credit(client, head))["used"] == "60.00"

    async def test_one_that_is_paid_sent_again_stays_paid(
        self, client: httpx.AsyncClient, head: str, kit: Kit
    ) -> None:
        one = (await kit.reserve(client, head, "60.00", "SO-1")).json()
        paid = await kit.release(client, one, None)
        again = await kit.reserve(client, head, "60.00", "SO-1")
        assert (again.status_code, again.json()) == (201, paid.json())
        assert (await kit.credit(client, head))["used"] == "0.00"

    async def test_a_refusal_says_why_in_both_languages(
        self, client: httpx.AsyncClient, head: str, kit: Kit
    ) -> None:
        english = await kit.reserve(client, head, "100.01")
        assert english.status_code == 409
        assert english.json()["findings"][0] == {
            "code": "limit_exceeded",
            "refuses": True,
            "zh": "额度 100.00，已用 0.00，超出 0.01",
            "en": "of the limit of 100.00, 0.00 is used: 0.01 too much",
        }
        client.headers["Accept-Language"] = "zh"
        chinese = await kit.reserve(client, head, "100.01")
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
        kit: Kit,
    ) -> None:
        assert problem(await kit.reserve(client, head, "1.00", **body)) == refusal

    async def test_payments_of_a_former_customer_still_release(
        self, client: httpx.AsyncClient, head: str, kit: Kit
    ) -> None:
        one = await kit.reserved(client, head, "60.00")
        await client.post(f"/v1/customers/{head}/end", json={"reason": "注销"})
        assert kit.codes(await kit.may(client, head, "1.00")) == ["customer_has_ended"]
        assert (await kit.release(client, one, None)).status_code == 200

    async def test_the_database_itself_keeps_the_exposure_within_the_limit(
        self, client: httpx.AsyncClient, head: str, database: Database, tenant: str, kit: Kit
    ) -> None:
        await kit.reserved(client, head, "60.00")
        with pytest.raises(Exception, match="ck_credit_accounts_within_limit"):
            async with database.transaction(Context(tenant, "tester")) as session:
                await session.execute(text("UPDATE credit_accounts SET exposure = exposure + 41"))

    async def test_what_is_used_is_always_the_sum_of_what_is_outstanding(
        self, client: httpx.AsyncClient, head: str, branch: str, kit: Kit
    ) -> None:
        chance = random.Random(9)  # noqa: S311 - the same each time
        made: list[dict[str, Any]] = []

        async def something() -> None:
            if made and chance.random() < 0.5:
                amount = chance.choice((None, "5.00", "10.00"))
                await kit.release(client, chance.choice(made), amount)
                return
            amount = chance.choice(("10.00", "20.00", "35.00"))
            response = await kit.reserve(client, chance.choice((head, branch)), amount)
            if response.status_code == 201:
                made.append(response.json())

        for _ in range(8):
            await asyncio.gather(*(something() for _ in range(4)))
        listed = (await client.get(RESERVATIONS, params={"limit": 200})).json()["items"]
        outstanding = sum(Decimal(one["outstanding"]["amount"]) for one in listed)
        assert Decimal((await kit.credit(client, head))["used"]) == outstanding <= 100
        assert len(made) > 3

    async def test_costs(
        self, client: httpx.AsyncClient, branch: str, database: Database, kit: Kit
    ) -> None:
        with count_queries(database) as queries:
            await kit.reserved(client, branch, "1.00")
        assert len(queries) == 14, queries.statements
        with count_queries(database) as queries:
            await kit.may(client, branch, "1.00")
        assert len(queries) == 10, queries.statements


class TestGroups:
    @pytest.mark.usefixtures("limit")
    async def test_what_a_company_took_before_it_joined_counts(
        self, client: httpx.AsyncClient, make_customer: Make, head: str, kit: Kit
    ) -> None:
        joining = (await make_customer(name="被收购公司"))["id"]
        await kit.grant(client, joining, "50.00")
        old = await kit.reserved(client, joining, "40.00")
        joined = {"parent_id": head}
        await client.patch(f"/v1/customers/{joining}", json=joined, headers={"If-Match": '"1"'})
        now = await kit.credit(client, joining)
        assert (now["limit"], now["used"], now["used_by_customer"]) == ("100.00", "40.00", "40.00")
        assert (await kit.reserve(client, head, "60.01")).status_code == 409
        await kit.reserved(client, joining, "60.00")
        assert (await kit.credit(client, head))["used"] == "100.00"
        await kit.release(client, old, None)
        assert (await kit.credit(client, head))["available"] == "40.00"

    @pytest.mark.usefixtures("limit")
    async def test_a_branch_may_be_blocked_alone(
        self, client: httpx.AsyncClient, head: str, branch: str, kit: Kit
    ) -> None:
        url = f"/v1/customers/{branch}/credit"
        blocked = await client.post(f"{url}/block", json={"reason": "负责人失联"})
        assert blocked.json()["blocked"] is True
        assert kit.codes(await kit.may(client, branch, "1.00")) == ["blocked"]
        assert (await kit.may(client, head, "1.00"))["allowed"] is True

    @pytest.mark.usefixtures("limit")
    async def test_exposure_in_another_currency_cannot_be_added_up(
        self, client: httpx.AsyncClient, make_customer: Make, head: str, kit: Kit
    ) -> None:
        joining = (await make_customer(name="海外公司"))["id"]
        dollars = {"amount": "50.00", "currency": "USD"}
        await kit.grant(client, joining, amount=dollars)
        assert (await kit.reserve(client, joining, "", amount=dollars)).status_code == 201
        joined = {"parent_id": head}
        await client.patch(f"/v1/customers/{joining}", json=joined, headers={"If-Match": '"1"'})
        assert kit.codes(await kit.may(client, head, "1.00")) == ["group_owes_in_other_currency"]


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
        kit: Kit,
    ) -> None:
        one = client_for(tenant, roles=(role,))
        url = f"/v1/customers/{head}/credit"
        for path in (url, LIMITS, CHANGES, RESERVATIONS):
            assert (await one.get(path)).status_code == reads
        assert (await kit.reserve(one, head, "1.00")).status_code == reserves
        assert (await one.post(f"{url}/block", json={"reason": "无"})).status_code == blocks

    async def test_another_tenant_neither_sees_nor_takes_anything(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        head: str,
        limit: dict[str, Any],
        problem: ProblemOf,
        kit: Kit,
    ) -> None:
        stranger = client_for(f"{tenant}-stranger")
        assert problem(await stranger.get(f"{LIMITS}/{limit['id']}")) == (404, "not-found")
        assert problem(await kit.reserve(stranger, head, "1.00")) == (422, "unknown-customer")
        assert problem(await stranger.get(f"/v1/customers/{head}/credit")) == (404, "not-found")
        assert (await stranger.get(LIMITS)).json()["items"] == []
        one = await kit.reserved(client, head, "1.00")
        assert problem(await kit.release(stranger, one, None)) == (404, "not-found")
