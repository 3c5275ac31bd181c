"""Grading one opportunity by a scheme: pure, with all it takes to explain the result (4 §5.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from kehu_sales.grading.scheme import Band, Indicator, Rule, Scheme

POINT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Part:
    """What one indicator says, and what it adds to the score; None: nobody knows its value."""

    indicator: Indicator
    value: Decimal | None
    source: str
    band: Band | None
    score: Decimal | None
    weight: Decimal
    contribution: Decimal | None


@dataclass(frozen=True, slots=True)
class Grade:
    """The level of an opportunity and why; None where values are missing, and no rule decides."""

    level: str | None
    score: Decimal | None
    rule: Rule | None
    parts: tuple[Part, ...]

    @property
    def missing(self) -> tuple[Indicator, ...]:
        """The indicators that have to be assessed before a score can decide."""
        return tuple(part.indicator for part in self.parts if part.contribution is None)


def grade(
    scheme: Scheme,
    values: Mapping[Indicator, Decimal],
    *,
    social_influence: bool,
    sources: Mapping[Indicator, str],
) -> Grade:
    """Grade what is known of an effective opportunity (L2854-2874).

    The first direct rule that holds decides at once; else the weighted sum of the scores does,
    once every indicator that has weight is known.
    """
    parts = tuple(_part(scheme, one, values, sources) for one in Indicator)
    known = [part.contribution for part in parts if part.contribution is not None]
    complete = len(known) == len(parts)
    score = sum(known, Decimal(0)).quantize(POINT, ROUND_HALF_EVEN) if complete else None
    for rule in scheme.rules:
        if rule.holds(values, social_influence=social_influence):
            return Grade(rule.level, score, rule, parts)
    if score is None:
        return Grade(None, None, None, parts)
    level = next(one for one in scheme.levels if score >= one.from_score)
    return Grade(level.code, score, None, parts)


def _part(
    scheme: Scheme,
    indicator: Indicator,
    values: Mapping[Indicator, Decimal],
    sources: Mapping[Indicator, str],
) -> Part:
    standard = next(one for one in scheme.standards if one.indicator is indicator)
    weight, value = scheme.weights[indicator], values.get(indicator)
    band = standard.band_of(value) if value is not None else None
    score = band.score if band else standard.unknown_score
    if score is None and not weight:
        score = Decimal(0)  # what has no weight need not be known
    contribution = None if score is None else weight * score
    source = sources.get(indicator, "unknown")
    return Part(indicator, value, source, band, score, weight, contribution)


def explained(found: Grade) -> dict[str, Any]:
    """Return the explanation as it is kept: numbers as text, so that they stay exact."""
    rule = found.rule
    return {
        "decided_by": "rule" if rule else "score" if found.level else "nothing",
        "rule": None if rule is None else {
            "level": rule.level, "kind": rule.kind.value,
            "indicator": rule.indicator.value if rule.indicator else None,
            "value": _text(rule.value),
        },
        "missing": [one.value for one in found.missing],
        "parts": [
            {
                "indicator": part.indicator.value,
                "value": _text(part.value),
                "source": part.source,
                "band": part.band.name if part.band else None,
                "band_en": part.band.name_en if part.band else None,
                "band_from": _text(part.band.from_value) if part.band else None,
                "score": _text(part.score),
                "weight": _text(part.weight),
                "contribution": _text(part.contribution),
            }
            for part in found.parts
        ],
    }  # fmt: skip


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
