"""What can be refused because of a customer."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class UnknownCustomer(DomainError):
    """The customer does not exist, or was made a moment ago."""

    code = "unknown-customer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no customer {id} here. One made a moment ago may need a second to arrive."
    zh = "此处不存在客户 {id}。刚刚创建的客户可能需要一秒钟才能同步。"


class CustomerHasEnded(DomainError):
    """The relation with the customer has ended; nothing new is done for a former customer."""

    code = "customer-has-ended"
    status = HTTPStatus.CONFLICT
    en = "The relation with {name} has ended; nothing new can be entered for this customer."
    zh = "与 {name} 的业务关系已终止，不能再为其新建记录。"


class CustomerMerged(DomainError):
    """The record was merged into another one, `merged_into_id`: whatever begins is that one's."""

    code = "customer-merged"
    status = HTTPStatus.CONFLICT
    en = "{name} was merged into {survivor} ({merged_into_id}): use that customer."
    zh = "{name} 已合并到 {survivor}（{merged_into_id}），请使用该客户。"
