"""Who gets an opportunity: the rule, without a database (S15).

A choice is explained: which rules were looked at, why one did not apply, who was considered with
what load and level, and who was passed over why. The same facts give the same explanation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID


class Way(StrEnum):
    """How a rule chooses: 按区域, 按技能, 按负荷, 轮流, 指定."""

    TERRITORY = "territory"
    SKILL = "skill"
    LEAST_LOAD = "least_load"
    ROUND_ROBIN = "round_robin"
    NAMED = "named"


class PassedOver(StrEnum):
    """Why somebody was not chosen who could have been."""

    LEFT = "left"
    SUSPENDED = "suspended"
    ON_LEAVE = "on_leave"
    AT_LIMIT = "at_limit"
    NO_SKILL = "no_skill"


class Condition(StrEnum):
    """What a rule asks for, and an opportunity may not meet; `nobody`: it has nobody to choose."""

    TERRITORY = "territory"
    CATEGORY = "category"
    SOURCE = "source"
    AMOUNT = "amount"
    CURRENCY = "currency"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Case:
    """What counts of an opportunity; its territory is that of the customer's owner."""

    territory_id: UUID | None = None
    categories: frozenset[str] = frozenset()
    industry: str | None = None
    source: str | None = None
    amount: Decimal = Decimal(0)
    currency: str = "CNY"


@dataclass(frozen=True, slots=True)
class Leave:
    """Days somebody is away, both included."""

    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True)
class Person:
    """What counts of an employee; `open` is how many open opportunities, by their state."""

    employee_id: UUID
    code: str
    department_id: UUID
    active: bool = True
    suspended: bool = False
    leaves: tuple[Leave, ...] = ()
    skills: Mapping[tuple[str, str], int] = field(default_factory=dict)
    max_load: Decimal | None = None
    open: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a tenant's rule says. Empty conditions hold for everything.

    Amounts are in `currency`, and compared with no other. `weights` is what an open opportunity in
    a state weighs (1 unless given); who has `max_load`, or the own limit, gets nothing more.
    `language` and `min_level` are for skill.
    """

    id: UUID
    name: str
    way: Way
    territory_ids: frozenset[UUID] = frozenset()
    categories: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    amount_from: Decimal | None = None
    amount_below: Decimal | None = None
    currency: str | None = None
    language: str | None = None
    min_level: int = 1
    max_load: Decimal | None = None
    weights: Mapping[str, Decimal] = field(default_factory=dict)

    def unmet(self, case: Case) -> Condition | None:
        """Return the first condition that an opportunity does not meet; None if it meets all."""
        anywhere = not self.territory_ids and self.way is not Way.TERRITORY
        met = {
            Condition.TERRITORY: anywhere
            or case.territory_id in (self.territory_ids or {case.territory_id} - {None}),
            Condition.CATEGORY: not self.categories or bool(self.categories & case.categories),
            Condition.SOURCE: not self.sources or case.source in self.sources,
            Condition.CURRENCY: self._any_amount or self.currency in (None, case.currency),
            Condition.AMOUNT: self._any_amount or self._holds(case.amount),
        }
        return next((condition for condition, is_met in met.items() if not is_met), None)

    @property
    def _any_amount(self) -> bool:
        return self.amount_from is None and self.amount_below is None

    def _holds(self, amount: Decimal) -> bool:
        """Whether an amount lies in the range, which includes its begin and excludes its end."""
        enough = self.amount_from is None or amount >= self.amount_from
        return enough and (self.amount_below is None or amount < self.amount_below)

    def load_of(self, person: Person) -> Decimal:
        """Return what somebody has to do: open opportunities, weighed by their state."""
        return sum(
            (self.weights.get(state, Decimal(1)) * number for state, number in person.open.items()),
            Decimal(0),
        )

    def wanted(self, case: Case) -> set[tuple[str, str]]:
        """Return the skills an opportunity asks for."""
        skills = {("category", one) for one in case.categories}
        if case.industry is not None:
            skills.add(("industry", case.industry))
        if self.language is not None:
            skills.add(("language", self.language))
        return skills

    def level_of(self, person: Person, case: Case) -> int:
        """Return the sum of somebody's levels in what is asked for, each at least `min_level`.

        Who lacks the language that the rule names has no level at all.
        """
        if self.language is not None:
            needed = person.skills.get(("language", self.language), 0)
            if needed < self.min_level:
                return 0
        levels = (person.skills.get(skill, 0) for skill in self.wanted(case))
        return sum(level for level in levels if level >= self.min_level)

    def passed_over(self, person: Person, case: Case, today: date) -> PassedOver | None:
        """Return why somebody cannot have it; None if they can."""
        if not person.active:
            return PassedOver.LEFT
        if person.suspended:
            return PassedOver.SUSPENDED
        if any(leave.from_on <= today <= leave.to_on for leave in person.leaves):
            return PassedOver.ON_LEAVE
        limits = [limit for limit in (person.max_load, self.max_load) if limit is not None]
        if limits and self.load_of(person) >= min(limits):
            return PassedOver.AT_LIMIT
        if self.way is Way.SKILL and self.level_of(person, case) == 0:
            return PassedOver.NO_SKILL
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets it by which rule, nobody if there is none, and why."""

    explanation: list[dict[str, Any]]
    rule: Rule | None = None
    person: Person | None = None


