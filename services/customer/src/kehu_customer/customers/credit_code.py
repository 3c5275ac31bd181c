"""The unified social credit code of Chinese organisations, 统一社会信用代码 (GB 32100-2015)."""

import re
import unicodedata

from kehu_customer.customers.errors import InvalidCreditCode

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The characters of a code, by their value: without I, O, S, V and Z."""
LENGTH = 18
WEIGHTS = [pow(3, place, 31) for place in range(LENGTH - 1)]


def credit_code(typed: str) -> str:
    """Return a code in its one form: capitals, half width, without spaces and hyphens.

    Raises `InvalidCreditCode` if its length, a character or the check character is wrong.
    """
    code = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed)).upper()
    if len(code) != LENGTH or any(one not in ALPHABET for one in code):
        raise InvalidCreditCode
    if code[-1] != check_character(code[:-1]):
        raise InvalidCreditCode
    return code


def check_character(code: str) -> str:
    """Return the check character of the first 17: the weighted sum brings it to 31."""
    total = sum(ALPHABET.index(one) * weight for one, weight in zip(code, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]
