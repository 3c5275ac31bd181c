"""The walk-through of the textbook, "server purchase" (1.3, 1.4): from a lead to a closed project.

One story, step by step, with every refusal that the text describes on the way.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kehu_local.testing import System, eventually, refused

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # where the tenants' days are cut
NEXT_YEAR = TODAY + timedelta(days=365)


def day(ago: int) -> str:
    return (TODAY - timedelta(days=ago)).isoformat()


TOMORROW = day(-1)
STAGES = [
    ("understand", "了解情况", 5, 10, {"control": "strict", "activities": 1}),
    ("pre-study", "预研", 5, 30, {"control": "remind", "activities": 1}),
    ("solution", "制作方案", 10, 50, {"control": "strict", "tasks": 1}),
    ("bid", "投标", 10, 80, {"control": "strict", "quotes": 1, "samples": 1}),
    ("sign", "签约", 5, 90, {"control": "none"}),
]
METHOD = {
    "code": "server-purchase",
    "name": "服务器采购",
    "is_default": True,
    "stages": [
        {
            "code": code,
            "name": name,
            "planned_days": days,
            "success_rate": rate,
            "conditions": asked,
        }
        for code, name, days, rate, asked in STAGES
    ],
}
PRICE, SERVERS = "48000.00", "10"


class Story:
    """Who plays in it, and what they have come to so far."""

    def __init__(self, system: System, tenant: str) -> None:
        self.admin = system.user(tenant)
        department = self.admin.post("/customer/v1/departments", {"code": "sz", "name": "深圳"})
        self.employees = {
            code: self.admin.post(
                "/customer/v1/employees",
                {"code": code, "name": name, "department_id": department["id"]},
            )["id"]
            for code, name in (("rep", "李雷"), ("lead", "韩梅梅"), ("boss", "林涛"))
        }
        self.rep = system.user(tenant, employee_id=self.employees["rep"])
        self.lead = system.user(tenant, employee_id=self.employees["lead"])
        self.boss = system.user(tenant, employee_id=self.employees["boss"])
        self.boss_alone = system.user(
            tenant, "sales_representative", employee_id=self.employees["boss"]
        )  # may not decide in place of others
        self.server = self.admin.post(
            "/sales/v1/products",
            {
                "code": "SRV-4U", "name": "机架式服务器", "unit": "台", "category": "servers",
                "list_price": {"amount": "50000.00", "currency": "CNY"},
                "creates_product_file": True, "service_enabled": True, "warranty_months": 36,
            },
        )["id"]  # fmt: skip
        self.cable = self.admin.post(
            "/sales/v1/products",
            {
                "code": "CBL", "name": "电源线", "unit": "根", "category": "accessories",
                "list_price": {"amount": "0.00", "currency": "CNY"}, "creates_product_file": False,
            },
        )["id"]  # fmt: skip
        self.admin.post("/sales/v1/methods", METHOD)
        lead = {"name": "部门审批", "employee_id": self.employees["lead"]}
        boss = {"name": "总经理审批", "employee_id": self.employees["boss"]}
        for kind, levels in (
            ("price_list", [lead, boss]),
            ("quote", [boss]),
            ("contract", [boss]),
            ("project", [boss]),
        ):
            self.admin.post("/sales/v1/approval-chains", {"kind": kind, "levels": levels})

    def approve(self, document_id: str, *, by_lead_first: bool = False) -> None:
        """The boss agrees to a document that waits, after the lead; who submitted it may not."""
        waiting = self.boss.get("/sales/v1/approvals", document_id=document_id, state="waiting")
        (approval,) = waiting["items"]
        path = f"/sales/v1/approvals/{approval['id']}/approve"
        refused(self.rep.http.post(path, json={}), 403, "own-document")
        if by_lead_first:
            refused(self.boss_alone.http.post(path, json={}), 403, "not-the-approver")
            assert self.lead.post(path, {"reason": "同意"})["state"] == "waiting"
        self.boss.post(path, {"reason": "同意"})


@pytest.fixture
def story(system: System, tenant: str) -> Story:
    return Story(system, tenant)


class TestServerPurchase:
    def test_from_lead_to_closed_project(self, story: Story) -> None:
        opportunity = self._lead(story)
        self._potential_information(story, opportunity)
        self._evaluation(story, opportunity)
        self._stages(story, opportunity)
        prices = self._price_list(story, opportunity)
        quote = self._quote(story, opportunity, prices)
        self._rest_of_the_stages(story, opportunity)
        contract = self._contract(story, opportunity, quote)
        self._money(story, contract)
        project = self._project(story, contract)
        self._delivery(story, project, contract)
        self._close(story, project)
        self._the_chain_both_ways(story, opportunity, quote, contract, project)

    def _lead(self, story: Story) -> str:
        """Convert: customer, contact and opportunity are made and linked (L4795-4808)."""
        lead = story.rep.post(
            "/marketing/v1/leads",
            {
                "topic": "采购服务器", "source": "seminar", "created_on": day(60),
                "customer_name": "广州白云数据中心有限公司", "contact_name": "王工",
                "owner_id": story.employees["rep"],
            },
        )  # fmt: skip
        path = f"/marketing/v1/leads/{lead['id']}"
        story.rep.post(f"{path}/convert", {})
        eventually(lambda: story.rep.get(f"{path}/conversion")["state"] == "completed")
        made = story.rep.get(path)
        found = story.rep.get(f"/sales/v1/opportunities/{made['opportunity_id']}")
        assert (found["customer_id"], found["contact_id"]) == (
            made["customer_id"],
            made["contact_id"],
        )
        assert found["stage_code"] is None, "empty until evaluated"
        return str(made["opportunity_id"])

    def _potential_information(self, story: Story, opportunity: str) -> None:
        """With product lines, the expected revenue is their sum (item 5)."""
        path = f"/sales/v1/opportunities/{opportunity}"
        refused(
            story.rep.http.post("/sales/v1/quotes", json={"opportunity_id": opportunity}),
            409,
            "no-product-lines",
        )
        told = {"interest": "high", "need": "十台服务器，明年一季度上线", "source": "seminar"}
        lines = [{"product_id": one, "quantity": SERVERS} for one in (story.server, story.cable)]
        changed = story.rep.change(path, {**told, "lines": lines})
        assert changed["expected_revenue"] == {"amount": "500000.00", "currency": "CNY"}
        typed = {"expected_revenue": {"amount": "1.00", "currency": "CNY"}}
        etag = {"If-Match": story.rep.etag(path)}
        refused(
            story.rep.http.patch(path, json=typed, headers=etag), 422, "revenue-is-sum-of-lines"
        )

    def _evaluation(self, story: Story, opportunity: str) -> None:
        """Not evaluated, in evaluation, and each way on; then the first stage (L4811-4953)."""
        path = f"/sales/v1/opportunities/{opportunity}"
        refused(story.rep.http.post(f"{path}/promote", json={}), 409, "not-in-progress")
        refused(
            story.rep.http.post(f"{path}/evaluate", json={"result": "pass"}),
            409,
            "not-in-evaluation",
        )
        story.rep.post(f"{path}/submit", {"evaluator_id": story.employees["lead"]})
        refused(
            story.lead.http.post(f"{path}/evaluate", json={"result": "pass_to_next"}),
            422,
            "next-evaluator-missing",
        )
        rejected = {"result": "reject", "comment": "请补充需求"}
        story.lead.post(f"{path}/evaluate", rejected)
        story.rep.post(f"{path}/submit", {"evaluator_id": story.employees["lead"]})
        on = {"result": "pass_to_next", "next_evaluator_id": story.employees["boss"]}
        story.lead.post(f"{path}/evaluate", on)
        passed = story.boss.post(f"{path}/evaluate", {"result": "pass"})
        assert (passed["status"], passed["stage_code"]) == ("in_progress", "understand")
        self._failed_evaluation(story)

    def _failed_evaluation(self, story: Story) -> None:
        """Nothing more can be done with one that failed."""
        line = {"product_id": story.server, "quantity": "1"}
        asked = {"topic": "一台旧服务器", "lines": [line]}
        path = f"/sales/v1/opportunities/{story.rep.post('/sales/v1/opportunities', asked)['id']}"
        story.rep.post(f"{path}/submit", {"evaluator_id": story.employees["lead"]})
        failed = story.lead.post(f"{path}/evaluate", {"result": "fail", "comment": "无需求"})
        assert failed["status"] == "evaluation_failed"
        for response in (
            story.rep.http.patch(
                path, json={"need": "再谈"}, headers={"If-Match": story.rep.etag(path)}
            ),
            story.rep.http.post(f"{path}/submit", json={"evaluator_id": story.employees["lead"]}),
            story.rep.http.post("/sales/v1/quotes", json={"opportunity_id": failed["id"]}),
        ):
            refused(response, 409, "evaluation-has-failed")

    def _stages(self, story: Story, opportunity: str) -> None:
        """Activities, tasks and promotion, up to the solution."""
        path = f"/sales/v1/opportunities/{opportunity}"
        unmet = refused(
            story.rep.http.post(f"{path}/promote", json={}), 422, "promotion-conditions-unmet"
        )
        assert [one["kind"] for one in unmet["conditions"]] == ["activities"]
        visit = {
            "opportunity_id": opportunity, "kind": "visit", "topic": "了解机房", "minutes": 90,
        }  # fmt: skip
        made = story.rep.post("/sales/v1/activities", visit)
        assert made["stage_code"] == "understand", "it carries the stage"
        refused(
            story.rep.http.post(f"{path}/promote", json={"on": TOMORROW}), 422, "date-in-future"
        )
        preview = story.rep.get(f"{path}/promotion")
        assert preview["next_stage_code"] == "pre-study", "shown, to be confirmed"
        story.rep.post(f"{path}/promote", {})
        refused(story.rep.http.post(f"{path}/promote", json={}), 409, "promotion-reminder")
        confirmed = story.rep.post(f"{path}/promote", {"confirm_reminders": True})
        assert (confirmed["stage_code"], confirmed["success_rate"]) == ("solution", 50)
        task = story.rep.post(
            "/sales/v1/tasks",
            {
                "topic": "编写技术方案", "opportunity_id": opportunity, "due_on": TOMORROW,
                "assignee_id": story.employees["lead"],
            },
        )  # fmt: skip
        assert task["status"] == "in_progress", "given to somebody"
        complete = f"/sales/v1/tasks/{task['id']}/complete"
        for half in ({"finished_on": day(0)}, {"started_on": day(1)}):
            refused(story.lead.http.post(complete, json=half), 422, "invalid-request")
        story.lead.post(complete, {"started_on": day(1), "finished_on": day(0)})
        story.rep.post(f"{path}/promote", {})

    def _price_list(self, story: Story, opportunity: str) -> str:
        """Agreed prices: approved level by level, un-approved, approved again (L4957-4973)."""
        customer = story.rep.get(f"/sales/v1/opportunities/{opportunity}")["customer_id"]
        made = story.rep.post(
            "/sales/v1/price-lists",
            {
                "name": "白云数据中心协议价", "audience": "customer", "customer_id": customer,
                "starts_on": day(90),
            },
        )  # fmt: skip
        path = f"/sales/v1/price-lists/{made['id']}"
        put = {"lines": [{"product_id": story.server, "price": PRICE}]}
        etag = {"If-Match": story.rep.etag(path)}
        assert story.rep.http.post(f"{path}/lines", json=put, headers=etag).is_success
        asked = {"price_list_id": made["id"]}
        refused(story.rep.http.post("/sales/v1/quotes", json=asked), 409, "price-list-not-approved")
        story.rep.post(f"{path}/submit", {})
        story.approve(made["id"], by_lead_first=True)
        approvals = story.boss.get("/sales/v1/approvals", document_id=made["id"])
        approval = approvals["items"][0]["id"]
        story.boss.post(f"/sales/v1/approvals/{approval}/revoke", {"reason": "价格有误"})
        assert story.rep.get(path)["state"] == "draft"
        story.rep.post(f"{path}/submit", {})
        story.approve(made["id"], by_lead_first=True)
        asked["lines"] = [{"product_id": story.server, "quantity": "1"}]
        pushed_down = story.rep.post("/sales/v1/quotes", asked)
        assert pushed_down["lines"][0]["unit_price"]["amount"] == PRICE
        return str(made["id"])

    def _quote(self, story: Story, opportunity: str, price_list: str) -> str:
        """The opportunity's lines at the agreed price; only an approved one goes on (L4975)."""
        made = story.rep.post("/sales/v1/quotes", {"opportunity_id": opportunity})
        line, _ = made["lines"]
        assert line["unit_price"]["amount"] == PRICE
        number = story.rep.get(f"/sales/v1/price-lists/{price_list}")["number"]
        assert line["given_by"] == number
        refused(
            story.rep.http.post("/sales/v1/contracts", json={"quote_id": made["id"]}),
            409,
            "quote-not-approved",
        )
        story.rep.post(f"/sales/v1/quotes/{made['id']}/submit", {})
        story.approve(made["id"])
        story.rep.post(f"/sales/v1/quotes/{made['id']}/send", {})
        fixed = story.rep.http.patch(
            f"/sales/v1/quotes/{made['id']}",
            json={"discount_percent": "50"},
            headers={"If-Match": story.rep.etag(f"/sales/v1/quotes/{made['id']}")},
        )
        refused(fixed, 409, "quote-not-ready")
        return str(made["id"])

    def _rest_of_the_stages(self, story: Story, opportunity: str) -> None:
        """A sample for the bid; won with reason and date, and final."""
        path = f"/sales/v1/opportunities/{opportunity}"
        unmet = refused(
            story.rep.http.post(f"{path}/promote", json={}), 422, "promotion-conditions-unmet"
        )
        assert [one["kind"] for one in unmet["conditions"] if not one["met"]] == ["samples"]
        sample = {
            "opportunity_id": opportunity,
            "lines": [
                {
                    "product_id": story.server, "quantity": "1",
                    "unit_price": {"amount": "0.00", "currency": "CNY"},
                }
            ],
        }  # fmt: skip
        made = story.rep.post("/sales/v1/samples", sample)
        story.rep.post(f"/sales/v1/samples/{made['id']}/deliver", {})
        story.rep.post(f"{path}/promote", {})
        refused(story.rep.http.post(f"{path}/promote", json={}), 409, "last-stage")
        for undated in ("win", "lose"):
            refused(
                story.rep.http.post(f"{path}/{undated}", json={"reason": "方案与服务"}),
                422,
                "invalid-request",
            )
        won = story.rep.post(
            f"{path}/win", {"closed_on": TODAY.isoformat(), "reason": "方案与服务"}
        )
        assert won["won_amount"]["amount"] == "480000.00", "what the quote says, not the estimate"
        lost = {"closed_on": TODAY.isoformat(), "reason": "x", "competitor_unknown": True}
        refused(story.rep.http.post(f"{path}/lose", json=lost), 409, "opportunity-is-closed")

    def _contract(self, story: Story, opportunity: str, quote: str) -> str:
        """Pushed down from the quote, for a trade customer, with a plan that adds up (L4990)."""
        body = {"quote_id": quote, "settlement_method": "电汇"}
        refused(story.rep.http.post("/sales/v1/contracts", json=body), 409, "not-a-trade-customer")
        customer = story.rep.get(f"/sales/v1/opportunities/{opportunity}")["customer_id"]
        story.admin.post(f"/customer/v1/customers/{customer}/promote", {})
        eventually(lambda: story.rep.http.post("/sales/v1/contracts", json=body).status_code == 201)
        (made,) = story.rep.get("/sales/v1/contracts", quote_id=quote)["items"]
        assert made["total"] == {"amount": "480000.00", "currency": "CNY"}
        refused(story.rep.http.post("/sales/v1/contracts", json=body), 409, "quote-has-contract")
        path = f"/sales/v1/contracts/{made['id']}"
        first = {"due_on": NEXT_YEAR.isoformat(), "amount": "180000.00", "condition": "验收合格"}
        story.rep.change(path, {"instalments": [first]})
        refused(story.rep.http.post(f"{path}/submit", json={}), 409, "plan-does-not-add-up")
        deposit = {"due_on": TODAY.isoformat(), "amount": "300000.00", "condition": "合同签订"}
        story.rep.change(path, {"instalments": [deposit, first]})
        story.rep.post(f"{path}/submit", {})
        refused(
            story.rep.http.post(
                "/sales/v1/projects", json={"contract_id": made["id"], "topic": "交付"}
            ),
            409,
            "contract-not-effective",
        )
        story.approve(made["id"])
        assert story.rep.get(path)["state"] == "approved"
        return str(made["id"])

    def _money(self, story: Story, contract: str) -> None:
        """What comes in is allocated to the plan, the oldest first."""
        found = story.rep.get(f"/sales/v1/contracts/{contract}")
        money = {
            "customer_id": found["customer_id"], "method": "transfer",
            "amount": {"amount": "480000.00", "currency": "CNY"},
            "contract_id": contract,
        }  # fmt: skip
        story.rep.post("/sales/v1/receipts", money)
        found = story.rep.get(f"/sales/v1/contracts/{contract}")
        assert (found["collected"]["amount"], found["open"]["amount"]) == ("480000.00", "0.00")

    def _project(self, story: Story, contract: str) -> str:
        """Carried over from the contract; stages ticked; approved, then carried out (L5010)."""
        made = story.rep.post(
            "/sales/v1/projects",
            {
                "contract_id": contract, "topic": "白云数据中心服务器交付", "goal": "一季度上线",
                "leader_id": story.employees["lead"],
                "stages": [{"code": "understand"}, {"code": "solution", "weight": 3}],
                "milestones": [
                    {"name": "到货验收", "planned_on": TOMORROW, "stage_code": "understand"}
                ],
            },
        )  # fmt: skip
        path = f"/sales/v1/projects/{made['id']}"
        assert [line["quantity"] for line in made["lines"]] == [SERVERS, SERVERS]
        refused(story.rep.http.post(f"{path}/execute", json={}), 409, "project-not-ready")
        story.rep.post(f"{path}/submit", {})
        story.approve(made["id"])
        running = story.rep.post(f"{path}/execute", {})
        assert (running["state"], running["stage_code"]) == ("executing", "understand")
        return str(made["id"])

    def _delivery(self, story: Story, project: str, contract: str) -> None:
        """What reached the customer becomes product files of the service desk (L5034-5046)."""
        path = f"/sales/v1/projects/{project}"
        ask = {"next_stage": "solution"}
        refused(story.rep.http.post(f"{path}/promote", json=ask), 422, "stage-work-open")
        (milestone,) = story.rep.get(path)["milestones"]
        story.rep.post(f"{path}/milestones/{milestone['id']}/reach", {})
        story.rep.post(f"{path}/promote", ask)
        deliver = f"{path}/deliver"
        many = {"lines": [{"line_number": 1, "quantity": "11"}]}
        refused(story.rep.http.post(deliver, json=many), 409, "over-delivery")
        numbers = [f"SN-{place:03}" for place in range(int(SERVERS))]
        line = {"line_number": 1, "quantity": SERVERS, "serial_numbers": numbers}
        cables = {"line_number": 2, "quantity": SERVERS}
        story.rep.post(deliver, {"lines": [cables, line], "receiver": "王工"})
        files = "/service-desk/v1/product-files"
        eventually(lambda: story.admin.get(files, project_id=project, count="exact")["count"] == 10)
        one = story.admin.get(files, contract_id=contract)["items"][0]
        warranty = datetime.fromisoformat(one["warranty_until"]).date()
        assert warranty.year == TODAY.year + 3
        frozen = story.admin.http.patch(
            f"{files}/{one['id']}",
            json={"product_name": "另一台"},
            headers={"If-Match": story.admin.etag(f"{files}/{one['id']}")},
        )
        refused(frozen, 409, "product-data-frozen")
        kept = {"last_maintained_on": day(0), "next_maintenance_on": NEXT_YEAR.isoformat()}
        assert story.admin.change(f"{files}/{one['id']}", kept).items() >= kept.items()

    def _close(self, story: Story, project: str) -> None:
        """Closed when the summary is written and every stage is over; then it is fixed."""
        path = f"/sales/v1/projects/{project}"
        unmet = refused(story.rep.http.post(f"{path}/close", json={}), 422, "project-not-finished")
        assert len(unmet["unmet"]) == 2, unmet
        story.rep.post(f"{path}/promote", {"next_stage": None})
        refused(story.rep.http.post(f"{path}/close", json={}), 422, "project-not-finished")
        story.rep.change(path, {"summary": "十台服务器按期上线，客户验收合格。"})
        closed = story.rep.post(f"{path}/close", {})
        assert (closed["state"], closed["percent_complete"]) == ("closed", 100)
        refused(
            story.rep.http.post(f"{path}/cancel", json={"reason": "x"}), 409, "project-not-ready"
        )

    def _the_chain_both_ways(
        self, story: Story, opportunity: str, quote: str, contract: str, project: str
    ) -> None:
        """From the opportunity down to the product files, and back up."""
        sales = "/sales/v1"

        def only(path: str, **by: Any) -> str:
            (found,) = story.rep.get(f"{sales}/{path}", **by)["items"]
            return str(found["id"])

        assert only("quotes", opportunity_id=opportunity) == quote
        assert only("contracts", opportunity_id=opportunity) == contract
        assert only("projects", contract_id=contract) == project
        bottom = story.rep.get(f"{sales}/projects/{project}")
        assert (bottom["contract_id"], bottom["quote_id"], bottom["opportunity_id"]) == (
            contract,
            quote,
            opportunity,
        )
        story.rep.post(f"{sales}/contracts/{contract}/fulfil", {})
        customer = bottom["customer_id"]
        eventually(lambda: self._told(story, customer))

    @staticmethod
    def _told(story: Story, customer: str) -> bool:
        """The customer's timeline tells the whole story."""
        path = f"/customer/v1/customers/{customer}/timeline"
        told = {entry["type"] for entry in story.admin.get(path, limit=200)["items"]}
        return told >= {
            "sales.opportunity-won.v1",
            "sales.contract-approved.v1",
            "sales.receipt-recorded.v1",
            "sales.project-closed.v1",
        }
