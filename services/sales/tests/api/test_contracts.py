"""Contracts from the push-down of a quote to their end (S10; 1.4, item 3)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor
from kehu_sales.directory.models import EmployeeRef

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
CONTRACTS, QUOTES, APPROVALS = "/v1/contracts", "/v1/quotes", "/v1/approvals"


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


async def done(answer: Awaitable[httpx.Response], status: int = 200) -> dict[str, Any]:
    """Return what a command answers, which must have gone well."""
    response = await answer
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


async def told_of(database: Database, tenant: str, row: dict[str, Any]) -> list[str]:
    """Return what the world heard of a record, in order."""
    found = await emitted(database, tenant)
    return [one.type.split(".")[1] for one in found if str(one.key) == row["id"]]


@pytest.fixture
def make_approved_quote(
    client: httpx.AsyncClient,
    make_quote: Make,
    make_opportunity: Make,
    make_product: Make,
    make_customer: MakeCustomer,
) -> Make:
    """Makes an approved quote for an opportunity of a trade customer, or of the one given."""

    async def make(customer_id: str | None = None) -> dict[str, Any]:
        line = {"product_id": (await make_product())["id"], "quantity": "3"}
        opportunity = await make_opportunity(
            lines=[line], customer_id=customer_id or await make_customer()
        )
        made = await make_quote(opportunity_id=opportunity["id"])
        approved = await done(client.post(f"{QUOTES}/{made['id']}/submit"))
        assert approved["state"] == "approved"
        return approved

    return make


class TestPushDown:
    async def test_takes_over_what_was_quoted_and_both_know_each_other(
        self, client: httpx.AsyncClient, make_approved_quote: Make, make_contract: Make
    ) -> None:
        quote = await make_approved_quote()
        made = await make_contract(quote_id=quote["id"])
        for name in ("lines", "total", "discount_percent", "opportunity_id", "customer_id"):
            assert made[name] == quote[name], name
        assert made["number"] == f"CON-{TODAY.year}-000001"
        assert [one["amount"]["amount"] for one in made["instalments"]] == ["90.00", "210.00"]
        assert (await done(client.get(f"{QUOTES}/{quote['id']}")))["contract_id"] == made["id"]
        for name in ("quote_id", "opportunity_id", "customer_id"):
            listed = await done(client.get(CONTRACTS, params={name: made[name]}))
            assert [one["id"] for one in listed["items"]] == [made["id"]], name

    async def test_is_audited_and_told(
        self,
        make_approved_quote: Make,
        make_contract: Make,
        database: Database,
        tenant: str,
    ) -> None:
        quote = await make_approved_quote()
        made = await make_contract(quote_id=quote["id"])
        entries = await audited(database, tenant)
        actions = [one.action for one in entries if one.entity_id == UUID(made["id"])]
        assert actions == ["contract.created"]
        assert await told_of(database, tenant, made) == ["contract-created"]
        assert (await told_of(database, tenant, quote))[-1] == "quote-changed"

    async def test_of_a_quote_nobody_agreed_to(
        self, client: httpx.AsyncClient, make_quote: Make, problem: ProblemOf
    ) -> None:
        refused = await client.post(CONTRACTS, json={"quote_id": (await make_quote())["id"]})
        assert problem(refused) == (409, "quote-not-approved")

    async def test_with_somebody_who_is_no_trade_customer_yet(
        self,
        client: httpx.AsyncClient,
        make_approved_quote: Make,
        make_customer: MakeCustomer,
        problem: ProblemOf,
    ) -> None:
        quote = await make_approved_quote(await make_customer(state="prospect"))
        refused = await client.post(CONTRACTS, json={"quote_id": quote["id"]})
        assert problem(refused) == (409, "not-a-trade-customer")

    async def test_twice_at_once(
        self, client: httpx.AsyncClient, make_approved_quote: Make
    ) -> None:
        body = {"quote_id": (await make_approved_quote())["id"]}
        answers = await asyncio.gather(*(client.post(CONTRACTS, json=body) for _ in range(3)))
        assert sorted(one.status_code for one in answers) == [201, 409, 409]
        assert {one.json()["code"] for one in answers if one.is_error} == {"quote-has-contract"}

    async def test_again_after_the_first_was_cancelled(
        self, client: httpx.AsyncClient, make_approved_quote: Make, make_contract: Make
    ) -> None:
        quote = await make_approved_quote()
        first = await make_contract(quote_id=quote["id"])
        cancel = {"reason": "客户要求修改"}
        await done(client.post(f"{CONTRACTS}/{first['id']}/cancel", json=cancel))
        assert (await done(client.get(f"{QUOTES}/{quote['id']}")))["contract_id"] is None
        assert (await make_contract(quote_id=quote["id"]))["number"].endswith("000002")

    async def test_the_lines_stay_those_of_the_quote(
        self,
        client: httpx.AsyncClient,
        make_approved_quote: Make,
        make_contract: Make,
        problem: ProblemOf,
    ) -> None:
        made = await make_contract(quote_id=(await make_approved_quote())["id"])
        refused = await client.patch(
            f"{CONTRACTS}/{made['id']}",
            json={"discount_percent": "5"},
            headers={"If-Match": '"1"'},
        )
        assert problem(refused) == (409, "lines-of-the-quote")

    async def test_the_approval_of_a_quote_with_a_contract_is_not_taken_back(
        self,
        client: httpx.AsyncClient,
        make_approved_quote: Make,
        make_contract: Make,
        problem: ProblemOf,
    ) -> None:
        quote = await make_approved_quote()
        await make_contract(quote_id=quote["id"])
        found = await done(client.get(APPROVALS, params={"document_id": quote["id"]}))
        url = f"{APPROVALS}/{found['items'][0]['id']}/revoke"
        refused = await client.post(url, json={"reason": "价格有误"})
        assert problem(refused) == (409, "quote-is-out")

    async def test_of_a_quote_without_an_opportunity_for_another_customer(
        self, client: httpx.AsyncClient, make_product: Make, make_customer: Any,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        line = {"product_id": (await make_product())["id"], "quantity": "1"}
        asked = {"customer_id": await make_customer(), "lines": [line]}
        quote = (await client.post("/v1/quotes", json=asked)).json()
        await client.post(f"/v1/quotes/{quote['id']}/submit")
        other = {"quote_id": quote["id"], "customer_id": await make_customer()}
        refused = await client.post("/v1/contracts", json=other)
        assert problem(refused) == (422, "another-customer")
        assert refused.json()["detail"].startswith(f"{quote['number']} is with another customer")


class TestFree:
    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"lines": None}, "contract-source-unclear"),
            ({"customer_id": None}, "contract-needs-customer"),
            ({"customer_id": f"{uuid4()}"}, "unknown-customer"),
            ({"opportunity_id": f"{uuid4()}"}, "unknown-opportunity"),
            ({"instalments": [{"due_on": f"{TODAY}"}]}, "amount-or-percent"),
        ],
        ids=["no-lines", "nobody", "unknown", "no-opportunity", "no-amount"],
    )
    async def test_is_refused(
        self,
        client: httpx.AsyncClient,
        make_product: Make,
        make_customer: MakeCustomer,
        problem: ProblemOf,
        fields: dict[str, Any],
        code: str,
    ) -> None:
        line = {"product_id": (await make_product())["id"], "quantity": "1"}
        body = {"lines": [line], "customer_id": await make_customer()} | fields
        assert problem(await client.post(CONTRACTS, json=body)) == (422, code)

    @pytest.mark.parametrize(
        ("names", "told"),
        [({"quote_id", "lines"}, "报价单、明细"),
         ({"quote_id", "discount_percent"}, "报价单、整单折扣"),
         ({"discount_percent"}, "整单折扣"),
         (set(), "无")],
        ids=["quote and lines", "quote and discount", "discount", "nothing"],
    )  # fmt: skip
    async def test_says_which_sources_were_given_and_what_to_give(
        self, client: httpx.AsyncClient, problem: ProblemOf, names: set[str], told: str
    ) -> None:
        line = {"product_id": f"{uuid4()}", "quantity": "1"}
        given = {"quote_id": f"{uuid4()}", "lines": [line], "discount_percent": "5"}
        body = {name: one for name, one in given.items() if name in names}
        refused = await client.post(CONTRACTS, json=body, headers={"Accept-Language": "zh"})
        assert problem(refused) == (422, "contract-source-unclear")
        assert f"已填写：{told}。" in refused.json()["detail"]

    async def test_belongs_where_its_owner_works(
        self, make_contract: Make, worker_database: Database, tenant: str
    ) -> None:
        owner, department = uuid4(), uuid4()
        known = {"tenant_id": tenant, "sequence": 1, "code": "E1", "name": "王芳"}
        async with worker_database.worker_transaction() as session:
            session.add(EmployeeRef(id=owner, department_id=department, active=True, **known))
        made = await make_contract(owner_id=str(owner))
        assert made["department_id"] == str(department)

    async def test_needs_consent_to_what_a_quote_would_need_it_for(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        make_contract: Make,
    ) -> None:
        made = await make_contract(discount_percent="10")
        rep = client_for(tenant, roles=("sales_representative",), subject="rep")
        waiting = await done(rep.post(f"{CONTRACTS}/{made['id']}/submit"))
        assert waiting["state"] == "in_approval"
        found = await done(client.get(APPROVALS, params={"document_id": made["id"]}))
        approval = found["items"][0]
        assert (approval["kind"], approval["discount_percent"]) == ("contract", "10.00")
        await done(client.post(f"{APPROVALS}/{approval['id']}/approve", json={}))
        approved = await done(client.get(f"{CONTRACTS}/{made['id']}"))
        assert (approved["state"], approved["approved_on"]) == ("approved", f"{TODAY}")

    async def test_a_plan_that_does_not_add_up_is_not_submitted(
        self, client: httpx.AsyncClient, make_contract: Make, problem: ProblemOf
    ) -> None:
        made = await make_contract(instalments=[{"due_on": f"{TODAY}", "amount": "999.99"}])
        url = f"{CONTRACTS}/{made['id']}"
        assert problem(await client.post(f"{url}/submit")) == (409, "plan-does-not-add-up")
        plan = {"instalments": [{"due_on": f"{TODAY}", "amount": "1000.00"}]}
        await done(client.patch(url, json=plan, headers={"If-Match": '"1"'}))
        assert (await done(client.post(f"{url}/submit")))["state"] == "approved"

    async def test_other_lines_change_the_plan(
        self, client: httpx.AsyncClient, make_contract: Make, make_product: Make
    ) -> None:
        made = await make_contract()
        line = {"product_id": (await make_product())["id"], "quantity": "20"}
        patched = await done(
            client.patch(
                f"{CONTRACTS}/{made['id']}", json={"lines": [line]}, headers={"If-Match": '"1"'}
            )
        )
        assert [one["amount"]["amount"] for one in patched["instalments"]] == ["600.00", "1400.00"]


class TestLife:
    async def test_in_force_it_is_not_changed_un_approved_or_fulfilled_unpaid(
        self, client: httpx.AsyncClient, make_effective: Make, problem: ProblemOf
    ) -> None:
        made = await make_effective()
        url = f"{CONTRACTS}/{made['id']}"
        refused = await client.patch(url, json={"terms": "x"}, headers={"If-Match": '"2"'})
        assert problem(refused) == (409, "contract-not-ready")
        assert problem(await client.post(f"{url}/fulfil", json={})) == (
            409,
            "contract-not-collected",
        )
        found = await done(client.get(APPROVALS, params={"document_id": made["id"]}))
        revoke = f"{APPROVALS}/{found['items'][0]['id']}/revoke"
        refused = await client.post(revoke, json={"reason": "有误"})
        assert problem(refused) == (409, "contract-in-force")

    async def test_is_cancelled_with_the_reason(
        self,
        client: httpx.AsyncClient,
        make_effective: Make,
        database: Database,
        tenant: str,
        problem: ProblemOf,
    ) -> None:
        made = await make_effective()
        url = f"{CONTRACTS}/{made['id']}/cancel"
        early = {"reason": "项目取消", "on": f"{TODAY - timedelta(days=1)}"}
        assert problem(await client.post(url, json=early)) == (422, "date-before-previous")
        gone = await done(client.post(url, json={"reason": "项目取消"}))
        assert (gone["state"], gone["closed_on"]) == ("cancelled", f"{TODAY}")
        assert problem(await client.post(url, json={"reason": "x"})) == (409, "contract-not-ready")
        told = await told_of(database, tenant, made)
        assert told == ["contract-created", "contract-approved", "contract-cancelled"]

    async def test_a_period_must_not_end_before_it_starts(
        self, client: httpx.AsyncClient, make_contract: Make, problem: ProblemOf
    ) -> None:
        made = await make_contract()
        body = {"ends_on": f"{TODAY - timedelta(days=1)}"}
        url = f"{CONTRACTS}/{made['id']}"
        refused = await client.patch(url, json=body, headers={"If-Match": '"1"'})
        assert problem(refused) == (422, "period-reversed")
