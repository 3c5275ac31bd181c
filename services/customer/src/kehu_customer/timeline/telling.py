"""How a timeline tells of each fact: in which words, about whom, when, and whether it is a contact.

A fact about a customer that is missing here fails a test, so that no service's facts stay out of
the single view of a customer by oversight (2 L330, L457).
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kehu_contracts.base import Event
from kehu_customer.timeline.models import EntryKind
from kehu_kernel import clock


class Telling(NamedTuple):
    """How one type of event is told. Names are those of the event's fields."""

    kind: EntryKind
    en: str
    zh: str
    title: str | None = None
    """What it was about, in the words of who entered it."""
    day: str | None = None
    """The business day it happened; the day it was entered if None."""
    employee: str | None = None
    """Who of us did it."""
    channel: str | None = None
    """The way of the contact; None if this is no contact."""


K = EntryKind
NAME = {"title": "name"}
DOCUMENT = {"title": "topic", "day": "effective_on", "employee": "owner_id"}
TASK = {"title": "topic", "employee": "assignee_id"}
VISIT = {"title": "purpose", "employee": "owner_id"}
REQUEST = {"title": "problem", "employee": "follower_id"}

TELLINGS: Mapping[str, Telling] = {
    "customer.customer-created.v1": Telling(
        K.CUSTOMER, "Customer entered", "录入客户", "name", "created_on", "owner_id"
    ),
    "customer.customer-changed.v1": Telling(K.CUSTOMER, "Customer changed", "修改客户", **NAME),
    "customer.customer-promoted.v1": Telling(
        K.CUSTOMER, "Became a trade customer", "成为交易客户", "name", "promoted_on", "owner_id"
    ),
    "customer.customer-ended.v1": Telling(
        K.CUSTOMER, "Relation ended", "终止业务关系", "end_reason", "ended_on", "owner_id"
    ),
    "customer.customer-handed-over.v1": Telling(
        K.CUSTOMER, "Handed over to another owner", "移交客户", "reason", None, "owner_id"
    ),
    "customer.customer-value-recorded.v1": Telling(
        K.CUSTOMER, "Value calculated anew", "重新计算客户价值", "value_grade"
    ),
    "customer.customer-merged.v1": Telling(
        K.CUSTOMER, "Records were merged into one", "合并客户", "reason"
    ),
    "customer.customer-unmerged.v1": Telling(
        K.CUSTOMER, "The merge was undone", "撤销客户合并", "reason"
    ),
    "customer.contact-created.v1": Telling(K.CONTACT, "Contact entered", "录入联系人", **NAME),
    "customer.contact-changed.v1": Telling(K.CONTACT, "Contact changed", "修改联系人", **NAME),
    "customer.contact-moved.v1": Telling(
        K.CONTACT, "Contact came from another customer", "联系人转入", "name", "moved_on"
    ),
    "customer.affiliation-started.v1": Telling(
        K.AFFILIATION, "Affiliation started", "任职开始", "buying_role", "started_on"
    ),
    "customer.affiliation-changed.v1": Telling(
        K.AFFILIATION, "Affiliation changed", "任职变更", "buying_role"
    ),
    "customer.affiliation-ended.v1": Telling(
        K.AFFILIATION, "Affiliation ended", "任职结束", "end_reason", "ended_on"
    ),
    "customer.contact-point-created.v1": Telling(
        K.CONTACT_POINT, "Number or address entered", "录入联系方式", "kind"
    ),
    "customer.contact-point-changed.v1": Telling(
        K.CONTACT_POINT, "Number or address changed", "修改联系方式", "kind"
    ),
    "customer.contact-point-verified.v1": Telling(
        K.CONTACT_POINT, "Number or address verified", "核实联系方式", "kind", "verified_on"
    ),
    "customer.trade-party-created.v1": Telling(
        K.TRADE_PARTY, "Trade party named", "指定交易方", "role", "started_on"
    ),
    "customer.trade-party-changed.v1": Telling(
        K.TRADE_PARTY, "Trade party changed", "修改交易方", "role"
    ),
    "customer.trade-party-ended.v1": Telling(
        K.TRADE_PARTY, "Trade party ended", "终止交易方", "role", "ended_on"
    ),
    "customer.customer-classified.v1": Telling(
        K.CLASSIFICATION, "Classified", "客户分类", "class_code"
    ),
    "customer.customer-class-removed.v1": Telling(
        K.CLASSIFICATION, "Class ended", "分类终止", "class_code"
    ),
    "customer.customer-entered-segment.v1": Telling(
        K.SEGMENT, "Entered a segment", "进入客户分群", "name_zh"
    ),
    "customer.customer-left-segment.v1": Telling(
        K.SEGMENT, "Left a segment", "离开客户分群", "name_zh"
    ),
    "customer.archive-changed.v1": Telling(K.ARCHIVE, "Facts recorded", "记录档案信息"),
    "customer.fact-due.v1": Telling(
        K.ARCHIVE, "Fact is to be verified again", "档案信息待核实", "code", None, "owner_id"
    ),
    "customer.credit-report-recorded.v1": Telling(
        K.CREDIT, "Credit report entered", "录入资信报告", "grade", "reported_on"
    ),
    "customer.credit-report-superseded.v1": Telling(
        K.CREDIT, "Credit report superseded", "资信报告被取代", "grade"
    ),
    "customer.credit-investigation-opened.v1": Telling(
        K.CREDIT, "Credit investigation opened", "发起资信调查", "reason", None, "assignee_id"
    ),
    "customer.credit-investigation-closed.v1": Telling(
        K.CREDIT, "Credit investigation closed", "资信调查结束", "close_reason", None, "assignee_id"
    ),
    "customer.financial-statement-recorded.v1": Telling(
        K.CREDIT, "Financial statement entered", "录入财务报表", "ends_on"
    ),
    "customer.financial-statement-changed.v1": Telling(
        K.CREDIT, "Financial statement corrected", "更正财务报表", "ends_on"
    ),
    "customer.credit-account-opened.v1": Telling(
        K.CREDIT, "Credit account opened", "开立信用账户", "currency"
    ),
    "customer.credit-exposure-changed.v1": Telling(
        K.CREDIT, "Credit exposure changed", "信用占用变动", "currency"
    ),
    "customer.credit-blocked.v1": Telling(K.CREDIT, "Credit blocked", "冻结信用", "block_reason"),
    "customer.credit-unblocked.v1": Telling(K.CREDIT, "Credit unblocked", "解冻信用"),
    "customer.credit-limit-granted.v1": Telling(
        K.CREDIT, "Credit limit granted", "授予信用额度", "reason"
    ),
    "customer.credit-limit-adjusted.v1": Telling(
        K.CREDIT, "Credit limit adjusted", "调整信用额度", "reason"
    ),
    "customer.credit-reservation-created.v1": Telling(
        K.CREDIT, "Credit reserved", "占用信用额度", "source_key"
    ),
    "customer.credit-reservation-released.v1": Telling(
        K.CREDIT, "Credit released", "释放信用额度", "source_key"
    ),
    "customer.credit-reservation-cancelled.v1": Telling(
        K.CREDIT, "Credit reservation cancelled", "取消信用占用", "cancel_reason"
    ),
    "customer.consent-given.v1": Telling(K.CONSENT, "Consent given", "给予同意", "purpose"),
    "customer.consent-withdrawn.v1": Telling(K.CONSENT, "Consent withdrawn", "撤回同意", "purpose"),
    "marketing.lead-created.v1": Telling(
        K.LEAD, "Lead entered", "录入线索", "topic", "created_on", "owner_id"
    ),
    "marketing.lead-changed.v1": Telling(
        K.LEAD, "Lead changed", "修改线索", "topic", None, "owner_id"
    ),
    "marketing.lead-converted.v1": Telling(
        K.LEAD, "Lead converted", "线索转化", "topic", None, "owner_id"
    ),
    "sales.opportunity-created.v1": Telling(
        K.OPPORTUNITY, "Opportunity opened", "新建商机", **DOCUMENT
    ),
    "sales.opportunity-changed.v1": Telling(
        K.OPPORTUNITY, "Opportunity changed", "修改商机", **DOCUMENT
    ),
    "sales.opportunity-submitted.v1": Telling(
        K.OPPORTUNITY, "Opportunity submitted for evaluation", "商机提交评估", **DOCUMENT
    ),
    "sales.opportunity-evaluated.v1": Telling(
        K.OPPORTUNITY, "Opportunity evaluated", "商机评估", **DOCUMENT
    ),
    "sales.opportunity-stage-entered.v1": Telling(
        K.OPPORTUNITY, "Opportunity entered a stage", "商机进入阶段", **DOCUMENT
    ),
    "sales.opportunity-confirmed.v1": Telling(
        K.OPPORTUNITY, "Opportunity confirmed as effective", "商机确认有效", **DOCUMENT
    ),
    "sales.opportunity-stage-overdue.v1": Telling(
        K.OPPORTUNITY, "Opportunity is too long in its stage", "商机阶段超期", **DOCUMENT
    ),
    "sales.opportunity-graded.v1": Telling(
        K.OPPORTUNITY, "Opportunity graded", "商机定级", **DOCUMENT
    ),
    "sales.opportunity-handling-overdue.v1": Telling(
        K.OPPORTUNITY, "Handling of an opportunity takes too long", "商机处理超时", **DOCUMENT
    ),
    "sales.opportunity-pooled.v1": Telling(
        K.OPPORTUNITY, "Opportunity put into the reserve pool", "商机转入储备", **DOCUMENT
    ),
    "sales.opportunity-idle.v1": Telling(
        K.OPPORTUNITY, "Nobody turns to an opportunity", "商机闲置预警", **DOCUMENT
    ),
    "sales.opportunity-taken-up.v1": Telling(
        K.OPPORTUNITY, "Opportunity taken up from the reserve pool", "从储备领取商机", **DOCUMENT
    ),
    "sales.opportunity-assigned.v1": Telling(
        K.OPPORTUNITY, "Opportunity assigned", "分配商机", **DOCUMENT
    ),
    "sales.opportunity-won.v1": Telling(K.OPPORTUNITY, "Opportunity won", "商机赢单", **DOCUMENT),
    "sales.opportunity-lost.v1": Telling(K.OPPORTUNITY, "Opportunity lost", "商机丢单", **DOCUMENT),
    "sales.activity-recorded.v1": Telling(
        K.ACTIVITY, "Contact", "客户往来", "topic", "occurred_on", "employee_id", channel="kind"
    ),
    "sales.task-created.v1": Telling(K.TASK, "Task given out", "下达任务", **TASK),
    "sales.task-assigned.v1": Telling(K.TASK, "Task assigned", "分派任务", **TASK),
    "sales.task-completed.v1": Telling(
        K.TASK, "Task completed", "完成任务", "topic", "finished_on", "assignee_id"
    ),
    "sales.task-changed.v1": Telling(K.TASK, "Task changed", "修改任务", **TASK),
    "sales.task-due.v1": Telling(K.TASK, "Task is due", "任务到期", **TASK),
    "sales.task-reminded.v1": Telling(K.TASK, "Task starts soon", "任务即将开始", **TASK),
    "sales.task-cancelled.v1": Telling(K.TASK, "Task cancelled", "取消任务", **TASK),
    "sales.visit-planned.v1": Telling(K.ACTIVITY, "Visit planned", "计划拜访", **VISIT),
    "sales.visit-changed.v1": Telling(K.ACTIVITY, "Visit changed", "变更拜访", **VISIT),
    "sales.visit-approved.v1": Telling(K.ACTIVITY, "Visit approved", "批准拜访计划", **VISIT),
    "sales.visit-checked-in.v1": Telling(K.ACTIVITY, "Checked in at a visit", "拜访签到", **VISIT),
    "sales.visit-reported.v1": Telling(K.ACTIVITY, "Visit reported", "提交拜访报告", **VISIT),
    "sales.visit-closed.v1": Telling(K.ACTIVITY, "Visit closed", "关闭拜访", **VISIT),
    "sales.visit-cancelled.v1": Telling(K.ACTIVITY, "Visit cancelled", "取消拜访", **VISIT),
    "sales.visit-reminded.v1": Telling(K.ACTIVITY, "Reminded of a visit", "拜访提醒", **VISIT),
    "sales.customer-calling-stopped.v1": Telling(
        K.ACTIVITY,
        "Refused firmly: no more calling",
        "坚决拒绝，停止主动拜访",
        "refusal_reason",
        None,
        "employee_id",
    ),
    "sales.quote-created.v1": Telling(K.QUOTE, "Quoted", "报价", "number", "quoted_on", "owner_id"),
    "sales.quote-drafted.v1": Telling(K.QUOTE, "Quoted", "报价", "number", "quoted_on", "owner_id"),
    "sales.quote-changed.v1": Telling(
        K.QUOTE, "Quote changed", "修改报价", "number", None, "owner_id"
    ),
    "sales.quote-sent.v1": Telling(
        K.QUOTE, "Quote sent", "发送报价", "number", "sent_on", "owner_id"
    ),
    "sales.quote-accepted.v1": Telling(
        K.QUOTE, "Quote accepted", "客户接受报价", "number", "closed_on", "owner_id"
    ),
    "sales.quote-rejected.v1": Telling(
        K.QUOTE, "Quote rejected", "客户拒绝报价", "number", "closed_on", "owner_id"
    ),
    "sales.quote-expired.v1": Telling(
        K.QUOTE, "Quote expired", "报价过期", "number", "closed_on", "owner_id"
    ),
    "sales.quote-cancelled.v1": Telling(
        K.QUOTE, "Quote cancelled", "取消报价", "number", "closed_on", "owner_id"
    ),
    "sales.sample-requested.v1": Telling(
        K.QUOTE, "Samples requested", "申请样品", "number", "requested_on", "owner_id"
    ),
    "sales.sample-changed.v1": Telling(
        K.QUOTE, "Request for samples changed", "样品申请变更", "number", None, "owner_id"
    ),
    "sales.sample-delivered.v1": Telling(
        K.QUOTE, "Samples delivered", "交付样品", "number", "delivered_on", "owner_id"
    ),
    "sales.sample-ended.v1": Telling(
        K.QUOTE, "Samples returned or kept", "样品归还或留用", "number", "closed_on", "owner_id"
    ),
    "sales.price-list-created.v1": Telling(
        K.QUOTE, "Price list entered", "录入价目表", "number", None, "owner_id"
    ),
    "sales.price-list-changed.v1": Telling(
        K.QUOTE, "Price list changed", "修改价目表", "number", None, "owner_id"
    ),
    "sales.price-list-approved.v1": Telling(
        K.QUOTE, "Price list approved", "价目表审核通过", "number", None, "owner_id"
    ),
    "sales.contract-created.v1": Telling(
        K.CONTRACT, "Contract drafted", "起草合同", "number", "signed_on", "owner_id"
    ),
    "sales.contract-changed.v1": Telling(
        K.CONTRACT, "Contract changed", "修改合同", "number", None, "owner_id"
    ),
    "sales.contract-approved.v1": Telling(
        K.CONTRACT, "Contract in force", "合同生效", "number", "approved_on", "owner_id"
    ),
    "sales.contract-collected.v1": Telling(
        K.CONTRACT, "Money came in for a contract", "合同回款", "number", None, "owner_id"
    ),
    "sales.contract-amended.v1": Telling(
        K.CONTRACT, "Contract amended", "合同变更生效", "reason", None, "owner_id"
    ),
    "sales.contract-ending.v1": Telling(
        K.CONTRACT, "Contract ends soon", "合同即将到期", "number", None, "owner_id"
    ),
    "sales.contract-fulfilled.v1": Telling(
        K.CONTRACT, "Contract fulfilled", "合同履行完毕", "number", "closed_on", "owner_id"
    ),
    "sales.contract-cancelled.v1": Telling(
        K.CONTRACT, "Contract cancelled", "合同取消", "number", "closed_on", "owner_id"
    ),
    "sales.project-created.v1": Telling(
        K.PROJECT, "Project set up", "建立项目", "topic", None, "owner_id"
    ),
    "sales.project-changed.v1": Telling(
        K.PROJECT, "Project changed", "变更项目", "topic", None, "owner_id"
    ),
    "sales.project-started.v1": Telling(
        K.PROJECT, "Project begun", "项目开始执行", "topic", "started_on", "owner_id"
    ),
    "sales.project-stage-entered.v1": Telling(
        K.PROJECT, "Project entered a stage", "项目阶段推进", "topic", "last_step_on", "owner_id"
    ),
    "sales.project-closed.v1": Telling(
        K.PROJECT, "Project closed", "项目结案", "topic", "closed_on", "owner_id"
    ),
    "sales.project-cancelled.v1": Telling(
        K.PROJECT, "Project cancelled", "取消项目", "cancel_reason", "closed_on", "owner_id"
    ),
    "sales.project-delayed.v1": Telling(
        K.PROJECT, "Project is late", "项目延期", "topic", None, "owner_id"
    ),
    "sales.milestone-overdue.v1": Telling(
        K.PROJECT, "Milestone is overdue", "里程碑逾期", "milestone_name", None, "owner_id"
    ),
    "sales.project-lines-delivered.v1": Telling(
        K.PROJECT, "Products delivered", "交付产品", "number", "delivered_on", "employee_id"
    ),
    "sales.project-delivery-reversed.v1": Telling(
        K.PROJECT, "Delivery taken back", "冲销交付", "reason", "reversed_on", "employee_id"
    ),
    "service-desk.product-file-withdrawn.v1": Telling(
        K.PRODUCT_FILE, "Product file withdrawn", "撤回产品档案", "product_name", "withdrawn_on"
    ),
    "sales.instalment-overdue.v1": Telling(
        K.CONTRACT, "Instalment overdue", "合同款逾期", "contract_number", None, "owner_id"
    ),
    "sales.receipt-recorded.v1": Telling(
        K.RECEIPT, "Money came in", "收款", "number", "received_on", "owner_id"
    ),
    "sales.receipt-allocated.v1": Telling(
        K.RECEIPT, "Receipt allocated", "收款分配", "number", None, "owner_id"
    ),
    "sales.receipt-released.v1": Telling(
        K.RECEIPT, "Allocation of a receipt taken back", "撤销收款分配", "number", None, "owner_id"
    ),
    "sales.receipt-refunded.v1": Telling(
        K.RECEIPT, "Money paid back", "退款", "number", None, "owner_id"
    ),
    "sales.receipt-reversed.v1": Telling(
        K.RECEIPT, "Receipt reversed", "收款冲销", "number", "closed_on", "owner_id"
    ),
    "sales.receipt-changed.v1": Telling(
        K.RECEIPT, "Receipt changed", "修改收款单", "number", None, "owner_id"
    ),
    "service-desk.product-file-registered.v1": Telling(
        K.PRODUCT_FILE, "Product registered", "登记产品档案", "product_name", "registered_on"
    ),
    "service-desk.request-created.v1": Telling(
        K.REQUEST, "Service request came in", "受理服务请求", "problem", channel="channel"
    ),
    "service-desk.request-assigned.v1": Telling(
        K.REQUEST, "Service request assigned", "分配服务请求", **REQUEST
    ),
    "service-desk.request-dispatched.v1": Telling(
        K.REQUEST, "Service request dispatched", "派工", **REQUEST
    ),
    "service-desk.request-accepted.v1": Telling(
        K.REQUEST, "Dispatch accepted", "接受派工", **REQUEST
    ),
    "service-desk.request-refused.v1": Telling(
        K.REQUEST, "Dispatch refused", "拒绝派工", **REQUEST
    ),
    "service-desk.request-handled.v1": Telling(
        K.REQUEST, "Service request handled", "处理服务请求", **REQUEST
    ),
    "service-desk.request-closed.v1": Telling(
        K.REQUEST, "Service request closed", "关闭服务请求", **REQUEST
    ),
    "service-desk.request-reopened.v1": Telling(
        K.REQUEST, "Service request reopened", "重新打开服务请求", **REQUEST
    ),
}
"""By event type, how it is told."""

