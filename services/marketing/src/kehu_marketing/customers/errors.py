"""What can be refused about the customer that somebody picked."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class UnknownCustomer(DomainError):
    """The customer is not known here; one made a moment ago may need a second to arrive."""

    code = "unknown-customer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no customer {id}. One that was made a moment ago may need a second; try again."
    zh = "不存在客户 {id}。刚刚创建的客户可能需要一秒钟才能同步，请稍后重试。"


class CustomerHasEnded(DomainError):
    """The relation with the customer has ended: nothing new begins with it."""

    code = "customer-has-ended"
    status = HTTPStatus.CONFLICT
    en = "The relation with {name} has ended."
    zh = "与 {name} 的业务关系已终止。"


class CustomerMerged(DomainError):
    """The record was merged into another one, `merged_into_id`: whatever begins is that one's."""

    code = "customer-merged"
    status = HTTPStatus.CONFLICT
    en = "{name} was merged into {survivor} ({merged_into_id}): use that customer."
    zh = "{name} 已合并到 {survivor}（{merged_into_id}），请使用该客户。"
