"""What can be refused about samples, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

STATE_ZH = {
    "requested": "待审批",
    "approved": "已批准",
    "rejected": "已驳回",
    "cancelled": "已取消",
    "delivered": "已交付",
    "returned": "已归还",
    "kept": "客户留用",
}
"""The states of a request for samples in Chinese."""


class SampleNotReady(DomainError):
    """The step needs the request in another state."""

    code = "sample-not-ready"
    status = HTTPStatus.CONFLICT
    en = "The request for samples {number} is {state}; this step needs one of {needed}."
    zh = "样品申请 {number} 当前状态为{state}，此操作要求状态为 {needed} 之一。"
    zh_words = STATE_ZH


class SampleIsOut(DomainError):
    """What was delivered, or is over, cannot be un-approved."""

    code = "sample-is-out"
    status = HTTPStatus.CONFLICT
    en = "The samples of {number} were delivered, or the request is over: it stays approved."
    zh = "样品申请 {number} 的样品已交付或申请已结束，不能反审核。"
