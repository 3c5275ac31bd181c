"""Money that comes in, what it pays, and what is still open (S10)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted
from kehu_sales.receivables.service import tell_overdue

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
CONTRACTS, RECEIPTS = "/v1/contracts", "/v1/receipts"


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


async def done(answer: Awaitable[httpx.Response], status: int = 200) -> dict[str, Any]:
    """Return what a command answers, which must have gone well."""
    response = await answer
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


def parts(receipt: dict[str, Any]) -> tuple[str, str, str]:
    """Return what of a receipt is allocated, refunded and left."""
    names = ("allocated", "refunded", "unallocated")
    allocated, refunded, left = (receipt[name]["amount"] for name in names)
    return allocated, refunded, left


@pytest.fixture
def receive(client: httpx.AsyncClient) -> Make:
    """Records a receipt from the customer of a contract."""

    async def make(contract: dict[str, Any], amount: str, **fields: Any) -> dict[str, Any]:
        body = {"customer_id": contract["customer_id"], "amount": cny(amount)} | fields
        return await done(client.post(RECEIPTS, json=body), 201)

    return make


@pytest.fixture
def open_of(client: httpx.AsyncClient) -> Callable[[dict[str, Any]], Awaitable[list[str]]]:
    """Reads what is open of each instalment of a contract that is not paid in full."""

    async def read(contract: dict[str, Any]) -> list[str]:
        found = await done(client.get("/v1/receivables", params={"contract_id": contract["id"]}))
        return [one["open"]["amount"] for one in found["items"]]

    return read


class TestAllocation:
    async def test_pays_what_is_due_first_and_keeps_the_rest(
        self,
        client: httpx.AsyncClient,
        make_effective: Make,
        receive: Make,
        open_of: Any,
        database: Database,
        tenant: str,
    ) -> None:
        contract = await make_effective()
        assert await open_of(contract) == ["300.00", "700.00"]
        receipt = await receive(contract, "400.00", method="电汇")
        assert receipt["number"] == f"REC-{TODAY.year}-000001"
        assert parts(receipt) == ("400.00", "0.00", "0.00")
        assert await open_of(contract) == ["600.00"]
        more = await receive(contract, "650.00")
        assert parts(more) == ("600.00", "0.00", "50.00")
        paid = await done(client.get(f"{CONTRACTS}/{contract['id']}"))
        assert (paid["collected"], paid["open"]) == (cny("1000.00"), cny("0.00"))
        told = [one.type for one in await emitted(database, tenant)]
        assert told.count("sales.contract-collected.v1") == 2
        assert told.count("sales.receipt-recorded.v1") == 2
        fulfilled = await done(client.post(f"{CONTRACTS}/{contract['id']}/fulfil", json={}))
        assert fulfilled["state"] == "fulfilled"

    async def test_goes_where_it_is_told(
        self, make_effective: Make, receive: Make, open_of: Any
    ) -> None:
        contract = await make_effective()
        second = {"contract_id": contract["id"], "position": 2, "amount": "200.00"}
        receipt = await receive(contract, "250.00", allocations=[second])
        assert parts(receipt) == ("200.00", "0.00", "50.00")
        assert await open_of(contract) == ["300.00", "500.00"]

    async def test_what_is_kept_is_allocated_later(
        self, client: httpx.AsyncClient, make_effective: Make, receive: Make, open_of: Any
    ) -> None:
        contract = await make_effective()
        receipt = await receive(contract, "250.00", allocations=[])
        assert parts(receipt) == ("0.00", "0.00", "250.00")
        later = await done(client.post(f"{RECEIPTS}/{receipt['id']}/allocate", json={}))
        assert parts(later) == ("250.00", "0.00", "0.00")
        assert await open_of(contract) == ["50.00", "700.00"]

    @pytest.mark.parametrize(
        ("position", "amount", "expected"),
        [
            (1, "300.01", (409, "instalment-overpaid")),
            (2, "400.01", (409, "receipt-exceeded")),
            (3, "1.00", (422, "unknown-instalment")),
        ],
    )
    async def test_is_refused_beyond_what_there_is(
        self,
        client: httpx.AsyncClient,
        make_effective: Make,
        problem: ProblemOf,
        position: int,
        amount: str,
        expected: tuple[int, str],
    ) -> None:
        contract = await make_effective()
        one = {"contract_id": contract["id"], "position": position, "amount": amount}
        body = {"customer_id": contract["customer_id"], "amount": cny("400.00")}
        refused = await client.post(RECEIPTS, json=body | {"allocations": [one]})
        assert problem(refused) == expected
        if expected[1] == "unknown-instalment":
            assert refused.json()["detail"] == (
                f"The contract {contract['number']} has no instalment 3; its plan has 2."
            )

    async def test_only_the_payers_own_contracts_in_force_and_its_currency(
        self,
        client: httpx.AsyncClient,
        make_effective: Make,
        make_contract: Make,
        make_customer: MakeCustomer,
        problem: ProblemOf,
    ) -> None:
        contract, draft = await make_effective(), await make_contract()
        other = {"customer_id": await make_customer(), "amount": cny("1.00")}
        refused = await client.post(RECEIPTS, json=other | {"contract_id": contract["id"]})
        assert problem(refused) == (422, "receipt-of-another-customer")
        early = {"customer_id": draft["customer_id"], "contract_id": draft["id"]}
        refused = await client.post(RECEIPTS, json=early | {"amount": cny("1.00")})
        assert problem(refused) == (409, "contract-not-ready")
        dollars = {"amount": {"amount": "1.00", "currency": "USD"}, "contract_id": contract["id"]}
        refused = await client.post(
            RECEIPTS, json=dollars | {"customer_id": contract["customer_id"]}
        )
        assert problem(refused) == (422, "receipt-currency-differs")
        nobody = other | {"contract_id": f"{uuid4()}"}
        refused = await client.post(RECEIPTS, json=nobody)
        assert problem(refused) == (422, "unknown-contract")
        assert nobody["contract_id"] in refused.json()["detail"]

    async def test_two_at_once_never_pay_one_instalment_twice(
        self, client: httpx.AsyncClient, make_effective: Make, open_of: Any
    ) -> None:
        contract = await make_effective()
        body = {"customer_id": contract["customer_id"], "amount": cny("600.00")}
        both = await asyncio.gather(*(client.post(RECEIPTS, json=body) for _ in range(2)))
        left = sorted(one.json()["unallocated"]["amount"] for one in both)
        assert left == ["0.00", "200.00"]
        assert await open_of(contract) == []


class TestDays:
    async def test_no_step_lies_before_the_one_it_follows(
        self, client: httpx.AsyncClient, make_effective: Make, receive: Make, problem: ProblemOf
    ) -> None:
        contract, early = await make_effective(), (422, "date-before-previous")
        day = [str(TODAY - timedelta(days=ago)) for ago in range(4)]
        made = await receive(contract, "1000.00", received_on=day[2], allocations=[])
        url, of = f"{RECEIPTS}/{made['id']}", {"contract_id": contract["id"]}
        assert problem(await client.post(f"{url}/allocate", json=of | {"on": day[3]})) == early
        await done(client.post(f"{url}/allocate", json=of | {"on": day[1]}))
        back = of | {"position": 1, "reason": "分配有误"}
        assert problem(await client.post(f"{url}/release", json=back | {"on": day[2]})) == early
        mistake = {"reason": "支票退票", "on": day[2]}
        assert problem(await client.post(f"{url}/reverse", json=mistake)) == early
        await done(client.post(f"{url}/release", json=back | {"on": day[1]}))
        await done(client.post(f"{url}/reverse", json=mistake | {"on": day[0]}))


class TestBack:
    async def test_a_reversal_opens_what_was_paid(
        self,
        client: httpx.AsyncClient,
        make_effective: Make,
        receive: Make,
        open_of: Any,
        problem: ProblemOf,
    ) -> None:
        contract = await make_effective()
        url = f"{RECEIPTS}/{(await receive(contract, '1000.00'))['id']}"
        await done(client.post(f"{CONTRACTS}/{contract['id']}/fulfil", json={}))
        gone = await done(client.post(f"{url}/reverse", json={"reason": "支票退票"}))
        assert (gone["state"], parts(gone)) == ("reversed", ("0.00", "0.00", "0.00"))
        assert await open_of(contract) == ["300.00", "700.00"]
        again = await done(client.get(f"{CONTRACTS}/{contract['id']}"))
        assert (again["state"], again["closed_on"]) == ("approved", None)
        history = (await done(client.get(f"{url}/allocations")))["items"]
        assert [(one["position"], one["release_reason"]) for one in history] == [
            (1, "支票退票"),
            (2, "支票退票"),
        ]
        assert problem(await client.post(f"{url}/reverse", json={"reason": "x"})) == (
            409,
            "receipt-reversed",
        )

    async def test_a_paid_contract_is_cancelled_after_its_money_was_paid_back(
        self,
        client: httpx.AsyncClient,
        make_effective: Make,
        receive: Make,
        problem: ProblemOf,
    ) -> None:
        contract = await make_effective()
        url = f"{RECEIPTS}/{(await receive(contract, '300.00'))['id']}"
        cancel = f"{CONTRACTS}/{contract['id']}/cancel"
        reason = {"reason": "项目取消"}
        assert problem(await client.post(cancel, json=reason)) == (409, "contract-has-receipts")
        back = {"amount": "300.00", "reason": "退款"}
        refused = await client.post(f"{url}/refund", json=back)
        assert problem(refused) == (409, "receipt-exceeded")
        release = {"contract_id": contract["id"], "position": 1, "reason": "退款"}
        await done(client.post(f"{url}/release", json=release))
        refused = await client.post(f"{url}/release", json=release)
        assert problem(refused) == (409, "nothing-allocated")
        assert parts(await done(client.post(f"{url}/refund", json=back))) == (
            "0.00",
            "300.00",
            "0.00",
        )
        refused = await client.post(f"{url}/reverse", json=reason)
        assert problem(refused) == (409, "receipt-refunded")
        assert (await done(client.post(cancel, json=reason)))["state"] == "cancelled"


class TestReceivables:
    async def test_by_age_and_with_what_to_do(
        self,
        client: httpx.AsyncClient,
        make_effective: Make,
    ) -> None:
        day = TODAY - timedelta(days=100)
        plan = [
            {"due_on": f"{TODAY - timedelta(days=late)}", "amount": "250.00"}
            for late in (-10, 0, 31, 91)
        ]
        contract = await make_effective(signed_on=f"{day}", instalments=plan)
        of_it = {"customer_id": contract["customer_id"]}
        listed = (await done(client.get("/v1/receivables", params=of_it)))["items"]
        assert [(one["days_late"], one["age"]["from_day"]) for one in listed] == [
            (91, 91),
            (31, 31),
            (0, None),
            (0, None),
        ]
        assert "法律" in listed[0]["advice"]["zh"]
        late = of_it | {"due_before": f"{TODAY}"}
        assert len((await done(client.get("/v1/receivables", params=late)))["items"]) == 2
        summed = (await done(client.get("/v1/receivable-ages", params=of_it)))["items"]
        assert [one["open"] for one in summed] == [cny("1000.00")]
        assert [one["open"]["amount"] for one in summed[0]["ages"]] == [
            "500.00",
            "0.00",
            "250.00",
            "0.00",
            "250.00",
        ]

    async def test_the_ages_are_the_tenants(
        self, client: httpx.AsyncClient, make_effective: Make, problem: ProblemOf
    ) -> None:
        policy = await client.get("/v1/receivable-policy")
        assert policy.json() == {"version": 0, "ages": [30, 60, 90]}
        url, first = "/v1/receivable-policy", {"If-Match": '"0"'}
        for wrong in ([60, 30], [30, 30]):
            refused = await client.patch(url, json={"ages": wrong}, headers=first)
            assert problem(refused) == (422, "ages-not-rising")
        changed = await client.patch(url, json={"ages": [15, 45]}, headers=first)
        assert changed.json() == {"version": 1, "ages": [15, 45]}
        again = await client.patch(url, json={"ages": [15]}, headers=first)
        assert problem(again) == (412, "version-conflict")
        day = TODAY - timedelta(days=31)
        plan = [{"due_on": f"{day}", "percent": "100"}]
        contract = await make_effective(signed_on=f"{day}", instalments=plan)
        of_it = {"customer_id": contract["customer_id"]}
        [listed] = (await done(client.get("/v1/receivables", params=of_it)))["items"]
        assert listed["age"] == {"from_day": 16, "to_day": 45}
        [summed] = (await done(client.get("/v1/receivable-ages", params=of_it)))["items"]
        assert [one["age"]["from_day"] for one in summed["ages"]] == [None, 1, 16, 46]

    async def test_each_due_day_is_told_overdue_exactly_once(
        self,
        make_effective: Make,
        receive: Make,
        database: Database,
        context: Context,
        tenant: str,
    ) -> None:
        contract = await make_effective()
        tomorrow, later = TODAY + timedelta(days=1), TODAY + timedelta(days=40)

        async def tell(today: Any) -> int:
            async with database.transaction(context) as session:
                return await tell_overdue(session, 10, today=today)

        assert await tell(TODAY) == 0  # on its day nothing is late
        assert [await tell(tomorrow), await tell(tomorrow)] == [1, 0]
        await receive(contract, "300.00")
        assert [await tell(later), await tell(later)] == [1, 0]
        told = await emitted(database, tenant, "sales.instalment-overdue.v1")
        assert [(one.data["position"], one.data["open"]["amount"]) for one in told] == [
            (1, "300.00"),
            (2, "700.00"),
        ]
