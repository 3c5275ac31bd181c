"""What can be refused because of duplicates."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from kehu_kernel.errors import DomainError


class DuplicateCustomer(DomainError):
    """The customer is on record already, as far as can be told.

    `candidates` says which ones, how sure that is (`score`, 0 to 100) and why (`reasons`). One that
    the caller may not see is told by the department that serves it, and nothing else.
    """

    code = "duplicate-customer"
    status = HTTPStatus.CONFLICT
    en = (
        "{name} seems to be on record already, see candidates. Use that one; who may create it all "
        "the same says why in the header Kehu-Allow-Duplicate."
    )
    zh = (
        "{name} 似乎已经存在，请查看所列的相似客户并使用已有客户；"
        "有权限的用户如仍需创建，请在请求头 Kehu-Allow-Duplicate 中说明原因。"
    )


class PairIsDecided(DomainError):
    """Somebody has decided about the two records already."""

    code = "pair-is-decided"
    status = HTTPStatus.CONFLICT
    en = "Somebody has decided about these two already: {state}."
    zh = "这两条记录已有处理结果：{state}。"
    zh_words: ClassVar[Mapping[str, str]] = {"merged": "已合并", "dismissed": "已排除"}


class ThresholdsCross(DomainError):
    """A score that is refused would not be warned of."""

    code = "thresholds-cross"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Warnings must begin at {refuse} or below, where refusals begin."
    zh = "预警分数不得高于拒绝分数 {refuse}。"
