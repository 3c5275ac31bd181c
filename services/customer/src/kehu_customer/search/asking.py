"""What is asked for: the ways in which a question may be meant, the surest first (C15)."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import islice

from kehu_customer.customers.models import CustomerKind
from kehu_customer.duplicates.keys import HAN, host_of, said
from kehu_customer.duplicates.names import Name, simple
from kehu_customer.search import terms

MOST_TYPO_WORDS = 3
"""Words of a question of which one may be mistyped; the first ones of longer questions."""
LONGEST_INITIALS = 12


class Way(StrEnum):
    """How a question may be meant, the surest first."""

    WHOLE = "whole"
    PHONE = "phone"
    CODE = "code"
    DOMAIN = "domain"
    START = "start"
    CONTACT_START = "contact_start"
    INSIDE = "inside"
    CONTACT_INSIDE = "contact_inside"
    SOUND_START = "sound_start"
    INITIALS_START = "initials_start"
    SOUND = "sound"
    CONTACT_SOUND = "contact_sound"
    INITIALS = "initials"
    TYPO = "typo"
    ADDRESS = "address"


class Part(StrEnum):
    """What may be looked into."""

    CUSTOMERS = "customers"
    CONTACTS = "contacts"
    POINTS = "points"


@dataclass(frozen=True, slots=True)
class Step:
    """One look into the index: all of these terms, and, if there are some, one of those."""

    way: Way
    all_of: frozenset[str] = frozenset()
    any_of: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Question:
    """What was typed."""

    text: str

    @cached_property
    def simple(self) -> str:
        """In simplified characters, half width, without capitals."""
        return simple(self.text).strip()

    @cached_property
    def squeezed(self) -> str:
        """Letters and digits only."""
        return terms.squeezed(self.text)

    @cached_property
    def says(self) -> Name:
        """What it says as the name of a company: without place and legal form."""
        return said(CustomerKind.ORGANISATION, self.text)

    @cached_property
    def pieces(self) -> list[str]:
        """Its words and runs of Chinese characters."""
        return terms.pieces(self.text)

    @cached_property
    def telling(self) -> str:
        """Without the legal form at its end, as long as something is left."""
        return terms.TAIL.sub("", self.squeezed) or self.squeezed

    @cached_property
    def digits(self) -> str:
        """The digits, if it is nothing but a phone number or the end of one; or empty."""
        if re.fullmatch(r"[-+()\d\s.]*", self.simple) is None:
            return ""
        return re.sub(r"\D", "", self.simple).lstrip("0")

    @cached_property
    def host(self) -> str:
        """The host, if it is a domain or a website."""
        text = self.simple.removeprefix("@")
        alike = re.fullmatch(r"(?:https?://)?[\w-]+(?:\.[\w-]+)+(?:/\S*)?", text, re.ASCII)
        return host_of(text) if alike else ""

    @cached_property
    def sound(self) -> str:
        """How it is pronounced; of pinyin the letters themselves."""
        return "".join(terms.syllables(self.text))

    @cached_property
    def has_han(self) -> bool:
        """Whether there are Chinese characters in it."""
        return HAN.search(self.simple) is not None

    @cached_property
    def letters(self) -> str:
        """The letters, if it is nothing else: pinyin, initials or a foreign name."""
        letters = self.simple.replace(" ", "").replace("'", "")
        return letters if re.fullmatch(r"[a-z]+", letters) else ""


def steps_of(question: Question, parts: Collection[Part]) -> list[Step]:
    """Return the looks into the index, the surest way first; none for what says nothing."""
    if not question.squeezed or not {Part.CUSTOMERS, Part.CONTACTS} & set(parts):
        return []
    marks = [
        mark
        for part, mark in ((Part.CUSTOMERS, ""), (Part.CONTACTS, terms.CONTACT))
        if part in parts
    ]
    found: list[Step] = []
    for ask in (_whole, _points, _names, _sounds, _typos, _addresses):
        found += ask(question, parts, marks)
    order = list(Way)
    found = [step for step in found if step.all_of or step.any_of]
    return sorted(found, key=lambda step: order.index(step.way))


def _whole(question: Question, _parts: Collection[Part], marks: list[str]) -> Iterator[Step]:
    names = {question.squeezed, question.says.core} - {""}
    yield Step(Way.WHOLE, any_of=frozenset(f"{mark}={name}" for mark in marks for name in names))
    least = terms.CODE_STARTS.start
    if "" in marks and len(question.squeezed) >= least and not question.has_han:
        yield Step(Way.CODE, frozenset({f"k{question.squeezed[: terms.CODE_STARTS.stop - 1]}"}))


def _points(question: Question, parts: Collection[Part], marks: list[str]) -> Iterator[Step]:
    if Part.POINTS not in parts:
        return
    ends = list(terms.phone_ends(question.digits))
    if ends:
        yield Step(Way.PHONE, any_of=frozenset(f"{mark}{ends[-1]}" for mark in marks))
    if question.host:
        yield Step(Way.DOMAIN, any_of=frozenset(f"{mark}@{question.host}" for mark in marks))


def _names(question: Question, _parts: Collection[Part], marks: list[str]) -> Iterator[Step]:
    if terms.ONLY_TAIL.fullmatch(question.squeezed):
        return
    grams = terms.asked_grams(terms.TAIL.sub("", question.simple) or question.simple)
    for mark in marks:
        inside = frozenset(f"{mark}g{gram}" for gram in grams)
        start = inside | {f"{mark}^{question.squeezed[:2]}"}
        yield Step(Way.CONTACT_START if mark else Way.START, start)
        if inside:
            yield Step(Way.CONTACT_INSIDE if mark else Way.INSIDE, inside)


def _sounds(question: Question, _parts: Collection[Part], marks: list[str]) -> Iterator[Step]:
    """Pinyin and initials; Chinese characters by their sound, as others may sound the same."""
    sound = question.says.sound if question.has_han else question.sound
    sound = sound or question.sound
    short, long = terms.SHORT_SOUND, terms.LONG_SOUND
    if len(sound) >= short and (question.letters or question.has_han):
        begins, inside = f"S{sound[:short]}", f"s{sound[:short]}"
        more = {f"s{sound[:long]}"} if len(sound) >= long else set()
        if "" in marks:
            yield Step(Way.SOUND_START, frozenset({begins} | more))
            yield Step(Way.SOUND, frozenset({inside} | more))
        if terms.CONTACT in marks:
            yield Step(
                Way.CONTACT_SOUND, frozenset(f"{terms.CONTACT}{one}" for one in {begins} | more)
            )
    letters = question.letters
    if "" in marks and 2 <= len(letters) <= LONGEST_INITIALS:  # noqa: PLR2004
        runs = {f"i{letters[n : n + 3]}" for n in range(len(letters) - 2)}
        yield Step(Way.INITIALS_START, frozenset({f"I{letters[:2]}"} | runs))
        if runs:
            yield Step(Way.INITIALS, frozenset(runs))


def _typos(question: Question, _parts: Collection[Part], marks: list[str]) -> Iterator[Step]:
    """A wrong character at the beginning of a name; one word of several with wrong letters."""
    if "" not in marks:
        return
    core = question.says.core
    if HAN.search(core) and len(core) >= terms.LEAST_TYPO_HAN:
        yield Step(Way.TYPO, any_of=frozenset(terms.typo_terms(core, "")))
    words = [one for one in question.pieces if not HAN.match(one)]
    long = [one for one in words if len(one) >= terms.LEAST_TYPO_LATIN]
    for word in islice(sorted(long, key=len, reverse=True), MOST_TYPO_WORDS):
        others = " ".join(one for one in words if one != word)
        yield Step(
            Way.TYPO,
            frozenset(f"g{gram}" for gram in terms.asked_grams(others)),
            frozenset(terms.typo_terms_of_word(word)),
        )


def _addresses(question: Question, parts: Collection[Part], marks: list[str]) -> Iterator[Step]:
    if Part.POINTS not in parts or question.digits:
        return
    grams = terms.asked_grams(question.simple)
    for mark in marks:
        if grams:
            yield Step(Way.ADDRESS, frozenset(f"{mark}a{gram}" for gram in grams))
