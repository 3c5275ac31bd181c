"""Assignment on the wire."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import CurrencyCode, two_places
from kehu_kernel.amounts import Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, Text, Whole, shown
from kehu_sales.assignment.models import Assignee, Assignment, AssignmentRule
from kehu_sales.assignment.rules import Condition, PassedOver, Way
from kehu_sales.lists import Once, unlike
from kehu_sales.opportunities.words import Status

ID = "019364c2-7d5e-7000-8000-00000000000"
WAY = (
    "How it chooses. territory: the least loaded who cover the territory of the customer's owner; "
    "skill: the highest levels; least_load: the least to do; round_robin: in turn; named: the "
    "first, by staff code, who can."
)
AUTOMATIC = "Whether it also gives away what is entered with no owner, without being asked."
POSITION = "Rules with a smaller position are looked at first."
TERRITORIES = "Only customers whose owner covers one of these territories; empty: all."
CATEGORIES = "Only with a product of one of these categories; empty: all."
SOURCES = "Only from one of these sources; empty: all."
AMOUNT_FROM = "Only with this expected revenue, or more."
AMOUNT_BELOW = "Only with less expected revenue than this."
CURRENCY = (
    "The currency of the amounts, the tenant's if none is given; an opportunity in another one is "
    "not compared: the explanation says that the currency is unmet."
)
EMPLOYEES = "Whom it chooses from; territory needs none, and finds its people itself then."
DEPARTMENT = "It chooses from the people of this department, besides the employees."
LANGUAGE = "For skill: the language that is needed."
MIN_LEVEL = "For skill: the level, 1 to 5, from which a skill counts."
MAX_LOAD = "Who has this load, or more, gets nothing; null: no limit."
WEIGHTS = "What an open opportunity weighs, by its state; 1 unless given."
SKILLS = "Product categories, industries and languages, with a level."

Load = Annotated[
    DecimalText,
    Field(ge=0, max_digits=8, decimal_places=2),
    AfterValidator(two_places),
    Written(digits(6, 2)),
]
Amount = Annotated[
    DecimalText,
    Field(ge=0, max_digits=18, decimal_places=2),
    AfterValidator(two_places),
    Written(digits(16, 2)),
]
Ids = Annotated[list[UUID], Field(max_length=200), Once]
Texts = Annotated[list[Text], Field(max_length=100), Once]


class Weights(Input):
    """What an open opportunity weighs, by its state."""

    not_evaluated: Load | None = Field(None, description="Not evaluated yet.")
    in_evaluation: Load | None = Field(None, description="In evaluation.")
    in_progress: Load | None = Field(None, description="In progress.")

    def given(self) -> dict[str, str]:
        """Return the weights that were given, as text."""
        return {
            state: str(weight)
            for state, weight in self
            if state in {*Status} and weight is not None
        }


class RuleCreate(Input):
    """A new rule."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "华东服务器线索轮流分配",
                    "position": 10,
                    "way": "round_robin",
                    "automatic": True,
                    "categories": ["服务器"],
                    "sources": ["展会"],
                    "employee_ids": [f"{ID}1", f"{ID}2"],
                    "max_load": "20",
                }
            ]
        }
    )

    name: Text = Field(description="Name.")
    position: Whole = Field(ge=0, le=100000, description=POSITION)
    active: Flag = Field(True, description="Whether it is looked at.")
    automatic: Flag = Field(False, description=AUTOMATIC)
    way: Way = Field(description=WAY)
    territory_ids: Ids = Field(default_factory=list, description=TERRITORIES)
    categories: Texts = Field(default_factory=list, description=CATEGORIES)
    sources: Texts = Field(default_factory=list, description=SOURCES)
    amount_from: Amount | None = Field(None, description=AMOUNT_FROM)
    amount_below: Amount | None = Field(None, description=AMOUNT_BELOW)
    currency: CurrencyCode | None = Field(None, description=CURRENCY)
    employee_ids: Ids = Field(default_factory=list, description=EMPLOYEES)
    department_id: UUID | None = Field(None, description=DEPARTMENT)
    language: Text | None = Field(None, description=LANGUAGE)
    min_level: Whole = Field(1, ge=1, le=5, description=MIN_LEVEL)
    max_load: Load | None = Field(None, description=MAX_LOAD)
    weights: Weights | None = Field(None, description=WEIGHTS)


