"""What may become of a competitor's file, and how comparisons and win rates are reckoned."""

from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_sales.competitors.errors import ComparisonSubjectUnclear, CompetitorIsFixed
from kehu_sales.competitors.models import ComparisonSheet, Competitor, balance_of
from kehu_sales.competitors.queries import Rate

rows = st.fixed_dictionaries(
    {"advantage": st.sampled_from(["ours", "theirs", "even"]),
     "weight": st.one_of(st.none(), st.decimals(0, 100, places=2).map(str))}
)  # fmt: skip


class TestFile:
    @pytest.mark.parametrize(
        ("approval", "state"),
        [("waiting", "in_approval"), ("approved", "approved"), ("rejected", "draft"),
         ("withdrawn", "draft"), ("revoked", "draft")],
    )  # fmt: skip
    def test_follows_its_approval(self, approval: str, state: str) -> None:
        one = Competitor(number="COMP-2026-000001", state="draft")
        one.follow(approval)
        assert one.state == state

    @pytest.mark.parametrize("state", ["in_approval", "approved"])
    def test_only_a_draft_changes(self, state: str) -> None:
        with pytest.raises(CompetitorIsFixed):
            Competitor(number="COMP-2026-000001", state=state).require_draft()


class TestComparison:
    def test_weighs_what_speaks_for_whom(self) -> None:
        balance = balance_of(
            [{"advantage": "theirs", "weight": "3"}, {"advantage": "ours", "weight": "2"},
             {"advantage": "even", "weight": None}]
        )  # fmt: skip
        assert balance is not None
        assert (balance.ours, balance.theirs, balance.even) == (
            Decimal("33.33"), Decimal("50.00"), Decimal("16.67"),
        )  # fmt: skip

    @given(st.lists(rows, min_size=1, max_size=8))
    def test_shares_add_up(self, criteria: list[dict[str, Any]]) -> None:
        balance = balance_of(criteria)
        if balance is not None:
            assert balance.ours + balance.theirs + balance.even == 100

    def test_of_nothing_with_weight(self) -> None:
        assert balance_of([{"advantage": "ours", "weight": "0"}]) is None

    def test_is_about_one_thing(self) -> None:
        for fields in ({}, {"opportunity_id": uuid4(), "product_id": uuid4()}):
            with pytest.raises(ComparisonSubjectUnclear):
                ComparisonSheet(**fields).require_subject()


class TestWinRate:
    @pytest.mark.parametrize(
        ("counts", "rate"),
        [({"won": 1, "lost_to": 2}, Decimal("33.33")), ({"won": 2}, Decimal(100)),
         ({"open": 3, "lost_to_others": 1}, None)],
    )  # fmt: skip
    def test_looks_at_what_was_won_or_lost_to_it(
        self, counts: dict[str, int], rate: Decimal | None
    ) -> None:
        known: dict[str, int] = defaultdict(int, counts)
        assert Rate(uuid4(), "COMP-2026-000001", "神州数码", known, {}).win_rate == rate
