"""What can be refused because of a customer's credit, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class CreditRefused(DomainError):
    """The contract does not fit into the customer's credit; `findings` tell every reason."""

    code = "credit-refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The customer's credit does not allow {amount} {currency} on account: {why_en}."
    zh = "客户信用不允许赊销 {amount} {currency}：{why_zh}。"
