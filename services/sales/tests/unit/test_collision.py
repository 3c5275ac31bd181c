"""When two opportunities collide, and the life of a collision: no database needed (S13)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from kehu_sales.collisions.errors import (
    AlreadyClaimed,
    CollisionIsOver,
    CreditNotWhole,
    NotASide,
    NotClaimed,
    NotThatSide,
)
from kehu_sales.collisions.models import DEFAULTS, Collision, CollisionPolicy, OnNoAnswer, State
from kehu_sales.collisions.relations import Related
from kehu_sales.collisions.rules import (
    Clash,
    Kinship,
    Overlap,
    Relation,
    Relative,
    Side,
    collides,
    widens,
)

A, B, C, D, E = (UUID(int=number) for number in range(1, 6))
"""Customers; and people, departments and products with the same ids."""
DAY = date(2026, 11, 2)


def side(number: int, **values: Any) -> Side:
    """Return an opportunity of customer A that a person of their own works on."""
    facts = {
        "customer_id": A,
        "owner_id": UUID(int=100 + number),
        "department_id": UUID(int=200 + number),
        "opened_on": DAY,
    }
    return Side(UUID(int=number), **(facts | values))


def policy(**values: Any) -> CollisionPolicy:
    return CollisionPolicy(version=0, **(dict(DEFAULTS) | values))


def found(
    one: Side, other: Side, kinship: Kinship | None = None, **values: Any
) -> tuple[Relation, Overlap] | None:
    """Return why they collide; the answer is the same the other way round."""
    clash = collides(one, other, kinship or Kinship(), policy(**values))
    assert clash == collides(other, one, kinship or Kinship(), policy(**values))
    return (clash.relation, clash.overlap) if clash else None


class TestTwoHands:
    def test_two_people_chase_the_same_customer(self) -> None:
        assert found(side(1), side(2)) == (Relation.SAME, Overlap.UNSPECIFIED)

    def test_one_person_has_two_opportunities(self) -> None:
        assert found(side(1, owner_id=A), side(2, owner_id=A)) is None

    @pytest.mark.parametrize("owners", [(None, A), (A, None), (None, None)])
    def test_what_nobody_works_on_is_in_no_hand(self, owners: tuple[UUID | None, ...]) -> None:
        assert found(side(1, owner_id=owners[0]), side(2, owner_id=owners[1])) is None

    def test_colleagues_of_a_department_may_be_left_alone(self) -> None:
        one, other = side(1, department_id=A), side(2, department_id=A)
        assert found(one, other) is not None
        assert found(one, other, across_departments=True) is None
        assert found(one, side(2), across_departments=True) is not None


class TestProducts:
    def test_the_same_product(self) -> None:
        one, other = side(1, product_ids=frozenset({A, B})), side(2, product_ids=frozenset({B}))
        assert found(one, other) == (Relation.SAME, Overlap.PRODUCT)

    def test_products_of_one_category(self) -> None:
        one = side(1, product_ids=frozenset({A}), categories=frozenset({"服务器"}))
        other = side(2, product_ids=frozenset({B}), categories=frozenset({"服务器", "软件"}))
        assert found(one, other) == (Relation.SAME, Overlap.CATEGORY)
        assert found(one, other, by_category=False) is None

    def test_other_products(self) -> None:
        one, other = side(1, product_ids=frozenset({A})), side(2, product_ids=frozenset({B}))
        assert found(one, other) is None

    def test_no_lines_overlap_with_everything_unless_decided_otherwise(self) -> None:
        one, other = side(1, product_ids=frozenset({A})), side(2)
        assert found(one, other) == (Relation.SAME, Overlap.UNSPECIFIED)
        assert found(one, other, without_lines=False) is None


class TestTime:
    @pytest.mark.parametrize(("apart", "collide"), [(0, True), (30, True), (31, False)])
    def test_opened_within_days(self, apart: int, *, collide: bool) -> None:
        other = side(2, opened_on=DAY + timedelta(days=apart))
        assert (found(side(1), other, within_days=30) is not None) is collide

    def test_what_is_open_overlaps_whenever_it_was_opened(self) -> None:
        other = side(2, opened_on=DAY - timedelta(days=4000))
        assert found(side(1), other) is not None
        assert found(side(1), other, within_days=365) is None


class TestWidening:
    @pytest.mark.parametrize(
        ("former", "now", "wider"),
        [
            ({}, {"relations": ["same", "group"]}, True),
            ({}, {"relations": ["same"]}, False),
            ({"within_days": 30}, {"within_days": 31}, True),
            ({"within_days": 30}, {"within_days": None}, True),
            ({}, {"within_days": 30}, False),
            ({"by_category": False}, {"by_category": True}, True),
            ({}, {"without_lines": False}, False),
            ({"across_departments": True}, {"across_departments": False}, True),
            ({}, {"answer_days": 9}, False),
        ],
        ids=[
            "group",
            "same",
            "longer",
            "any-time",
            "shorter",
            "category",
            "lines",
            "hands",
            "days",
        ],
    )
    def test_whether_more_collides_than_before(
        self, former: dict[str, Any], now: dict[str, Any], *, wider: bool
    ) -> None:
        rules = [CollisionPolicy(**(dict(DEFAULTS) | former | more)) for more in ({}, now)]
        assert widens(*rules) is wider


TREE = Kinship.of(
    [Relative(A), Relative(B, A), Relative(C, A), Relative(D, B), Relative(E, None, D)], []
)
"""B and C below A, D below B; E was merged into D."""


class TestRelations:
    @pytest.mark.parametrize(
        ("one", "other", "relation"),
        [
            (A, A, Relation.SAME),
            (D, E, Relation.SAME),
            (A, B, Relation.PARENT),
            (A, D, Relation.PARENT),
            (E, A, Relation.PARENT),
            (B, C, Relation.SISTER),
            (C, D, Relation.GROUP),
            (A, UUID(int=99), None),
        ],
    )
    def test_in_the_company_tree(self, one: UUID, other: UUID, relation: Relation | None) -> None:
        assert TREE.relation(one, other) == TREE.relation(other, one) == relation

    def test_only_relations_that_count(self) -> None:
        one, other = side(1, customer_id=C), side(2, customer_id=D)
        assert found(one, other, TREE) is None
        assert found(one, other, TREE, relations=["group"]) == (
            Relation.GROUP, Overlap.UNSPECIFIED
        )  # fmt: skip
        assert found(side(1, customer_id=A), side(2, customer_id=B), TREE, relations=[]) is None

    def test_suspected_duplicates_also_under_a_merged_record(self) -> None:
        kinship = Kinship.of([Relative(A), Relative(D), Relative(E, None, D)], [(A, E)])
        assert kinship.relation(A, D) is Relation.DUPLICATE
        assert kinship.relation(E, A) is Relation.DUPLICATE

    def test_a_circle_of_late_facts_ends(self) -> None:
        circle = Kinship.of([Relative(A, B), Relative(B, C), Relative(C, A)], [])
        assert circle.ancestors(A) == [B, C]
        assert circle.relation(A, C) is Relation.PARENT


@pytest.fixture
def collision() -> Collision:
    clash = Clash(Relation.SAME, Overlap.PRODUCT)
    return Collision.of(B, A, clash, number="COL-2026-000001", today=DAY, reason=None)


class TestLife:
    def test_the_smaller_id_is_the_first(self, collision: Collision) -> None:
        assert collision.sides == (A, B)

    def test_the_other_side_contests_a_claim(self, collision: Collision) -> None:
        collision.claim(A, "先报备", "邮件", DAY, DAY)
        with pytest.raises(AlreadyClaimed):
            collision.claim(B, "我方先报备", None, DAY, DAY)
        with pytest.raises(NotThatSide):
            collision.contest(A, "不同意")
        collision.contest(B, "不同意")
        assert collision.state == State.CONTESTED

    def test_what_nobody_claims_is_not_contested(self, collision: Collision) -> None:
        with pytest.raises(NotClaimed):
            collision.contest(B, "不同意")

    def test_who_yields_leaves_it_to_the_other(self, collision: Collision) -> None:
        collision.yield_(A, "对方更早", DAY, "fang")
        assert (collision.state, collision.kept_id) == (State.YIELDED, B)
        with pytest.raises(CollisionIsOver):
            collision.claim(A, "先报备", None, DAY, DAY)

    @pytest.mark.parametrize(
        ("then", "state", "kept"),
        [
            (OnNoAnswer.WAIT, State.CLAIMED, None),
            (OnNoAnswer.ARBITRATE, State.CONTESTED, None),
            (OnNoAnswer.CLAIMANT, State.YIELDED, A),
        ],
    )
    def test_a_claim_that_nobody_answers(
        self, collision: Collision, then: OnNoAnswer, state: State, kept: UUID | None
    ) -> None:
        with pytest.raises(NotClaimed):
            collision.settle_unanswered(then, DAY, "system")
        collision.claim(A, "先报备", None, DAY, DAY)
        collision.settle_unanswered(then, DAY, "system")
        assert (collision.state, collision.kept_id, collision.claimant_id) == (state, kept, A)

    def test_a_stranger_is_no_side(self, collision: Collision) -> None:
        with pytest.raises(NotASide):
            collision.claim(C, "先报备", None, DAY, DAY)
        with pytest.raises(NotASide):
            collision.arbitrate(C, "裁决", DAY, "boss")

    @pytest.mark.parametrize("shares", [("70", "30.01"), ("70", "29.99"), ("0", "0")])
    def test_credit_adds_up_to_the_whole(
        self, collision: Collision, shares: tuple[str, str]
    ) -> None:
        credit = dict(zip((A, B), map(Decimal, shares), strict=True))
        with pytest.raises(CreditNotWhole):
            collision.arbitrate(A, "裁决", DAY, "boss", credit=credit)
        assert collision.state == State.OPEN
        collision.arbitrate(A, "裁决", DAY, "boss", credit={A: Decimal("66.6"), B: Decimal("33.4")})
        assert (collision.state, collision.kept_id) == (State.ARBITRATED, A)

    def test_what_lapsed_begins_anew(self, collision: Collision) -> None:
        collision.claim(A, "先报备", None, DAY, DAY)
        collision.overdue_told = True
        collision.lapse("closed", DAY, "system")
        collision.collide_again(Clash(Relation.SISTER, Overlap.CATEGORY), DAY)
        assert (collision.state, collision.claimant_id) == (State.OPEN, None)
        assert (collision.decided_on, collision.overdue_told) == (None, False)


def test_two_that_ask_for_one_customer_share_a_lock_although_its_group_has_changed() -> None:
    parent, customer = UUID(int=1), UUID(int=2)
    before = Related({customer: frozenset({customer})}, Kinship())
    after = Related({customer: frozenset({parent, customer})}, Kinship())
    assert set(before.locks("t")) & set(after.locks("t"))
    assert after.locks("t") == sorted(after.locks("t"))


def test_the_group_still_has_a_lock_of_its_own() -> None:
    one, other, top = (UUID(int=number) for number in (5, 6, 1))
    group = frozenset({one, other, top})
    ours, theirs = (Related({asked: group}, Kinship()).locks("t") for asked in (one, other))
    assert len(set(ours) & set(theirs)) == 1
    assert not set(ours) & set(Related({one: group}, Kinship()).locks("u"))
