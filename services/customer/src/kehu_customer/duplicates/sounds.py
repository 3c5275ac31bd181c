"""How a text is pronounced: pinyin without tones, as pypinyin tells it.

pypinyin cuts a text into the words of its dictionary and looks each one up, which costs as much
again for every name; but names are made of few words, so what a word sounds like is kept.
"""

from functools import lru_cache

from pypinyin import lazy_pinyin
from pypinyin.seg.simpleseg import seg


def syllables(text: str) -> list[str]:
    """Return the syllables of a text; what is not Chinese stays as it is."""
    if text.isascii():
        return [text] if text else []
    return [one for word in seg(text) for one in _of_word(word)]


@lru_cache(maxsize=50_000)
def _of_word(word: str) -> tuple[str, ...]:
    return tuple(lazy_pinyin(word))
