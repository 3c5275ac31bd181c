"""Contracts on account and the customer's credit, known here by a copy only (S10, C9).

No customer service runs in these tests: what is asked here is asked while it is down.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
import pytest

from kehu_contracts.credit import (
    CreditBlocked,
    CreditExposureChanged,
    CreditLimitGranted,
    CreditReportRecorded,
)
from kehu_contracts.money import Money
from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.customer_copies import example, merged
from kehu_kernel.testing.events import (
    RecordedDeadLetters,
    customer_changed,
    deliveries,
    fact_of,
)
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor
from kehu_sales.consumers import fold

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Grant = Callable[..., Awaitable[None]]
Know = Callable[..., Awaitable[str]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
POLICY, CHECKS = "/v1/credit-check-policy", "/v1/credit-checks"
REASON = {"reason": "总部已书面担保"}


def counted(customer: str, exposure: str, *, of_contracts: str | None) -> CreditExposureChanged:
    """Return what the customer service says of an account: all it counts, and for contracts."""
    part = of_contracts and Money(amount=Decimal(of_contracts), currency="CNY")
    whole = Money(amount=Decimal(exposure), currency="CNY")
    account = {"credit_account_id": uuid5(UUID(customer), "account"), "customer_id": UUID(customer)}
    return example(CreditExposureChanged).model_copy(
        update=account
        | {"currency": "CNY", "exposure": whole, "contracted": part, "blocked": False}
    )


def codes(response: httpx.Response) -> list[str]:
    body = response.json()
    found = body.get("findings", body.get("credit_findings"))
    return [one["code"] for one in found]


@pytest.fixture
def tell(worker_database: Database, tenant: str) -> Callable[..., Awaitable[None]]:
    """Delivers what the customer service says, to this tenant."""
    deliver = deliveries(fold, worker_database, RecordedDeadLetters())

    async def facts(*events: Any, sequence: int = 1) -> None:
        await deliver(*(fact_of(one, tenant, sequence=sequence) for one in events))

    return facts


@pytest.fixture
def know(tell: Callable[..., Awaitable[None]]) -> Know:
    """Makes a trade customer known, perhaps as the branch of another one."""

    async def make(parent: str | None = None) -> str:
        who = customer_changed(uuid4(), name=f"恒远{uuid4().hex[:6]}")
        above = {"state": "trade", "parent_id": UUID(parent) if parent else None}
        await tell(who.model_copy(update=above))
        return str(who.customer_id)

    return make


@pytest.fixture
def grant(tell: Callable[..., Awaitable[None]]) -> Grant:
    """Grants a customer a limit that is in force today, with a report that is valid."""

    async def limit(customer: str, amount: str, *, days: int = 300) -> None:
        of_it = {"customer_id": UUID(customer)}
        spring = TODAY - timedelta(days=60)
        await tell(
            example(CreditLimitGranted).model_copy(
                update=of_it
                | {
                    "starts_on": spring,
                    "ends_on": TODAY + timedelta(days=days),
                    "amount": Money(amount=Decimal(amount), currency="CNY"),
                }
            ),
            example(CreditReportRecorded).model_copy(
                update=of_it
                | {"reported_on": spring, "expires_on": TODAY + timedelta(days=100)}
                | {"superseded_at": None}
            ),
        )

    return limit


@pytest.fixture
def submit(client: httpx.AsyncClient, make_contract: Make) -> Callable[..., Any]:
    """Drafts a contract of 1,000.00 on account and submits it; returns the answer."""

    async def make(customer: str, **fields: Any) -> httpx.Response:
        made = await make_contract(customer_id=customer, **fields)
        return await client.post(f"/v1/contracts/{made['id']}/submit")

    return make


async def ask_for_consent(client: httpx.AsyncClient, kind: str) -> None:
    """Have documents of a kind wait for the consent of somebody."""
    levels = [{"name": "总经理", "employee_id": str(uuid4())}]
    chain = {"kind": kind, "levels": levels}
    assert (await client.post("/v1/approval-chains", json=chain)).status_code == 201


class TestSubmission:
    async def test_what_fits_into_the_limit_is_let_through_and_the_next_one_is_not(
        self, know: Know, grant: Grant, submit: Callable[..., Any], problem: ProblemOf
    ) -> None:
        who = await know()
        await grant(who, "1999.99")
        first = await submit(who)
        assert (first.json()["state"], codes(first)) == ("approved", [])
        second = await submit(who)
        assert problem(second) == (422, "credit-refused")
        assert codes(second) == ["limit_exceeded"]
        assert "0.01 too much" in second.json()["detail"]

    async def test_two_at_once_do_not_both_get_the_last_of_the_limit(
        self, know: Know, grant: Grant, make_contract: Make, client: httpx.AsyncClient
    ) -> None:
        head = await know()
        branches = [await know(head) for _ in range(4)]
        await grant(head, "2500.00")
        made = [await make_contract(customer_id=one) for one in branches]
        answers = await asyncio.gather(
            *(client.post(f"/v1/contracts/{one['id']}/submit") for one in made)
        )
        assert sorted(one.status_code for one in answers) == [200, 200, 422, 422]

    async def test_what_waits_for_approval_takes_credit_already(
        self,
        client: httpx.AsyncClient,
        know: Know,
        grant: Grant,
        submit: Callable[..., Any],
        problem: ProblemOf,
    ) -> None:
        await ask_for_consent(client, "contract")
        who = await know()
        await grant(who, "1500.00")
        assert (await submit(who)).json()["state"] == "in_approval"
        assert problem(await submit(who)) == (422, "credit-refused")

    async def test_an_amendment_that_waits_takes_what_it_would_with_consent(
        self,
        client: httpx.AsyncClient,
        know: Know,
        grant: Grant,
        submit: Callable[..., Any],
        problem: ProblemOf,
    ) -> None:
        await ask_for_consent(client, "contract_amendment")
        who = await know()
        await grant(who, "2500.00")
        contract = (await submit(who)).json()
        line = {"product_id": contract["lines"][0]["product_id"], "quantity": "20"}
        due = [{"due_on": f"{TODAY}", "amount": "2000.00"}]
        more = {"reason": "客户要求变更", "lines": [line], "instalments": due}
        amended = await client.post(f"/v1/contracts/{contract['id']}/amend", json=more)
        assert (amended.status_code, amended.json().get("state")) == (200, "in_approval")
        assert problem(await submit(who)) == (422, "credit-refused")

    async def test_money_that_comes_in_and_a_cancellation_free_credit(
        self, client: httpx.AsyncClient, know: Know, grant: Grant, submit: Callable[..., Any]
    ) -> None:
        who = await know()
        await grant(who, "1300.00")
        first = (await submit(who)).json()
        assert (await submit(who)).status_code == 422
        money = {"amount": {"amount": "700.00", "currency": "CNY"}}
        paid = await client.post(
            "/v1/receipts", json=money | {"customer_id": who, "contract_id": first["id"]}
        )
        assert paid.status_code == 201, paid.text
        second = await submit(who)
        assert second.json()["state"] == "approved", second.text
        assert (await submit(who)).status_code == 422
        url = f"/v1/contracts/{second.json()['id']}/cancel"
        assert (await client.post(url, json={"reason": "客户项目取消"})).status_code == 200
        assert (await submit(who)).status_code == 200

    async def test_one_that_is_paid_at_once_takes_none(
        self, know: Know, grant: Grant, submit: Callable[..., Any]
    ) -> None:
        who = await know()
        await grant(who, "1000.00")
        for _ in "ab":
            assert (await submit(who, on_account=False)).json()["state"] == "approved"
        assert (await submit(who)).json()["state"] == "approved"

    async def test_a_group_is_one_whatever_was_merged_in_it_and_others_are_not_of_it(
        self,
        know: Know,
        grant: Grant,
        submit: Callable[..., Any],
        worker_database: Database,
        tenant: str,
    ) -> None:
        head = await know()
        branch, double, stranger = await know(head), await know(), await know()
        await grant(head, "2500.00")
        await grant(stranger, "1000.00")
        assert (await submit(double)).status_code == 200  # no file of its own: warned of
        deliver = deliveries(fold, worker_database, RecordedDeadLetters())
        await deliver(merged(UUID(double), UUID(branch), tenant, 2))
        assert (await submit(branch)).status_code == 200
        assert codes(await submit(head)) == ["limit_exceeded"]
        assert (await submit(stranger)).json()["state"] == "approved"

    async def test_who_is_stopped_or_below_a_stopped_company_gets_none(
        self,
        know: Know,
        grant: Grant,
        submit: Callable[..., Any],
        tell: Callable[..., Awaitable[None]],
    ) -> None:
        head = await know()
        branch = await know(head)
        await grant(head, "5000.00")
        stop = example(CreditBlocked).model_copy(
            update={"customer_id": UUID(head), "blocked": True, "block_reason": "逾期九十天"}
        )
        await tell(stop)
        refused = await submit(branch)
        assert codes(refused) == ["stopped"]
        assert "逾期九十天" in refused.json()["detail"]
        await tell(stop.model_copy(update={"blocked": False, "block_reason": None}), sequence=2)
        assert (await submit(branch)).json()["state"] == "approved"

    async def test_the_limit_of_another_year_does_not_count(
        self, know: Know, grant: Grant, submit: Callable[..., Any]
    ) -> None:
        who = await know()
        await grant(who, "5000.00", days=0)
        assert codes(await submit(who)) == ["no_limit"]


class TestWhatCountsOnce:
    """A contract by our own books, everything else by what the customer service said last."""

    async def test_a_contract_counts_the_same_before_and_after_the_customer_service_heard_of_it(
        self,
        client: httpx.AsyncClient,
        know: Know,
        grant: Grant,
        submit: Callable[..., Any],
        tell: Callable[..., Awaitable[None]],
    ) -> None:
        who = await know()
        await grant(who, "2000.00")
        asked = {"customer_id": who, "amount": "1.00", "currency": "CNY"}

        async def left() -> str:
            return str((await client.get(CHECKS, params=asked)).json()["available"]["amount"])

        await tell(counted(who, "300.00", of_contracts="0.00"))  # an order, by its API
        assert await left() == "1700.00"
        signed = (await submit(who)).json()
        assert await left() == "700.00"
        await tell(counted(who, "1300.00", of_contracts="1000.00"), sequence=2)
        assert await left() == "700.00"
        money = {"amount": {"amount": "400.00", "currency": "CNY"}, "contract_id": signed["id"]}
        paid = await client.post("/v1/receipts", json=money | {"customer_id": who})
        assert paid.status_code == 201, paid.text
        assert await left() == "1100.00"
        await tell(counted(who, "900.00", of_contracts="600.00"), sequence=3)
        assert await left() == "1100.00"
        await tell(counted(who, "600.00", of_contracts="600.00"), sequence=4)  # the order is paid
        assert await left() == "1400.00"

    async def test_what_orders_have_reserved_leaves_less_for_contracts(
        self,
        know: Know,
        grant: Grant,
        submit: Callable[..., Any],
        tell: Callable[..., Awaitable[None]],
    ) -> None:
        head = await know()
        branch = await know(head)
        await grant(head, "1500.00")
        await tell(
            counted(head, "300.00", of_contracts=None),  # as told before contracts were counted
            counted(branch, "200.01", of_contracts="0.00"),  # from before it joined the group
        )
        assert codes(await submit(head)) == ["limit_exceeded"]
        await tell(counted(branch, "200.00", of_contracts="0.00"), sequence=2)
        assert (await submit(branch)).json()["state"] == "approved"

    async def test_of_many_at_once_none_passes_what_orders_left_whatever_is_told_meanwhile(
        self,
        client: httpx.AsyncClient,
        know: Know,
        grant: Grant,
        make_contract: Make,
        tell: Callable[..., Awaitable[None]],
    ) -> None:
        who = await know()
        await grant(who, "3500.00")
        await tell(counted(who, "1000.00", of_contracts="0.00"))
        made = [await make_contract(customer_id=who) for _ in range(4)]

        async def heard() -> None:
            for heard_of in range(1, 4):
                told = counted(
                    who, f"{1000 + 1000 * heard_of}.00", of_contracts=f"{1000 * heard_of}.00"
                )
                await tell(told, sequence=1 + heard_of)

        answers, _ = await asyncio.gather(
            asyncio.gather(*(client.post(f"/v1/contracts/{one['id']}/submit") for one in made)),
            heard(),
        )
        assert sorted(one.status_code for one in answers) == [200, 200, 422, 422]


class TestWithoutFile:
    async def test_is_warned_of_and_treated_as_the_tenant_decides(
        self, client: httpx.AsyncClient, know: Know, submit: Callable[..., Any], tenant: str
    ) -> None:
        who = await know()
        warned = await submit(who)
        assert warned.json()["state"] == "approved"
        assert codes(warned) == ["no_credit_file"]
        for version, treatment, status in ((0, "refuse", 422), (1, "allow", 200)):
            decided = await client.patch(
                POLICY, json={"without_file": treatment}, headers={"If-Match": f'"{version}"'}
            )
            assert decided.status_code == 200, decided.text
            assert (await submit(who)).status_code == status
        assert codes(await submit(who)) == []
        read = (await client.get(POLICY)).json()
        assert read == {"version": 2, "without_file": "allow", "without_report": "warn"}

    async def test_of_two_first_decisions_one_is_told(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        first, body = {"If-Match": '"0"'}, {"without_file": "refuse"}
        assert (await client.patch(POLICY, json=body, headers=first)).status_code == 200
        late = await client.patch(POLICY, json=body, headers=first)
        assert problem(late) == (412, "version-conflict")


class TestOverride:
    async def test_lets_a_refused_draft_pass_with_the_reason_on_record(
        self,
        client: httpx.AsyncClient,
        know: Know,
        grant: Grant,
        make_contract: Make,
        database: Database,
        tenant: str,
    ) -> None:
        who = await know()
        await grant(who, "100.00")
        made = await make_contract(customer_id=who)
        url = f"/v1/contracts/{made['id']}"
        assert (await client.post(f"{url}/submit")).status_code == 422
        overridden = await client.post(f"{url}/override-credit", json=REASON)
        assert overridden.json()["credit_override_reason"] == REASON["reason"], overridden.text
        submitted = await client.post(f"{url}/submit")
        assert submitted.json()["state"] == "approved"
        assert codes(submitted) == ["limit_exceeded"]
        written = await audited(database, tenant)
        assert "contract.credit-overridden" in [one.action for one in written]
        told = [one for one in await emitted(database, tenant) if str(one.key) == made["id"]]
        assert told[-1].data["credit_override_reason"] == REASON["reason"]

    async def test_holds_for_less_and_not_for_more(
        self, client: httpx.AsyncClient, know: Know, grant: Grant, make_contract: Make
    ) -> None:
        who = await know()
        await grant(who, "100.00")
        made = await make_contract(customer_id=who)
        url = f"/v1/contracts/{made['id']}"
        now = await client.post(f"{url}/override-credit", json=REASON)
        kept = []
        for discount in ("10", "5"):
            seen = {"If-Match": now.headers["ETag"]}
            now = await client.patch(url, json={"discount_percent": discount}, headers=seen)
            kept.append(now.json()["credit_override_reason"])
        assert kept == [REASON["reason"], None]
        assert (await client.post(f"{url}/submit")).status_code == 422

    async def test_does_not_hold_for_an_amendment_that_takes_more(
        self,
        client: httpx.AsyncClient,
        know: Know,
        grant: Grant,
        make_contract: Make,
        problem: ProblemOf,
    ) -> None:
        who = await know()
        await grant(who, "100.00")
        made = await make_contract(customer_id=who)
        url = f"/v1/contracts/{made['id']}"
        await client.post(f"{url}/override-credit", json=REASON)
        assert (await client.post(f"{url}/submit")).json()["state"] == "approved"
        answers = []
        for quantity in ("50", "8"):
            line = {"product_id": made["lines"][0]["product_id"], "quantity": quantity}
            body = {"reason": "客户要求变更", "lines": [line]}
            answers.append(await client.post(f"{url}/amend", json=body))
        more, less = answers
        assert (problem(more), codes(more)) == ((422, "credit-refused"), ["limit_exceeded"])
        assert less.json()["state"] == "approved", less.text

    async def test_needs_a_right_of_its_own_a_draft_and_an_account(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        make_contract: Make,
        make_effective: Make,
        problem: ProblemOf,
    ) -> None:
        made = await make_contract(on_account=False)
        url = f"/v1/contracts/{made['id']}/override-credit"
        seller = client_for(tenant, roles=["sales_manager"])
        assert problem(await seller.post(url, json=REASON)) == (403, "scope-missing")
        manager = client_for(tenant, roles=["credit_manager"])
        assert problem(await manager.post(url, json=REASON)) == (409, "not-on-account")
        url = f"/v1/contracts/{(await make_effective())['id']}/override-credit"
        assert problem(await client.post(url, json=REASON)) == (409, "contract-not-ready")


class TestCheck:
    async def test_answers_what_a_submission_would_and_changes_nothing(
        self,
        client: httpx.AsyncClient,
        know: Know,
        grant: Grant,
        submit: Callable[..., Any],
        tell: Callable[..., Awaitable[None]],
    ) -> None:
        head = await know()
        branch = await know(head)
        await grant(head, "1500.00")
        await tell(counted(head, "77.00", of_contracts="77.00"))
        assert (await submit(head)).status_code == 200
        asked = {"customer_id": branch, "amount": "500.00", "currency": "CNY"}
        for _ in "ab":
            fits = (await client.get(CHECKS, params=asked)).json()
            assert (fits["allowed"], fits["findings"]) == (True, [])
            assert fits["head_customer_id"] == head
            assert fits["used"] == [{"amount": "1000.00", "currency": "CNY"}]
            assert fits["available"] == {"amount": "500.00", "currency": "CNY"}
            assert fits["published_exposure"] == {"amount": "77.00", "currency": "CNY"}
        short = await client.get(CHECKS, params=asked | {"amount": "500.01"})
        assert short.json()["allowed"] is False
        assert codes(short) == ["limit_exceeded"]

    async def test_counts_what_the_caller_does_not_see(
        self,
        client_for: ClientFor,
        tenant: str,
        know: Know,
        grant: Grant,
        make_effective: Make,
    ) -> None:
        who = await know()
        await grant(who, "1500.00")
        await make_effective(customer_id=who, owner_id=str(uuid4()))
        fang = client_for(tenant, employee_id=str(uuid4()), row_scope="own")
        asked = {"customer_id": who, "amount": "500.01", "currency": "CNY"}
        assert codes(await fang.get(CHECKS, params=asked)) == ["limit_exceeded"]
        seen = await fang.get("/v1/contracts", params={"customer_id": who})
        assert seen.json()["items"] == []

    async def test_about_somebody_unknown(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        asked = {"customer_id": str(uuid4()), "amount": "1.00", "currency": "CNY"}
        assert problem(await client.get(CHECKS, params=asked)) == (422, "unknown-customer")
