"""Contracts in force are amended by consent, and every version is kept (S10)."""

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

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Amend = Callable[..., Awaitable[httpx.Response]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
LATER = f"{TODAY + timedelta(days=60)}"
CONTRACTS, APPROVALS = "/v1/contracts", "/v1/approvals"
WHY = {"reason": "客户要求变更"}


def plan(*shares: tuple[str, str]) -> dict[str, Any]:
    return {"instalments": [{"due_on": on, "amount": amount} for on, amount in shares]}


async def done(answer: Awaitable[httpx.Response], status: int = 200) -> dict[str, Any]:
    """Return what a command answers, which must have gone well."""
    response = await answer
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


@pytest.fixture
def amend(client: httpx.AsyncClient) -> Amend:
    """Proposes to amend a contract."""

    async def propose(contract: dict[str, Any], **fields: Any) -> httpx.Response:
        return await client.post(f"{CONTRACTS}/{contract['id']}/amend", json=WHY | fields)

    return propose


@pytest.fixture
def receive(client: httpx.AsyncClient) -> Make:
    """Has money come in for a contract, for what is due first."""

    async def enter(contract: dict[str, Any], amount: str) -> dict[str, Any]:
        body = {
            "customer_id": contract["customer_id"],
            "amount": {"amount": amount, "currency": "CNY"},
            "contract_id": contract["id"],
        }
        return await done(client.post("/v1/receipts", json=body), 201)

    return enter


@pytest.fixture
async def manager(client: httpx.AsyncClient, client_for: ClientFor, tenant: str) -> Any:
    """A manager who approves contracts, as a chain of the tenant says."""
    level = {"name": "总经理", "role": "administrator"}
    chain = {"kind": "contract", "levels": [level]}
    await done(client.post("/v1/approval-chains", json=chain), 201)
    return client_for(tenant, subject="manager")


async def waiting(client: httpx.AsyncClient, document: dict[str, Any]) -> str:
    """Return the address of the approval of a document."""
    found = await done(client.get(APPROVALS, params={"document_id": document["id"]}))
    return f"{APPROVALS}/{found['items'][0]['id']}"


async def in_force(
    client: httpx.AsyncClient, manager: httpx.AsyncClient, make_contract: Make
) -> dict[str, Any]:
    made = await make_contract()
    await done(client.post(f"{CONTRACTS}/{made['id']}/submit"))
    await done(manager.post(f"{await waiting(client, made)}/approve", json={}))
    return await done(client.get(f"{CONTRACTS}/{made['id']}"))


async def test_whoever_has_to_decide_reads_the_contract_meanwhile(
    client: httpx.AsyncClient,
    client_for: ClientFor,
    tenant: str,
    make_effective: Make,
    amend: Amend,
    problem: ProblemOf,
) -> None:
    one, other = str(uuid4()), str(uuid4())
    level = {"name": "法务", "employee_id": one}
    chain = {"kind": "contract_amendment", "levels": [level]}
    await done(client.post("/v1/approval-chains", json=chain), 201)
    contract = await make_effective(owner_id=str(uuid4()), department_id=str(uuid4()))
    url = f"{CONTRACTS}/{contract['id']}"
    lawyer, colleague = (
        client_for(tenant, subject=who, employee_id=who, row_scope="own") for who in (one, other)
    )
    assert problem(await lawyer.get(url)) == (404, "not-found")
    amended = await done(amend(contract, terms="质保两年"))
    assert amended["state"] == "in_approval"
    assert (await done(lawyer.get(url)))["number"] == contract["number"]
    assert problem(await colleague.get(url)) == (404, "not-found")
    await done(lawyer.post(f"{await waiting(client, amended)}/approve", json={}))
    assert problem(await lawyer.get(url)) == (404, "not-found")


class TestWithoutAChain:
    async def test_is_in_force_at_once_and_the_version_before_is_kept(
        self, client: httpx.AsyncClient, make_effective: Make, amend: Amend
    ) -> None:
        contract = await make_effective()
        url = f"{CONTRACTS}/{contract['id']}"
        first = await done(client.get(f"{url}/revisions"))
        assert [(one["revision"], one["reason"]) for one in first["items"]] == [(1, None)]
        line = {"product_id": contract["lines"][0]["product_id"], "quantity": "12"}
        amended = await done(
            amend(
                contract,
                lines=[line],
                terms="质保两年",
                **plan((f"{TODAY}", "300.00"), (LATER, "900.00")),
            ),
        )
        assert (amended["state"], amended["number"]) == ("approved", f"{contract['number']}-R2")
        now = await done(client.get(url))
        assert (now["revision"], now["total"]["amount"], now["terms"]) == (2, "1200.00", "质保两年")
        due = await done(client.get("/v1/receivables", params={"contract_id": contract["id"]}))
        assert [(x["due_on"], x["amount"]["amount"]) for x in due["items"]] == [
            (f"{TODAY}", "300.00"), (LATER, "900.00"),
        ]  # fmt: skip
        kept = (await done(client.get(f"{url}/revisions")))["items"]
        assert [(one["revision"], one["reason"]) for one in kept] == [(1, None), (2, WHY["reason"])]
        for name in ("lines", "total", "instalments", "starts_on", "ends_on"):
            assert kept[0][name] == contract[name], name
            assert kept[1][name] == now[name], name
        assert kept[0] == first["items"][0] == await done(client.get(f"{url}/revisions/1"))
        assert kept[0]["agreed_on"] == f"{TODAY}"
        assert kept[0]["decided_by"] == kept[1]["decided_by"] is not None

    async def test_a_revision_that_nobody_agreed_to_does_not_exist_but_its_contract_does(
        self, client: httpx.AsyncClient, make_effective: Make, make_contract: Make,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        contract, draft = await make_effective(), await make_contract()
        zh = {"Accept-Language": "zh"}
        gone = await client.get(f"{CONTRACTS}/{contract['id']}/revisions/9", headers=zh)
        assert problem(gone) == (404, "unknown-revision")
        assert gone.json()["detail"] == (
            f"合同 {contract['number']} 没有第 9 版；已生效的版本：1。"
        )
        none = await client.get(f"{CONTRACTS}/{draft['id']}/revisions/1", headers=zh)
        assert none.json()["detail"].endswith("已生效的版本：无。")
        nowhere = await client.get(f"{CONTRACTS}/{uuid4()}/revisions/1")
        assert problem(nowhere) == (404, "not-found")

    async def test_is_told_and_audited(
        self, make_effective: Make, amend: Amend, database: Database, tenant: str
    ) -> None:
        contract = await make_effective()
        amended = await done(amend(contract, ends_on=LATER))
        told = [one for one in await emitted(database, tenant) if str(one.key) == contract["id"]]
        assert told[-1].type == "sales.contract-amended.v1"
        data = told[-1].data
        assert (data["revision"], data["reason"]) == (2, WHY["reason"])
        assert data["changed"] == ["ends_on", "revision"]
        entries = await audited(database, tenant)
        actions = [
            x.action for x in entries if x.entity_id in (UUID(contract["id"]), UUID(amended["id"]))
        ]
        assert actions[-2:] == ["contract-amendment.created", "contract.amended"]

    async def test_percentages_follow_the_new_total(
        self, client: httpx.AsyncClient, make_effective: Make, amend: Amend
    ) -> None:
        contract = await make_effective()
        line = {"product_id": contract["lines"][0]["product_id"], "quantity": "9"}
        await done(amend(contract, lines=[line]))
        now = await done(client.get(f"{CONTRACTS}/{contract['id']}"))
        assert [one["amount"]["amount"] for one in now["instalments"]] == ["270.00", "630.00"]

    async def test_giving_off_more_than_one_may_needs_consent_all_the_same(
        self, make_effective: Make, amend: Amend
    ) -> None:
        amended = await done(amend(await make_effective(), discount_percent="10"))
        assert (amended["state"], amended["total"]["amount"]) == ("in_approval", "900.00")

    async def test_a_plan_becomes_shorter(
        self, client: httpx.AsyncClient, make_effective: Make, amend: Amend, receive: Make
    ) -> None:
        contract = await make_effective()
        await done(amend(contract, **plan((f"{TODAY}", "1000.00"))))
        await receive(contract, "1000.00")
        assert (await done(client.get(f"{CONTRACTS}/{contract['id']}")))["open"]["amount"] == "0.00"
        await done(client.post(f"{CONTRACTS}/{contract['id']}/fulfil", json={}))


class TestRefused:
    async def test_what_adds_up_to_something_else_or_says_nothing_new(
        self, make_effective: Make, amend: Amend, problem: ProblemOf
    ) -> None:
        contract = await make_effective()
        assert problem(await amend(contract, **plan((LATER, "999.99")))) == (
            409, "plan-does-not-add-up",
        )  # fmt: skip
        assert problem(await amend(contract)) == (422, "nothing-amended")
        before = f"{TODAY - timedelta(days=1)}"
        assert problem(await amend(contract, **plan((before, "1000.00")))) == (
            422, "due-before-signing",
        )  # fmt: skip
        assert problem(await amend(contract, ends_on=before)) == (422, "period-reversed")

    async def test_lines_in_another_currency(
        self, make_effective: Make, amend: Amend, make_product: Make, problem: ProblemOf
    ) -> None:
        price = {"amount": "10.00", "currency": "USD"}
        line = {"product_id": (await make_product(list_price=price))["id"], "quantity": "1"}
        line["unit_price"] = price
        refused = await amend(await make_effective(), lines=[line])
        assert problem(refused) == (422, "amendment-currency-differs")

    async def test_what_takes_away_money_that_came_in(
        self, make_effective: Make, amend: Amend, receive: Make, problem: ProblemOf
    ) -> None:
        contract = await make_effective()
        await receive(contract, "400.00")  # the first instalment, and 100.00 of the second
        for shares, code in (
            ([(LATER, "300.00"), (LATER, "700.00")], "paid-instalment-changed"),
            ([(f"{TODAY}", "300.00"), (LATER, "99.99"), (LATER, "600.01")],
             "instalment-below-collected"),
            ([(f"{TODAY}", "1000.00")], "paid-instalment-changed"),
        ):  # fmt: skip
            assert problem(await amend(contract, **plan(*shares))) == (409, code)
        line = {"product_id": contract["lines"][0]["product_id"], "quantity": "3"}
        less = await amend(contract, lines=[line], **plan((f"{TODAY}", "300.00")))
        assert problem(less) == (409, "total-below-collected")
        split = plan((f"{TODAY}", "300.00"), (LATER, "100.00"), (LATER, "600.00"))
        await done(amend(contract, **split))

    @pytest.mark.usefixtures("make_method")
    async def test_less_than_a_project_has_planned(
        self,
        client: httpx.AsyncClient,
        make_effective: Make,
        make_method: Make,
        amend: Amend,
        problem: ProblemOf,
    ) -> None:
        await make_method()
        contract = await make_effective()
        product = contract["lines"][0]["product_id"]
        seven = [{"product_id": product, "quantity": "7"}]
        body = {"topic": "交付", "contract_id": contract["id"], "lines": seven}
        await done(client.post("/v1/projects", json=body), 201)
        six = [{"product_id": product, "quantity": "6"}]
        assert problem(await amend(contract, lines=six)) == (409, "amendment-below-planned")
        await done(amend(contract, lines=seven))
        more = await client.post(
            "/v1/projects", json={"topic": "二期", "contract_id": contract["id"]}
        )
        assert problem(more) == (409, "nothing-left-of-contract")

    async def test_a_draft_and_what_is_over(
        self, client: httpx.AsyncClient, make_contract: Make, amend: Amend, problem: ProblemOf
    ) -> None:
        draft = await make_contract()
        assert problem(await amend(draft, terms="x")) == (409, "contract-not-ready")
        assert (await done(client.get(f"{CONTRACTS}/{draft['id']}/revisions")))["items"] == []
        await done(client.post(f"{CONTRACTS}/{draft['id']}/cancel", json=WHY))
        assert problem(await amend(draft, terms="x")) == (409, "contract-not-ready")


class TestOfAQuote:
    @pytest.fixture
    async def quoted(
        self,
        client: httpx.AsyncClient,
        make_quote: Make,
        make_product: Make,
        make_customer: Callable[..., Awaitable[str]],
        make_effective: Make,
    ) -> dict[str, Any]:
        """A contract in force of three servers, pushed down from a quote."""
        line = {"product_id": (await make_product())["id"], "quantity": "3"}
        quote = await make_quote(lines=[line], customer_id=await make_customer())
        await done(client.post(f"/v1/quotes/{quote['id']}/submit"))
        return await make_effective(quote_id=quote["id"])

    async def test_two_more_servers_after_the_down_payment(
        self, client: httpx.AsyncClient, quoted: dict[str, Any], amend: Amend, receive: Make
    ) -> None:
        await receive(quoted, "90.00")
        five = [{"product_id": quoted["lines"][0]["product_id"], "quantity": "5"}]
        shares = plan((f"{TODAY}", "90.00"), (LATER, "410.00"))
        assert (await done(amend(quoted, lines=five, **shares)))["state"] == "approved"
        url = f"{CONTRACTS}/{quoted['id']}"
        now = await done(client.get(url))
        assert (now["total"]["amount"], now["collected"]["amount"]) == ("500.00", "90.00")
        quote = await done(client.get(f"/v1/quotes/{quoted['quote_id']}"))
        kept = (await done(client.get(f"{url}/revisions")))["items"]
        assert kept[0]["lines"] == quoted["lines"] == quote["lines"]

    async def test_cheaper_than_was_quoted_needs_consent(
        self, quoted: dict[str, Any], amend: Amend
    ) -> None:
        cheaper = {"amount": "99.00", "currency": "CNY"}
        line = {"product_id": quoted["lines"][0]["product_id"], "quantity": "3"}
        amended = await done(amend(quoted, lines=[line | {"unit_price": cheaper}]))
        assert amended["state"] == "in_approval"


class TestApproval:
    async def test_goes_on_unchanged_until_it_is_approved_along_the_chain_of_contracts(
        self,
        client: httpx.AsyncClient,
        manager: httpx.AsyncClient,
        make_contract: Make,
        amend: Amend,
    ) -> None:
        contract = await in_force(client, manager, make_contract)
        amended = await done(amend(contract, terms="质保两年"))
        assert (amended["state"], amended["decided_by"]) == ("in_approval", None)
        now = await done(client.get(f"{CONTRACTS}/{contract['id']}"))
        assert now == contract
        approval = await waiting(client, amended)
        assert (await done(client.get(approval)))["kind"] == "contract_amendment"
        await done(manager.post(f"{approval}/approve", json={}))
        now = await done(client.get(f"{CONTRACTS}/{contract['id']}"))
        assert (now["revision"], now["terms"]) == (2, "质保两年")
        kept = (await done(client.get(f"{CONTRACTS}/{contract['id']}/revisions")))["items"]
        assert {one["decided_by"] for one in kept} == {"manager"}
        assert "manager" not in {one["submitted_by"] for one in kept}

    async def test_in_force_is_not_unapproved(
        self, client: httpx.AsyncClient, manager: httpx.AsyncClient, make_contract: Make,
        amend: Amend, problem: ProblemOf,
    ) -> None:  # fmt: skip
        contract = await in_force(client, manager, make_contract)
        amended = await done(amend(contract, terms="质保两年"))
        approval = await waiting(client, amended)
        await done(manager.post(f"{approval}/approve", json={}))
        refused = await manager.post(f"{approval}/revoke", json=WHY)
        assert problem(refused) == (409, "amendment-in-force")

    @pytest.mark.parametrize("decision", ["reject", "withdraw"])
    async def test_one_at_a_time_and_none_that_was_given_up_counts(
        self, client: httpx.AsyncClient, manager: httpx.AsyncClient, make_contract: Make,
        amend: Amend, problem: ProblemOf, decision: str,
    ) -> None:  # fmt: skip
        contract = await in_force(client, manager, make_contract)
        amended = await done(amend(contract, terms="质保两年"))
        cancel = await client.post(f"{CONTRACTS}/{contract['id']}/cancel", json=WHY)
        for refused in (await amend(contract, terms="质保三年"), cancel):
            assert problem(refused) == (409, "contract-being-amended")
        who = manager if decision == "reject" else client
        await done(who.post(f"{await waiting(client, amended)}/{decision}", json=WHY))
        assert await done(client.get(f"{CONTRACTS}/{contract['id']}")) == contract
        again = await done(amend(contract, terms="质保三年"))
        assert again["revision"] == 2
        listed = await done(
            client.get("/v1/contract-amendments", params={"contract_id": contract["id"]})
        )
        states = {"reject": "rejected", "withdraw": "withdrawn"}
        assert [one["state"] for one in listed["items"]] == ["in_approval", states[decision]]

    async def test_of_what_money_has_overtaken_is_refused(
        self, client: httpx.AsyncClient, manager: httpx.AsyncClient, make_contract: Make,
        amend: Amend, receive: Make, problem: ProblemOf,
    ) -> None:  # fmt: skip
        contract = await in_force(client, manager, make_contract)
        amended = await done(amend(contract, **plan((LATER, "1000.00"))))
        await receive(contract, "300.00")
        approval = await waiting(client, amended)
        refused = await manager.post(f"{approval}/approve", json={})
        assert problem(refused) == (409, "paid-instalment-changed")
        assert (await done(client.get(approval)))["state"] == "waiting"
        await done(manager.post(f"{approval}/reject", json=WHY))

    async def test_racing_a_receipt_loses_or_wins_and_the_sums_agree(
        self, client: httpx.AsyncClient, manager: httpx.AsyncClient, make_contract: Make,
        amend: Amend,
    ) -> None:  # fmt: skip
        contract = await in_force(client, manager, make_contract)
        shares = plan((f"{TODAY}", "300.00"), (LATER, "100.00"), (LATER, "600.00"))
        amended = await done(amend(contract, **shares))
        told = {"contract_id": contract["id"], "position": 2, "amount": "700.00"}
        money = {
            "customer_id": contract["customer_id"],
            "amount": {"amount": "700.00", "currency": "CNY"},
            "allocations": [told],
        }
        answers = await asyncio.gather(
            manager.post(f"{await waiting(client, amended)}/approve", json={}),
            client.post("/v1/receipts", json=money),
        )
        assert sorted(one.is_success for one in answers) == [False, True], [x.text for x in answers]
        now = await done(client.get(f"{CONTRACTS}/{contract['id']}"))
        due = await done(client.get("/v1/receivables", params={"contract_id": contract["id"]}))
        still = sum(float(one["open"]["amount"]) for one in due["items"])
        assert still == float(now["open"]["amount"])
        assert (now["revision"], now["collected"]["amount"]) in ((2, "0.00"), (1, "700.00"))

    async def test_two_at_once_make_one(self, make_effective: Make, amend: Amend) -> None:
        contract = await make_effective()
        answers = await asyncio.gather(*(amend(contract, terms="质保两年") for _ in range(3)))
        assert sorted(one.status_code for one in answers) == [200, 422, 422]
