"""What can be refused about a service request, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

WORDS_ZH = {
    "open": "待处理",
    "assigned": "已指派",
    "dispatching": "派工中",
    "dispatched": "已分派",
    "handled": "已处理",
    "closed": "已关闭",
    "pending": "待答复",
    "accepted": "已接受",
    "refused": "已拒绝",
}
"""The states of a request, and the answers of a handler, in Chinese."""


class ExternalReferenceTaken(DomainError):
    """A request with this external reference exists already."""

    code = "external-reference-taken"
    status = HTTPStatus.CONFLICT
    en = "A service request with this external reference exists already."
    zh = "已存在具有该外部引用的服务请求。"


class RequiredDayPassed(DomainError):
    """The required completion day has passed already."""

    code = "required-day-passed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The required completion day {on} has passed already."
    zh = "要求完成日期 {on} 已过。"


class UnknownProductFile(DomainError):
    """The product file does not exist."""

    code = "unknown-product-file"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no product file {id}."
    zh = "不存在产品档案 {id}。"


class ProductFileOfAnotherCustomer(DomainError):
    """The product is not in this customer's hands."""

    code = "product-file-of-another-customer"
    status = HTTPStatus.CONFLICT
    en = "Product file {number} belongs to another customer."
    zh = "产品档案 {number} 属于其他客户。"


class ProductFileNotRegistered(DomainError):
    """The product file is still a draft."""

    code = "product-file-not-registered"
    status = HTTPStatus.CONFLICT
    en = "Product file {number} is not registered yet."
    zh = "产品档案 {number} 尚未登记。"


class ServiceNotEnabled(DomainError):
    """We do not service this product."""

    code = "service-not-enabled"
    status = HTTPStatus.CONFLICT
    en = "Service is not enabled for product file {number}."
    zh = "产品档案 {number} 未启用服务。"


class RequestNotAssignable(DomainError):
    """A follower is named while the request is open or assigned."""

    code = "request-not-assignable"
    status = HTTPStatus.CONFLICT
    en = "Request {number} is {status}; only an open or assigned one gets a follower."
    zh = "服务请求 {number} 当前状态为 {status}，只有待处理或已分派的请求才能指定跟进人。"
    zh_words = WORDS_ZH


class RequestNotDispatchable(DomainError):
    """Handlers are named after a follower was, and before the work is done."""

    code = "request-not-dispatchable"
    status = HTTPStatus.CONFLICT
    en = "Request {number} is {status}; handlers are named when it is assigned and not yet handled."
    zh = "服务请求 {number} 当前状态为 {status}，只有已分派且未处理的请求才能派工。"
    zh_words = WORDS_ZH


class NoDispatchToAnswer(DomainError):
    """No dispatch order of the request waits for answers."""

    code = "no-dispatch-to-answer"
    status = HTTPStatus.CONFLICT
    en = "Request {number} is {status}; no dispatch order waits for an answer."
    zh = "服务请求 {number} 当前状态为 {status}，没有待答复的派工单。"
    zh_words = WORDS_ZH


class HandlerNotNamed(DomainError):
    """Only a handler whom the dispatch order names may answer it."""

    code = "handler-not-named"
    status = HTTPStatus.CONFLICT
    en = "Dispatch order {number} does not name this handler."
    zh = "派工单 {number} 未指定该处理人。"


class DispatchAlreadyAnswered(DomainError):
    """The handler has answered the dispatch order already."""

    code = "dispatch-already-answered"
    status = HTTPStatus.CONFLICT
    en = "The handler has {answer} dispatch order {number} already."
    zh = "该处理人已答复派工单 {number}（{answer}）。"
    zh_words = WORDS_ZH


class RequestNotDispatched(DomainError):
    """Work is entered after a handler accepted it."""

    code = "request-not-dispatched"
    status = HTTPStatus.CONFLICT
    en = "Request {number} is {status}; it can be handled after a handler accepted it."
    zh = "服务请求 {number} 当前状态为 {status}，处理人接受派工后才能处理。"
    zh_words = WORDS_ZH


class HandlerHasNotAccepted(DomainError):
    """Only a handler who accepted the dispatch order handles the request."""

    code = "handler-has-not-accepted"
    status = HTTPStatus.CONFLICT
    en = "This handler has not accepted dispatch order {number}."
    zh = "该处理人尚未接受派工单 {number}。"


class RequestNotHandled(DomainError):
    """A request is closed after it was handled."""

    code = "request-not-handled"
    status = HTTPStatus.CONFLICT
    en = "Request {number} is {status}; only a handled one can be closed."
    zh = "服务请求 {number} 当前状态为 {status}，只有已处理的请求才能关闭。"
    zh_words = WORDS_ZH


class RequestNotReopenable(DomainError):
    """Only a handled or closed request can be reopened."""

    code = "request-not-reopenable"
    status = HTTPStatus.CONFLICT
    en = "Request {number} is {status}; only a handled or closed one can be reopened."
    zh = "服务请求 {number} 当前状态为 {status}，只有已处理或已关闭的请求才能重新打开。"
    zh_words = WORDS_ZH


class ReopenTooLate(DomainError):
    """The request was closed too long ago to be reopened; make a new one."""

    code = "reopen-too-late"
    status = HTTPStatus.CONFLICT
    en = "Request {number} was closed more than {days} days ago; make a new one."
    zh = "服务请求 {number} 关闭已超过 {days} 天，请新建服务请求。"