WAYS = {"call": "phone", "e_mail": "email"}
"""Where services have two words for one way of contact: theirs, and the one a timeline tells."""


def way(channel: str) -> str:
    """Return the one word for a way of contact, whichever service told of it."""
    return WAYS.get(channel, channel)


def spellings(channel: str) -> list[str]:
    """Return every word that services have for the same way."""
    return [way(channel), *(word for word, told in WAYS.items() if told == way(channel))]


LEFT_OUT = {"analytics.customer-value-changed.v1"}
"""Told already by the fact that the finding was written back."""

NEEDS_SCOPE = {EntryKind.CREDIT: "customer:credit:read"}
"""Kinds of entries that only callers with a further scope see."""

LONGEST_TITLE = 200


def named(event: Event, field: str | None) -> Any:
    """Return what a field of the event says, or None."""
    return None if field is None else getattr(event, field)


def title_of(event: Event, telling: Telling) -> str | None:
    """Return what it was about, in a few words."""
    title = named(event, telling.title)
    return None if title is None else str(title)[:LONGEST_TITLE]


def happened(day: date | None, entered_at: datetime, zone: str) -> tuple[date, datetime]:
    """Return the business day it happened in the time zone, and the moment that orders entries.

    What was entered on a later day counts from the beginning of its business day.
    """
    entered_on = clock.today(entered_at, zone)
    if day is None or day == entered_on:
        return entered_on, entered_at
    return day, datetime.combine(day, time.min, ZoneInfo(zone))
