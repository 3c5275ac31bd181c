"""The financial ratios of a business customer (C9; 3 L2276-2312).

Each is a sum of figures of the balance sheet over another figure, in percent. Where the texts say
two things about quick assets (L2284 the formula, L2286 the prose), the formula counts: without
inventory, prepayments and deferred expenses. Cash and super-quick ratio are in percent too, since
the threshold of the cash ratio is (L2292, L2294). A missing figure is not taken for nothing.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from kehu_customer.credit_policy.thresholds import Ratio

FIGURES: Mapping[str, tuple[str, str]] = {
    "current_assets": ("流动资产", "current assets"),
    "inventory": ("存货", "inventory"),
    "prepayments": ("预付账款", "prepayments"),
    "deferred_expenses": ("待摊费用", "deferred expenses"),
    "cash": ("货币资金", "cash"),
    "marketable_securities": ("有价证券（短期证券）", "marketable securities"),
    "net_receivables": ("应收账款净额", "net receivables"),
    "total_assets": ("资产总额", "total assets"),
    "current_liabilities": ("流动负债", "current liabilities"),
    "total_liabilities": ("负债总额", "total liabilities"),
}
"""Every figure that a ratio needs, with its name in Chinese and English."""

HUNDREDTH = Decimal("0.01")


class Formula(NamedTuple):
    """What is added, what is taken away, and what the result is divided by."""

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    divisor: str


QUICK_ASSETS = (("current_assets",), ("inventory", "prepayments", "deferred_expenses"))
FORMULAS: Mapping[Ratio, Formula] = {
    Ratio.CURRENT: Formula(("current_assets",), (), "current_liabilities"),
    Ratio.QUICK: Formula(*QUICK_ASSETS, "current_liabilities"),
    Ratio.QUICK_TO_CURRENT: Formula(*QUICK_ASSETS, "current_assets"),
    Ratio.CASH: Formula(("cash", "marketable_securities"), (), "current_liabilities"),
    Ratio.SUPER_QUICK: Formula(
        ("cash", "marketable_securities", "net_receivables"), (), "current_liabilities"
    ),
    Ratio.CURRENT_ASSETS_TO_DEBT: Formula(("current_assets",), (), "total_liabilities"),
    Ratio.DEBT: Formula(("total_liabilities",), (), "total_assets"),
}


class NotComputable(NamedTuple):
    """Why a ratio has no value: figures that are missing, or a divisor that is zero."""

    missing: tuple[str, ...]
    divisor: str

    def told(self, language: str) -> str:
        """Return the reason in words, in `zh` or `en`."""
        if self.missing:
            names = [FIGURES[name][language == "en"] for name in self.missing]
            return (
                f"缺少：{'、'.join(names)}" if language == "zh" else f"missing: {', '.join(names)}"
            )
        zh, en = FIGURES[self.divisor]
        return f"{zh}为零，不能作除数" if language == "zh" else f"{en}: zero cannot divide"


def compute(ratio: Ratio, figures: Mapping[str, Decimal | None]) -> Fraction | NotComputable:
    """Return a ratio in percent, exactly, or why it cannot be computed."""
    formula = FORMULAS[ratio]
    needed = (*formula.plus, *formula.minus, formula.divisor)
    known = {name: figures[name] for name in needed}
    missing = tuple(dict.fromkeys(name for name, value in known.items() if value is None))
    value = {name: Fraction(amount) for name, amount in known.items() if amount is not None}
    if missing or value[formula.divisor] == 0:
        return NotComputable(missing, formula.divisor)
    sum_of_plus = sum((value[name] for name in formula.plus), Fraction())
    sum_of_minus = sum((value[name] for name in formula.minus), Fraction())
    return (sum_of_plus - sum_of_minus) / value[formula.divisor] * 100


def rounded(percent: Fraction) -> Decimal:
    """Return a percentage with two decimal places, halves away from zero; only to be shown."""
    # In whole numbers: a decimal of 28 digits could round twice.
    hundredths = (abs(percent.numerator) * 200 + percent.denominator) // (percent.denominator * 2)
    return Decimal(hundredths if percent >= 0 else -hundredths) * HUNDREDTH
