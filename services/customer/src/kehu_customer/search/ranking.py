"""Whether a customer that the index found is meant, by what, and how sure that is (C15)."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from rapidfuzz import fuzz

from kehu_customer.duplicates.keys import domain_of, host_of, said
from kehu_customer.search import terms
from kehu_customer.search.asking import Question, Way
from kehu_customer.search.reasons import Field, SearchManner

SCORES = {
    SearchManner.EQUAL: 100,
    SearchManner.START: 90,
    SearchManner.DOMAIN: 86,
    SearchManner.END: 84,
    SearchManner.INSIDE: 80,
    SearchManner.SOUND: 70,
    SearchManner.SOUND_START: 66,
    SearchManner.INITIALS: 62,
    SearchManner.SOUND_INSIDE: 56,
    SearchManner.INITIALS_INSIDE: 52,
    SearchManner.TYPO: 50,
    SearchManner.ADDRESS: 30,
}
"""How sure each manner is, 0 to 100. A typo is less sure the more letters differ."""
OF_CONTACT = 4
"""So much less sure is what a contact says: it was the customer that was looked for."""
FORMER = 20
"""So much less is a customer whose relation has ended."""
LEAST_ALIKE = 70.0
"""Percent of letters two texts must share for one to be the other, mistyped."""


@dataclass(frozen=True, slots=True)
class Point:
    """A number or address: its kind, its normal form, whether a contact's."""

    kind: str
    normalised: str
    contact_id: UUID | None


