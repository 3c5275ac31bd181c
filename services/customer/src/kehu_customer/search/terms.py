"""The terms by which a customer is found, and those that a question asks for (C15).

A term is a short text with a mark before it that says what it is: `g华强` two characters of a name,
`^华` how it begins, `=c100` a whole code or name, `$4321` the end of a phone number. What is on
record and what is typed become terms by the same functions, so that whatever is written alike is
found. A term of a contact has `p` before it.

The index keeps numbers that are made of the tenant and the term, no text. Two terms may have the
same number; therefore what the index finds is looked at again (`ranking.py`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from uuid import UUID
from zlib import crc32

from kehu_customer.duplicates import sounds
from kehu_customer.duplicates.keys import HAN, domain_of, host_of, said
from kehu_customer.duplicates.names import LEADING_PLACE, simple

PIECE = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
TAIL = re.compile(r"(?:股份|责任)?有限(?:责任)?公司$")
"""The end of almost every name: it tells nobody apart, and in a question it costs time."""
ONLY_TAIL = re.compile(r"(?:股份?|责任?)?(?:有限?(?:责任?)?)?(?:公司?)?")

LEAST_NAME = 2
"""Characters of a name that stay when places are left out."""
SIGN = 1 << 31
CONTACT = "p"
"""Before the terms of a contact."""
SHORT_SOUND, LONG_SOUND = 3, 6
"""Letters of pinyin that are looked up, from each syllable on."""
TYPO_HAN = 4
"""Characters at the beginning of a name among which one may be wrong, too many or missing."""
TYPO_LATIN = 7
"""Letters at the beginning of a word among which two may be."""
LEAST_TYPO_HAN, LEAST_TYPO_LATIN = 3, 4
"""Shorter names and words are not searched with wrong letters: everything would be alike."""
TWO_WRONG_FROM = 6
"""Letters of a word in which two may be wrong; in shorter ones only one."""
PHONE_ENDS = (4, 8)
"""Digits at the end of a phone number that are looked up."""
CODE_STARTS = range(4, 13)
"""Characters at the beginning of a code that are looked up."""


@dataclass(frozen=True, slots=True)
class Party:
    """What a customer or a contact says of itself; numbers and addresses in their normal forms."""

    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """What a customer is found by: its own words, those of its contacts, and whose it is."""

    kind: str
    party: Party
    code: str | None = None
    external_ref: str | None = None
    credit_code: str | None = None
    website: str | None = None
    owner_id: UUID | None = None
    department_id: UUID | None = None
    contacts: tuple[Party, ...] = ()


def terms_of(source: Source) -> set[str]:
    """Return all terms by which a customer is found."""
    party = source.party
    core = said(source.kind, party.name)
    words = " ".join(pieces(party.name))
    found = {*_name_terms(party.name), *_point_terms(party), *typo_terms(core.core, words)}
    if core.core:
        found |= {f"={core.core}", *_starts(core.core)}
    found |= {*_starts(squeezed(party.name)[place_of(party.name) :])}
    found |= {*_sound_terms(spoken(party.name), place_of(party.name))}
    for code in filter(None, (source.code, source.external_ref, source.credit_code)):
        found.add(f"={squeezed(code)}")
    if source.code:
        found |= {f"k{squeezed(source.code)[:length]}" for length in CODE_STARTS}
    if source.website and host_of(source.website):
        found.add(f"@{host_of(source.website)}")
    for contact in source.contacts:
        of_contact = {*_name_terms(contact.name), *_point_terms(contact)}
        of_contact |= {*_sound_terms(syllables(contact.name), 0)}
        found |= {f"{CONTACT}{term}" for term in of_contact}
    if source.department_id is not None:
        found.add(department_term(source.department_id))
    return found | {owner_term(source.owner_id)}


def owner_term(owner_id: UUID | None) -> str:
    """Return the term of those that somebody looks after; of the public pool without an owner."""
    return f"owner:{owner_id or ''}"


def department_term(department_id: UUID) -> str:
    """Return the term of those that a department looks after."""
    return f"department:{department_id}"


def numbers_of(tenant_id: str, terms: Iterable[str]) -> list[int]:
    """Return the numbers by which the index keeps a tenant's terms, sorted: integers of 4 bytes."""
    seed = crc32(tenant_id.encode())
    return sorted({crc32(term.encode(), seed) - SIGN for term in terms})


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """Return a text in simplified characters, half width, without capitals and accents."""
    return simple(text)


