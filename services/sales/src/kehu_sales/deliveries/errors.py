"""What can be refused about a delivery, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class SerialNumbersDiffer(DomainError):
    """As many serial numbers as units, each once; or none."""

    code = "serial-numbers-differ"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Line {line} has {quantity} units: give as many serial numbers, each once, or none."
    zh = "第 {line} 行的数量为 {quantity}，序列号的个数必须与之相同且不能重复，也可以不填。"


class SerialNumberDelivered(DomainError):
    """A piece is delivered once, unless it came back."""

    code = "serial-number-delivered"
    status = HTTPStatus.CONFLICT
    en = "One of these serial numbers was delivered already."
    zh = "其中有序列号已经交付过。"


class DeliveryIsReversed(DomainError):
    """What was taken back is not taken back again."""

    code = "delivery-is-reversed"
    status = HTTPStatus.CONFLICT
    en = "The delivery {number} was taken back already."
    zh = "交付单 {number} 已冲销。"