class RuleUpdate(Patch):
    """Changes to a rule; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})
    never_null: ClassVar[frozenset[str]] = frozenset(
        {
            "name",
            "position",
            "active",
            "automatic",
            "way",
            "territory_ids",
            "categories",
            "sources",
            "employee_ids",
            "min_level",
            "weights",
        }
    )

    name: Text | None = Field(None, description="Name.")
    position: Whole | None = Field(None, ge=0, le=100000, description=POSITION)
    active: Flag | None = Field(None, description="Whether it is looked at.")
    automatic: Flag | None = Field(None, description=AUTOMATIC)
    way: Way | None = Field(None, description=WAY)
    territory_ids: Ids | None = Field(None, description=TERRITORIES)
    categories: Texts | None = Field(None, description=CATEGORIES)
    sources: Texts | None = Field(None, description=SOURCES)
    amount_from: Amount | None = Field(None, description=AMOUNT_FROM)
    amount_below: Amount | None = Field(None, description=AMOUNT_BELOW)
    currency: CurrencyCode | None = Field(None, description=CURRENCY)
    employee_ids: Ids | None = Field(None, description=EMPLOYEES)
    department_id: UUID | None = Field(None, description=DEPARTMENT)
    language: Text | None = Field(None, description=LANGUAGE)
    min_level: Whole | None = Field(None, ge=1, le=5, description=MIN_LEVEL)
    max_load: Load | None = Field(None, description=MAX_LOAD)
    weights: Weights | None = Field(None, description=WEIGHTS)


class AssignmentRuleRead(BaseModel):
    """A rule as it stands."""

    id: UUID = Field(description="The rule's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    name: str = Field(description="Name.")
    position: int = Field(description=POSITION)
    active: bool = Field(description="Whether it is looked at.")
    automatic: bool = Field(description=AUTOMATIC)
    way: OrLater[Way] = Field(description=WAY)
    territory_ids: list[UUID] = Field(description=TERRITORIES)
    categories: list[str] = Field(description=CATEGORIES)
    sources: list[str] = Field(description=SOURCES)
    amount_from: DecimalText | None = Field(description=AMOUNT_FROM)
    amount_below: DecimalText | None = Field(description=AMOUNT_BELOW)
    currency: str | None = Field(description=CURRENCY)
    employee_ids: list[UUID] = Field(description=EMPLOYEES)
    department_id: UUID | None = Field(description=DEPARTMENT)
    language: str | None = Field(description=LANGUAGE)
    min_level: int = Field(description=MIN_LEVEL)
    max_load: DecimalText | None = Field(description=MAX_LOAD)
    weights: dict[str, DecimalText] = Field(description=WEIGHTS)

    @classmethod
    def of(cls, rule: AssignmentRule) -> Self:
        """Return the rule as the API shows it."""
        return shown(cls, rule)


class RuleFilters(PageParams):
    """Rules are listed in the order they are looked at."""

    sort: Literal["position", "-position"] = Field(
        "position", description="Order; a leading minus reverses it."
    )


class SkillInput(Input):
    """Something an employee can do."""

    kind: Literal["category", "industry", "language"] = Field(description="What sort of skill.")
    value: Text = Field(description="The product category, industry or language.")
    level: Whole = Field(ge=1, le=5, description="How well, 1 to 5.")


class LeaveInput(Input):
    """Days an employee is away, both included."""

    from_on: Day = Field(description="First day away.")
    to_on: Day = Field(description="Last day away.")


Skills = Annotated[list[SkillInput], Field(max_length=200), unlike("kind", "value")]
Leaves = Annotated[list[LeaveInput], Field(max_length=200)]


class AssigneeCreate(Input):
    """What assignment is to know of an employee."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "employee_id": f"{ID}1",
                    "skills": [{"kind": "category", "value": "服务器", "level": 4}],
                    "max_load": "15",
                    "leaves": [{"from_on": "2027-02-05", "to_on": "2027-02-12"}],
                }
            ]
        }
    )

    employee_id: UUID = Field(description="The employee.")
    skills: Skills = Field(default_factory=list, description=SKILLS)
    max_load: Load | None = Field(None, description=MAX_LOAD)
    suspended: Flag = Field(False, description="Whether nothing is assigned until further notice.")
    leaves: Leaves = Field(default_factory=list, description="Days of absence.")


