"""Samples: asked for, approved, delivered, back or kept; and the gates they open (S8)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH = "/v1/samples"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
YESTERDAY, TOMORROW = str(TODAY - timedelta(days=1)), str(TODAY + timedelta(days=1))
CHAIN = {"kind": "sample", "own_allowed": True, "levels": [{"name": "主管", "role": "boss"}]}
STRICT = {"control": "strict", "samples": 1}


async def waiting_approval(client: httpx.AsyncClient, sample: dict[str, Any]) -> str:
    found = await client.get("/v1/approvals", params={"document_id": sample["id"]})
    return f"/v1/approvals/{found.json()['items'][0]['id']}"


class TestLife:
    async def test_nobody_is_asked_then_it_is_approved_delivered_and_back(
        self, client: httpx.AsyncClient, make_sample: Make, database: Database, tenant: str
    ) -> None:
        made = await make_sample(due_back_on=TOMORROW, note="试用")
        year = TODAY.year
        assert (made["number"], made["state"]) == (f"SAMP-{year}-000001", "approved")
        assert made["total"] == {"amount": "200.00", "currency": "CNY"}
        url = f"{PATH}/{made['id']}"
        out = (await client.post(f"{url}/deliver", json={})).json()
        assert (out["state"], out["stage_code"]) == ("delivered", "understand")
        back = await client.post(f"{url}/return", json={"reason": "试用满意"})
        assert (back.json()["state"], back.json()["close_reason"]) == ("returned", "试用满意")
        told = [one for one in await emitted(database, tenant) if one.key == made["id"]]
        assert [one.type.split(".")[1] for one in told] == [
            "sample-requested", "sample-delivered", "sample-ended",
        ]  # fmt: skip
        assert [one.sequence for one in told] == [1, 2, 3]
        actions = [one.action for one in await audited(database, tenant)]
        assert actions[-2:] == ["sample.delivered", "sample.returned"]

    @pytest.mark.parametrize(
        ("decision", "state"),
        [("approve", "approved"), ("reject", "rejected"), ("withdraw", "cancelled")],
    )
    async def test_it_waits_for_the_chain(
        self, client: httpx.AsyncClient, make_sample: Make, problem: ProblemOf, decision: str,
        state: str,
    ) -> None:  # fmt: skip
        assert (await client.post("/v1/approval-chains", json=CHAIN)).status_code == 201
        made = await make_sample()
        url = f"{PATH}/{made['id']}"
        assert made["state"] == "requested"
        refused = await client.post(f"{url}/deliver", json={})
        assert problem(refused) == (409, "sample-not-ready")
        approval = await waiting_approval(client, made)
        decided = await client.post(f"{approval}/{decision}", json={"reason": "可以"})
        assert decided.status_code == 200, decided.text
        assert (await client.get(url)).json()["state"] == state

    async def test_an_approval_is_not_taken_back_once_they_are_out(
        self, client: httpx.AsyncClient, make_sample: Make, problem: ProblemOf
    ) -> None:
        made = await make_sample()
        approval = await waiting_approval(client, made)
        await client.post(f"{PATH}/{made['id']}/deliver", json={})
        refused = await client.post(f"{approval}/revoke", json={"reason": "误批"})
        assert problem(refused) == (409, "sample-is-out")

    async def test_of_a_lost_opportunity_they_still_come_back(
        self, client: httpx.AsyncClient, make_sample: Make, problem: ProblemOf
    ) -> None:
        made, other = await make_sample(), await make_sample()
        await client.post(f"{PATH}/{made['id']}/deliver", json={})
        lost = {"closed_on": str(TODAY), "reason": "价格过高", "competitor_unknown": True}
        for one in (made, other):
            await client.post(f"/v1/opportunities/{one['opportunity_id']}/lose", json=lost)
        kept = await client.post(f"{PATH}/{made['id']}/keep", json={})
        assert kept.json()["state"] == "kept"
        refused = await client.post(f"{PATH}/{other['id']}/deliver", json={})
        assert problem(refused) == (409, "opportunity-is-closed")
        cancelled = await client.post(f"{PATH}/{other['id']}/cancel", json={"reason": "输单"})
        assert (cancelled.json()["state"], cancelled.json()["close_reason"]) == (
            "cancelled", "输单",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("fields", "code"),
        [({"opportunity_id": str(uuid4())}, "unknown-opportunity"),
         ({"lines": [{"product_id": "019364c2-7d5e-7000-8000-000000000009", "quantity": "1"}]},
          "unknown-product"),
         ({"on": TOMORROW}, "date-in-future"),
         ({"due_back_on": YESTERDAY}, "date-before-previous"),
         ({"lines": []}, "invalid-request")],
        ids=["opportunity", "product", "future", "back-before", "no-lines"],
    )  # fmt: skip
    async def test_refused(
        self, client: httpx.AsyncClient, make_in_progress: Make, make_product: Make,
        problem: ProblemOf, fields: dict[str, Any], code: str,
    ) -> None:  # fmt: skip
        body = {
            "opportunity_id": (await make_in_progress())["id"],
            "lines": [{"product_id": (await make_product())["id"], "quantity": "1"}],
        }
        assert problem(await client.post(PATH, json=body | fields)) == (422, code)


class TestGate:
    async def test_a_stage_that_asks_for_samples_opens_when_they_are_delivered(
        self, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make,
        make_sample: Make, problem: ProblemOf,
    ) -> None:  # fmt: skip
        stage = {"name": "试用", "planned_days": 7}
        await make_method(
            stages=[stage | {"code": "a", "success_rate": 10, "conditions": STRICT},
                    stage | {"code": "b", "success_rate": 90}]
        )  # fmt: skip
        opportunity = await make_in_progress()
        url = f"/v1/opportunities/{opportunity['id']}"
        sample = await make_sample(opportunity_id=opportunity["id"])  # approved: not enough
        refused = await client.post(f"{url}/promote", json={})
        assert problem(refused) == (422, "promotion-conditions-unmet")
        unmet = refused.json()["unmet"]
        assert [(one["kind"], one["actual"], one["required"]) for one in unmet] == [
            ("samples", 0, 1)
        ]
        await client.post(f"{PATH}/{sample['id']}/deliver", json={})
        await client.post(f"{PATH}/{sample['id']}/return", json={})  # what came back was there
        assert (await client.post(f"{url}/promote", json={})).json()["stage_code"] == "b"


async def test_nothing_is_asked_for_before_the_opportunity_was_opened(
    client: httpx.AsyncClient, make_in_progress: Make, make_product: Make, problem: ProblemOf
) -> None:
    opened = await make_in_progress(opened_on=str(TODAY))
    line = {"product_id": (await make_product())["id"], "quantity": "1"}
    body = {"opportunity_id": opened["id"], "lines": [line], "on": YESTERDAY}
    assert problem(await client.post(PATH, json=body)) == (422, "date-before-previous")


class TestList:
    async def test_finds_by_what_it_is_asked_for(
        self, client: httpx.AsyncClient, make_sample: Make, make_in_progress: Make,
        make_customer: MakeCustomer,
    ) -> None:  # fmt: skip
        owner, customer = str(uuid4()), await make_customer()
        mine = await make_in_progress(customer_id=customer, owner_id=owner, opened_on=YESTERDAY)
        late = await make_sample(opportunity_id=mine["id"], on=YESTERDAY, due_back_on=YESTERDAY)
        await client.post(f"{PATH}/{late['id']}/deliver", json={"on": YESTERDAY})
        await make_sample()
        for params in (
            {"opportunity_id": mine["id"]}, {"customer_id": customer}, {"owner_id": owner},
            {"state": "delivered"}, {"product_id": late["lines"][0]["product_id"]},
            {"number": late["number"]}, {"overdue": "true"},
        ):  # fmt: skip
            found = (await client.get(PATH, params=params)).json()["items"]
            assert [one["id"] for one in found] == [late["id"]], params
        assert len((await client.get(PATH, params={"overdue": "false"})).json()["items"]) == 1
