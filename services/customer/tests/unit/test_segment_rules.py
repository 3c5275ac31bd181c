"""What the rule of a segment reads, and when the days alone change what is true."""

from typing import Any
from uuid import UUID

import pytest

from kehu_customer.segments import rules
from kehu_customer.segments.defaults import default_segments
from kehu_customer.segments.errors import SegmentIsArchived, SegmentKeptByRule, SegmentNeedsRule
from kehu_customer.segments.models import Segment, SegmentKind, SegmentState
from kehu_customer.segments.rules import RULE, Condition

SCHEME = UUID("019364c2-7d5e-7000-8000-000000000030")
STEEL = {"test": "one_of", "fact": "industry", "values": ["钢铁"]}
SILENT = {"test": "days_ago", "fact": "last_contact_on", "at_least": 90, "below": 365}


def parsed(*parts: Any) -> Condition:
    return RULE.validate_python({"test": "all", "of": list(parts)})


def segment(kind: SegmentKind = SegmentKind.DYNAMIC) -> Segment:
    return Segment(kind=kind, name_zh="甲", name_en="A", state=SegmentState.ACTIVE)


class TestReads:
    @pytest.mark.parametrize(
        ("leaf", "expected"),
        [
            (STEEL, ["industry"]),
            ({"test": "known", "fact": "custom.taste", "known": True}, ["custom"]),
            (
                {"test": "in_class", "scheme_id": str(SCHEME), "classes": ["key"]},
                [f"class.{SCHEME}"],
            ),
            ({"test": "reachable", "by": ["email"]}, ["contact_points"]),
            (SILENT, ["last_contact_on", "today.last_contact_on"]),
            (
                {
                    "test": "amount_between",
                    "fact": "annual_revenue",
                    "currency": "CNY",
                    "at_least": "1",
                    "below": None,
                },
                ["annual_revenue", "annual_revenue_currency"],
            ),
        ],
        ids=["field", "custom", "class", "reachable", "days", "amount"],
    )
    def test_each_condition_names_what_can_change_it(self, leaf: Any, expected: list[str]) -> None:
        assert rules.reads(parsed({"test": "not", "of": leaf})) == expected

    def test_a_tree_reads_what_its_parts_read(self) -> None:
        rule = parsed(STEEL, {"test": "any", "of": [STEEL | {"fact": "country"}, STEEL]})
        assert rules.reads(rule) == ["country", "industry"]


def test_limits_of_days_are_those_at_which_somebody_enters_or_leaves() -> None:
    assert rules.boundaries(parsed(STEEL, {"test": "not", "of": SILENT})) == {
        ("last_contact_on", 90),
        ("last_contact_on", 365),
    }
    assert rules.boundaries(parsed(STEEL)) == set()


def test_depth_counts_from_the_root_to_the_deepest_leaf() -> None:
    assert rules.depth(RULE.validate_python(STEEL)) == 1
    assert rules.depth(parsed(STEEL, {"test": "not", "of": STEEL})) == 3


class TestSegment:
    def test_another_rule_is_a_new_version_and_the_same_is_none(self) -> None:
        one = segment()
        assert one.take_rule(parsed(STEEL)) is True
        assert one.take_rule(parsed(STEEL)) is False
        assert (one.rule_version, one.reads) == (1, ["industry"])
        assert one.take_rule(parsed(SILENT)) is True
        assert one.rule_version == 2

    def test_a_dynamic_segment_needs_a_rule(self) -> None:
        with pytest.raises(SegmentNeedsRule):
            segment().take_rule(None)

    def test_a_list_has_no_rule(self) -> None:
        one = segment(SegmentKind.STATIC)
        with pytest.raises(SegmentNeedsRule):
            one.take_rule(parsed(STEEL))
        assert one.take_rule(None) is False
        assert (one.rule, one.rule_version, one.reads) == (None, 0, [])

    def test_members_of_a_dynamic_segment_are_not_put_there_by_hand(self) -> None:
        segment(SegmentKind.STATIC).require_list()
        with pytest.raises(SegmentKeptByRule):
            segment().require_list()

    def test_what_is_archived_is_not_used_again(self) -> None:
        one = segment()
        one.archive()
        with pytest.raises(SegmentIsArchived):
            one.require_active()
        with pytest.raises(SegmentIsArchived):
            one.archive()


def test_the_segments_of_the_texts_have_different_codes_and_fit_the_limits() -> None:
    found = default_segments()
    assert len({one.code for one in found}) == len(found) >= 10
    for one in found:
        assert one.rule is not None
        assert rules.depth(one.rule) <= 5
        assert one.description, one.code
