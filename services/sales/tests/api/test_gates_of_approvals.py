"""Gates that ask for approved documents, and what counts in a new life (S1, S3; 4 §5.3)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH = "/v1/opportunities"
CHAIN = {"kind": "quote", "own_allowed": True, "levels": [{"name": "主管", "role": "boss"}]}


def stages(**asked: Any) -> list[dict[str, Any]]:
    """Two stages; the first asks, strictly, for what is given."""
    one = {"planned_days": 7}
    gate = {"conditions": {"control": "strict"} | asked}
    return [
        one | {"code": "a", "name": "报价", "name_en": "Quote", "success_rate": 10} | gate,
        one | {"code": "b", "name": "签约", "success_rate": 90},
    ]


@pytest.fixture
def make_gated(make_method: Make, make_in_progress: Make, make_product: Make) -> Make:
    """Makes an opportunity with a product line in a stage that asks for what is given."""

    async def make(**asked: Any) -> dict[str, Any]:
        await make_method(stages=stages(**asked))
        line = {"product_id": (await make_product())["id"], "quantity": "2"}
        return await make_in_progress(lines=[line])

    return make


@pytest.fixture
def submit_quote(client: httpx.AsyncClient, make_quote: Make) -> Callable[[str], Awaitable[str]]:
    """Quotes for an opportunity and submits it; returns the address of the approval."""

    async def submit(opportunity_id: str) -> str:
        quote = await make_quote(opportunity_id=opportunity_id)
        assert (await client.post(f"/v1/quotes/{quote['id']}/submit")).status_code == 200
        found = await client.get("/v1/approvals", params={"document_id": quote["id"]})
        return f"/v1/approvals/{found.json()['items'][0]['id']}"

    return submit


async def gate_of(client: httpx.AsyncClient, opportunity: dict[str, Any]) -> dict[str, int]:
    """Return how much there is of what the gate asks for."""
    gate = (await client.get(f"{PATH}/{opportunity['id']}/gate")).json()
    return {one["item"] or one["kind"]: one["actual"] for one in gate["conditions"]}


class TestApprovals:
    async def test_a_stage_that_asks_for_them_opens_when_a_document_is_approved(
        self, client: httpx.AsyncClient, make_gated: Make, problem: ProblemOf,
        submit_quote: Callable[[str], Awaitable[str]],
    ) -> None:  # fmt: skip
        await client.post("/v1/approval-chains", json=CHAIN)
        made = await make_gated(approvals=1)
        approval = await submit_quote(made["id"])  # waits: not enough
        refused = await client.post(f"{PATH}/{made['id']}/promote", json={})
        assert problem(refused) == (422, "promotion-conditions-unmet")
        (unmet,) = refused.json()["unmet"]
        assert unmet["zh"] == "报价：已审核的单据须有 1 个，现有 0 个。"
        assert unmet["en"] == "Quote: approved documents: 1 needed, 0 there."
        decided = (await client.post(f"{approval}/approve", json={})).json()
        assert (decided["opportunity_id"], decided["stage_code"]) == (made["id"], "a")
        promoted = await client.post(f"{PATH}/{made['id']}/promote", json={})
        assert promoted.json()["stage_code"] == "b"

    async def test_a_contract_signed_early_counts_later_and_a_cancelled_one_never(
        self, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make,
        make_effective: Make, problem: ProblemOf,
    ) -> None:  # fmt: skip
        one, two = stages()
        two["conditions"] = {"control": "strict", "approved_documents": ["contract"]}
        one["conditions"] = {"control": "none"}
        await make_method(stages=[one, two])
        made = await make_in_progress()
        contract = await make_effective(opportunity_id=made["id"])
        url = f"{PATH}/{made['id']}"
        assert (await client.post(f"{url}/promote", json={})).status_code == 200
        assert (await client.get(f"{url}/gate")).json()["winning_allowed"] is True
        cancel = {"reason": "客户取消"}
        gone = await client.post(f"/v1/contracts/{contract['id']}/cancel", json=cancel)
        assert gone.status_code == 200, gone.text
        win = {"closed_on": made["opened_on"], "reason": "x"}
        refused = await client.post(f"{url}/win", json=win)
        assert problem(refused) == (422, "promotion-conditions-unmet")

    async def test_what_a_colleague_submitted_counts_for_whoever_promotes(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str, make_gated: Make,
        make_quote: Make,
    ) -> None:  # fmt: skip
        await client.post("/v1/approval-chains", json=CHAIN)
        made, me = await make_gated(approvals=1), str(uuid4())
        colleague = client_for(tenant, subject="bob", employee_id=str(uuid4()))
        quote = await make_quote(opportunity_id=made["id"])
        assert (await colleague.post(f"/v1/quotes/{quote['id']}/submit")).status_code == 200
        found = await client.get("/v1/approvals", params={"document_id": quote["id"]})
        approval = f"/v1/approvals/{found.json()['items'][0]['id']}"
        assert (await client.post(f"{approval}/approve", json={})).status_code == 200
        url = f"{PATH}/{made['id']}"
        match = {"If-Match": (await client.get(url)).headers["etag"]}
        given = await client.patch(url, json={"owner_id": me}, headers=match)
        assert given.status_code == 200, given.text
        mine = client_for(tenant, employee_id=me, row_scope="own")
        assert (await mine.get(approval)).status_code == 404
        assert await gate_of(mine, made) == {"approvals": 1}
        assert (await mine.post(f"{url}/promote", json={})).status_code == 200

    async def test_what_nobody_has_to_agree_to_counts_once_submitted(
        self, client: httpx.AsyncClient, make_gated: Make,
        submit_quote: Callable[[str], Awaitable[str]],
    ) -> None:  # fmt: skip
        made = await make_gated(approvals=2)
        await submit_quote(made["id"])
        assert await gate_of(client, made) == {"approvals": 1}

    async def test_un_approved_they_count_no_more(
        self, client: httpx.AsyncClient, make_gated: Make,
        submit_quote: Callable[[str], Awaitable[str]],
    ) -> None:  # fmt: skip
        made = await make_gated(approvals=1)
        approval = await submit_quote(made["id"])
        taken_back = await client.post(f"{approval}/revoke", json={"reason": "价格有误"})
        assert taken_back.json()["state"] == "revoked"
        assert await gate_of(client, made) == {"approvals": 0}

    async def test_documents_of_others_do_not_count(
        self, client: httpx.AsyncClient, make_gated: Make, make_quote: Make
    ) -> None:
        made = await make_gated(approvals=1)
        other = await make_quote()
        assert (await client.post(f"/v1/quotes/{other['id']}/submit")).status_code == 200
        assert await gate_of(client, made) == {"approvals": 0}

    async def test_a_kind_may_be_asked_for(
        self, client: httpx.AsyncClient, make_gated: Make, make_customer: Callable[..., Any],
        make_contract: Make, submit_quote: Callable[[str], Awaitable[str]],
    ) -> None:  # fmt: skip
        made = await make_gated(approvals=1, approved_documents=["contract"])
        await submit_quote(made["id"])
        assert await gate_of(client, made) == {"approvals": 1, "contract": 0}
        gate = (await client.get(f"{PATH}/{made['id']}/gate")).json()
        assert gate["unmet"][0]["zh"] == "报价：须有已审核的合同。"
        await client.patch(
            f"{PATH}/{made['id']}",
            json={"customer_id": await make_customer()},
            headers={"If-Match": f'"{made["version"]}"'},
        )
        contract = await make_contract(opportunity_id=made["id"])
        submitted = await client.post(f"/v1/contracts/{contract['id']}/submit", json={})
        assert submitted.json()["state"] == "approved", submitted.text
        assert await gate_of(client, made) == {"approvals": 2, "contract": 1}

    async def test_price_lists_belong_to_no_opportunity(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        body = {"code": "m", "name": "m", "stages": stages(approved_documents=["price_list"])}
        assert problem(await client.post("/v1/methods", json=body)) == (422, "invalid-request")


class TestNewLife:
    async def test_what_was_recorded_before_it_was_taken_up_again_counts_no_more(
        self, client: httpx.AsyncClient, make_gated: Make, make_activity: Make,
        submit_quote: Callable[[str], Awaitable[str]],
    ) -> None:  # fmt: skip
        asked = {"activities": 1, "visits": 1, "quotes": 1, "approvals": 1}
        made = await make_gated(**asked)

        async def work() -> None:
            await make_activity(opportunity_id=made["id"], kind="visit")
            await submit_quote(made["id"])

        await work()
        assert await gate_of(client, made) == asked
        url, owner = f"{PATH}/{made['id']}", str(uuid4())
        await client.post(f"{url}/return-to-pool", json={"reason": "今年无预算"})
        await client.post(f"{url}/take-up", json={"owner_id": owner})
        await client.post(f"{url}/submit", json={"evaluator_id": str(uuid4())})
        again = await client.post(f"{url}/evaluate", json={"result": "pass"})
        assert again.json()["stage_code"] == "a"
        assert await gate_of(client, made) == dict.fromkeys(asked, 0)
        await work()
        assert await gate_of(client, made) == asked
