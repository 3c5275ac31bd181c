"""Weights by judgement, and the worked cases of the text (4 §5.6)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_kernel.errors import DomainError
from kehu_sales.grading import errors
from kehu_sales.grading.ahp import judge, not_reciprocal
from kehu_sales.grading.grade import Grade, grade
from kehu_sales.grading.models import OpportunityAssessment
from kehu_sales.grading.regrading import find_grade, is_graded
from kehu_sales.grading.scheme import DEFAULTS, Indicator, Scheme, plain, scheme_from
from kehu_sales.grading.service import weigh
from kehu_sales.opportunities.models import Opportunity

SCHEME = scheme_from(DEFAULTS)
REVENUE = DEFAULTS["standards"][0]
LARGEST = Decimal("0.1")
PAIRS = {1: ("500000", "100000"), 2: ("300000", "50000"), 3: ("100000", "20000")}
ASSESSED = dict.fromkeys(Indicator, Decimal(3)) | {Indicator.PREDICTED_REVENUE: Decimal(200000)}


def with_pair(number: int) -> Scheme:
    """The scheme with the first, second or third pair of cut-offs of L2858-2860."""
    highest, lowest = PAIRS[number]
    rules = [dict(one) for one in DEFAULTS["rules"]]
    rules[0]["value"], rules[2]["value"] = highest, lowest
    return scheme_from({**DEFAULTS, "rules": rules})


def graded(revenue: str, *, social_influence: bool = False, pair: int = 1) -> Grade:
    values = ASSESSED | {Indicator.PREDICTED_REVENUE: Decimal(revenue)}
    return grade(with_pair(pair), values, social_influence=social_influence, sources={})


class TestWorkedCasesOfTheText:
    @pytest.mark.parametrize(
        ("revenue", "social", "pair", "level"),
        [("600000", False, 1, "major"), ("90000", False, 1, "ordinary"),
         ("200000", True, 1, "major"), ("100001", False, 3, "major"),
         ("19999", False, 3, "ordinary")],
    )  # fmt: skip
    def test_decided_at_once(self, revenue: str, social: bool, pair: int, level: str) -> None:
        found = graded(revenue, social_influence=social, pair=pair)
        assert (found.level, found.rule is not None) == (level, True)

    @pytest.mark.parametrize(("revenue", "pair"), [("200000", 1), ("50000", 3), ("110000", 1)])
    def test_scored_with_the_eight_indicators(self, revenue: str, pair: int) -> None:
        found = graded(revenue, pair=pair)
        assert found.rule is None
        assert found.score == sum((one.contribution or 0 for one in found.parts), Decimal(0))

    @pytest.mark.parametrize("revenue", ["500000", "100000"])
    def test_equality_is_scored(self, revenue: str) -> None:
        assert graded(revenue).rule is None

    def test_fees_of_once_count_for_the_annual_revenue(self) -> None:
        said = OpportunityAssessment(
            entered={}, social_influence=False, contract_annual_revenue=Decimal(80000),
            one_off_revenue=Decimal(30000),
        )  # fmt: skip
        one = Opportunity(expected_revenue=Decimal(1), currency="CNY")
        found = find_grade(SCHEME, one, said, None)
        assert found.parts[0].value == 110000
        assert found.rule is None

    def test_an_amount_in_another_currency_says_nothing(self) -> None:
        said = OpportunityAssessment(entered={}, social_influence=False)
        one = Opportunity(expected_revenue=Decimal(900000), currency="USD")
        found = find_grade(SCHEME, one, said, None)
        assert (found.level, found.parts[0].source) == (None, "other_currency")
        assert found.parts[0].value is None

    @pytest.mark.parametrize(
        ("status", "confirmed", "expected"),
        [("not_evaluated", False, False), ("not_evaluated", True, True), ("pooled", True, False),
         ("in_progress", False, True), ("won", True, False)],
    )  # fmt: skip
    def test_only_effective_ones_are_graded(
        self, status: str, confirmed: bool, expected: bool
    ) -> None:
        on = date(2026, 3, 2) if confirmed else None
        assert is_graded(Opportunity(status=status, confirmed_on=on)) is expected


class TestScore:
    def test_all_in_the_middle(self) -> None:
        found = grade(SCHEME, ASSESSED, social_influence=False, sources={})
        assert (found.score, found.level) == (Decimal("60.00"), "important")

    def test_what_nobody_knows_is_named(self) -> None:
        known = {Indicator.PREDICTED_REVENUE: Decimal(200000), Indicator.URGENCY: Decimal(5)}
        found = grade(SCHEME, known, social_influence=False, sources={})
        assert (found.level, found.score, len(found.missing)) == (None, None, 6)

    @given(st.sampled_from(sorted(Indicator)), st.integers(1, 5), st.integers(1, 5))
    def test_a_better_value_never_lowers_it(self, which: Indicator, one: int, other: int) -> None:
        better_low = {Indicator.NEED_DIFFICULTY, Indicator.COMPETITION, Indicator.CUSTOMER_RISK}
        worse, better = sorted((one, other), reverse=which in better_low)
        scale = 100000 if which is Indicator.PREDICTED_REVENUE else 1
        scores = [
            grade(
                SCHEME, ASSESSED | {which: Decimal(value * scale)},
                social_influence=False, sources={},
            ).score
            for value in (worse, better)
        ]  # fmt: skip
        assert scores[0] is not None
        assert scores[1] is not None
        assert scores[0] <= scores[1]

    @given(st.decimals(0, 1_000_000, places=2))
    def test_every_value_lies_in_exactly_one_band(self, value: Decimal) -> None:
        standard = SCHEME.standards[0]
        starts = [band.from_value or Decimal(0) for band in standard.bands]
        place = standard.bands.index(standard.band_of(value))
        assert starts[place] <= value
        assert all(value < start for start in starts[place + 1 :])


def consistent(parts: list[int]) -> list[list[Fraction]]:
    return [[Fraction(one, other) for other in parts] for one in parts]


class TestJudgements:
    @given(st.lists(st.integers(1, 9), min_size=8, max_size=8))
    def test_consistent_ones_give_back_the_weights(self, parts: list[int]) -> None:
        judged = judge(consistent(parts))
        assert sum(judged.weights) == 1
        assert judged.consistency_ratio < 1e-9
        for weight, part in zip(judged.weights, parts, strict=True):
            assert abs(float(weight) - part / sum(parts)) < 1e-5

    @given(st.lists(st.sampled_from([Fraction(n) for n in range(1, 10)]
                                    + [Fraction(1, n) for n in range(2, 10)]),
                    min_size=28, max_size=28))  # fmt: skip
    def test_any_give_weights_that_add_up(self, upper: list[Fraction]) -> None:
        matrix = [[Fraction(1)] * 8 for _ in range(8)]
        judgements = iter(upper)
        for one in range(8):
            for other in range(one + 1, 8):
                matrix[one][other] = next(judgements)
                matrix[other][one] = 1 / matrix[one][other]
        judged = judge(matrix)
        assert sum(judged.weights) == 1
        assert min(judged.weights) > 0
        assert judged.consistency_ratio >= 0

    def test_a_known_example_of_three(self) -> None:
        """Weights 0.637, 0.258, 0.105 and a ratio of 0.033: the usual one of 1, 3, 5, 3."""
        matrix = [[Fraction(1), Fraction(3), Fraction(5)],
                  [Fraction(1, 3), Fraction(1), Fraction(3)],
                  [Fraction(1, 5), Fraction(1, 3), Fraction(1)]]  # fmt: skip
        judged = judge(matrix)
        assert [round(float(one), 3) for one in judged.weights] == [0.637, 0.258, 0.105]
        assert round(judged.consistency_ratio, 3) == 0.033

    def test_contradictions_are_refused_with_the_ratio_and_the_worst_pair(self) -> None:
        matrix = consistent([8, 7, 6, 5, 4, 3, 2, 1])
        matrix[0][7], matrix[7][0] = Fraction(1, 9), Fraction(9)
        with pytest.raises(errors.JudgementsInconsistent) as refused:
            weigh(matrix, LARGEST)
        assert (refused.value.extra["first"], refused.value.extra["second"]) == (
            "predicted_revenue", "customer_activity",
        )  # fmt: skip
        assert Decimal(refused.value.extra["ratio"]) > LARGEST
        assert weigh(matrix, Decimal(1))[1] > LARGEST  # a tenant may be more lenient

    def test_must_be_reciprocal(self) -> None:
        matrix = consistent([1] * 8)
        matrix[2][5] = Fraction(3)
        assert not_reciprocal(matrix) == (2, 5)
        with pytest.raises(errors.MatrixNotReciprocal):
            weigh(matrix, LARGEST)
        matrix[5][2] = Fraction("0.3333")  # a third, as far as decimals go
        assert not_reciprocal(matrix) is None
        matrix[4][4] = Fraction(2)
        assert not_reciprocal(matrix) == (4, 4)


class TestScheme:
    def test_the_defaults_are_sound_and_come_back_as_they_were(self) -> None:
        SCHEME.require_sound()
        assert plain(SCHEME) == DEFAULTS
        assert all(a.from_score > b.from_score for a, b in pairwise(SCHEME.levels))

    @pytest.mark.parametrize(
        ("part", "value", "zh"),
        [("rules", [{"level": "major", "kind": "value_above", "indicator": "urgency",
                     "value": "9.50"}], "第 1 条直接定级规则（紧急程度高于 9.5）"),
         ("standards", [*DEFAULTS["standards"][:7], {
             "indicator": "customer_activity", "unknown_score": None,
             "bands": [{"from_value": None, "score": "0", "name": "x", "name_en": None},
                       {"from_value": "6", "score": "1", "name": "x", "name_en": None}]}],
          "“客户活跃程度”自 6 起的区间"),
         ("customer_values", {"A": "5", "B": "0.5"}, "客户价值等级 B：0.5")],
        ids=["rule", "band", "customer value"],
    )  # fmt: skip
    def test_nothing_of_it_lies_outside_its_scale(self, part: str, value: object, zh: str) -> None:
        with pytest.raises(errors.SchemeOutsideScale) as refused:
            scheme_from({**DEFAULTS, part: value}).require_sound()
        assert refused.value.message("zh") == f"以下内容超出评估值范围 1 至 5：{zh}。"

    def test_another_scale_names_everything_that_lies_outside_it(self) -> None:
        with pytest.raises(errors.SchemeOutsideScale) as refused:
            scheme_from({**DEFAULTS, "highest_value": "4"}).require_sound()
        told = str(refused.value)
        assert "value grade A: 5" in told
        assert told.count("the band of") == len(DEFAULTS["standards"][1:])
        wider = scheme_from({**DEFAULTS, "highest_value": "10"})
        wider.require_sound()

    @pytest.mark.parametrize(
        ("part", "value", "error"),
        [("weights", DEFAULTS["weights"] | {"urgency": "0.2"}, errors.WeightsUnsound),
         ("weights", {"urgency": "1"}, errors.WeightsUnsound),
         ("rules", [DEFAULTS["rules"][0] | {"level": "x"}], errors.UnknownLevel),
         ("rules", [DEFAULTS["rules"][0] | {"value": None}], errors.RuleUnclear),
         ("rules", [DEFAULTS["rules"][1] | {"value": "1"}], errors.RuleUnclear),
         ("levels", DEFAULTS["levels"][::-1], errors.LevelsUnsound),
         ("levels", [*DEFAULTS["levels"][:2], DEFAULTS["levels"][1]], errors.LevelsUnsound),
         ("levels", [DEFAULTS["levels"][0] | {"leader_id": "019364c2-7d5e-7000-8000-000000000002"},
                     *DEFAULTS["levels"][1:]], errors.LeaderUnclear),
         ("standards", [REVENUE | {"bands": REVENUE["bands"][1:]}],
          errors.BandsUnsound),
         ("standards", [REVENUE | {"bands": [REVENUE["bands"][0]] * 2}],
          errors.BandsUnsound)],
        ids=["sum", "missing", "level", "no-value", "value", "order", "twice", "two-leaders",
             "no-lowest", "not-rising"],
    )  # fmt: skip
    def test_refuses_what_makes_no_sense(
        self, part: str, value: object, error: type[DomainError]
    ) -> None:
        with pytest.raises(error):
            scheme_from({**DEFAULTS, part: value}).require_sound()
