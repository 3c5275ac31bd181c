"""Opportunities of the Chinese companies before anything is quoted, and what stands beside them.

Competitors, samples, targets, the words of people in charge, and a quote that waits for consent.
"""

from typing import Any

from kehu_local.demo.api import Api
from kehu_local.demo.chinese import Chinese

SALES = "/sales/v1"
METHOD: dict[str, Any] = {
    "code": "cn-sales",
    "name": "大客户销售方法",
    "stages": [
        {"code": code, "name": name, "planned_days": days, "success_rate": rate}
        for code, name, days, rate in (
            ("need", "了解情况", 10, 10),
            ("solution", "制作方案", 20, 50),
            ("bid", "投标", 20, 80),
        )
    ],
}
CONSENT_FROM = "2000000.00"
"""Quotes of so much and more ask the sales manager."""


def pursue(
    api: Api, data: Chinese, one: dict[str, str], lines: list[dict[str, Any]], ago: int
) -> dict[str, Any]:
    """Report an opportunity, pass it, and lead it through the stages; return it as it then is."""
    key, owner = f"cn-pursue-{one['ref']}", data.employees[one["owner"]]
    method = api.post(f"{SALES}/methods", METHOD, key="cn-pursue-method")
    opportunity = api.post(
        f"{SALES}/opportunities",
        {
            "topic": f"{one['name']} 机房扩容", "customer_id": data.customers[one["ref"]],
            "owner_id": owner, "method_id": method["id"], "lines": lines, "source": "referral",
            "interest": "high", "need": "扩容机房，三个月内上线", "opened_on": data.days_ago(ago),
            "expected_close_on": data.days_ago(-30),
        },
        key=key,
        again_if=frozenset({"unknown-customer"}),
    )  # fmt: skip
    path = f"{SALES}/opportunities/{opportunity['id']}"
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("submit", {"evaluator_id": owner, "on": data.days_ago(ago)}),
        ("evaluate", {"result": "pass", "on": data.days_ago(ago - 2)}),
        ("promote", {"on": data.days_ago(ago - 5)}),
        ("promote", {"on": data.days_ago(ago - 8)}),
    )
    for number, (step, body) in enumerate(steps):
        opportunity = api.post(f"{path}/{step}", body, key=f"{key}-{number}-{step}")
    return opportunity


def stand_beside(
    api: Api, data: Chinese, opportunity: dict[str, Any], sample: dict[str, Any]
) -> None:
    """Who else is after an open opportunity, what was lent for it, and how sure its owner is."""
    ours = {"opportunity_id": opportunity["id"]}
    rival = {
        "name": "华南数联科技", "strengths": "价格低，渠道广", "weaknesses": "本地服务人员少",
        "sources": ["招标公告"],
    }  # fmt: skip
    competitor = api.post(f"{SALES}/competitors", rival, key="cn-competitor")
    api.post(f"{SALES}/competitors/{competitor['id']}/submit", {}, key="cn-competitor-submit")
    part = ours | {"competitor_id": competitor["id"], "threat": "high", "note": "低价抢标"}
    api.post(f"{SALES}/opportunity-competitors", part, key="cn-competitor-part")
    criteria = [
        {
            "criterion": "价格",
            "ours": "略高",
            "theirs": "低 8%",
            "advantage": "theirs",
            "weight": "2",
        },
        {
            "criterion": "服务",
            "ours": "4 小时",
            "theirs": "次日",
            "advantage": "ours",
            "weight": "3",
        },
    ]
    sheet = ours | {
        "title": "与华南数联对比", "competitor_id": competitor["id"], "criteria": criteria,
    }  # fmt: skip
    api.post(f"{SALES}/comparison-sheets", sheet, key="cn-comparison")
    lent = api.post(f"{SALES}/samples", ours | {"lines": [sample]}, key="cn-sample")
    api.post(f"{SALES}/samples/{lent['id']}/deliver", {}, key="cn-sample-deliver")
    word = ours | {"category": "commit", "reason": "合同已在会签"}
    api.post(f"{SALES}/forecast-calls", word, key="cn-forecast-call")
    target = {
        "period": str(data.today.year), "employee_id": opportunity["owner_id"],
        "amount": {"amount": "3000000.00", "currency": "CNY"},
    }  # fmt: skip
    api.post(f"{SALES}/targets", target, key="cn-target")


def ask_consent(
    api: Api, opportunity: dict[str, Any], lines: list[dict[str, Any]]
) -> dict[str, Any]:
    """Quote so much that the sales manager is asked; it waits."""
    level = {"name": "销售经理审批", "role": "sales_manager", "amount_from": CONSENT_FROM}
    chain = {"kind": "quote", "currency": "CNY", "levels": [level]}
    api.post(f"{SALES}/approval-chains", chain, key="cn-quote-chain")
    asked = {"opportunity_id": opportunity["id"], "lines": lines}
    quote = api.post(f"{SALES}/quotes", asked, key="cn-quote-waiting")
    return api.post(f"{SALES}/quotes/{quote['id']}/submit", {}, key="cn-quote-waiting-submit")