def squeezed(text: str) -> str:
    """Return letters and digits only: simplified, half width, without capitals and accents."""
    return re.sub(r"[\W_]+", "", folded(text))


def pieces(text: str) -> list[str]:
    """Return the runs of Chinese characters, and the words, of a text."""
    return PIECE.findall(folded(text))


def grams(text: str) -> Iterator[str]:
    """Return what is looked up to find a text inside of others.

    Pairs of Chinese characters, three letters of a word, and the two a word begins with.
    """
    for piece in pieces(text):
        if HAN.match(piece):
            yield from (piece[n : n + 2] for n in range(len(piece) - 1))
        else:
            yield piece[:2]
            yield from (piece[n : n + 3] for n in range(len(piece) - 2))


def asked_grams(text: str) -> set[str]:
    """Return those that a text must have in which this is found.

    Of a word that was typed in part nobody knows where it begins: three letters must do.
    """
    found = set(grams(text))
    return found - {piece[:2] for piece in pieces(text) if len(piece) > 2 and not HAN.match(piece)}  # noqa: PLR2004


def syllables(text: str) -> list[str]:
    """Return how a text is pronounced, in pinyin without tones; words stay as they are."""
    return [one for piece in pieces(text) for one in sounds.syllables(piece)]


def spoken(name: str) -> list[str]:
    """Return how a name is pronounced, without the legal form at its end."""
    return syllables(TAIL.sub("", folded(name)))


def place_of(name: str) -> int:
    """Return how many characters at the beginning of a name are places: people leave them out."""
    text = whole = squeezed(name)
    while (found := LEADING_PLACE.match(text)) and len(text) - found.end() >= LEAST_NAME:
        text = text[found.end() :]
    return len(whole) - len(text)


def typo_terms(core: str, words: str) -> Iterator[str]:
    """Return what a name shares with those that somebody mistyped (symmetric deletion).

    Two texts that differ in one character are the same after one is taken out of each.
    """
    if HAN.search(core) and len(core) >= LEAST_TYPO_HAN:
        yield from (f"d{one}" for one in without(core[:TYPO_HAN], 1))
    for word in words.split():
        if len(word) >= LEAST_TYPO_LATIN and not HAN.search(word):
            yield from typo_terms_of_word(word)


def typo_terms_of_word(word: str) -> Iterator[str]:
    """Return what a word in Latin letters shares with those that were mistyped."""
    most = 2 if len(word) >= TWO_WRONG_FROM else 1
    return (f"e{one}" for one in without(word[:TYPO_LATIN], most))


def without(text: str, most: int) -> set[str]:
    """Return a text with up to so many characters taken out."""
    return {
        "".join(text[n] for n in kept)
        for count in range(most + 1)
        for kept in combinations(range(len(text)), len(text) - count)
    }


def phone_ends(digits: str) -> Iterator[str]:
    """Return the terms of the end of a phone number."""
    return (f"${digits[-length:]}" for length in PHONE_ENDS if len(digits) >= length)


def initials_of(spelled: list[str]) -> str:
    """Return the first letters of syllables."""
    return "".join(one[0] for one in spelled)


def _name_terms(name: str) -> Iterator[str]:
    whole = squeezed(name)
    yield f"={whole}"
    yield from _starts(whole)
    yield from (f"g{gram}" for gram in grams(name))


def _starts(text: str) -> Iterator[str]:
    return (f"^{text[:length]}" for length in (1, 2))


def _sound_terms(spelled: list[str], start: int) -> Iterator[str]:
    whole, letters, place = "".join(spelled), initials_of(spelled), 0
    for number, syllable in enumerate(spelled):
        rest = whole[place : place + LONG_SOUND]
        yield f"s{rest[:SHORT_SOUND]}"
        yield f"s{rest}"
        if number in (0, start):
            yield f"S{rest[:SHORT_SOUND]}"
            yield f"I{letters[number : number + 2]}"
        place += len(syllable)
    yield from (f"i{letters[n : n + 3]}" for n in range(len(letters) - 2))


def _point_terms(party: Party) -> Iterator[str]:
    for phone in party.phones:
        yield from phone_ends(re.sub(r"\D", "", phone))
    for email in party.emails:
        yield f"={squeezed(email)}"
        yield f"@{domain_of(email)}"
    for address in party.addresses:
        yield from (f"a{gram}" for gram in grams(address))
