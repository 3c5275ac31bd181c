"""The rule by which two records are told to be one customer: scores, and what follows (C5).

Each thing that two records share is worth points, at most 100. Points of several things add up like
chances: 90 and 60 make 96, never more than 100. Different credit codes tell that two names, however
alike, are two companies.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rapidfuzz import fuzz

from kehu_customer.customers.models import CustomerKind
from kehu_customer.duplicates.keys import KeyKind, Subject
from kehu_customer.duplicates.names import Name

DEFAULT_POINTS = {
    "credit_code": 100,
    "company_name": 90,
    "person_name": 30,
    "phone": 60,
    "email": 70,
    "domain": 40,
    "address": 50,
}
"""What is shared, and its points: an equal company name is refused by itself, a phone is not."""
DEFAULT_REFUSE_FROM = 85
DEFAULT_WARN_FROM = 60
DEFAULT_OTHER_CREDIT_CODE = 40
DEFAULT_UNMERGE_WITHIN_DAYS = 90


class DuplicateReason(StrEnum):
    """What two records share, or do not."""

    SAME_CREDIT_CODE = "same_credit_code"
    OTHER_CREDIT_CODE = "other_credit_code"
    SAME_NAME = "same_name"
    SAME_NAME_LESS_PRECISE = "same_name_less_precise"
    SAME_NAME_ELSEWHERE = "same_name_elsewhere"
    SAME_SOUND = "same_sound"
    SIMILAR_NAME = "similar_name"
    SAME_PHONE = "same_phone"
    SAME_EMAIL = "same_email"
    SAME_DOMAIN = "same_domain"
    SAME_ADDRESS = "same_address"


class DuplicateVerdict(StrEnum):
    """What follows from a score."""

    REFUSE = "refuse"
    WARN = "warn"
    NONE = "none"


SHARED = {
    KeyKind.PHONE: DuplicateReason.SAME_PHONE,
    KeyKind.EMAIL: DuplicateReason.SAME_EMAIL,
    KeyKind.DOMAIN: DuplicateReason.SAME_DOMAIN,
    KeyKind.ADDRESS: DuplicateReason.SAME_ADDRESS,
}
ALIKE_FROM = 75
"""Percent of characters two names must share for the rest of the rule to look at them at all."""
UNLIKE = (0.0, DuplicateReason.SIMILAR_NAME)
"""What comes of almost every comparison of names."""
LESS_PRECISE, ELSEWHERE, SOUND = 0.85, 0.4, 0.85
"""How much an equal name is worth if one tells no place, if places differ, if it only sounds so."""


@dataclass(frozen=True, slots=True)
class Matching:
    """How a tenant matches customers."""

    points: dict[str, int]
    refuse_from: int
    warn_from: int
    other_credit_code: int
    """Percent that is left of the score of two records with different credit codes."""
    ignored_domains: tuple[str, ...] = ()

    def verdict(self, score: int) -> DuplicateVerdict:
        """Return what follows from a score."""
        if score >= self.refuse_from:
            return DuplicateVerdict.REFUSE
        return DuplicateVerdict.WARN if score >= self.warn_from else DuplicateVerdict.NONE

    def compare(
        self, one: Subject, other: Subject, shared: frozenset[KeyKind]
    ) -> tuple[int, list[DuplicateReason]]:
        """Return how sure it is that two records are one customer, 0 to 100, and why.

        `shared` are the kinds of keys they have in common.
        """
        if one.kind != other.kind:
            return 0, []
        part, reason = compare_names(one.says, other.says)
        if not part and not one.credit_code and shared.isdisjoint(SHARED):
            return 0, []
        evidence: list[tuple[float, DuplicateReason]] = []
        if one.credit_code is not None and one.credit_code == other.credit_code:
            evidence.append((self.points["credit_code"], DuplicateReason.SAME_CREDIT_CODE))
        named = "company_name" if one.kind == CustomerKind.ORGANISATION else "person_name"
        if part:
            evidence.append((part * self.points[named], reason))
        if KeyKind.EMAIL in shared:  # whose domain is no second thing they share
            shared -= {KeyKind.DOMAIN}
        evidence += [(self.points[kind], SHARED[kind]) for kind in sorted(shared & SHARED.keys())]
        evidence = [(points, reason) for points, reason in evidence if points]
        left = 1.0
        for points, _ in evidence:
            left *= 1 - points / 100
        score, reasons = 100 * (1 - left), [reason for _, reason in evidence]
        if one.credit_code and other.credit_code and one.credit_code != other.credit_code:
            score *= self.other_credit_code / 100
            reasons.append(DuplicateReason.OTHER_CREDIT_CODE)
        return round(score), reasons


def matching_of(decided: dict[str, Any] | None) -> Matching:
    """Return how a tenant matches: as it decided, or by the defaults."""
    decided = decided or {}
    return Matching(
        points=DEFAULT_POINTS | decided.get("points", {}),
        refuse_from=decided.get("refuse_from", DEFAULT_REFUSE_FROM),
        warn_from=decided.get("warn_from", DEFAULT_WARN_FROM),
        other_credit_code=decided.get("other_credit_code", DEFAULT_OTHER_CREDIT_CODE),
        ignored_domains=tuple(decided.get("ignored_domains", ())),
    )


def compare_names(one: Name, other: Name) -> tuple[float, DuplicateReason]:
    """Return which part of a name's points two names are worth, and why.

    A wrong character of many is a slip, one of a few another company: so the share of equal
    characters counts with its third power.
    """
    if not one.core or not other.core or one.numbers != other.numbers:
        return UNLIKE
    place = _same_place(one, other)
    if one.core == other.core:
        if place == 1:
            return 1.0, DuplicateReason.SAME_NAME
        less = place == LESS_PRECISE
        return (
            place,
            DuplicateReason.SAME_NAME_LESS_PRECISE if less else DuplicateReason.SAME_NAME_ELSEWHERE,
        )
    if one.sound == other.sound:
        return SOUND * place, DuplicateReason.SAME_SOUND
    alike = fuzz.ratio(one.core, other.core, score_cutoff=ALIKE_FROM)
    if one.words != one.core or other.words != other.core:  # else they have no words to sort
        alike = max(alike, fuzz.token_sort_ratio(one.words, other.words))
    if alike < ALIKE_FROM:
        return UNLIKE
    return (alike / 100) ** 3 * place, DuplicateReason.SIMILAR_NAME


def _same_place(one: Name, other: Name) -> float:
    """Return how much of an equal name's worth is left for what the names say besides."""
    if one.place and other.place and one.place != other.place:
        return ELSEWHERE
    return 1.0 if one.place == other.place and one.group == other.group else LESS_PRECISE
