"""Competitors: audited files, parts in opportunities, comparisons, win rates, reasons (S9)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH, PARTS, SHEETS = "/v1/competitors", "/v1/opportunity-competitors", "/v1/comparison-sheets"
REASONS, RATES = "/v1/close-reasons", "/v1/competitor-win-rates"
TODAY = str(clock.today(clock.now(), "Asia/Shanghai"))
CHAIN = {"kind": "competitor", "own_allowed": True, "levels": [{"name": "市场部", "role": "x"}]}
ROW = {"criterion": "价格", "ours": "4600", "theirs": "4300", "advantage": "theirs"}


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


@pytest.fixture
def make_competitor(client: httpx.AsyncClient) -> Make:
    """Enters the file of a competitor."""

    async def make(**fields: Any) -> dict[str, Any]:
        response = await client.post(PATH, json={"name": f"对手 {uuid4().hex[:8]}"} | fields)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return make


@pytest.mark.parametrize(
    ("website", "status"),
    [
        ("https://www.example.com:8443/news?id=1", 201),
        ("www.example.com", 201),
        ("www.example.com:8080/news", 201),
        ("HTTPS://WWW.EXAMPLE.COM", 201),
        ("神州数码.中国", 201),
        ("javascript:alert(1)", 422),
        ("javascript:0/alert(1)", 422),
        ("data:text/html,x", 422),
        ("https://www.example.com 见首页", 422),
    ],
)
async def test_a_web_site_is_what_a_browser_opens_as_a_page(
    client: httpx.AsyncClient, website: str, status: int
) -> None:
    answer = await client.post(PATH, json={"name": "神州数码", "website": website})
    assert answer.status_code == status, answer.text


class TestFile:
    async def test_is_entered_changed_and_audited(
        self, client: httpx.AsyncClient, make_competitor: Make, database: Database, tenant: str,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        assert (await client.post("/v1/approval-chains", json=CHAIN)).status_code == 201
        offer = {"name": "DC 工作站", "price": cny("4300.00"), "note": None}
        made = await make_competitor(name="神州数码", products=[offer], sources=["招标公告"])
        assert made["number"] == f"COMP-{TODAY[:4]}-000001"
        assert (made["products"], made["state"]) == ([offer], "draft")
        url = f"{PATH}/{made['id']}"
        again = await client.post(PATH, json={"name": "神州数码"})
        assert problem(again) == (409, "competitor-name-taken")
        changed = await client.patch(
            url, json={"weaknesses": "交付慢"}, headers={"If-Match": '"1"'}
        )
        assert changed.json()["weaknesses"] == "交付慢"
        assert (await client.post(f"{url}/submit")).json()["state"] == "in_approval"
        fixed = await client.patch(url, json={"name": "x"}, headers={"If-Match": '"3"'})
        assert problem(fixed) == (409, "competitor-is-fixed")
        found = await client.get("/v1/approvals", params={"document_id": made["id"]})
        approval = f"/v1/approvals/{found.json()['items'][0]['id']}"
        await client.post(f"{approval}/approve", json={})
        assert (await client.get(url)).json()["state"] == "approved"
        assert (await client.get(approval)).json()["approved_at"] is not None
        back = await client.post(f"{approval}/revoke", json={"reason": "信息有误"})
        assert back.status_code == 200, back.text
        assert (await client.get(url)).json()["state"] == "draft"
        types = [one.type for one in await emitted(database, tenant) if one.key == made["id"]]
        assert [one.split(".")[1] for one in types] == [
            "competitor-entered", "competitor-changed", "competitor-changed",
            "competitor-approved", "competitor-changed",
        ]  # fmt: skip
        assert "competitor.approval-approved" in [
            one.action for one in await audited(database, tenant)
        ]
        for params in ({"number": made["number"]}, {"state": "draft"}, {"q": "神州"}):
            listed = (await client.get(PATH, params=params)).json()["items"]
            assert [one["id"] for one in listed] == [made["id"]]


class TestPart:
    async def test_a_competitor_takes_part_once_and_may_give_up(
        self, client: httpx.AsyncClient, make_competitor: Make, make_in_progress: Make,
        problem: ProblemOf, database: Database, tenant: str,
    ) -> None:  # fmt: skip
        body = {
            "opportunity_id": (await make_in_progress())["id"],
            "competitor_id": (await make_competitor())["id"],
            "threat": "high",
        }
        made = (await client.post(PARTS, json=body)).json()
        assert (made["threat"], made["active"]) == ("high", True)
        assert problem(await client.post(PARTS, json=body)) == (409, "takes-part-already")
        url = f"{PARTS}/{made['id']}"
        gone = await client.patch(url, json={"active": False}, headers={"If-Match": '"1"'})
        assert (await client.get(url)).json() == gone.json()
        assert gone.json()["active"] is False
        for params in (body, {"active": "false"}):
            assert len((await client.get(PARTS, params=params)).json()["items"]) == 1
        types = [one.type for one in await emitted(database, tenant)]
        assert types[-2:] == [
            "sales.competitor-took-part.v1", "sales.competitor-part-changed.v1"
        ]  # fmt: skip
        for field, code in (
            ("competitor_id", "unknown-competitor"), ("opportunity_id", "unknown-opportunity")
        ):  # fmt: skip
            refused = await client.post(PARTS, json=body | {field: str(uuid4())})
            assert problem(refused) == (422, code)


class TestComparison:
    async def test_puts_us_and_them_side_by_side(
        self, client: httpx.AsyncClient, make_competitor: Make, make_product: Make,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        body = {
            "title": "对比", "competitor_id": (await make_competitor())["id"],
            "product_id": (await make_product())["id"],
            "criteria": [ROW | {"weight": "3"}, ROW | {"advantage": "ours"}],
        }  # fmt: skip
        made = (await client.post(SHEETS, json=body)).json()
        assert made["balance"] == {"ours": "25.00", "theirs": "75.00", "even": "0.00"}
        url = f"{SHEETS}/{made['id']}"
        changed = await client.patch(url, json={"criteria": [ROW]}, headers={"If-Match": '"1"'})
        assert (await client.get(url)).json() == changed.json()
        assert changed.json()["balance"]["theirs"] == "100.00"
        listed = await client.get(SHEETS, params={"product_id": body["product_id"]})
        assert [one["id"] for one in listed.json()["items"]] == [made["id"]]
        for change, code in (
            ({"product_id": None}, "comparison-subject-unclear"),
            ({"opportunity_id": str(uuid4())}, "comparison-subject-unclear"),
            ({"product_id": str(uuid4())}, "unknown-product"),
            ({"competitor_id": str(uuid4())}, "unknown-competitor"),
        ):
            assert problem(await client.post(SHEETS, json=body | change)) == (422, code)


class TestWinRates:
    async def test_count_each_opportunity_once_for_each_competitor(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str,
        make_competitor: Make, make_in_progress: Make, database: Database, problem: ProblemOf,
    ) -> None:  # fmt: skip
        rival = (await make_competitor(name="神州数码"))["id"]
        other = (await make_competitor(name="联想"))["id"]
        somebody = str(uuid4())

        async def meet(*rivals: str, **fields: Any) -> str:
            made = await make_in_progress(expected_revenue=cny("100.00"), **fields)
            for one in rivals:
                part = {"opportunity_id": made["id"], "competitor_id": one}
                assert (await client.post(PARTS, json=part)).status_code == 201
            return f"/v1/opportunities/{made['id']}"

        close = {"closed_on": TODAY, "reason": "x"}
        await client.post(f"{await meet(rival)}/win", json=close | {"amount": cny("90.00")})
        lost = await client.post(
            f"{await meet(rival, other)}/lose", json=close | {"competitor_id": rival}
        )
        assert lost.json()["competitor"] == "神州数码"  # named in words, too
        unnamed = await meet(owner_id=somebody)
        await client.post(f"{unnamed}/lose", json=close | {"competitor_id": rival})
        await meet(rival)
        with count_queries(database) as seen:
            rates = (await client.get(RATES)).json()["items"]
        assert len(seen) == 3, "begin, the report, end"
        mine, theirs = rates
        assert (mine["name"], mine["won"], mine["lost_to"], mine["open"], mine["win_rate"]) == (
            "神州数码", 1, 2, 1, "33.33"
        )  # fmt: skip
        assert (mine["won_amounts"], mine["lost_amounts"]) == ([cny("90.00")], [cny("200.00")])
        assert (theirs["lost_to_others"], theirs["lost_to"], theirs["win_rate"]) == (1, 0, None)
        before = await client.get(RATES, params={"to": "2020-01-01"})
        assert [one["won"] for one in before.json()["items"]] == [0, 0]
        wrong = await client.get(RATES, params={"from": "2026-02-01", "to": "2026-01-01"})
        assert problem(wrong) == (422, "period-reversed")
        limited = client_for(tenant, employee_id=str(uuid4()), row_scope="own")
        counted = (await limited.get(RATES)).json()["items"][0]
        assert counted["lost_to"] == 1  # what somebody owns is out of sight


class TestReasons:
    async def test_are_a_list_of_the_tenants_own_and_add_up(
        self, client: httpx.AsyncClient, make_in_progress: Make, problem: ProblemOf,
        database: Database, tenant: str,
    ) -> None:  # fmt: skip
        body = {"outcome": "lost", "code": "price", "name": "价格过高"}
        made = (await client.post(REASONS, json=body)).json()
        assert problem(await client.post(REASONS, json=body)) == (409, "close-reason-taken")
        close = {"closed_on": TODAY, "reason": "报价高出三成", "competitor_unknown": True}
        one, other = [
            f"/v1/opportunities/{(await make_in_progress(expected_revenue=cny('70.00')))['id']}"
            for _ in range(2)
        ]
        unknown = await client.post(f"{one}/lose", json=close | {"reason_code": "x"})
        assert problem(unknown) == (422, "unknown-close-reason")
        lost = await client.post(f"{one}/lose", json=close | {"reason_code": "price"})
        assert lost.json()["close_reason_code"] == "price"
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.data["close_reason_code"]) == (
            "sales.opportunity-lost.v1", "price"
        )  # fmt: skip
        url = f"{REASONS}/{made['id']}"
        gone = await client.patch(url, json={"active": False}, headers={"If-Match": '"1"'})
        assert (await client.get(url)).json() == gone.json()
        unused = await client.post(f"{other}/lose", json=close | {"reason_code": "price"})
        assert problem(unused) == (422, "unknown-close-reason")
        await client.post(f"{other}/lose", json=close)
        report = (await client.get("/v1/close-reason-report", params={"from": TODAY})).json()
        assert [
            (row["outcome"], row["code"], row["name"], row["opportunities"], row["amount"])
            for row in report["items"]
        ] == [("lost", "price", "价格过高", 1, cny("70.00")), ("lost", None, None, 1, cny("70.00"))]
        listed = await client.get(REASONS, params={"outcome": "lost", "active": "false"})
        assert [row["id"] for row in listed.json()["items"]] == [made["id"]]
