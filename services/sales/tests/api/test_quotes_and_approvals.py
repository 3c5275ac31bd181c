"""Quotes from the first draft to the customer's answer, and who has to agree to them (S7)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.quotes.models import Quote
from kehu_sales.quotes.worker import ExpiryWork

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
QUOTES, APPROVALS, CHAINS = "/v1/quotes", "/v1/approvals", "/v1/approval-chains"
REP, BOSS = str(uuid4()), str(uuid4())


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


async def done(answer: Awaitable[httpx.Response], status: int = 200) -> dict[str, Any]:
    """Return what a command answers, which must have gone well."""
    response = await answer
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


@pytest.fixture
def rep(client_for: ClientFor, tenant: str) -> httpx.AsyncClient:
    """A sales representative."""
    return client_for(tenant, roles=("sales_representative",), subject="rep", employee_id=REP)


@pytest.fixture
def manager(client_for: ClientFor, tenant: str) -> httpx.AsyncClient:
    """Somebody of a role that chains name, who may decide in nobody's place."""
    return client_for(
        tenant, roles=("sales_representative", "reviewer"), subject="manager", employee_id=BOSS
    )


@pytest.fixture
def draft(rep: httpx.AsyncClient, make_product: Make) -> Make:
    """Drafts a free quote of two units at 100.00, by the representative."""

    async def make(**fields: Any) -> dict[str, Any]:
        line = {"quantity": "2"} | fields.pop("line", {})
        if "product_id" not in line:
            line["product_id"] = (await make_product(floor_price=cny("80.00")))["id"]
        return await done(rep.post(QUOTES, json={"lines": [line]} | fields), 201)

    return make


@pytest.fixture
def make_sent(client: httpx.AsyncClient, draft: Make) -> Make:
    """Drafts a quote without discount and sends it."""

    async def make(**fields: Any) -> dict[str, Any]:
        url = f"{QUOTES}/{(await draft(**fields))['id']}"
        assert (await done(client.post(f"{url}/submit")))["state"] == "approved"
        return await done(client.post(f"{url}/send", json={}))

    return make


def _id(made: dict[str, Any]) -> UUID:
    return UUID(made["id"])


