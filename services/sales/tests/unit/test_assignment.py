"""Who gets an opportunity: ways, limits, absences, and the explanation; no database (S15)."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_sales.assignment.rules import Case, Choice, Leave, Person, Rule, Way, choose

TODAY = date(2026, 11, 23)
EAST, WEST = UUID(int=1), UUID(int=2)
YUAN = {"currency": "CNY"}


def person(number: int, **values: Any) -> Person:
    facts = {"code": f"E{number:02}", "department_id": EAST} | values
    return Person(UUID(int=100 + number), **facts)


def rule(way: Way = Way.LEAST_LOAD, number: int = 1, **values: Any) -> Rule:
    return Rule(UUID(int=number), f"规则{number}", way, **values)


def chosen(
    rules: list[Rule], people: list[Person], case: Case | None = None, last: UUID | None = None
) -> Choice:
    return choose(rules, case or Case(), lambda _: people, lambda _: last, TODAY)


def code(choice: Choice) -> str | None:
    return choice.person.code if choice.person else None


class TestWays:
    def test_the_least_loaded_by_weight(self) -> None:
        people = [person(1, open={"not_evaluated": 3}), person(2, open={"in_progress": 2})]
        assert code(chosen([rule()], people)) == "E02"
        heavy = rule(weights={"in_progress": Decimal(2)})
        assert code(chosen([heavy], people)) == "E01"

    def test_the_most_skilled_then_the_least_loaded(self) -> None:
        server, industry = ("category", "服务器"), ("industry", "制造")
        people = [
            person(1, skills={server: 5}),
            person(2, skills={server: 3, industry: 3}, open={"in_progress": 1}),
            person(3, skills={server: 3, industry: 3}),
            person(4),
        ]
        case = Case(categories=frozenset({"服务器"}), industry="制造")
        choice = chosen([rule(Way.SKILL)], people, case)
        assert code(choice) == "E03"
        told = choice.explanation[0]["considered"]
        assert [one["level"] for one in told] == [5, 6, 6, 0]
        assert [one["passed_over"] for one in told] == [None, None, None, "no_skill"]
        assert code(chosen([rule(Way.SKILL, min_level=4)], people, case)) == "E01"

    def test_the_language_is_needed(self) -> None:
        people = [
            person(1, skills={("category", "软件"): 5}), person(2, skills={("language", "en"): 2})
        ]  # fmt: skip
        case = Case(categories=frozenset({"软件"}))
        assert code(chosen([rule(Way.SKILL, language="en")], people, case)) == "E02"

    def test_in_turn(self) -> None:
        people = [person(2), person(1), person(3)]
        turn = rule(Way.ROUND_ROBIN)
        assert code(chosen([turn], people)) == "E01"
        assert code(chosen([turn], people, last=person(1).employee_id)) == "E02"
        assert code(chosen([turn], people, last=person(3).employee_id)) == "E01"
        assert code(chosen([turn], people, last=UUID(int=9))) == "E01"

    def test_the_first_who_is_named_and_can(self) -> None:
        assert code(chosen([rule(Way.NAMED)], [person(1, active=False), person(2)])) == "E02"


class TestConditions:
    @pytest.mark.parametrize(
        ("asked", "case", "unmet"),
        [
            ({"territory_ids": frozenset({EAST})}, Case(territory_id=WEST), "territory"),
            ({"territory_ids": frozenset({EAST})}, Case(territory_id=EAST), None),
            ({"way": Way.TERRITORY}, Case(), "territory"),
            ({"way": Way.TERRITORY}, Case(territory_id=WEST), None),
            ({"categories": frozenset({"软件"})}, Case(), "category"),
            ({"categories": frozenset({"软件"})}, Case(categories=frozenset({"软件"})), None),
            ({"sources": frozenset({"展会"})}, Case(source="广告"), "source"),
            (YUAN | {"amount_from": Decimal(10)}, Case(amount=Decimal(10)), None),
            (YUAN | {"amount_from": Decimal(10)}, Case(amount=Decimal("9.99")), "amount"),
            (YUAN | {"amount_below": Decimal(10)}, Case(amount=Decimal(10)), "amount"),
            (YUAN | {"amount_below": Decimal(10)}, Case(currency="USD"), "currency"),
            ({"amount_below": Decimal(10)}, Case(currency="USD"), None),  # of an older version
            ({"currency": "USD"}, Case(), None),
        ],
    )  # fmt: skip
    def test_what_a_rule_asks_for(
        self, asked: dict[str, Any], case: Case, unmet: str | None
    ) -> None:
        choice = chosen([rule(**asked)], [person(1)], case)
        assert choice.explanation[0]["unmet"] == unmet
        assert (code(choice) is None) == (unmet is not None)

    def test_the_next_rule_is_asked_when_one_does_not_apply_or_finds_nobody(self) -> None:
        rules = [
            rule(number=1, sources=frozenset({"展会"})),
            rule(number=2, max_load=Decimal(0)),
            rule(number=3),
            rule(number=4),
        ]
        choice = chosen(rules, [person(1)])
        assert choice.rule == rules[2]
        assert [(one["unmet"], one["chosen_id"] is None) for one in choice.explanation] == [
            ("source", True), (None, True), (None, False)
        ]  # fmt: skip
        assert choice.explanation[1]["considered"][0]["passed_over"] == "at_limit"


class TestAbsence:
    @pytest.mark.parametrize(
        ("facts", "why"),
        [
            ({"active": False}, "left"),
            ({"suspended": True}, "suspended"),
            ({"leaves": (Leave(TODAY, TODAY),)}, "on_leave"),
            ({"leaves": (Leave(TODAY + timedelta(1), TODAY + timedelta(2)),)}, None),
            ({"leaves": (Leave(TODAY - timedelta(2), TODAY - timedelta(1)),)}, None),
            ({"max_load": Decimal(2), "open": {"in_progress": 2}}, "at_limit"),
            ({"max_load": Decimal(2), "open": {"in_progress": 1}}, None),
        ],
    )
    def test_who_is_passed_over(self, facts: dict[str, Any], why: str | None) -> None:
        choice = chosen([rule()], [person(1, **facts)])
        assert choice.explanation[0]["considered"][0]["passed_over"] == why
        assert (code(choice) is None) == (why is not None)


people_lists = st.lists(
    st.builds(
        lambda active, suspended, away, load, limit: {
            "active": active,
            "suspended": suspended,
            "leaves": (Leave(TODAY, TODAY),) if away else (),
            "open": {"in_progress": load},
            "max_load": None if limit is None else Decimal(limit),
        },
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.integers(0, 5),
        st.none() | st.integers(0, 5),
    ),
    max_size=6,
)


class TestAlways:
    @given(people_lists, st.sampled_from([*Way]), st.none() | st.integers(0, 5))
    def test_nobody_absent_or_over_the_limit_gets_anything(
        self, facts: list[dict[str, Any]], way: Way, limit: int | None
    ) -> None:
        skills = {("category", "软件"): 3}
        people = [person(number, skills=skills, **one) for number, one in enumerate(facts)]
        one = rule(way, max_load=None if limit is None else Decimal(limit))
        case = Case(territory_id=EAST, categories=frozenset({"软件"}))
        choice = chosen([one], people, case)
        assert choice.explanation == chosen([one], list(reversed(people)), case).explanation
        able = [
            who
            for who in people
            if who.active and not who.suspended and not who.leaves
            and one.load_of(who) < min(
                [top for top in (who.max_load, one.max_load) if top is not None],
                default=Decimal(99),
            )
        ]  # fmt: skip
        assert (choice.person in able) if able else (choice.person is None)

    @given(st.integers(1, 7), st.integers(0, 60))
    def test_turns_are_fair(self, how_many: int, cases: int) -> None:
        people = [person(number) for number in range(how_many)]
        last, had = None, Counter({one.employee_id: 0 for one in people})
        for _ in range(cases):
            choice = chosen([rule(Way.ROUND_ROBIN)], people, last=last)
            assert choice.person is not None
            last = choice.person.employee_id
            had[last] += 1
        assert max(had.values()) - min(had.values()) <= 1
