"""What customers' traits say about the price (4 section 6.1): data, in `advice.json`."""

from collections.abc import Collection
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

import orjson

FILE = Path(__file__).with_name("advice.json")


class Trait(StrEnum):
    """What a customer is like."""

    KEY_ACCOUNT = "key_account"
    LOW_PURCHASING_POWER = "low_purchasing_power"
    KNOWS_PRODUCT = "knows_product"
    DIRECT = "direct"
    DOES_NOT_KNOW_PRODUCT = "does_not_know_product"
    PRICE_SENSITIVE = "price_sensitive"


class Position(StrEnum):
    """Where to begin with the price."""

    HIGHER = "higher"
    LOWER = "lower"
    NEAR_FLOOR = "near_floor"
    BOTTOM_LINE = "bottom_line"
    PATIENCE = "patience"


class Rule(NamedTuple):
    """What a trait says about the price, and the place in the texts."""

    trait: Trait
    position: Position
    zh: str
    en: str
    source: str


class Hint(NamedTuple):
    """How to go about it, and the place in the texts."""

    code: str
    zh: str
    en: str
    source: str


class Advice(NamedTuple):
    """The rules, the three steps before a price, and the three answers to "too dear"."""

    rules: tuple[Rule, ...]
    steps: tuple[Hint, ...]
    techniques: tuple[Hint, ...]


@cache
def all_advice() -> Advice:
    """Return everything the texts advise, in their order."""
    listed = orjson.loads(FILE.read_bytes())
    rules = (
        Rule(**one | {"trait": Trait(one["trait"]), "position": Position(one["position"])})
        for one in listed["rules"]
    )
    steps, techniques = (
        tuple(Hint(**one) for one in listed[part]) for part in ("steps", "techniques")
    )
    return Advice(tuple(rules), steps, techniques)


def advise(traits: Collection[Trait]) -> tuple[Rule, ...]:
    """Return what these traits say, in the order of the texts; they may contradict each other."""
    return tuple(rule for rule in all_advice().rules if rule.trait in traits)
