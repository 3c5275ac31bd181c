"""The grading scheme: value standards, weights, direct rules and levels; all of it data (4 §5.6).

The tables of the text are lost (7-2), so its numbers are given where it has any, and the rest is
ours: every one of them is the tenant's to change.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any
from uuid import UUID

from kehu_sales.grading.errors import (
    INDICATOR_ZH,
    BandsUnsound,
    LeaderUnclear,
    LevelsUnsound,
    LimitNotShorter,
    Place,
    RuleUnclear,
    ScaleUnsound,
    SchemeOutsideScale,
    SchemeRepeats,
    UnknownLevel,
    ValueOutsideScale,
    WeightsUnsound,
)
from kehu_sales.later import known

ONE = Decimal(1)
LARGEST_RATIO = Decimal("0.1")
"""Judgements less consistent are refused (4 §5.6; Saaty's own); a tenant may be stricter."""


class Indicator(StrEnum):
    """The eight indicators, five of the opportunity and three of the customer (L2848)."""

    PREDICTED_REVENUE = "predicted_revenue"
    URGENCY = "urgency"
    IMPORTANCE = "importance"
    NEED_DIFFICULTY = "need_difficulty"
    COMPETITION = "competition"
    CUSTOMER_VALUE = "customer_value"
    CUSTOMER_RISK = "customer_risk"
    CUSTOMER_ACTIVITY = "customer_activity"


INDICATOR_EN = {
    "predicted_revenue": "Predicted revenue",
    "urgency": "Urgency",
    "importance": "Importance",
    "need_difficulty": "Difficulty of the need",
    "competition": "Competition",
    "customer_value": "Customer value",
    "customer_risk": "Customer risk",
    "customer_activity": "Customer activity",
}


class RuleKind(StrEnum):
    """What a direct rule looks at (L2856-2862)."""

    VALUE_ABOVE = "value_above"
    VALUE_BELOW = "value_below"
    SOCIAL_INFLUENCE = "social_influence"


@dataclass(frozen=True, slots=True)
class Band:
    """From this value on, up to the next band, an indicator has this score (0 to 100)."""

    from_value: Decimal | None
    score: Decimal
    name: str
    name_en: str | None = None


@dataclass(frozen=True, slots=True)
class Standard:
    """The value standard of an indicator. `unknown_score` counts where nobody knows the value."""

    indicator: Indicator
    bands: tuple[Band, ...]
    unknown_score: Decimal | None = None

    def band_of(self, value: Decimal) -> Band:
        """Return the band that a value lies in; each band includes where it begins."""
        within = [one for one in self.bands if one.from_value is None or value >= one.from_value]
        return within[-1]


@dataclass(frozen=True, slots=True)
class Rule:
    """A direct rule: what meets it is of the level at once, without scores. The first one counts.

    Above and below exclude the value itself: what the text leaves open (equality) is scored.
    """

    level: str
    kind: RuleKind
    indicator: Indicator | None = None
    value: Decimal | None = None

    def holds(self, values: Mapping[Indicator, Decimal], *, social_influence: bool) -> bool:
        """Whether an opportunity meets it; of what is not known nothing holds."""
        if self.kind is RuleKind.SOCIAL_INFLUENCE:
            return social_influence
        value = values.get(self.indicator) if self.indicator else None
        if value is None or self.value is None:
            return False
        return value > self.value if self.kind is RuleKind.VALUE_ABOVE else value < self.value


@dataclass(frozen=True, slots=True)
class Level:
    """A level: from which score on, how long handling may take, and which leader answers for it.

    `handling_standard` says how it is to be handled (L2878).
    """

    code: str
    name: str
    name_en: str | None
    from_score: Decimal
    handling_days: int
    leader_id: UUID | None = None
    leader_role: str | None = None
    handling_standard: str | None = None

    @property
    def zh(self) -> str:
        """What it is called in messages in Chinese; in English ones it goes by its code."""
        return self.name

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Scheme:
    """All that grades an opportunity. `customer_values` gives value grades a value (analytics).

    What users enter of an indicator lies from `lowest_value` to `highest_value`, both included.
    """

    currency: str
    standards: tuple[Standard, ...]
    weights: Mapping[Indicator, Decimal]
    rules: tuple[Rule, ...]
    levels: tuple[Level, ...]
    customer_values: Mapping[str, Decimal]
    lowest_value: Decimal
    highest_value: Decimal

    def require_sound(self) -> None:
        """Refuse what grades nothing, or not everything.

        Raises `BandsUnsound`, `WeightsUnsound`, `LevelsUnsound`, `LeaderUnclear`,
        `UnknownLevel`, `RuleUnclear`, `ScaleUnsound`, `SchemeOutsideScale`.
        """
        if self.highest_value <= self.lowest_value:
            raise ScaleUnsound(lowest=self.lowest_value, highest=self.highest_value)
        if set(self.weights) != set(Indicator) or sum(self.weights.values()) != ONE:
            raise WeightsUnsound
        for standard in self.standards:
            _require_rising(standard)
        _require_falling(self.levels)
        codes = {level.code for level in self.levels}
        for rule in self.rules:
            if rule.level not in codes:
                raise UnknownLevel(level=rule.level)
            named = rule.indicator is not None and rule.value is not None
            nothing = rule.indicator is None and rule.value is None
            if not (nothing if rule.kind is RuleKind.SOCIAL_INFLUENCE else named):
                raise RuleUnclear
        outside = list(self._outside_scale())
        if outside:
            raise SchemeOutsideScale(
                lowest=in_figures(self.lowest_value), highest=in_figures(self.highest_value),
                places=outside,
            )  # fmt: skip

    def _outside_scale(self) -> Iterator[Place]:
        """Yield what no value can meet, or be; revenue is an amount, and on no scale."""
        rated = set(Indicator) - {Indicator.PREDICTED_REVENUE}
        for number, rule in enumerate(self.rules, start=1):
            if rule.indicator in rated and not self._on_scale(rule.value):
                told = rule_place(rule.kind, rule.indicator, rule.value)
                yield Place(
                    f"rule {number} ({told.en})", f"第 {number} 条直接定级规则（{told.zh}）"
                )
        for standard in self.standards:
            name = standard.indicator.value
            for band in standard.bands if standard.indicator in rated else ():
                if band.from_value is not None and not self._on_scale(band.from_value):
                    start = in_figures(band.from_value)
                    yield Place(f"the band of {name} from {start}",
                                f"“{INDICATOR_ZH[name]}”自 {start} 起的区间")  # fmt: skip
        for grade, value in self.customer_values.items():
            if not self._on_scale(value):
                yield Place(f"value grade {grade}: {in_figures(value)}",
                            f"客户价值等级 {grade}：{in_figures(value)}")  # fmt: skip

    def _on_scale(self, value: Decimal | None) -> bool:
        return value is not None and self.lowest_value <= value <= self.highest_value

    def require_on_scale(self, values: Mapping[Indicator, Decimal]) -> None:
        """Raise `ValueOutsideScale` if what was entered of an indicator is not on the scale."""
        for indicator, value in values.items():
            if not self._on_scale(value):
                raise ValueOutsideScale(
                    indicator=indicator.value, value=value, lowest=self.lowest_value,
                    highest=self.highest_value,
                )  # fmt: skip

    def level(self, code: str) -> Level:
        """Return the level with this code."""
        return next(one for one in self.levels if one.code == code)

    def rank(self, code: str) -> int:
        """Return the place of a level, from 1 for the highest."""
        return [one.code for one in self.levels].index(code) + 1


def _require_rising(standard: Standard) -> None:
    starts = [band.from_value for band in standard.bands]
    if not starts or starts[0] is not None:
        raise BandsUnsound(indicator=standard.indicator.value)
    for before, after in pairwise(starts):
        if after is None or (before is not None and after <= before):
            raise BandsUnsound(indicator=standard.indicator.value)


def require_shorter_limits(levels: Sequence[Level]) -> None:
    """Refuse levels of which a higher one may take as long as a lower one (L2878).

    Those of older schemes stay until levels are given anew. Raises `LimitNotShorter`.
    """
    for before, after in pairwise(levels):
        if after.handling_days <= before.handling_days:
            raise LimitNotShorter(
                higher=before, days=before.handling_days, lower=after, more=after.handling_days
            )


def _require_falling(levels: Sequence[Level]) -> None:
    if len({level.code for level in levels}) != len(levels) or levels[-1].from_score != 0:
        raise LevelsUnsound
    for before, after in pairwise(levels):
        if after.from_score >= before.from_score:
            raise LevelsUnsound
    for level in levels:
        if level.leader_id is not None and level.leader_role is not None:
            raise LeaderUnclear(level=level)


KINDS = {
    RuleKind.VALUE_ABOVE: ("above", "高于"),
    RuleKind.VALUE_BELOW: ("below", "低于"),
    RuleKind.SOCIAL_INFLUENCE: ("social influence", "社会影响"),
}


def rule_place(kind: RuleKind, indicator: Indicator | None, value: Decimal | None) -> Place:
    """Return what a direct rule asks for, in words."""
    en, zh = KINDS[kind]
    if indicator is None or value is None:
        return Place(en, zh)
    figures = in_figures(value)
    return Place(f"{indicator} {en} {figures}", f"{INDICATOR_ZH[indicator]}{zh} {figures}")


def require_once(places: Iterable[Place]) -> None:
    """Refuse what stands in a scheme twice, all of it at once. Raises `SchemeRepeats`."""
    twice = [place for place, times in Counter(places).items() if times > 1]
    if twice:
        raise SchemeRepeats(places=twice)


def in_figures(value: Decimal) -> str:
    """Return a number as messages show it: 5, not 5.00."""
    return format(value.normalize(), "f")


def plain(scheme: Scheme) -> dict[str, Any]:
    """Return the scheme as JSON can hold it; decimals are text, so that they stay exact."""
    written: dict[str, Any] = _written(asdict(scheme))
    for level in written["levels"]:
        if level["handling_standard"] is None:  # a process that knows of none reads the others
            del level["handling_standard"]
    return written


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _written(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_written(one) for one in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, UUID | StrEnum) else value


def scheme_from(stored: Mapping[str, Any]) -> Scheme:
    """Return the scheme that plain values describe."""
    return Scheme(
        currency=stored["currency"],
        standards=tuple(
            Standard(
                known(Indicator, one["indicator"]),
                tuple(
                    Band(_decimal(b["from_value"]), Decimal(b["score"]), b["name"], b["name_en"])
                    for b in one["bands"]
                ),
                _decimal(one["unknown_score"]),
            )
            for one in stored["standards"]
        ),
        weights={known(Indicator, name): Decimal(one) for name, one in stored["weights"].items()},
        rules=tuple(
            Rule(
                one["level"],
                known(RuleKind, one["kind"]),
                known(Indicator, one["indicator"]) if one["indicator"] else None,
                _decimal(one["value"]),
            )
            for one in stored["rules"]
        ),
        levels=tuple(
            Level(
                **one
                | {
                    "from_score": Decimal(one["from_score"]),
                    "leader_id": UUID(one["leader_id"]) if one["leader_id"] else None,
                }
            )
            for one in map(_of_this_version, stored["levels"])
        ),
        customer_values={name: Decimal(one) for name, one in stored["customer_values"].items()},
        lowest_value=Decimal(stored["lowest_value"]),
        highest_value=Decimal(stored["highest_value"]),
    )


def _of_this_version(level: Mapping[str, Any]) -> dict[str, Any]:
    """Return what this version knows of a level; a later one may have written more."""
    return {one.name: level[one.name] for one in fields(Level) if one.name in level}


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


RISING = (
    ("很低", "Very low"),
    ("低", "Low"),
    ("中", "Medium"),
    ("高", "High"),
    ("很高", "Very high"),
)


def _rated(indicator: Indicator, *, better_low: bool = False) -> dict[str, Any]:
    """Return the standard of a rating from 1 to 5, in steps of 20 points."""
    scores = range(100, 0, -20) if better_low else range(20, 120, 20)
    bands = [
        {"from_value": None if place == 1 else str(place), "score": str(score), "name": zh,
         "name_en": en}
        for place, (score, (zh, en)) in enumerate(zip(scores, RISING, strict=True), start=1)
    ]  # fmt: skip
    return {"indicator": indicator.value, "bands": bands, "unknown_score": None}


def _revenue() -> dict[str, Any]:
    starts = (None, "20000", "50000", "100000", "300000", "500000")
    names = ("不足 2 万", "2 万起", "5 万起", "10 万起", "30 万起", "50 万起")
    bands = [
        {"from_value": start, "score": str(20 * place), "name": name,
         "name_en": f"From {start}" if start else "Less than 20000"}
        for place, (start, name) in enumerate(zip(starts, names, strict=True))
    ]  # fmt: skip
    return {"indicator": "predicted_revenue", "bands": bands, "unknown_score": None}


def _level(code: str, name: str, name_en: str, score: str, days: int, role: str) -> dict[str, Any]:
    return {"code": code, "name": name, "name_en": name_en, "from_score": score,
            "handling_days": days, "leader_id": None, "leader_role": role}  # fmt: skip


EQUAL = [["1"] * len(Indicator)] * len(Indicator)
DEFAULTS: Mapping[str, Any] = {
    "currency": "CNY",
    "standards": [
        _revenue(),  # L2858-2860: the cut-offs it names
        _rated(Indicator.URGENCY),
        _rated(Indicator.IMPORTANCE),
        _rated(Indicator.NEED_DIFFICULTY, better_low=True),
        _rated(Indicator.COMPETITION, better_low=True),
        _rated(Indicator.CUSTOMER_VALUE),
        _rated(Indicator.CUSTOMER_RISK, better_low=True),
        _rated(Indicator.CUSTOMER_ACTIVITY),
    ],
    "weights": dict.fromkeys(INDICATOR_ZH, "0.125"),  # nobody has judged yet: all alike
    "rules": [
        {"level": "major", "kind": "value_above", "indicator": "predicted_revenue",
         "value": "500000"},
        {"level": "major", "kind": "social_influence", "indicator": None, "value": None},
        {"level": "ordinary", "kind": "value_below", "indicator": "predicted_revenue",
         "value": "100000"},
    ],  # the first of the three pairs of L2858-2860
    "levels": [
        _level("major", "重大商机", "Major", "70", 3, "sales_manager"),
        _level("important", "重要商机", "Important", "45", 7, "sales_manager"),
        _level("ordinary", "普通商机", "Ordinary", "0", 15, "sales_representative"),
    ],  # L2806
    "customer_values": {"A": "5", "B": "4", "C": "3", "D": "2", "E": "1"},
    "lowest_value": "1",
    "highest_value": "5",  # the five bands of what is rated
}  # fmt: skip
"""What holds where a tenant has decided nothing else."""