class AssigneeUpdate(Patch):
    """Changes to what is known of an employee; fields left out stay, lists are replaced."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"suspended": True}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"skills", "suspended", "leaves"})

    skills: Skills | None = Field(None, description=SKILLS)
    max_load: Load | None = Field(None, description=MAX_LOAD)
    suspended: Flag | None = Field(
        None, description="Whether nothing is assigned until further notice."
    )
    leaves: Leaves | None = Field(None, description="Days of absence.")


class SkillRead(BaseModel):
    """Something an employee can do."""

    kind: str = Field(description="Category, industry or language.")
    value: str = Field(description="Which one.")
    level: int = Field(description="How well, 1 to 5.")


class LeaveRead(BaseModel):
    """Days an employee is away, both included."""

    from_on: date = Field(description="First day away.")
    to_on: date = Field(description="Last day away.")


class AssigneeRead(BaseModel):
    """What assignment knows of an employee."""

    id: UUID = Field(description="The record's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    employee_id: UUID = Field(description="The employee.")
    skills: list[SkillRead] = Field(description=SKILLS)
    max_load: DecimalText | None = Field(description=MAX_LOAD)
    suspended: bool = Field(description="Whether nothing is assigned until further notice.")
    leaves: list[LeaveRead] = Field(description="Days of absence.")

    @classmethod
    def of(cls, assignee: Assignee) -> Self:
        """Return the record as the API shows it."""
        return shown(cls, assignee)


class AssigneeFilters(PageParams):
    """Filters of what is known of employees."""

    employee_id: UUID | None = Field(None, description="Of this employee.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class AssignmentPreview(Input):
    """Ask who would get an opportunity, without giving it to anybody."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"opportunity_id": f"{ID}1"}]})

    opportunity_id: UUID = Field(description="The opportunity.")


class ConsideredRead(BaseModel):
    """Somebody who could have been chosen."""

    employee_id: UUID = Field(description="The employee.")
    load: DecimalText = Field(description="Open opportunities, weighed by their state.")
    level: int | None = Field(description="Sum of the levels in what was asked for; by skill only.")
    passed_over: OrLater[PassedOver] | None = Field(description="Why not; null: could have it.")


class RuleLookedAt(BaseModel):
    """A rule that was looked at."""

    rule_id: UUID = Field(description="The rule.")
    name: str = Field(description="Its name at the time.")
    way: OrLater[Way] = Field(description="How it chose.")
    unmet: OrLater[Condition] | None = Field(
        description="Why it did not apply: a condition; nobody: it has none to choose from; null: "
        "it did."
    )
    considered: list[ConsideredRead] = Field(description="Whom it could choose from.")
    chosen_id: UUID | None = Field(description="Whom it chose.")


class AssignmentProposal(BaseModel):
    """Who would get it, and why."""

    employee_id: UUID | None = Field(description="The employee; null: no rule finds anybody.")
    rule_id: UUID | None = Field(description="The rule that chooses.")
    explanation: list[RuleLookedAt] = Field(description="The rules that are looked at, in order.")


class AssignmentRead(BaseModel):
    """An opportunity was given to somebody, or to nobody, and why."""

    id: UUID = Field(description="The assignment's id.")
    employee_id: UUID | None = Field(description="Who got it; null: no rule found anybody.")
    rule_id: UUID | None = Field(description="The rule that chose.")
    explanation: list[RuleLookedAt] = Field(description="The rules that were looked at, in order.")
    assigned_at: datetime = Field(description="When.")
    assigned_by: str = Field(description="Token subject of who had it assigned.")

    @classmethod
    def of(cls, assignment: Assignment) -> Self:
        """Return the assignment as the API shows it."""
        return shown(cls, assignment)


class AssignmentHistory(BaseModel):
    """Every assignment of an opportunity."""

    items: list[AssignmentRead] = Field(description="The assignments, oldest first.")
