"""What a name says, however it is written: the parts that two names are compared by (C5).

深圳市华强集团有限公司, 深圳華强（集團）股份有限公司 and Shenzhen Huaqiang Group Co., Ltd. all say:
a company of 深圳 that is called 华强, which sounds like huaqiang.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from opencc import OpenCC

from kehu_customer.duplicates.sounds import syllables
from kehu_customer.duplicates.words import words

SIMPLIFY = OpenCC("t2s")

CHINESE_FORMS = re.compile(
    r"(?:股份有限公司|有限责任公司|有限公司|股份公司|集团公司|总公司|(?<![分子])公司|集团|控股"
    r"|有限合伙|普通合伙|特殊普通合伙)$"
)
"""Legal forms at the end of a name. A branch (分公司) is no form: it is another place."""

LATIN_FORMS = words("latin_forms")
"""Legal forms at the end of a name in Latin letters, and words as good as such."""

PLACES = words("places")
"""Provinces, and cities where many companies are registered: company names begin with them."""

_PLACE = "|".join(sorted(PLACES, key=lambda one: (-len(one), one)))
LEADING_PLACE = re.compile(rf"^({_PLACE})(?:壮族自治区|回族自治区|维吾尔自治区|自治区|省|市)?")
PLACE_IN_BRACKETS = re.compile(rf"[(（]({_PLACE})(?:省|市)?[)）]")
LATIN_PLACES = {"".join(syllables(place)): place for place in sorted(PLACES)}
ACCENTS = re.compile("[\u0300-\u036f]")
LINKS = frozenset({"and", "und", "et", "the"})
GROUP = re.compile(r"集团|\bgroup\b|\bholdings?\b|控股")
NUMBERS = re.compile(r"[0-9]+|[一二三四五六七八九十]")

LEAST = 2
"""Characters that a name needs to say anything: letters of one are not compared."""


class Name(NamedTuple):
    """What a name says."""

    core: str
    """Letters and digits, without place and legal form; empty if the name says nothing."""
    words: str
    """The same in words, for names that are written in words."""
    place: str
    """The last place it begins with, in Chinese; empty without one."""
    sound: str
    """The core in pinyin without tones; a Latin core sounds as it is written."""
    numbers: tuple[str, ...]
    """Numbers in the core: 一厂 and 二厂 are two, however alike."""
    group: bool
    """Whether it calls itself a group: 华强集团 is not always 华强."""


@lru_cache(maxsize=20_000)
def company(name: str) -> Name:
    """Return what the name of an organisation says."""
    text = simple(name)
    place = ""
    bracketed = PLACE_IN_BRACKETS.search(text)
    if bracketed is not None:
        place = bracketed[1]
        text = PLACE_IN_BRACKETS.sub("", text)
    text = " ".join(re.sub(r"[^\w\s]|_", " ", text).split())
    leading, text = _without_places(text)
    group = GROUP.search(text) is not None
    return _name(_without_forms(text), leading or place, group=group)


@lru_cache(maxsize=20_000)
def person(name: str) -> Name:
    """Return what the name of a person says: no place and no legal form."""
    return _name(" ".join(re.sub(r"[^\w\s]|_", " ", simple(name)).split()), "", group=False)


def simple(text: str) -> str:
    """Return a text in simplified characters, half width, without capitals and accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    folded = unicodedata.normalize("NFC", ACCENTS.sub("", decomposed))
    simplified: str = SIMPLIFY.convert(folded)
    return simplified


def _without_places(text: str) -> tuple[str, str]:
    """Take the places from the beginning, as long as something is left; return the last of them."""
    place = ""
    while (found := LEADING_PLACE.match(text)) and len(text[found.end() :].strip()) >= LEAST:
        place, text = found[1], text[found.end() :].strip()
    first, _, rest = text.partition(" ")
    if first in LATIN_PLACES and len(rest) >= LEAST:
        place, text = LATIN_PLACES[first], rest
    return place, text


def _without_forms(text: str) -> str:
    """Take the legal forms from the end, as long as something is left."""
    words = [word for word in text.split() if word not in LINKS] or text.split()
    while len(words) > 1 and words[-1] in LATIN_FORMS:
        words.pop()
    text = " ".join(words)
    while (found := CHINESE_FORMS.search(text)) and len(text[: found.start()].strip()) >= LEAST:
        text = text[: found.start()].strip()
    return text


def _name(words: str, place: str, *, group: bool) -> Name:
    core = words.replace(" ", "")
    if len(core) < LEAST:
        return Name("", "", place, "", (), group)
    numbers = tuple(NUMBERS.findall(core))
    return Name(core, words, place, "".join(syllables(core)), numbers, group)
