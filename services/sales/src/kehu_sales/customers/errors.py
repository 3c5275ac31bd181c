"""What can be refused because of a customer, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class UnknownCustomer(DomainError):
    """No such customer is known here; one made a moment ago may need a second to arrive."""

    code = "unknown-customer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The customer {id} is not known here. If it was created a moment ago, retry in a second."
    zh = "此处尚无客户 {id}。如该客户刚刚创建，请一秒后重试。"


class CustomerHasEnded(DomainError):
    """The relation with the customer has ended; nothing new is begun with it."""

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
