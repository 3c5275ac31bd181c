"""The rule of a segment: a tree of typed conditions over what is known of a customer (C7).

Nothing here reads a database or a clock. `compiler` says what a rule means in SQL.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import (
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from kehu_customer.classification_schemes.rules import Code, Number
from kehu_customer.contact_points.models import PointKind
from kehu_kernel.wire import Day, Flag, Input, Text, Whole

_Word = Literal["kind", "state", "roles", "industry", "country", "source", "value_grade"]
_Quantity = Literal[
    "value_score", "employee_count", "founded_year", "contacts", "opportunities_open",
    "opportunities_won", "opportunities_lost", "requests", "requests_open", "complaints",
    "complaints_open", "leads", "leads_open", "leads_converted", "leads_disqualified",
    "consents_given", "consents_withdrawn",
]  # fmt: skip
_Amount = Literal["annual_revenue", "won_amount"]
_DayFact = Literal[
    "created_on", "promoted_on", "ended_on", "last_contact_on", "last_opportunity_on",
    "last_won_on", "last_request_on", "last_complaint_on", "last_lead_on", "last_consent_on",
    "last_withdrawal_on",
]  # fmt: skip
_Holder = Literal["owner_id", "department_id", "parent_id"]
_Custom = Annotated[str, Field(pattern=r"^custom\.[a-z][a-z0-9_]{0,59}$")]
"""A custom field, `custom.<its code>`."""


def _knowing(*known: str) -> WrapValidator:
    """Refuse another fact by naming those that are known here."""
    expected = ", ".join(f"'{name}'" for name in known)

    def check(value: object, take: ValidatorFunctionWrapHandler) -> object:
        try:
            return take(value)
        except ValidationError as error:
            raise PydanticCustomError(
                "unknown_fact", "There is no such fact here", {"expected": expected}
            ) from error

    return WrapValidator(check)


WORDS, QUANTITIES, AMOUNTS, DAYS, HOLDERS = map(
    get_args, (_Word, _Quantity, _Amount, _DayFact, _Holder)
)
ANY_CUSTOM = "custom.<code>"
Word = Annotated[_Word | _Custom, _knowing(*WORDS, ANY_CUSTOM)]
Quantity = Annotated[_Quantity | _Custom, _knowing(*QUANTITIES, ANY_CUSTOM)]
Amount = Annotated[_Amount | _Custom, _knowing(*AMOUNTS, ANY_CUSTOM)]
DayFact = Annotated[_DayFact | _Custom, _knowing(*DAYS, ANY_CUSTOM)]
Holder = Annotated[_Holder, _knowing(*HOLDERS)]
AnyFact = Annotated[
    _Word | _Quantity | _Amount | _DayFact | _Holder | _Custom,
    _knowing(*WORDS, *QUANTITIES, *AMOUNTS, *DAYS, *HOLDERS, ANY_CUSTOM),
]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Days = Annotated[Whole, Field(ge=-36500, le=36500)]
FACT = "What is looked at: a field of the customer, or `custom.<code>`."


class SegmentOneOf(Input):
    """The fact has one of these values; of several roles or choices, any."""

    test: Literal["one_of"] = Field(description="Kind of condition.")
    fact: Word = Field(description=FACT)
    values: list[Text] = Field(min_length=1, max_length=100, description="One of these.")


class SegmentBetween(Input):
    """The number lies in an interval; one that is not known lies in none."""

    test: Literal["between"] = Field(description="Kind of condition.")
    fact: Quantity = Field(description=FACT)
    at_least: Number | None = Field(description="Lower end, included; null: open.")
    below: Number | None = Field(description="Upper end, not included; null: open.")


class AmountBetween(Input):
    """The amount, in this currency, lies in an interval; in another currency in none."""

    test: Literal["amount_between"] = Field(description="Kind of condition.")
    fact: Amount = Field(description=FACT)
    currency: Currency = Field(description="Currency of the amount.")
    at_least: Number | None = Field(description="Lower end, included; null: open.")
    below: Number | None = Field(description="Upper end, not included; null: open.")


class DayBetween(Input):
    """The day lies in an interval, both ends included; one that is not known lies in none."""

    test: Literal["day_between"] = Field(description="Kind of condition.")
    fact: DayFact = Field(description=FACT)
    first: Day | None = Field(description="First day; null: open.")
    last: Day | None = Field(description="Last day; null: open.")


class DaysAgo(Input):
    """The day is so many days ago, counted from the business day on which it is asked.

    Negative numbers are days to come. A day that is not known is never ago.
    """

    test: Literal["days_ago"] = Field(description="Kind of condition.")
    fact: DayFact = Field(description=FACT)
    at_least: Days | None = Field(description="So many days ago or more; null: open.")
    below: Days | None = Field(description="Less than so many days ago; null: open.")


class SegmentKnown(Input):
    """The fact is known, or is not."""

    test: Literal["known"] = Field(description="Kind of condition.")
    fact: AnyFact = Field(description=FACT)
    known: Flag = Field(description="Whether it must be known, or must not.")


class HeldBy(Input):
    """The customer is looked after by one of these employees or departments, or below a company."""

    test: Literal["held_by"] = Field(description="Kind of condition.")
    fact: Holder = Field(description="Whom the customer belongs to.")
    ids: list[UUID] = Field(min_length=1, max_length=100, description="One of these.")


class InClass(Input):
    """The customer is in one of these classes of a scheme now."""

    test: Literal["in_class"] = Field(description="Kind of condition.")
    scheme_id: UUID = Field(description="The classification scheme.")
    classes: list[Code] = Field(min_length=1, max_length=100, description="Codes of its classes.")


class Reachable(Input):
    """There is a number or address in use, of the customer or of an active contact."""

    test: Literal["reachable"] = Field(description="Kind of condition.")
    by: list[PointKind] = Field(min_length=1, max_length=4, description="By one of these.")


class All(Input):
    """All of the conditions hold."""

    test: Literal["all"] = Field(description="Kind of condition.")
    of: list["Condition"] = Field(min_length=1, max_length=50, description="The conditions.")


class AnyOf(Input):
    """At least one of the conditions holds."""

    test: Literal["any"] = Field(description="Kind of condition.")
    of: list["Condition"] = Field(min_length=1, max_length=50, description="The conditions.")


class Not(Input):
    """The condition does not hold; of what is not known nothing holds, so this does."""

    test: Literal["not"] = Field(description="Kind of condition.")
    of: "Condition" = Field(description="The condition.")


Leaf = (
    SegmentOneOf
    | SegmentBetween
    | AmountBetween
    | DayBetween
    | DaysAgo
    | SegmentKnown
    | HeldBy
    | InClass
    | Reachable
)
Condition = Annotated[All | AnyOf | Not | Leaf, Field(discriminator="test")]
for _node in (All, AnyOf, Not):
    _node.model_rebuild()
RULE: TypeAdapter[Condition] = TypeAdapter(Condition)

CONTACT_POINTS = "contact_points"
CUSTOM = "custom"
TODAY = "today."
"""Before a fact: the days since it count, so that every day may change what is true."""


def parts(rule: Condition) -> list[Condition]:
    """Return the conditions that a condition is made of: none of a leaf."""
    match rule:
        case All() | AnyOf():
            return list(rule.of)
        case Not():
            return [rule.of]
        case _:
            return []


def nodes(rule: Condition, pointer: str = "/rule") -> Iterator[tuple[str, Condition]]:
    """Yield every condition of the tree with its JSON pointer, `/rule/of/0/of`."""
    yield pointer, rule
    for place, part in enumerate(parts(rule)):
        inner = f"{pointer}/of" if isinstance(rule, Not) else f"{pointer}/of/{place}"
        yield from nodes(part, inner)


def depth(rule: Condition) -> int:
    """Return how many conditions deep the tree is; a leaf alone is 1."""
    return 1 + max(map(depth, parts(rule)), default=0)


def leaves(rule: Condition) -> Iterator[Leaf]:
    """Yield the conditions that look at something."""
    for _, node in nodes(rule):
        if not isinstance(node, All | AnyOf | Not):
            yield node


def reads(rule: Condition) -> list[str]:
    """Return the facts that the rule looks at: a change of any other changes nothing."""
    return sorted({fact for leaf in leaves(rule) for fact in _reads(leaf)})


def _reads(leaf: Leaf) -> set[str]:
    match leaf:
        case InClass():
            return {class_of(leaf.scheme_id)}
        case Reachable():
            return {CONTACT_POINTS}
        case DaysAgo():
            return {_fact(leaf.fact), TODAY + leaf.fact}
        case AmountBetween(fact="annual_revenue"):
            return {"annual_revenue", "annual_revenue_currency"}
        case _:
            return {_fact(leaf.fact)}


def _fact(name: str) -> str:
    return CUSTOM if name.startswith(f"{CUSTOM}.") else name


def class_of(scheme_id: UUID) -> str:
    """Return the name of the fact which class of a scheme a customer is in."""
    return f"class.{scheme_id}"


def boundaries(rule: Condition) -> set[tuple[str, int]]:
    """Return (fact, days ago) at which a customer begins or ceases to fulfil a condition."""
    return {
        (leaf.fact, days)
        for leaf in leaves(rule)
        if isinstance(leaf, DaysAgo)
        for days in (leaf.at_least, leaf.below)
        if days is not None
    }


def custom_codes(rule: Condition) -> set[str]:
    """Return the codes of the custom fields that the rule looks at."""
    facts: set[Any] = {getattr(leaf, "fact", "") for leaf in leaves(rule)}
    return {fact.removeprefix(f"{CUSTOM}.") for fact in facts if fact.startswith(f"{CUSTOM}.")}
