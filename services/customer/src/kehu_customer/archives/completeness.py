"""How complete an archive is: the one place that says so.

The texts give no weights, so by default every section counts the same, and so does every fact of a
section; a tenant can weigh both.
"""

from collections.abc import Collection, Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from uuid import UUID

from kehu_customer.profiles.models import FactDefinition, Profile

HUNDRED = Decimal(100)
PLACES = Decimal("0.01")
NOTHING = Decimal("0.00")


class AskedSection(NamedTuple):
    """A section that is asked of a customer, with the facts in it."""

    profile: Profile
    code: str
    name_zh: str
    name_en: str
    weight: Decimal
    facts: list[FactDefinition]

    def known_share(self, known: Collection[UUID]) -> Decimal | None:
        """Return the share, 0 to 1, of its weight that is known; None if nothing in it weighs."""
        asked = sum(fact.weight for fact in self.facts)
        found = sum(fact.weight for fact in self.facts if fact.id in known)
        return Decimal(found) / Decimal(asked) if asked else None


def asked_of(
    kind: str,
    roles: Collection[str],
    profiles: Iterable[Profile],
    definitions: Iterable[FactDefinition],
) -> list[AskedSection]:
    """Return what is asked of a customer: kind and roles decide, what is retired is left out."""
    by_section: dict[tuple[UUID, str], list[FactDefinition]] = {}
    for one in definitions:
        if one.active:
            by_section.setdefault((one.profile_id, one.section_code), []).append(one)
    return [
        AskedSection(
            profile=profile,
            code=section["code"],
            name_zh=section["name_zh"],
            name_en=section["name_en"],
            weight=Decimal(section["weight"]),
            facts=by_section.get((profile.id, section["code"]), []),
        )
        for profile in profiles
        if profile.is_asked_of(kind, roles)
        for section in profile.sections
        if section["active"]
    ]


def completeness(sections: Iterable[AskedSection], known: Collection[UUID]) -> Decimal:
    """Return the percentage, two decimals, of what is asked that is known.

    `known` are the ids of definitions with a current fact. Each section counts by its weight,
    within it each fact by its own. Sections without facts do not count; where nothing is asked, it
    is 0.
    """
    weights, found = Decimal(0), Decimal(0)
    for section in sections:
        share = section.known_share(known)
        if share is not None:
            weights += section.weight
            found += section.weight * share
    return percent(found / weights) if weights else NOTHING


def percent(share: Decimal) -> Decimal:
    """Return a share of 1 as a percentage with two decimals."""
    return (share * HUNDRED).quantize(PLACES, ROUND_HALF_UP)
