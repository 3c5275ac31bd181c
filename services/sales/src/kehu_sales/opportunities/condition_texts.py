"""What the conditions of a stage say in words (推进条件)."""

from typing import Literal

COUNTED = (
    "{stage}: {label}: {required} needed, {actual} there.",
    "{stage}：{label}须有 {required} 个，现有 {actual} 个。",
)
TEXTS = {
    "approved_document": (
        "{stage}: {label} must have been approved.",
        "{stage}：须有已审核的{label}。",
    ),
    "required_field": (
        "{stage}: the opportunity must say {label}.",
        "{stage}：商机须说明{label}。",
    ),
    "role": (
        "{stage}: the buying committee needs {label}.",
        "{stage}：采购决策成员中须有{label}。",
    ),
}
"""By kind of condition, what is said in English and in Chinese; `COUNTED` of what is counted."""
LABELS = {
    "activities": ("activities", "活动"),
    "visits": ("visits", "拜访"),
    "tasks": ("completed tasks", "已完成的任务"),
    "quotes": ("quotes", "报价单"),
    "samples": ("delivered samples", "已交付的样品"),
    "approvals": ("approved documents", "已审核的单据"),
    "contract": ("a contract", "合同"),
    "contract_amendment": ("an amendment of a contract", "合同变更"),
    "quote": ("a quote", "报价单"),
    "sample": ("a request for samples", "样品申请"),
    "project": ("a project", "项目"),
    "customer": ("its customer", "客户"),
    "contact": ("its contact", "联系人"),
    "owner": ("its owner", "负责人"),
    "source": ("its source", "来源"),
    "interest": ("what the customer is interested in", "意向"),
    "need": ("the need", "需求"),
    "need_kind": ("the kind of need", "需求类型"),
    "expected_close_on": ("when it is expected to close", "预计签约日期"),
    "expected_revenue": ("the expected revenue", "预计金额"),
    "lines": ("the products", "产品明细"),
    "competitor": ("the competitor", "竞争对手"),
    "confirmed": ("that it was confirmed", "商机已确认"),
    "need_confirmed": ("that the need was confirmed", "需求已确认"),
    "feasibility_passed": ("that feasibility was found", "可行性分析已通过"),
    "solution_accepted": ("that the solution was accepted", "技术方案已被接受"),
    "handler": ("a handler", "经办人"),
    "business_contact": ("a business contact", "业务主管"),
    "decision_maker": ("a decision maker", "决策者"),
}
"""What is asked for, in English and in Chinese."""


def said(language: Literal["en", "zh"], kind: str, item: str | None, **facts: str | int) -> str:
    """Return what a condition says; `facts` are the stage and the numbers."""
    place = ("en", "zh").index(language)
    label = LABELS[item or kind][place]
    return TEXTS.get(kind, COUNTED)[place].format(label=label, **facts)