class Person(NamedTuple):
    """A contact of a customer."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """A customer as it is on record now, with what search looks at."""

    id: UUID
    kind: str
    name: str
    sound: str
    """The syllables of the name, with spaces."""
    codes: tuple[str, ...]
    website: str | None
    former: bool
    """Whether the relation has ended, or the record was merged into another one."""
    contacts: tuple[Person, ...] = ()
    points: tuple[Point, ...] = ()


def without_contacts(found: Found) -> Found:
    """Return a customer without what its contacts say."""
    own = tuple(point for point in found.points if point.contact_id is None)
    return replace(found, contacts=(), points=own)


class Match(NamedTuple):
    """Why a customer is meant."""

    score: int
    field: Field
    manner: SearchManner
    text: str
    """What matched, as it is on record."""
    contact_id: UUID | None = None


def best(
    question: Question, ways: Iterable[Way], found: Found, *, customers: bool = True
) -> Match | None:
    """Return the surest reason for which a customer is meant, None if the index erred.

    Without `customers` only what its contacts say counts.
    """
    matches = [match for way in ways for match in MEANT[way](question, found)]
    if not customers:
        matches = [match for match in matches if match.contact_id is not None]
    if not matches:
        return None
    match = max(matches, key=lambda one: (one.score, one.contact_id is None))
    return match._replace(score=max(match.score - FORMER * found.former, 1))


def _match(
    manner: SearchManner, field: Field, text: str, contact_id: UUID | None = None, less: int = 0
) -> Match:
    score = SCORES[manner] - less - (OF_CONTACT if contact_id else 0)
    return Match(score, field, manner, text, contact_id)


def _whole(question: Question, found: Found) -> Iterator[Match]:
    asked = {question.squeezed, question.says.core}
    if {terms.squeezed(found.name), said(found.kind, found.name).core} & asked - {""}:
        yield _match(SearchManner.EQUAL, Field.NAME, found.name)
    for code in found.codes:
        if terms.squeezed(code) == question.squeezed:
            yield _match(SearchManner.EQUAL, Field.CODE, code)
    for person in found.contacts:
        if terms.squeezed(person.name) == question.squeezed:
            yield _match(SearchManner.EQUAL, Field.NAME, person.name, person.id)
    for point in found.points:
        if point.kind == "email" and terms.squeezed(point.normalised) == question.squeezed:
            yield _match(SearchManner.EQUAL, Field.EMAIL, point.normalised, point.contact_id)


def _code(question: Question, found: Found) -> Iterator[Match]:
    for code in found.codes:
        if terms.squeezed(code).startswith(question.squeezed):
            yield _match(SearchManner.START, Field.CODE, code)


def _phone(question: Question, found: Found) -> Iterator[Match]:
    """A number matches by its end; with all its digits but the country code it is the number."""
    digits = question.digits
    for point in found.points:
        number = re.sub(r"\D", "", point.normalised)
        if point.kind in ("phone", "mobile") and number.endswith(digits):
            whole = len(number) - len(digits) <= 3 and len(digits) > terms.PHONE_ENDS[1]  # noqa: PLR2004
            manner = SearchManner.EQUAL if whole else SearchManner.END
            yield _match(manner, Field.PHONE, point.normalised, point.contact_id)


def _domain(question: Question, found: Found) -> Iterator[Match]:
    if found.website and host_of(found.website) == question.host:
        yield _match(SearchManner.DOMAIN, Field.WEBSITE, found.website)
    for point in found.points:
        if point.kind == "email" and domain_of(point.normalised) == question.host:
            yield _match(SearchManner.DOMAIN, Field.EMAIL, point.normalised, point.contact_id)


def _name(question: Question, found: Found) -> Iterator[Match]:
    whole = terms.squeezed(found.name)
    if whole.startswith((question.squeezed, question.telling)) or whole.startswith(
        question.telling, terms.place_of(found.name)
    ):
        yield _match(SearchManner.START, Field.NAME, found.name)
    elif _has_all(whole, question):
        yield _match(SearchManner.INSIDE, Field.NAME, found.name)


def _contact(question: Question, found: Found) -> Iterator[Match]:
    for person in found.contacts:
        whole = terms.squeezed(person.name)
        if whole.startswith(question.squeezed):
            yield _match(SearchManner.START, Field.NAME, person.name, person.id)
        elif _has_all(whole, question):
            yield _match(SearchManner.INSIDE, Field.NAME, person.name, person.id)


def _sound(question: Question, found: Found) -> Iterator[Match]:
    spelled, asked = found.sound.split(), question.says.sound if question.has_han else ""
    asked = asked or question.sound
    starts = {"".join(spelled), "".join(spelled[terms.place_of(found.name) :])}
    if asked in starts:
        yield _match(SearchManner.SOUND, Field.NAME, found.name)
    elif any(one.startswith(asked) for one in starts):
        yield _match(SearchManner.SOUND_START, Field.NAME, found.name)
    elif any("".join(spelled[n:]).startswith(asked) for n in range(len(spelled))):
        yield _match(SearchManner.SOUND_INSIDE, Field.NAME, found.name)


def _contact_sound(question: Question, found: Found) -> Iterator[Match]:
    for person in found.contacts:
        if "".join(terms.syllables(person.name)).startswith(question.sound):
            yield _match(SearchManner.SOUND_START, Field.NAME, person.name, person.id)


def _initials(question: Question, found: Found) -> Iterator[Match]:
    letters = terms.initials_of(found.sound.split())
    starts = {0, terms.place_of(found.name)}
    if any(letters.startswith(question.letters, start) for start in starts):
        yield _match(SearchManner.INITIALS, Field.NAME, found.name)
    elif question.letters in letters:
        yield _match(SearchManner.INITIALS_INSIDE, Field.NAME, found.name)


def _typo(question: Question, found: Found) -> Iterator[Match]:
    """The name is as good as what was typed, or begins so; or each word is as good as one of it."""
    alike = _alike(question, found)
    if alike >= LEAST_ALIKE:
        yield _match(SearchManner.TYPO, Field.NAME, found.name, less=round((100 - alike) / 3))


def _alike(question: Question, found: Found) -> float:
    """Return how alike name and question are, in percent."""
    asked = question.says.core
    if question.has_han:
        bare = terms.squeezed(found.name)[terms.place_of(found.name) :]
        return fuzz.ratio(asked, bare[: len(asked)])
    words = [piece[: max(map(len, question.pieces))] for piece in terms.pieces(found.name)]
    each = [max((fuzz.ratio(one, word[: len(one) + 1]) for word in words), default=0.0)
            for one in question.pieces]  # fmt: skip
    return min(each, default=0.0)


def _address(question: Question, found: Found) -> Iterator[Match]:
    for point in found.points:
        if point.kind == "address" and _has_all(terms.squeezed(point.normalised), question):
            yield _match(SearchManner.ADDRESS, Field.ADDRESS, point.normalised, point.contact_id)


def _has_all(text: str, question: Question) -> bool:
    asked = question.pieces if question.telling == question.squeezed else [question.telling]
    return all(piece in text for piece in asked)


MEANT: dict[Way, Callable[[Question, Found], Iterator[Match]]] = {
    Way.WHOLE: _whole,
    Way.PHONE: _phone,
    Way.CODE: _code,
    Way.DOMAIN: _domain,
    Way.START: _name,
    Way.CONTACT_START: _contact,
    Way.INSIDE: _name,
    Way.CONTACT_INSIDE: _contact,
    Way.SOUND_START: _sound,
    Way.INITIALS_START: _initials,
    Way.SOUND: _sound,
    Way.CONTACT_SOUND: _contact_sound,
    Way.INITIALS: _initials,
    Way.TYPO: _typo,
    Way.ADDRESS: _address,
}
"""What each way of asking looks at."""
