"""What can be refused about a product file."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

FIELDS_ZH = {
    "customer_id": "客户", "product_id": "产品", "product_code": "产品编码",
    "product_name": "产品名称", "serial_number": "序列号", "quantity": "数量",
    "service_enabled": "是否提供服务", "delivered_on": "交付日期",
}  # fmt: skip
"""What does not change after registration, in Chinese."""


class SerialNumberTaken(DomainError):
    """Another product file already has this serial number."""

    code = "serial-number-taken"
    status = HTTPStatus.CONFLICT
    en = "Another product file already has this serial number."
    zh = "该序列号已被其他产品档案使用。"


class ProductFileAlreadyRegistered(DomainError):
    """The product file is registered already."""

    code = "product-file-already-registered"
    status = HTTPStatus.CONFLICT
    en = "Product file {number} is registered already."
    zh = "产品档案 {number} 已登记。"


class ProductDataFrozen(DomainError):
    """After registration only warranty end, last and next maintenance day may change."""

    code = "product-data-frozen"
    status = HTTPStatus.CONFLICT
    en = "Product file {number} is registered; these fields cannot change any more: {fields}."
    zh = "产品档案 {number} 已登记，以下字段不能再修改：{fields}。"
    zh_words = FIELDS_ZH


class ProductFileWithdrawn(DomainError):
    """The delivery was taken back: the customer does not have the product."""

    code = "product-file-withdrawn"
    status = HTTPStatus.CONFLICT
    en = "Product file {number} was withdrawn, because its delivery was taken back."
    zh = "产品档案 {number} 因交付冲销已撤回。"


class CustomerNotHereYet(DomainError):
    """The customer's own event comes by another topic, and may take longer: the delivery waits."""

    code = "customer-not-here-yet"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retryable = True
    en = "There is no customer {id} here yet."
    zh = "此处尚无客户 {id}，请稍候。"


class CustomerMissing(Exception):
    """No customer came for a delivery that was told a while ago.

    Nobody is told so over HTTP: the event is tried a few times more, then somebody has to look.
    """