async def waiting_for(who: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return the approvals that wait for the caller."""
    found = await done(who.get(APPROVALS, params={"waiting_for": "me"}))
    items: list[dict[str, Any]] = found["items"]
    return items


def codes(quote: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in quote["warnings"]]


class TestMaking:
    async def test_from_a_price_list_that_is_pushed_down(
        self, rep: httpx.AsyncClient, make_approved_list: Make, make_product: Make,
        make_customer: MakeCustomer, database: Database, tenant: str,
    ) -> None:  # fmt: skip
        one, two = (await make_product())["id"], (await make_product())["id"]
        customer = await make_customer()
        listed = await make_approved_list(
            audience="customer", customer_id=customer,
            lines=[{"product_id": one, "price": "90.00"},
                   {"product_id": two, "from_quantity": "5", "price": "70.00"}],
        )  # fmt: skip
        quote = await done(rep.post(QUOTES, json={"price_list_id": listed["id"]}), 201)
        assert (quote["customer_id"], quote["price_list_id"]) == (customer, listed["id"])
        assert {
            (line["product_id"], line["quantity"], line["unit_price"]["amount"], line["given_by"])
            for line in quote["lines"]
        } == {(one, "1", "90.00", listed["number"]), (two, "5.0000", "70.00", listed["number"])}
        assert quote["total"] == cny("440.00")
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.data["price_list_id"]) == (
            "sales.quote-drafted.v1", listed["id"]
        )  # fmt: skip

    async def test_with_discounts(self, draft: Make) -> None:
        quote = await draft(line={"discount_percent": "10"}, discount_percent="5")
        line = quote["lines"][0]
        assert (line["unit_price"], line["base_price"]) == (cny("90.00"), cny("100.00"))
        assert (line["discount_percent"], quote["total"]) == ("10.00", cny("171.00"))
        assert codes(quote) == ["over-limit"]

    async def test_in_another_currency_than_the_price_somebody_has_to_look(
        self, rep: httpx.AsyncClient, draft: Make, make_product: Make
    ) -> None:
        dollars = {"amount": "1.00", "currency": "USD"}
        line = {"product_id": (await make_product())["id"], "unit_price": dollars}
        quote = await draft(line=line)
        assert codes(quote) == ["over-limit"]
        submitted = await done(rep.post(f"{QUOTES}/{quote['id']}/submit"))
        assert submitted["state"] == "in_approval"

    async def test_at_a_price_of_the_past_is_measured_by_todays(
        self, rep: httpx.AsyncClient, draft: Make, make_product: Make, make_approved_list: Make
    ) -> None:
        product = (await make_product())["id"]
        await make_approved_list(
            audience="everybody", starts_on="2024-01-01", ends_on="2024-12-31",
            lines=[{"product_id": product, "price": "40.00"}],
        )  # fmt: skip
        old = await draft(line={"product_id": product}, on="2024-11-11", expires_on="2999-01-01")
        assert (old["lines"][0]["unit_price"], codes(old)) == (cny("40.00"), [])
        submitted = await done(rep.post(f"{QUOTES}/{old['id']}/submit"))
        assert (submitted["state"], codes(submitted)) == ("in_approval", ["over-limit"])

    async def test_refusals(
        self, rep: httpx.AsyncClient, make_product: Make, make_price_list: Make,
        make_approved_list: Make, make_customer: MakeCustomer, make_opportunity: Make,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        product = (await make_product())["id"]
        line = {"product_id": product, "quantity": "1"}
        unapproved = await make_price_list(lines=[{"product_id": product, "price": "1.00"}])
        theirs = await make_approved_list(
            audience="customer", customer_id=await make_customer(),
            lines=[{"product_id": product, "price": "1.00"}],
        )  # fmt: skip
        opportunity = await make_opportunity(lines=[line], customer_id=await make_customer())
        other = await make_customer(name="上海远洋物流有限公司")
        for body, expected in (
            ({}, (422, "quote-source-unclear")),
            ({"opportunity_id": opportunity["id"], "price_list_id": theirs["id"]},
             (422, "quote-source-unclear")),
            ({"price_list_id": unapproved["id"]}, (409, "price-list-not-approved")),
            ({"price_list_id": str(uuid4())}, (422, "unknown-price-list")),
            ({"price_list_id": theirs["id"], "customer_id": other},
             (422, "another-customers-list")),
            ({"opportunity_id": opportunity["id"], "customer_id": other},
             (422, "another-customer")),
            ({"lines": [line | {"unit_price": cny("1.00"), "discount_percent": "1"}]},
             (422, "price-and-discount")),
        ):  # fmt: skip
            assert problem(await rep.post(QUOTES, json=body)) == expected

    async def test_two_salespeople_tell_one_customer_two_prices(
        self, make_sent: Make, draft: Make, make_customer: MakeCustomer, make_product: Make
    ) -> None:
        customer, product = await make_customer(), (await make_product())["id"]
        first = await make_sent(customer_id=customer, line={"product_id": product})
        assert codes(first) == []
        cheaper = {"product_id": product, "unit_price": cny("110.00")}
        second = await draft(customer_id=customer, line=cheaper)
        assert codes(second) == ["other-price", "dearer-than-list"]
        assert codes(await draft(customer_id=customer, line={"product_id": product})) == []

    async def test_value_comes_before_price(
        self, client: httpx.AsyncClient, make_opportunity: Make, make_product: Make,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        line = {"product_id": (await make_product())["id"], "quantity": "1"}
        body = {"opportunity_id": (await make_opportunity(lines=[line]))["id"]}
        quote = await done(client.post(QUOTES, json=body), 201)
        assert codes(quote) == ["need-not-recorded", "solution-not-presented"]
        policy = await client.patch(
            "/v1/quote-policy", json={"early_quote": "block"}, headers={"If-Match": '"0"'}
        )
        assert (policy.status_code, policy.headers["etag"]) == (200, '"1"')
        assert problem(await client.post(QUOTES, json=body)) == (409, "quoted-too-early")
        await client.patch(
            "/v1/quote-policy", json={"early_quote": "ignore"}, headers={"If-Match": '"1"'}
        )
        assert codes(await done(client.post(QUOTES, json=body), 201)) == []


class TestLimits:
    async def test_what_is_within_them_needs_nobody(
        self, client: httpx.AsyncClient, rep: httpx.AsyncClient, draft: Make
    ) -> None:
        limits = [{"role": "sales_representative", "discount_percent": "10"}]
        body = {"limits": limits, "valid_days": 30}
        await client.patch("/v1/quote-policy", json=body, headers={"If-Match": '"0"'})
        for off, state in (("10", "approved"), ("10.01", "in_approval")):
            quote = await draft(discount_percent=off)
            assert quote["expires_on"] == str(TODAY + timedelta(days=30))
            url = f"{QUOTES}/{quote['id']}/submit"
            assert (await done(rep.post(url)))["state"] == state

    async def test_below_the_floor_somebody_has_to_agree_whatever_the_limit(
        self, client: httpx.AsyncClient, rep: httpx.AsyncClient, draft: Make, problem: ProblemOf
    ) -> None:
        limits = [{"role": "sales_representative", "discount_percent": "50"}]
        await client.patch("/v1/quote-policy", json={"limits": limits}, headers={"If-Match": '"0"'})
        quote = await draft(line={"unit_price": cny("79.99")})
        assert codes(quote) == ["below-floor", "cheaper-than-list"]
        url = f"{QUOTES}/{quote['id']}"
        assert (await done(rep.post(f"{url}/submit")))["state"] == "in_approval"
        approval = (await waiting_for(client))[0]
        assert approval["levels"][0]["role"] is None
        assert await waiting_for(rep) == []
        mine = await rep.post(f"{APPROVALS}/{approval['id']}/approve", json={})
        assert problem(mine) == (403, "not-the-approver")
        await done(client.post(f"{APPROVALS}/{approval['id']}/approve", json={}))
        assert (await done(rep.get(url)))["state"] == "approved"


class TestChains:
    @pytest.fixture(autouse=True)
    async def chain(self, client: httpx.AsyncClient) -> None:
        """Quotes go to a reviewer, and with 20 % off to the boss as well."""
        levels = [{"name": "审核", "role": "reviewer"},
                  {"name": "总经理", "employee_id": BOSS, "discount_from": "20"}]  # fmt: skip
        await done(client.post(CHAINS, json={"kind": "quote", "levels": levels}), 201)

    async def submitted(self, rep: httpx.AsyncClient, draft: Make, off: str) -> tuple[str, str]:
        quote = await draft(discount_percent=off)
        url = f"{QUOTES}/{quote['id']}"
        assert (await done(rep.post(f"{url}/submit")))["state"] == "in_approval"
        found = await done(rep.get(APPROVALS, params={"document_id": quote["id"]}))
        return url, f"{APPROVALS}/{found['items'][0]['id']}"

    async def test_ask_level_by_level_and_keep_who_decided(
        self, rep: httpx.AsyncClient, manager: httpx.AsyncClient, draft: Make, database: Database,
        tenant: str,
    ) -> None:  # fmt: skip
        quote, approval = await self.submitted(rep, draft, "20")
        assert [one["position"] for one in await waiting_for(manager)] == [1]
        first = await done(manager.post(f"{approval}/approve", json={"reason": "同意"}))
        assert (first["state"], first["waiting_employee_id"]) == ("waiting", BOSS)
        assert (await done(rep.get(quote)))["state"] == "in_approval"
        assert (await done(manager.post(f"{approval}/approve", json={})))["state"] == "approved"
        assert (await done(rep.get(quote)))["state"] == "approved"
        assert await waiting_for(manager) == []
        decisions = (await done(rep.get(f"{approval}/decisions")))["items"]
        assert [(one["level_name"], one["reason"], one["decided_by"]) for one in decisions] == [
            ("审核", "同意", "manager"), ("总经理", None, "manager")
        ]  # fmt: skip
        types = [event.type.split(".")[1] for event in await emitted(database, tenant)]
        assert types[-5:] == [
            "approval-requested", "quote-changed", "approval-decided", "approval-decided",
            "quote-changed",
        ]  # fmt: skip
        assert [one.action for one in await audited(database, tenant)][-1] == (
            "quote.approval-approved"
        )

    async def test_give_back_to_be_changed_and_submitted_again(
        self, rep: httpx.AsyncClient, manager: httpx.AsyncClient, draft: Make, problem: ProblemOf
    ) -> None:
        quote, approval = await self.submitted(rep, draft, "10")
        version = (await rep.get(quote)).headers["etag"]
        change = {"discount_percent": "5"}
        fixed = await rep.patch(quote, json=change, headers={"If-Match": version})
        assert problem(fixed) == (409, "quote-not-ready")
        no_reason = await manager.post(f"{approval}/reject", json={})
        assert problem(no_reason) == (422, "invalid-request")
        await done(manager.post(f"{approval}/reject", json={"reason": "折扣过高"}))
        back = await rep.get(quote)
        assert back.json()["state"] == "draft"
        changed = await rep.patch(quote, json=change, headers={"If-Match": back.headers["etag"]})
        assert changed.json()["total"] == cny("190.00")
        assert (await done(rep.post(f"{quote}/submit")))["state"] == "in_approval"

    async def test_do_not_have_an_owner_decide_on_what_a_colleague_submitted(
        self, rep: httpx.AsyncClient, manager: httpx.AsyncClient, draft: Make, problem: ProblemOf
    ) -> None:
        quote = await draft(owner_id=BOSS)
        await done(rep.post(f"{QUOTES}/{quote['id']}/submit"))
        assert await waiting_for(manager) == []
        found = await done(rep.get(APPROVALS, params={"document_id": quote["id"]}))
        (approval,) = found["items"]
        assert approval["document_owner_id"] == BOSS
        answer = await manager.post(f"{APPROVALS}/{approval['id']}/approve", json={})
        assert problem(answer) == (403, "own-document")

    async def test_are_for_others_documents(
        self, manager: httpx.AsyncClient, client: httpx.AsyncClient, make_product: Make,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        line = {"product_id": (await make_product())["id"], "quantity": "1"}
        made = await done(manager.post(QUOTES, json={"lines": [line]}), 201)
        await done(manager.post(f"{QUOTES}/{made['id']}/submit"))
        assert await waiting_for(manager) == []
        found = await done(manager.get(APPROVALS, params={"document_id": made["id"]}))
        url = f"{APPROVALS}/{found['items'][0]['id']}"
        assert problem(await manager.post(f"{url}/approve", json={})) == (403, "own-document")
        chain = (await done(client.get(CHAINS)))["items"][0]
        changed = await client.patch(
            f"{CHAINS}/{chain['id']}", json={"own_allowed": True}, headers={"If-Match": '"1"'}
        )
        assert changed.json()["own_allowed"] is True
        mine = await manager.post(f"{url}/approve", json={})
        assert problem(mine) == (403, "own-document"), "it goes on as it began"
        await done(manager.post(f"{url}/withdraw", json={}))
        assert (await done(manager.get(f"{QUOTES}/{made['id']}")))["state"] == "draft"

    async def test_of_two_decisions_at_once_one_counts(
        self, rep: httpx.AsyncClient, manager: httpx.AsyncClient, draft: Make
    ) -> None:
        quote, approval = await self.submitted(rep, draft, "10")
        answers = await asyncio.gather(
            manager.post(f"{approval}/approve", json={}),
            manager.post(f"{approval}/reject", json={"reason": "不同意"}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        state = (await done(rep.get(quote)))["state"]
        assert state == ("approved" if answers[0].status_code == 200 else "draft")

    async def test_refused(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        role, someone = {"name": "x", "role": "r"}, {"name": "x", "employee_id": BOSS}
        for kind, level, expected in (
            ("quote", role, (409, "approval-chain-taken")),
            ("price_list", {"name": "x"}, (422, "approver-missing")),
            ("price_list", role | someone, (422, "approver-missing")),
            ("price_list", role | {"amount_from": "5", "amount_below": "5"},
             (422, "range-reversed")),
        ):  # fmt: skip
            body = {"kind": kind, "levels": [level]}
            assert problem(await client.post(CHAINS, json=body)) == expected

    async def test_strangers_see_nothing(
        self, rep: httpx.AsyncClient, draft: Make, client_for: ClientFor, problem: ProblemOf
    ) -> None:
        _, approval = await self.submitted(rep, draft, "10")
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert problem(await stranger.get(approval)) == (404, "not-found")
        approve = await stranger.post(f"{approval}/approve", json={})
        assert problem(approve) == (404, "not-found")


class TestWithTheCustomer:
    async def test_what_was_sent_is_fixed_and_answered(
        self, rep: httpx.AsyncClient, make_sent: Make, problem: ProblemOf, database: Database,
        tenant: str,
    ) -> None:  # fmt: skip
        quote = await make_sent()
        url = f"{QUOTES}/{quote['id']}"
        assert (quote["state"], quote["sent_on"]) == ("sent", str(TODAY))
        change = await rep.patch(
            url, json={"discount_percent": "1"}, headers={"If-Match": f'"{quote["version"]}"'}
        )
        assert problem(change) == (409, "quote-not-ready")
        early = await rep.post(f"{url}/accept", json={"on": str(TODAY - timedelta(days=1))})
        assert problem(early) == (422, "date-before-previous")
        answered = await done(rep.post(f"{url}/accept", json={}))
        assert (answered["state"], answered["closed_on"]) == ("accepted", str(TODAY))
        assert (await emitted(database, tenant))[-1].type == "sales.quote-accepted.v1"
        assert problem(await rep.post(f"{url}/revise")) == (409, "quote-not-ready")

    async def test_an_approval_cannot_be_taken_back_any_more(
        self, client: httpx.AsyncClient, make_sent: Make, problem: ProblemOf
    ) -> None:
        quote = await make_sent()
        found = await done(client.get(APPROVALS, params={"document_id": quote["id"]}))
        url = f"{APPROVALS}/{found['items'][0]['id']}/revoke"
        response = await client.post(url, json={"reason": "算错了"})
        assert problem(response) == (409, "quote-is-out")

    async def test_versions(
        self, rep: httpx.AsyncClient, make_sent: Make, problem: ProblemOf
    ) -> None:
        first = await make_sent()
        url = f"{QUOTES}/{first['id']}"
        answers = await asyncio.gather(rep.post(f"{url}/revise"), rep.post(f"{url}/revise"))
        assert sorted(one.status_code for one in answers) == [200, 409]
        second = next(one.json() for one in answers if one.status_code == 200)
        assert (second["number"], second["revision"], second["state"]) == (
            f"{first['number']}-2", 2, "draft"
        )  # fmt: skip
        assert second["lines"] == first["lines"]
        assert problem(await rep.post(f"{url}/revise")) == (409, "newer-version")
        versions = (await done(rep.get(f"{QUOTES}/{second['id']}/versions")))["items"]
        assert [(one["revision"], one["state"]) for one in versions] == [
            (1, "superseded"), (2, "draft")
        ]  # fmt: skip
        assert versions == (await done(rep.get(f"{url}/versions")))["items"]

    async def test_expire_when_their_last_day_is_over(
        self, running: RunningService, database: Database, context: Context, make_sent: Make,
        rep: httpx.AsyncClient, tenant: str, problem: ProblemOf,
    ) -> None:  # fmt: skip
        holds = await make_sent(expires_on=str(TODAY))
        over = await make_sent(expires_on=str(TODAY))
        yesterday = TODAY - timedelta(days=1)
        async with database.transaction(context) as session:
            quote = await session.get(Quote, (tenant, _id(over)))
            quote.quoted_on = quote.expires_on = yesterday
        url = f"{QUOTES}/{over['id']}"
        late = await rep.post(f"{url}/accept", json={})
        assert problem(late) == (409, "quote-has-expired")
        worker = ExpiryWork(running.databases, "Asia/Shanghai", lambda: None)
        await asyncio.gather(worker.work(), worker.work())
        expired = await done(rep.get(url))
        assert (expired["state"], expired["closed_on"]) == ("expired", str(TODAY))
        assert (await done(rep.get(f"{QUOTES}/{holds['id']}")))["state"] == "sent"
        events = await emitted(database, tenant, "sales.quote-expired.v1")
        assert [event.key for event in events] == [over["id"]]
        assert (await done(rep.post(f"{url}/revise")))["revision"] == 2

    @pytest.mark.parametrize("language", ["zh", "en"])
    async def test_on_paper(
        self, rep: httpx.AsyncClient, draft: Make, make_customer: MakeCustomer, language: str
    ) -> None:
        quote = await draft(customer_id=await make_customer(name="甲 & 乙 <集团>"))
        url = f"{QUOTES}/{quote['id']}/pdf"
        printed = await rep.get(url, headers={"Accept-Language": language})
        assert (printed.status_code, printed.headers["content-type"]) == (200, "application/pdf")
        assert printed.content.startswith(b"%PDF-")
        assert b"STSong-Light" in printed.content
        again = await rep.get(url, headers={"Accept-Language": language})
        assert again.content == printed.content
        other = await rep.get(url, headers={"Accept-Language": {"zh": "en", "en": "zh"}[language]})
        assert other.content != printed.content


class TestAdvice:
    async def test_from_traits_and_the_value_grade(
        self, rep: httpx.AsyncClient, database: Database, context: Context,
        make_customer: MakeCustomer, tenant: str,
    ) -> None:  # fmt: skip
        from_traits = await done(rep.get("/v1/quote-advice", params={"trait": "direct"}))
        assert [one["position"] for one in from_traits["rules"]] == ["bottom_line"]
        assert len(from_traits["steps"]) == len(from_traits["techniques"]) == 3
        customer = await make_customer()
        asked = {"customer_id": customer}
        assert (await done(rep.get("/v1/quote-advice", params=asked)))["traits"] == []
        async with database.transaction(context) as session:
            await session.fetch(
                "UPDATE customer_refs SET value_grade = 'A' WHERE id = $1", _id({"id": customer})
            )
        found = await done(rep.get("/v1/quote-advice", params=asked))
        assert found["traits"] == ["key_account"]
