"""What can be refused about a visit, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

STATUS_ZH = {
    "planned": "已计划",
    "in_approval": "审批中",
    "approved": "已批准",
    "checked_in": "已签到",
    "done": "已结束",
    "reported": "已提交报告",
    "closed": "已关闭",
    "cancelled": "已取消",
}
"""The states of a visit in Chinese."""


class VisitNotInState(DomainError):
    """The step does not fit the state the visit is in."""

    code = "visit-not-in-state"
    status = HTTPStatus.CONFLICT
    en = "The visit {number} is {status}; this step needs {needed}."
    zh = "拜访 {number} 的状态为{status}；该操作要求状态为{needed}。"
    zh_words = STATUS_ZH


class VisitNeedsCustomer(DomainError):
    """A visit names a customer, or an opportunity that has one."""

    code = "visit-needs-customer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name the customer, or an opportunity that has one."
    zh = "请指定客户，或指定已有客户的商机。"


class ConsentNeeded(DomainError):
    """This plan needs the superior's consent before the visit begins (L2528, L2620)."""

    code = "consent-needed"
    status = HTTPStatus.CONFLICT
    en = "The plan of the visit {number} needs the superior's consent first."
    zh = "拜访 {number} 的计划须先获得上级批准。"


class OwnPlan(DomainError):
    """Nobody consents to a plan of their own."""

    code = "own-plan"
    status = HTTPStatus.FORBIDDEN
    en = "Somebody else has to decide on your own plan."
    zh = "不能审批自己的拜访计划。"


class VisitNotInSeries(DomainError):
    """Only of a visit that recurs there are following ones."""

    code = "visit-not-in-series"
    status = HTTPStatus.CONFLICT
    en = "The visit {number} does not recur: there are none that follow."
    zh = "拜访 {number} 不是周期性拜访，没有后续拜访。"


class UnknownItem(DomainError):
    """The checklist of the visit has no such item."""

    code = "unknown-checklist-item"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The checklist has no item {item}."
    zh = "清单中没有条目 {item}。"


class ChecklistIncomplete(DomainError):
    """A visit is not closed before what has to be done after it is done (L2496)."""

    code = "checklist-incomplete"
    status = HTTPStatus.CONFLICT
    en = "Not done yet: {items_en}."
    zh = "尚未完成：{items_zh}。"


class NextStepInPast(DomainError):
    """What is to be done next cannot be planned for a day that is over."""

    code = "next-step-in-past"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The next step is planned for {on}, a day that is over."
    zh = "下一步行动的日期 {on} 不能早于今天。"


class NextStepMissing(DomainError):
    """A visit of this type is not closed without a next step (L2656)."""

    code = "next-step-missing"
    status = HTTPStatus.CONFLICT
    en = "The visit {number} has no next step."
    zh = "拜访 {number} 尚无下一步行动计划。"
