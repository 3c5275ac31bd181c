"""What a financial ratio of a customer is measured by (3 L2276-2312): thresholds and verdicts.

All values are percent. The texts write "以上" for a bound that is included and "低于" for one that
is not; so do we.
"""

from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple


class Ratio(StrEnum):
    """A ratio of a balance sheet: 流动比率, 速动比率, 速动与流动之比, 现金比率, 超速动比率, ..."""

    CURRENT = "current"
    QUICK = "quick"
    QUICK_TO_CURRENT = "quick_to_current"
    CASH = "cash"
    SUPER_QUICK = "super_quick"
    CURRENT_ASSETS_TO_DEBT = "current_assets_to_debt"
    DEBT = "debt"


class CreditVerdict(StrEnum):
    """What a value means: 过低需注意, 未达良好, 良好, 过高, 无标准."""

    TOO_LOW = "too_low"
    SHORT = "short"
    GOOD = "good"
    TOO_HIGH = "too_high"
    UNRATED = "unrated"


class Thresholds(NamedTuple):
    """The bounds of one ratio, in percent; each may be missing."""

    attention_below: Fraction | None
    """Below this (not included) the customer needs attention."""
    good_from: Fraction | None
    """From this on (included) it is good."""
    attention_above: Fraction | None
    """Above this (not included) it needs attention again."""

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "Thresholds":
        """Return thresholds that are kept as texts."""
        values = (stored[name] for name in cls._fields)
        return cls(*(None if value is None else Fraction(str(value)) for value in values))

    def contradict(self) -> bool:
        """Whether some value would be two things at once."""
        low, good, high = self
        return (
            (low is not None and good is not None and good < low)
            or (good is not None and high is not None and high < good)
            or (low is not None and high is not None and high < low)
        )

    def verdict(self, percent: Fraction) -> CreditVerdict:
        """Return what a value means; exact, because it is not rounded before it is compared."""
        if self.attention_below is not None and percent < self.attention_below:
            return CreditVerdict.TOO_LOW
        if self.attention_above is not None and percent > self.attention_above:
            return CreditVerdict.TOO_HIGH
        if self.good_from is not None:
            return CreditVerdict.GOOD if percent >= self.good_from else CreditVerdict.SHORT
        return CreditVerdict.UNRATED
