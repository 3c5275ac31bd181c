"""Collisions on the wire."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, LongText, Patch, Whole, shown
from kehu_sales.collisions.models import (
    AtEntry,
    Collision,
    CollisionPolicy,
    OnNoAnswer,
    OnYield,
    State,
)
from kehu_sales.collisions.rules import Overlap, Relation
from kehu_sales.directory.models import DepartmentRef
from kehu_sales.lines import PercentInput
from kehu_sales.lists import Once
from kehu_sales.opportunities.models import Opportunity

ID = "019364c2-7d5e-7000-8000-00000000000"
SIDE = "The opportunity of the side one speaks for; needed if one works on both, or on neither."
RELATION = "How the customers are related."
OVERLAP = "What both are about: the same product, one category, or no lines to tell them by."


class Candidate(BaseModel):
    """An opportunity that another one collides with; out of sight it is its department's only."""

    relation: OrLater[Relation] = Field(description=RELATION)
    overlap: OrLater[Overlap] = Field(description=OVERLAP)
    department_code: str | None = Field(description="Whom to talk to: the department's code.")
    department_name: str | None = Field(description="The department's name.")
    opportunity_id: UUID | None = Field(description="The opportunity; null if out of sight.")
    owner_id: UUID | None = Field(description="Who works on it; null if out of sight.")


class CollisionClaim(Input):
    """Claim the chance for one side."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"reason": "自三月起持续跟进，已提交方案", "proof": "拜访记录 VIS-2026-000012"}
            ]
        }
    )

    opportunity_id: UUID | None = Field(None, description=SIDE)
    reason: LongText = Field(description="Why it is this side's.")
    proof: LongText | None = Field(None, description="What shows it.")


class CollisionAnswer(Input):
    """Yield to the other side, or contest its claim."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "对方接触客户更早"}]})

    opportunity_id: UUID | None = Field(None, description=SIDE)
    reason: LongText = Field(description="Why.")


class CreditInput(Input):
    """How much of a chance is whose merit."""

    employee_id: UUID = Field(description="The employee.")
    percent: PercentInput = Field(description="Percent of the whole.")


class CollisionArbitration(Input):
    """Decide which side goes on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kept_id": f"{ID}1",
                    "reason": "甲方先报备，乙方曾协助演示",
                    "credit": [
                        {"employee_id": f"{ID}2", "percent": "70"},
                        {"employee_id": f"{ID}3", "percent": "30"},
                    ],
                }
            ]
        }
    )

    kept_id: UUID = Field(description="The opportunity that goes on.")
    reason: LongText = Field(description="Why.")
    credit: Annotated[list[CreditInput], Field(max_length=20)] = Field(
        default_factory=list,
        description="Whose merit it is: shares that add up to 100, also those of one employee.",
    )


class CollisionDismissal(Input):
    """Decide that both go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "两个独立的采购项目"}]})

    reason: LongText = Field(description="Why they are two chances.")


class SideRead(BaseModel):
    """One of the two; out of sight only the department is told."""

    visible: bool = Field(description="Whether the caller sees the opportunity.")
    opportunity_id: UUID | None = Field(description="The opportunity.")
    number: str | None = Field(description="Its number.")
    customer_id: UUID | None = Field(description="Its customer.")
    owner_id: UUID | None = Field(description="Who works on it.")
    department_code: str | None = Field(description="Whom to talk to: the department's code.")
    department_name: str | None = Field(description="The department's name.")
    claims: bool = Field(description="Whether this side claims the chance.")
    keeps: bool = Field(description="Whether this side was to go on.")


class CreditRead(BaseModel):
    """How much of a chance is whose merit."""

    employee_id: UUID = Field(description="The employee.")
    percent: DecimalText = Field(description="Percent of the whole.")


class CollisionRead(BaseModel):
    """A collision as it stands, as far as the caller may see."""

    id: UUID = Field(description="The collision's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as COL-2026-000001.")
    state: OrLater[State] = Field(
        description="open: nobody has spoken; claimed: the other side is to answer; contested: to "
        "be arbitrated; yielded, arbitrated, dismissed: decided; lapsed: they collide no more."
    )
    relation: OrLater[Relation] = Field(description=RELATION)
    overlap: OrLater[Overlap] = Field(description=OVERLAP)
    found_on: date = Field(description="Day it was found.")
    sides: list[SideRead] = Field(description="The two opportunities.")
    entry_reason: str | None = Field(description="Why the second was entered all the same.")
    claim_reason: str | None = Field(description="Why one side claims.")
    claim_proof: str | None = Field(description="What shows it.")
    claimed_on: date | None = Field(description="Day it was claimed.")
    answer_due_on: date | None = Field(description="Last day for the other side to answer.")
    contest_reason: str | None = Field(
        description="Why the other side contests; `unanswered`: it has not answered in time."
    )
    credit: list[CreditRead] | None = Field(
        description="Whose merit it is; null if not decided, or if one side is out of sight."
    )
    decided_on: date | None = Field(description="Day it was decided.")
    decision_reason: str | None = Field(
        description="Why so; `unanswered`: the other side has not answered in time."
    )
    created_at: datetime = Field(description="When the record was made.")

    @classmethod
    def of(
        cls,
        collision: Collision,
        seen: dict[UUID, Opportunity],
        departments: dict[UUID, DepartmentRef | None],
    ) -> Self:
        """Return the collision as the caller, who sees these opportunities, is shown it."""
        sides = [_side(collision, one, seen.get(one), departments) for one in collision.sides]
        credit = None
        if collision.credit is not None and all(side.visible for side in sides):
            credit = [
                {"employee_id": who, "percent": percent}
                for who, percent in sorted(collision.credit.items())
            ]
        return shown(cls, collision, sides=sides, credit=credit)


