"""What a later version wrote: while two run side by side, the older one reads words it lacks.

It shows them as they stand (`kehu_contracts.base.OrLater`); where it would have to act on one, it
leaves that to the other.
"""

from enum import StrEnum
from http import HTTPStatus
from typing import TypeVar

from kehu_kernel.errors import DomainError

Known = TypeVar("Known", bound=StrEnum)


class MadeByLaterVersion(DomainError):
    """A later version of the service made this; this process cannot act on it, another one can."""

    code = "made-by-later-version"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = "A later version of the service made this ({word}). Nothing was done; try again shortly."
    zh = "该记录由更高版本的服务写入（{word}）。本次操作未生效，请稍后重试。"
    retryable = True


def known(words: type[Known], word: str) -> Known:
    """Return the stored word as one of ours, to act on it. Raises `MadeByLaterVersion`."""
    try:
        return words(word)
    except ValueError as unknown:
        raise MadeByLaterVersion(word=word) from unknown
