"""The financial ratios of a business customer, worked by hand, and what their values mean."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_customer.credit_policy.defaults import default_ratios
from kehu_customer.credit_policy.models import DEFAULTS, CreditPolicy
from kehu_customer.credit_policy.thresholds import CreditVerdict as Verdict
from kehu_customer.credit_policy.thresholds import Ratio, Thresholds
from kehu_customer.financial_statements.ratios import (
    FIGURES,
    FORMULAS,
    NotComputable,
    compute,
    rounded,
)

# The texts work no ratio through with numbers: these cases are worked by hand from the formulas.
FACTORY = {
    "current_assets": Decimal(1000), "inventory": Decimal(300), "prepayments": Decimal(50),
    "deferred_expenses": Decimal(10), "cash": Decimal(120), "marketable_securities": Decimal(30),
    "net_receivables": Decimal(400), "total_assets": Decimal(2000),
    "current_liabilities": Decimal(500), "total_liabilities": Decimal(800),
}  # fmt: skip
AMOUNTS = st.decimals(0, Decimal("9999999999999999.99"), places=2)
BALANCES = st.fixed_dictionaries({name: st.none() | AMOUNTS for name in FIGURES})


def verdict_of(ratio: Ratio, **changed: int) -> Verdict:
    policy = CreditPolicy(**DEFAULTS)
    figures = FACTORY | {name: Decimal(value) for name, value in changed.items()}
    percent = compute(ratio, figures)
    assert isinstance(percent, Fraction)
    return Thresholds.of(policy.bounds_of(ratio)).verdict(percent)


@pytest.mark.parametrize(
    ("ratio", "percent"),
    [
        (Ratio.CURRENT, "200.00"),  # 1000 / 500
        (Ratio.QUICK, "128.00"),  # (1000 - 300 - 50 - 10) / 500
        (Ratio.QUICK_TO_CURRENT, "64.00"),  # 640 / 1000
        (Ratio.CASH, "30.00"),  # (120 + 30) / 500
        (Ratio.SUPER_QUICK, "110.00"),  # (120 + 30 + 400) / 500
        (Ratio.CURRENT_ASSETS_TO_DEBT, "125.00"),  # 1000 / 800
        (Ratio.DEBT, "40.00"),  # 800 / 2000
    ],
)
def test_worked_by_hand(ratio: Ratio, percent: str) -> None:
    value = compute(ratio, FACTORY)
    assert isinstance(value, Fraction)
    assert rounded(value) == Decimal(percent)


class TestVerdictsOfTheTexts:
    @pytest.mark.parametrize(
        ("current_assets", "verdict"),
        [
            (499, Verdict.TOO_LOW),  # below 1:1 needs attention
            (500, Verdict.SHORT),  # "below" does not include 1:1 itself
            (999, Verdict.SHORT),
            (1000, Verdict.GOOD),  # 2:1 is ideal
        ],
    )
    def test_current_ratio(self, current_assets: int, verdict: Verdict) -> None:
        assert verdict_of(Ratio.CURRENT, current_assets=current_assets) is verdict

    @pytest.mark.parametrize(("inventory", "verdict"), [(440, Verdict.GOOD), (441, Verdict.SHORT)])
    def test_quick_ratio_is_kept_at_100_percent(self, inventory: int, verdict: Verdict) -> None:
        assert verdict_of(Ratio.QUICK, inventory=inventory) is verdict

    @pytest.mark.parametrize(("cash", "verdict"), [(70, Verdict.GOOD), (69, Verdict.SHORT)])
    def test_cash_ratio_is_good_from_20_percent(self, cash: int, verdict: Verdict) -> None:
        assert verdict_of(Ratio.CASH, cash=cash) is verdict

    @pytest.mark.parametrize(
        "ratio",
        [Ratio.QUICK_TO_CURRENT, Ratio.SUPER_QUICK, Ratio.CURRENT_ASSETS_TO_DEBT, Ratio.DEBT],
    )
    def test_where_the_texts_give_no_number_there_is_none(self, ratio: Ratio) -> None:
        assert verdict_of(ratio) is Verdict.UNRATED

    def test_idle_cash_is_too_much_once_the_tenant_says_from_where(self) -> None:
        policy = CreditPolicy(**DEFAULTS)
        bounds = {"attention_below": None, "good_from": "20", "attention_above": "29.99"}
        policy.set_thresholds(Ratio.CASH, bounds)
        cash = Thresholds.of(policy.bounds_of(Ratio.CASH))
        assert cash.verdict(Fraction(30)) is Verdict.TOO_HIGH
        assert cash.verdict(Fraction("29.99")) is Verdict.GOOD

    def test_a_value_that_only_rounds_to_the_mark_does_not_reach_it(self) -> None:
        almost = Fraction(99_999_999, 1_000_000)
        assert rounded(almost) == Decimal("100.00")
        assert Thresholds(None, Fraction(100), None).verdict(almost) is Verdict.SHORT


class TestNotComputable:
    def test_without_liabilities(self) -> None:
        value = compute(Ratio.CURRENT, FACTORY | {"current_liabilities": Decimal("0.00")})
        assert isinstance(value, NotComputable)
        assert value.told("en") == "current liabilities: zero cannot divide"
        assert value.told("zh") == "流动负债为零，不能作除数"

    def test_without_figures_that_are_not_taken_for_zero(self) -> None:
        value = compute(Ratio.QUICK, FACTORY | {"inventory": None, "deferred_expenses": None})
        assert isinstance(value, NotComputable)
        assert value.told("en") == "missing: inventory, deferred expenses"
        assert value.told("zh") == "缺少：存货、待摊费用"

    def test_other_ratios_do_not_need_them(self) -> None:
        assert compute(Ratio.CURRENT, FACTORY | {"inventory": None}) == 200


class TestAlways:
    @given(BALANCES, st.sampled_from(Ratio))
    def test_a_ratio_has_a_value_or_a_reason(
        self, figures: dict[str, Decimal | None], ratio: Ratio
    ) -> None:
        formula = FORMULAS[ratio]
        needed = {*formula.plus, *formula.minus, formula.divisor}
        value = compute(ratio, figures)
        possible = all(figures[name] is not None for name in needed) and figures[formula.divisor]
        assert isinstance(value, Fraction) == bool(possible)
        if isinstance(value, NotComputable):
            assert set(value.missing) == {name for name in needed if figures[name] is None}
            assert value.told("zh") != value.told("en")

    @given(BALANCES, st.integers(1, 1000), st.sampled_from(Ratio))
    def test_the_unit_of_the_figures_does_not_matter(
        self, figures: dict[str, Decimal | None], unit: int, ratio: Ratio
    ) -> None:
        small = {name: value and (value // 1000) for name, value in figures.items()}
        large = {name: value and value * unit for name, value in small.items()}
        assert compute(ratio, small) == compute(ratio, large)

    @given(st.fractions(-(10**20), 10**20))  # figures have 18 digits
    def test_what_is_shown_is_at_most_half_a_hundredth_off(self, percent: Fraction) -> None:
        assert abs(Fraction(rounded(percent)) - percent) <= Fraction(1, 200)

    @given(st.lists(st.none() | st.integers(0, 400), min_size=3, max_size=3), st.integers(0, 500))
    def test_a_value_beyond_a_bound_is_never_good(
        self, bounds: list[int | None], percent: int
    ) -> None:
        low, good, high = (None if one is None else Fraction(one) for one in bounds)
        thresholds = Thresholds(low, good, high)
        if thresholds.contradict():
            return
        verdict = thresholds.verdict(Fraction(percent))
        assert (verdict is Verdict.TOO_LOW) == (low is not None and percent < low)
        assert (verdict is Verdict.TOO_HIGH) == (high is not None and percent > high)
        if verdict is Verdict.GOOD:
            assert good is not None
            assert percent >= good


def test_every_ratio_has_labels_a_formula_and_its_place_in_the_texts() -> None:
    assert list(default_ratios()) == list(Ratio) == list(FORMULAS)
    for ratio in default_ratios().values():
        assert all((ratio.name_zh, ratio.name_en, ratio.formula_zh, ratio.formula_en))
        assert ratio.source.startswith("3 L22") or ratio.source.startswith("3 L23")