def _side(
    collision: Collision,
    opportunity_id: UUID,
    opportunity: Opportunity | None,
    departments: dict[UUID, DepartmentRef | None],
) -> SideRead:
    department = departments.get(opportunity_id)
    return SideRead(
        visible=opportunity is not None,
        opportunity_id=opportunity.id if opportunity else None,
        number=opportunity.number if opportunity else None,
        customer_id=opportunity.customer_id if opportunity else None,
        owner_id=opportunity.owner_id if opportunity else None,
        department_code=department.code if department else None,
        department_name=department.name if department else None,
        claims=collision.claimant_id == opportunity_id,
        keeps=collision.kept_id == opportunity_id,
    )


class CollisionFilters(PageParams):
    """Filters of the collision report; all must match, sides as far as the caller sees them."""

    state: list[State] = Field(default_factory=list, description="In one of these states.")
    relation: Relation | None = Field(None, description=RELATION)
    number: str | None = Field(None, description="With exactly this number.")
    opportunity_id: UUID | None = Field(None, description="With this opportunity on a side.")
    owner_id: UUID | None = Field(None, description="With an opportunity of this employee.")
    department_id: UUID | None = Field(None, description="With one of this department.")
    customer_id: UUID | None = Field(
        None, description="With one of this customer, also under a record merged with it."
    )
    overdue: bool | None = Field(
        None, description="Claimed, and the answer is overdue today; or not."
    )
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class CountFilters(BaseModel):
    """The days of which collisions are counted."""

    model_config = ConfigDict(extra="forbid")

    found_from: Day = Field(date(2000, 1, 1), description="Found then or later.")
    found_to: Day = Field(date(9999, 12, 31), description="Found then or earlier.")


class CollisionCount(BaseModel):
    """How many collisions a department has a part in."""

    department_id: UUID | None = Field(description="The department; null: of no department.")
    code: str | None = Field(description="Its code.")
    name: str | None = Field(description="Its name.")
    state: OrLater[State] = Field(description="In this state.")
    number: int = Field(description="So many; one between two departments counts for both.")


class CollisionCounts(BaseModel):
    """Collisions by department and state."""

    items: list[CollisionCount] = Field(description="By code of the department.")


AT_ENTRY = (
    "What happens when an opportunity that collides is entered: `ignore`: nothing; `remind`: the "
    "answer names the collisions; `refuse`: 409, unless somebody says why not."
)
RELATIONS = "Related customers that count: same, parent, sister, duplicate, group (same tree)."
BY_CATEGORY = "Whether products of one category count as the same."
WITHOUT_LINES = "Whether an opportunity that names no product overlaps with every other."
WITHIN = "How many days apart two were opened at most, to collide; null: however far."
ACROSS = "Whether only opportunities of two departments collide."
ANSWER = "Days that a claim waits for the other side's answer."
ON_YIELD = "What becomes of the one that gives way: handed over to the keeper's owner, or pooled."

ON_NO_ANSWER = (
    "What becomes of a claim that is not answered in time: `wait`: nothing; `arbitrate`: somebody "
    "decides, as if it were contested; `claimant`: as if the other side had yielded."
)


class CollisionPolicyUpdate(Patch):
    """Changes to the rules about collisions; fields left out stay."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"at_entry": "refuse", "within_days": 180}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {
            "at_entry",
            "relations",
            "by_category",
            "without_lines",
            "across_departments",
            "answer_days",
            "on_yield",
            "on_no_answer",
        }
    )

    at_entry: AtEntry | None = Field(None, description=AT_ENTRY)
    relations: Annotated[list[Relation], Field(max_length=5), Once] | None = Field(
        None, description=RELATIONS
    )
    by_category: Flag | None = Field(None, description=BY_CATEGORY)
    without_lines: Flag | None = Field(None, description=WITHOUT_LINES)
    within_days: Whole | None = Field(None, ge=0, le=36500, description=WITHIN)
    across_departments: Flag | None = Field(None, description=ACROSS)
    answer_days: Whole | None = Field(None, ge=0, le=365, description=ANSWER)
    on_yield: OnYield | None = Field(None, description=ON_YIELD)
    on_no_answer: OnNoAnswer | None = Field(None, description=ON_NO_ANSWER)


class CollisionPolicyRead(BaseModel):
    """The rules about collisions as they stand."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    at_entry: OrLater[AtEntry] = Field(description=AT_ENTRY)
    relations: list[OrLater[Relation]] = Field(description=RELATIONS)
    by_category: bool = Field(description=BY_CATEGORY)
    without_lines: bool = Field(description=WITHOUT_LINES)
    within_days: int | None = Field(description=WITHIN)
    across_departments: bool = Field(description=ACROSS)
    answer_days: int = Field(description=ANSWER)
    on_yield: OrLater[OnYield] = Field(description=ON_YIELD)
    on_no_answer: OrLater[OnNoAnswer] = Field(description=ON_NO_ANSWER)

    @classmethod
    def of(cls, policy: CollisionPolicy) -> Self:
        """Return the policy as the API shows it."""
        return shown(cls, policy)
