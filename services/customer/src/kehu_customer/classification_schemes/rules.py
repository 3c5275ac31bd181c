"""Rules that classify customers: typed conditions over what is known of them, and the reason why.

The first rule whose conditions all hold decides; a rule without conditions always does. Nothing
here reads a database or a clock: the same facts always lead into the same class (C8).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from kehu_contracts.base import DecimalText
from kehu_kernel.amounts import Written, digits
from kehu_kernel.wire import Flag, Input, Text

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$")]
"""A code of a scheme or class."""
Number = Annotated[
    DecimalText, Field(max_digits=18, decimal_places=4), Written(f"-?{digits(14, 4)}")
]
"""A number of the texts, or a bound of a rule."""

Word = Literal["kind", "state", "roles", "industry", "country", "source", "value_grade"]
Quantity = Literal["value_score", "employee_count", "founded_year"]
Thing = Literal["owner_id", "parent_id", "promoted_on"]
Facts = Mapping[str, Any]
"""What is known of a customer, by the names of its fields."""

FACTS: tuple[str, ...] = (
    "kind", "state", "roles", "industry", "country", "source", "value_grade", "value_score",
    "employee_count", "founded_year", "owner_id", "parent_id", "promoted_on",
)  # fmt: skip
"""Every field of a customer that a rule may look at."""


class ClassificationOneOf(Input):
    """The field has one of these values; of several roles, any."""

    test: Literal["one_of"] = Field(description="Kind of condition.")
    fact: Word = Field(description="Field of the customer.")
    values: list[Text] = Field(min_length=1, max_length=100, description="One of these.")

    def holds(self, found: list[Any]) -> bool:
        """Whether it is true of what was found."""
        return any(value in self.values for value in found)

    def wanted(self) -> list[str]:
        """Return what is asked for, in short."""
        return list(self.values)


class ClassificationBetween(Input):
    """The number lies in an interval; one that is not known lies in none."""

    test: Literal["between"] = Field(description="Kind of condition.")
    fact: Quantity = Field(description="Field of the customer.")
    at_least: Number | None = Field(description="Lower end, included; null: open.")
    below: Number | None = Field(description="Upper end, not included; null: open.")

    def holds(self, found: list[Any]) -> bool:
        """Whether it is true of what was found."""
        return any(
            (self.at_least is None or Decimal(value) >= self.at_least)
            and (self.below is None or Decimal(value) < self.below)
            for value in found
        )

    def wanted(self) -> list[str]:
        """Return what is asked for, in short."""
        ends = ((">=", self.at_least), ("<", self.below))
        return [f"{sign} {end:f}" for sign, end in ends if end is not None]


class ClassificationKnown(Input):
    """The field is filled, or is not."""

    test: Literal["known"] = Field(description="Kind of condition.")
    fact: Word | Quantity | Thing = Field(description="Field of the customer.")
    known: Flag = Field(description="Whether it must be filled, or must not.")

    def holds(self, found: list[Any]) -> bool:
        """Whether it is true of what was found."""
        return bool(found) == self.known

    def wanted(self) -> list[str]:
        """Return what is asked for, in short."""
        return ["known" if self.known else "unknown"]


Condition = Annotated[
    ClassificationOneOf | ClassificationBetween | ClassificationKnown, Field(discriminator="test")
]


class ClassificationRule(Input):
    """Customers of whom all conditions hold belong to the class."""

    class_code: Code = Field(description="The class it leads into.")
    conditions: list[Condition] = Field(
        max_length=20, description="All must hold; with none, the rule always applies."
    )


class ClassificationFinding(BaseModel):
    """A condition of the rule that decided, and what was found."""

    fact: str = Field(description="Field of the customer.")
    test: str = Field(description="Kind of condition.")
    wanted: list[str] = Field(description="What the condition asks for.")
    found: list[str] = Field(description="What the customer had at that moment.")


class Explanation(BaseModel):
    """Why a rule classified a customer."""

    rule: int = Field(description="Which rule of the scheme decided, counted from 1.")
    findings: list[ClassificationFinding] = Field(description="Its conditions; all held.")


class Decision(BaseModel):
    """The class that the rules lead into, and why."""

    class_code: str
    explanation: Explanation


def decide(rules: Sequence[ClassificationRule], facts: Facts) -> Decision | None:
    """Return what the first rule that applies decides; None if none applies."""
    for position, rule in enumerate(rules, start=1):
        found = [_values(facts.get(condition.fact)) for condition in rule.conditions]
        pairs = list(zip(rule.conditions, found, strict=True))
        if all(condition.holds(values) for condition, values in pairs):
            findings = [
                ClassificationFinding(
                    fact=condition.fact,
                    test=condition.test,
                    wanted=condition.wanted(),
                    found=[str(value) for value in values],
                )
                for condition, values in pairs
            ]
            explanation = Explanation(rule=position, findings=findings)
            return Decision(class_code=rule.class_code, explanation=explanation)
    return None


def _values(value: object) -> list[Any]:
    """Return a field's values: none if it is empty, several of a list."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