def choose(
    rules: Sequence[Rule],
    case: Case,
    people_of: Callable[[Rule], Sequence[Person]],
    last_of: Callable[[Rule], UUID | None],
    today: date,
) -> Choice:
    """Return the choice of the first rule, in their order, that applies and finds somebody.

    `people_of` gives whom a rule may choose from, `last_of` who had the last turn.
    """
    explanation: list[dict[str, Any]] = []
    for rule in rules:
        told: dict[str, Any] = {
            "rule_id": str(rule.id), "name": rule.name, "way": rule.way.value,
            "unmet": None, "considered": [], "chosen_id": None,
        }  # fmt: skip
        explanation.append(told)
        unmet = rule.unmet(case)
        if unmet is not None:
            told["unmet"] = unmet.value
            continue
        people = sorted(people_of(rule), key=_in_order)
        told["considered"] = [_considered(rule, one, case, today) for one in people]
        able = [one for one in people if rule.passed_over(one, case, today) is None]
        if not people:
            told["unmet"] = Condition.NOBODY.value
        person = _best(rule, able, case, last_of(rule), people)
        if person is not None:
            told["chosen_id"] = str(person.employee_id)
            return Choice(explanation, rule, person)
    return Choice(explanation)


def _best(
    rule: Rule, able: list[Person], case: Case, last: UUID | None, people: list[Person]
) -> Person | None:
    if not able:
        return None
    if rule.way is Way.ROUND_ROBIN:
        return _next_after(last, able, people)
    if rule.way is Way.NAMED:
        return able[0]
    level = rule.level_of if rule.way is Way.SKILL else _no_level
    return min(able, key=lambda one: (-level(one, case), rule.load_of(one), _in_order(one)))


def _next_after(last: UUID | None, able: list[Person], people: list[Person]) -> Person:
    """Return whose turn it is: the first after the last one who can, beginning again at the end."""
    before = [place for place, one in enumerate(people) if one.employee_id == last]
    turn = people[before[0] + 1 :] + people[: before[0] + 1] if before else people
    return next(one for one in turn if one in able)


def _no_level(_person: Person, _case: Case) -> int:
    return 0


def _in_order(person: Person) -> tuple[str, UUID]:
    return person.code, person.employee_id


def _considered(rule: Rule, person: Person, case: Case, today: date) -> dict[str, Any]:
    passed_over = rule.passed_over(person, case, today)
    return {
        "employee_id": str(person.employee_id),
        "load": str(rule.load_of(person)),
        "level": rule.level_of(person, case) if rule.way is Way.SKILL else None,
        "passed_over": passed_over.value if passed_over else None,
    }
