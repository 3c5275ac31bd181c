"""What can be refused about a credit reservation."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

STATE_ZH = {"open": "占用中", "released": "已全部释放", "cancelled": "已取消"}


class ReservationDiffers(DomainError):
    """The same document has reserved something else already."""

    code = "reservation-differs"
    status = HTTPStatus.CONFLICT
    en = "This document has a reservation already, for another customer or amount."
    zh = "该单据已有信用占用，但客户或金额不同。"


class ReservationCancelled(DomainError):
    """What the document had reserved was cancelled; sent again, it takes nothing anew."""

    code = "reservation-cancelled"
    status = HTTPStatus.CONFLICT
    en = (
        "The reservation of this document was cancelled: {reason}. If it counts again, reserve "
        "with another source_key, such as that of its new version."
    )
    zh = "该单据的信用占用已取消（{reason}）。如单据重新生效，请使用新的单据号重新占用。"


class ReservationClosed(DomainError):
    """Nothing of the reservation is outstanding any more."""

    code = "reservation-closed"
    status = HTTPStatus.CONFLICT
    en = "The reservation is {state}: nothing of it is outstanding."
    zh = "该信用占用{state}，没有未释放的金额。"
    zh_words = STATE_ZH


class ReleaseDiffers(DomainError):
    """The same document has released another amount already."""

    code = "release-differs"
    status = HTTPStatus.CONFLICT
    en = "This document has released another amount of the reservation already."
    zh = "该单据已对此信用占用释放过不同的金额。"


class ReleaseTooLarge(DomainError):
    """No more can be released than is outstanding."""

    code = "release-too-large"
    status = HTTPStatus.CONFLICT
    en = "Only {outstanding} is outstanding; {amount} cannot be released."
    zh = "未释放金额仅为 {outstanding}，不能释放 {amount}。"
