"""What is kept of words says what the library says of whole texts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from pypinyin.constants import PHRASES_DICT

from kehu_customer.duplicates.sounds import syllables

WORDS = sorted(PHRASES_DICT)
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS).map(lambda word: word[:2]),
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=4),
    st.text(max_size=3),
    st.sampled_from(["重庆", "长沙", "银行", "行家", "abc", "12", " ", "〇"]),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=6).map("".join))
def test_a_text_sounds_as_its_words_do(text: str) -> None:
    assert syllables(text) == lazy_pinyin(text)


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=0x7F)))
def test_letters_sound_as_they_are_written(text: str) -> None:
    assert syllables(text) == lazy_pinyin(text)


@pytest.mark.parametrize("text", ["", "重庆长安银行", "单于单位", "Siemens 西门子", "朝阳区朝鲜族"])
def test_a_character_sounds_as_in_its_word(text: str) -> None:
    assert syllables(text) == lazy_pinyin(text)
