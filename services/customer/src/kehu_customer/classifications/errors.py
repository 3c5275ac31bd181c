"""What can be refused about classifying a customer, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class AlreadyInClass(DomainError):
    """Somebody has put the customer into this class already."""

    code = "already-in-class"
    status = HTTPStatus.CONFLICT
    en = "The customer has been put into the class {class_code} already."
    zh = "该客户已被归入类别 {class_code}。"


class ClassificationOver(DomainError):
    """The customer is not in this class any more."""

    code = "classification-over"
    status = HTTPStatus.CONFLICT
    en = "The customer is not in the class {class_code} any more."
    zh = "该客户已不在类别 {class_code} 中。"


class EffectiveInFuture(DomainError):
    """A customer cannot be classified from a moment in the future on."""

    code = "effective-in-future"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The moment {at} lies in the future."
    zh = "生效时间 {at} 不能晚于现在。"


class EffectiveTooEarly(DomainError):
    """A class cannot end before it began to apply."""

    code = "effective-too-early"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The moment {at} lies before {since}, when the present class began to apply."
    zh = "生效时间 {at} 早于现有类别的生效时间 {since}。"
