"""Grading on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import CurrencyCode
from kehu_kernel.amounts import Written, digits
from kehu_kernel.wire import Day, Flag, Input, LongText, Patch, Text, Whole, shown
from kehu_sales.grading.errors import INDICATOR_ZH, Place
from kehu_sales.grading.models import (
    GradingScheme,
    GradingSchemeVersion,
    OpportunityAssessment,
)
from kehu_sales.grading.scheme import (
    INDICATOR_EN,
    LARGEST_RATIO,
    Indicator,
    RuleKind,
    rule_place,
)
from kehu_sales.opportunities.models import Opportunity

SIZE = len(Indicator)
Amount = Annotated[
    DecimalText, Field(ge=0, max_digits=18, decimal_places=2), Written(digits(16, 2))
]
Score = Annotated[
    DecimalText,
    Field(ge=0, le=100, max_digits=5, decimal_places=2),
    Written(rf"(100(\.0{{1,2}})?|{digits(2, 2)})"),
]
Weight = Annotated[
    DecimalText,
    Field(ge=0, le=1, max_digits=7, decimal_places=6),
    Written(r"(0(\.[0-9]{1,6})?|1(\.0{1,6})?)"),
]
Ratio = Annotated[
    DecimalText,
    Field(ge=0, le=LARGEST_RATIO, max_digits=5, decimal_places=4),
    Written(r"0(\.(0[0-9]{0,3}|10{0,3}))?"),
]
Judgement = Annotated[
    str,
    StringConstraints(
        pattern=r"^([1-9](\.[0-9]{1,4})?|0\.[1-9][0-9]{0,3}|1/[1-9](\.[0-9]{1,4})?)$"
    ),
]
LOWEST = "The lowest value that users enter of an indicator; 1 at first."
HIGHEST = "The highest value that users enter of an indicator; 5 at first."
STANDARD = "How what is of the level is to be handled."
MATRIX = (
    "How much each indicator (row) counts against each other (column), on Saaty's scale of 1 to 9 "
    "and its reciprocals, such as 3 or 1/3; in the order of the weights."
)


class BandInput(Input):
    """A band of values with one score."""

    from_value: Amount | None = Field(
        None, description="Where it begins, itself included; null for the first band."
    )
    score: Score = Field(description="Score, 0 to 100.")
    name: Text = Field(description="Name of the band.")
    name_en: Text | None = Field(None, description="Name in English.")


class StandardInput(Input):
    """The value standard of an indicator."""

    indicator: Indicator = Field(description="The indicator.")
    bands: Annotated[list[BandInput], Field(min_length=1, max_length=20)] = Field(
        description="Its bands, the lowest first."
    )
    unknown_score: Score | None = Field(
        None, description="Score where nobody knows the value; null: there is no grade then."
    )


class WeightsInput(Input):
    """The weight of every indicator; they add up to 1."""

    predicted_revenue: Weight = Field(description="Weight of the predicted revenue.")
    urgency: Weight = Field(description="Weight of the urgency.")
    importance: Weight = Field(description="Weight of the importance.")
    need_difficulty: Weight = Field(description="Weight of the difficulty of the need.")
    competition: Weight = Field(description="Weight of the competition.")
    customer_value: Weight = Field(description="Weight of the customer's value.")
    customer_risk: Weight = Field(description="Weight of the customer's risk.")
    customer_activity: Weight = Field(description="Weight of the customer's activity.")


class RuleInput(Input):
    """A direct rule."""

    level: Text = Field(description="Code of the level that what meets it is of.")
    kind: RuleKind = Field(description="What it looks at; above and below exclude the value.")
    indicator: Indicator | None = Field(None, description="Whose value is compared.")
    value: Amount | None = Field(None, description="What it is compared with.")


class GradeLevelInput(Input):
    """One of the three levels."""

    code: Text = Field(description="Code.")
    name: Text = Field(description="Name.")
    name_en: Text | None = Field(None, description="Name in English.")
    from_score: Score = Field(description="The score from which it begins, itself included.")
    handling_days: Whole = Field(
        ge=0, le=3650, description="Days that handling may take; the higher the level, the fewer."
    )
    leader_id: UUID | None = Field(None, description="The employee who answers for it; or a role.")
    leader_role: Text | None = Field(None, description="The role that answers for it.")
    handling_standard: LongText | None = Field(None, description=STANDARD)


class CustomerValueInput(Input):
    """What a value grade of a customer stands for."""

    grade: Text = Field(description="The value grade, as analytics gives it.")
    value: Amount = Field(description="The value of the indicator customer_value.")


class SchemeUpdate(Patch):
    """Changes to the grading scheme; parts left out stay, a part is replaced as a whole.

    Weights are given, or follow from a matrix of judgements by the analytic hierarchy process.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rules": [
                        {
                            "level": "major",
                            "kind": "value_above",
                            "indicator": "predicted_revenue",
                            "value": "300000",
                        },
                        {"level": "major", "kind": "social_influence"},
                        {
                            "level": "ordinary",
                            "kind": "value_below",
                            "indicator": "predicted_revenue",
                            "value": "50000",
                        },
                    ]
                }
            ]
        }
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {
            "currency", "standards", "weights", "matrix", "largest_ratio", "rules", "levels",
            "customer_values", "lowest_value", "highest_value",
        }
    )  # fmt: skip

    currency: CurrencyCode | None = Field(
        None, description="Currency of all its amounts, ISO 4217; the tenant's until one is given."
    )
    standards: Annotated[list[StandardInput], Field(min_length=1, max_length=SIZE)] | None = Field(
        None, description="Value standards; those of indicators that are left out stay."
    )
    weights: WeightsInput | None = Field(None, description="The weights, given directly.")
    matrix: (
        Annotated[
            list[Annotated[list[Judgement], Field(min_length=SIZE, max_length=SIZE)]],
            Field(min_length=SIZE, max_length=SIZE),
        ]
        | None
    ) = Field(None, description=MATRIX)
    largest_ratio: Ratio | None = Field(
        None, description="Consistency ratio above which judgements are refused; 0.1 at most."
    )
    rules: Annotated[list[RuleInput], Field(max_length=50)] | None = Field(
        None, description="Direct rules; the first one that holds decides."
    )
    levels: Annotated[list[GradeLevelInput], Field(min_length=3, max_length=3)] | None = Field(
        None, description="The three levels, the highest first."
    )
    customer_values: Annotated[list[CustomerValueInput], Field(max_length=50)] | None = Field(
        None, description="What value grades of customers stand for."
    )

    lowest_value: Amount | None = Field(None, description=LOWEST)
    highest_value: Amount | None = Field(None, description=HIGHEST)

    def parts(self) -> dict[str, Any]:
        """Return the parts that are replaced, as schemes are kept; not the standards."""
        found: dict[str, Any] = {}
        if self.currency is not None:
            found["currency"] = self.currency
        if self.rules is not None:
            found["rules"] = [_kept(one) for one in self.rules]
        if self.levels is not None:
            found["levels"] = [_kept(one) for one in self.levels]
        if self.customer_values is not None:
            found["customer_values"] = {one.grade: _text(one.value) for one in self.customer_values}
        for name in ("lowest_value", "highest_value"):
            value = getattr(self, name)
            if value is not None:
                found[name] = _text(value)
        return found

    def places(self) -> list[Place]:
        """Return what is given, in words; each may stand in a scheme once."""
        rules = [rule_place(one.kind, one.indicator, one.value) for one in self.rules or ()]
        standards = [one.indicator.value for one in self.standards or ()]
        return [
            *(Place(f"the standard of {one}", f"“{INDICATOR_ZH[one]}”的分值标准")
              for one in standards),
            *(Place(f"the rule on {one.en}", f"直接定级规则“{one.zh}”") for one in rules),
            *(Place(f"the level {one.name}", f"级别名称“{one.name}”") for one in self.levels or ()),
            *(Place(f"value grade {one.grade}", f"客户价值等级 {one.grade}")
              for one in self.customer_values or ()),
        ]  # fmt: skip

    def replaced(self, standards: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the standards with those that are given in their places."""
        given = {one.indicator.value: _kept(one) for one in self.standards or ()}
        return [given.get(one["indicator"], one) for one in standards]


def _text(value: Decimal) -> str:
    return format(value, "f")


def _kept(part: BaseModel) -> dict[str, Any]:
    return {name: _plain(value) for name, value in part.model_dump().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [{name: _plain(one) for name, one in item.items()} for item in value]
    if isinstance(value, Decimal):
        return _text(value)
    return str(value) if isinstance(value, UUID | str) else value


class BandRead(BaseModel):
    """A band of values with one score."""

    from_value: DecimalText | None = Field(description="Where it begins.")
    score: DecimalText = Field(description="Score, 0 to 100.")
    name: str = Field(description="Name of the band.")
    name_en: str | None = Field(description="Name in English.")


class IndicatorRead(BaseModel):
    """An indicator with its value standard and its weight."""

    indicator: OrLater[Indicator] = Field(description="The indicator.")
    name: str = Field(description="Its name.")
    name_en: str = Field(description="Its name in English.")
    weight: DecimalText = Field(description="Its weight; all add up to 1.")
    unknown_score: DecimalText | None = Field(description="Score where the value is not known.")
    bands: list[BandRead] = Field(description="Its bands, the lowest first.")


class GradingRuleRead(BaseModel):
    """A direct rule."""

    level: str = Field(description="Code of the level.")
    kind: OrLater[RuleKind] = Field(description="What it looks at.")
    indicator: OrLater[Indicator] | None = Field(description="Whose value is compared.")
    value: DecimalText | None = Field(description="What it is compared with.")


class GradeLevelRead(BaseModel):
    """One of the three levels."""

    code: str = Field(description="Code.")
    name: str = Field(description="Name.")
    name_en: str | None = Field(description="Name in English.")
    from_score: DecimalText = Field(description="The score from which it begins.")
    handling_days: int = Field(description="Days that handling may take.")
    leader_id: UUID | None = Field(description="The employee who answers for it.")
    leader_role: str | None = Field(description="The role that answers for it.")
    handling_standard: str | None = Field(description=STANDARD)


class SchemeContent(BaseModel):
    """What a grading scheme says."""

    currency: str = Field(description="Currency of its amounts, ISO 4217.")
    indicators: list[IndicatorRead] = Field(description="The eight indicators.")
    matrix: list[list[str]] | None = Field(description=MATRIX)
    consistency_ratio: DecimalText | None = Field(
        description="How inconsistent the judgements are; null where weights were given."
    )
    largest_ratio: DecimalText = Field(description="The largest ratio that is taken.")
    rules: list[GradingRuleRead] = Field(description="Direct rules; the first that holds decides.")
    levels: list[GradeLevelRead] = Field(description="The three levels, the highest first.")
    customer_values: dict[str, DecimalText] = Field(
        description="What value grades of customers stand for."
    )
    lowest_value: DecimalText = Field(description=LOWEST)
    highest_value: DecimalText = Field(description=HIGHEST)


class SchemeRead(SchemeContent):
    """The grading scheme as it stands."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    in_force: bool = Field(description="Whether opportunities are graded by it.")

    @classmethod
    def of(cls, found: GradingScheme) -> Self:
        """Return the scheme as the API shows it."""
        return shown(cls, found, in_force=found.version > 0, **_content(found))


class SchemeVersionRead(SchemeContent):
    """A scheme that was in force before."""

    number: int = Field(description="Its version.")
    valid_until: datetime = Field(description="When another one took its place.")
    superseded_by: str = Field(description="Who put the other one in force.")

    @classmethod
    def of(cls, found: GradingSchemeVersion) -> Self:
        """Return the scheme as the API shows it."""
        return shown(cls, found, **_content(found))


class SchemeVersions(BaseModel):
    """The schemes of before."""

    items: list[SchemeVersionRead] = Field(description="The newest first.")


def _content(found: GradingScheme | GradingSchemeVersion) -> dict[str, Any]:
    content = found.content
    indicators = [
        one
        | {
            "name": INDICATOR_ZH[one["indicator"]],
            "name_en": INDICATOR_EN[one["indicator"]],
            "weight": content["weights"][one["indicator"]],
        }
        for one in content["standards"]
    ]
    names = (
        "currency", "rules", "customer_values", "lowest_value", "highest_value"
    )  # fmt: skip
    levels = [{"handling_standard": None} | one for one in content["levels"]]  # older have none
    return {name: content[name] for name in names} | {"indicators": indicators, "levels": levels}


class IndicatorValues(Input):
    """What users say of the indicators, on the scheme's scale: from 1 to 5 at first."""

    urgency: Amount | None = Field(None, description="Urgency.")
    importance: Amount | None = Field(None, description="Importance.")
    need_difficulty: Amount | None = Field(None, description="Difficulty of the need.")
    competition: Amount | None = Field(None, description="Competition.")
    customer_value: Amount | None = Field(
        None, description="Customer value; that of the customer's value grade if omitted."
    )
    customer_risk: Amount | None = Field(None, description="Customer risk.")
    customer_activity: Amount | None = Field(None, description="Customer activity.")


class AssessmentInput(Input):
    """What users say of an opportunity; replaces what they said before."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "values": {
                        "urgency": "4",
                        "importance": "5",
                        "need_difficulty": "2",
                        "competition": "3",
                        "customer_value": "4",
                        "customer_risk": "2",
                        "customer_activity": "4",
                    },
                    "contract_annual_revenue": "80000.00",
                    "one_off_revenue": "30000.00",
                }
            ]
        }
    )

    values: IndicatorValues = Field(
        default_factory=lambda: IndicatorValues.model_validate({}),
        description="Values of the indicators.",
    )
    contract_annual_revenue: Amount | None = Field(
        None,
        description="What the contract brings in a year, in the opportunity's currency; the "
        "expected revenue if omitted.",
    )
    one_off_revenue: Amount | None = Field(
        None, description="One-off fees, which count for the annual revenue (L2862)."
    )
    social_influence: Flag = Field(False, description="Whether it has a big social influence.")
    handling_days: Whole | None = Field(
        None, ge=0, le=3650, description="A handling time limit of its own; the level's if omitted."
    )
    handled_on: Day | None = Field(
        None,
        description="Day it was handled: the time limit ends. Never in the future, nor before the "
        "opportunity was opened.",
    )


class PartRead(BaseModel):
    """What one indicator adds to the score."""

    indicator: OrLater[Indicator] = Field(description="The indicator.")
    value: DecimalText | None = Field(description="Its value; null: nobody knows.")
    source: str = Field(
        description="Who says so: entered, opportunity, customer, or unknown; other_currency: the "
        "opportunity's amount is not in the scheme's currency, and not compared; may grow."
    )
    band: str | None = Field(description="Name of the band the value lies in.")
    band_en: str | None = Field(description="Name of the band in English.")
    band_from: DecimalText | None = Field(description="Where the band begins.")
    score: DecimalText | None = Field(description="Score of the band.")
    weight: DecimalText = Field(description="Weight of the indicator.")
    contribution: DecimalText | None = Field(description="Weight times score.")


class GradeRead(BaseModel):
    """The grade of an opportunity, and why."""

    opportunity_id: UUID = Field(description="The opportunity.")
    version: int = Field(description="The opportunity's version; also the ETag.")
    level: str | None = Field(description="Its level; null: not graded, or not enough is known.")
    level_score: DecimalText | None = Field(description="Weighted sum of the scores.")
    level_since_on: date | None = Field(description="Day it came to be of this level.")
    handle_by_on: date | None = Field(description="Last day of the handling time limit.")
    leader_id: UUID | None = Field(description="The employee who answers for the level.")
    leader_role: str | None = Field(description="The role that answers for the level.")
    handling_standard: str | None = Field(description="How what is of the level is handled.")
    decided_by: str = Field(
        description="rule, score, or nothing: not effective, no scheme, or values missing."
    )
    rule: GradingRuleRead | None = Field(description="The direct rule that decided.")
    missing: list[OrLater[Indicator]] = Field(description="Indicators whose value nobody knows.")
    parts: list[PartRead] = Field(description="What each indicator adds.")
    scheme_version: int = Field(description="Version of the scheme it was graded by; 0: none.")
    graded_at: datetime | None = Field(description="When.")
    stale: bool = Field(
        description="Whether it is to be graded again: by a newer scheme, or "
        "another value of the customer."
    )
    values: dict[OrLater[Indicator], DecimalText] = Field(description="What users entered.")
    contract_annual_revenue: DecimalText | None = Field(description="Of the contract, per year.")
    one_off_revenue: DecimalText | None = Field(description="One-off fees.")
    social_influence: bool = Field(description="Whether it has a big social influence.")
    handling_days: int | None = Field(description="A handling time limit of its own.")
    handled_on: date | None = Field(description="Day it was handled.")

    @classmethod
    def of(
        cls, opportunity: Opportunity, assessment: OpportunityAssessment, *, stale: bool
    ) -> Self:
        """Return the grade as the API shows it."""
        nothing: dict[str, Any] = {"rule": None, "missing": [], "parts": []}
        nothing["decided_by"] = "nothing"
        graded = opportunity.level is not None
        return shown(
            cls,
            assessment,
            opportunity_id=opportunity.id,
            version=opportunity.version,
            stale=stale,
            level=opportunity.level,
            level_score=opportunity.level_score,
            level_since_on=opportunity.level_since_on,
            handle_by_on=opportunity.handle_by_on,
            **(assessment.explanation or nothing)
            | ({} if graded else {"rule": None, "decided_by": "nothing"}),
            values=assessment.entered,
        )
