"""Projects on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, LongText, Patch, Text, Whole, shown
from kehu_sales.methods.stages import Control
from kehu_sales.opportunities.schemas import Quantity
from kehu_sales.projects.models import Project, ProjectLine, ProjectState
from kehu_sales.projects.parts import Member, Milestone, Tick
from kehu_sales.projects.progress import percent_complete

ID = "019364c2-7d5e-7000-8000-00000000000"
ON = "Business day; today if omitted, never in the future, never before the step before."
PERCENT = "How much is done, in whole percent: the mean of the stages by their weights."
Ticks = Annotated[list["StageTick"], Field(min_length=1, max_length=50)]


class StageTick(Input):
    """A stage of the method that the project is to have."""

    code: Text = Field(description="Code of the stage in the method.")
    planned_days: Annotated[Whole, Field(ge=0, le=3650)] | None = Field(
        None, description="Days planned for it; the method's if omitted."
    )
    weight: Annotated[Whole, Field(ge=1, le=1000)] = Field(
        1, description="Its weight in the progress of the project."
    )

    def tick(self) -> Tick:
        """Return what was ticked."""
        return Tick(**self.model_dump())


class MilestoneInput(Input):
    """A day on which something should be there."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "到货验收", "planned_on": "2027-01-20"}]}
    )

    name: Text = Field(description="Name.")
    planned_on: Day = Field(description="Business day it is planned for.")
    mandatory: Flag = Field(True, description="Whether it has to be reached.")
    stage_code: Text | None = Field(
        None, description="The stage it belongs to; the whole project if omitted."
    )

    def milestone(self) -> Milestone:
        """Return the milestone that was described."""
        return Milestone(**self.model_dump())


class TeamJoin(Input):
    """Somebody who joins the team."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"employee_id": f"{ID}2", "role": "实施工程师"}]}
    )

    employee_id: UUID = Field(description="The employee.")
    role: Text = Field(description="What for, in your own words.")
    joined_on: Day | None = Field(None, description="First business day; today if omitted.")

    def member(self, today: date) -> Member:
        """Return the member, from that day on unless another one is given."""
        return Member(self.employee_id, self.role, self.joined_on or today)


class ProjectLineInput(Input):
    """A product to be delivered."""

    product_id: UUID = Field(description="The product.")
    quantity: Quantity = Field(description="Quantity, in units of the product.")


class ProjectCreate(Input):
    """A project, as a draft: from a contract, from an opportunity, or free."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "topic": "华强集团工作站交付",
                    "customer_id": f"{ID}1",
                    "planned_start_on": "2026-12-01",
                    "planned_end_on": "2027-01-31",
                    "stages": [{"code": "understand", "planned_days": 10, "weight": 2}],
                    "lines": [{"product_id": f"{ID}3", "quantity": "40"}],
                    "milestones": [{"name": "到货验收", "planned_on": "2027-01-20"}],
                }
            ]
        }
    )

    topic: Text = Field(description="What it is about.")
    goal: LongText | None = Field(None, description="What is to be reached.")
    content: LongText | None = Field(None, description="What is to be done.")
    customer_id: UUID | None = Field(
        None, description="The customer; that of the contract or opportunity if omitted."
    )
    contract_id: UUID | None = Field(None, description="The contract in force that it fulfils.")
    opportunity_id: UUID | None = Field(
        None, description="The opportunity it comes from; a contract has its own."
    )
    owner_id: UUID | None = Field(
        None, description="The employee who looks after it; the caller if omitted."
    )
    department_id: UUID | None = Field(
        None, description="The owner's department; as the directory says if omitted."
    )
    leader_id: UUID | None = Field(None, description="The employee who leads it.")
    planned_start_on: Day | None = Field(None, description="Business day it should begin.")
    planned_end_on: Day | None = Field(None, description="Business day it should end.")
    method_id: UUID | None = Field(
        None, description="The method whose stages are ticked; the default one if omitted."
    )
    stages: Ticks | None = Field(
        None, description="The stages that are ticked; all but the closing one if omitted."
    )
    milestones: Annotated[list[MilestoneInput], Field(max_length=100)] = Field(
        default_factory=list, description="Its milestones."
    )
    team: Annotated[list[TeamJoin], Field(max_length=100)] = Field(
        default_factory=list, description="Who is in the team."
    )
    lines: Annotated[list[ProjectLineInput], Field(max_length=200)] = Field(
        default_factory=list,
        description="What is to be delivered; of a contract, whatever is left if omitted.",
    )


class ProjectUpdate(Patch):
    """Changes to a project; fields left out stay.

    After the draft only owner, department, leader, planned end and summary change.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"planned_end_on": "2027-02-15"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"topic", "stages"})

    topic: Text | None = Field(None, description="What it is about.")
    goal: LongText | None = Field(None, description="What is to be reached.")
    content: LongText | None = Field(None, description="What is to be done.")
    owner_id: UUID | None = Field(None, description="The employee who looks after it.")
    department_id: UUID | None = Field(None, description="The owner's department.")
    leader_id: UUID | None = Field(None, description="The employee who leads it.")
    planned_start_on: Day | None = Field(None, description="Business day it should begin.")
    planned_end_on: Day | None = Field(None, description="Business day it should end.")
    stages: Ticks | None = Field(None, description="The stages that are ticked of its method.")
    summary: LongText | None = Field(None, description="What there is to say at the end.")


class ProjectStep(Input):
    """A step on a business day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    on: Day | None = Field(None, description=ON)


class ProjectPromotion(Input):
    """The present stage ended, and the next one is entered."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"next_stage": "pre-study", "on": "2026-12-12"}]}
    )

    next_stage: Text | None = Field(
        description="Code of the stage that follows, as the project shows it; null after the last."
    )
    on: Day | None = Field(None, description="Business day the present stage really ended. " + ON)
    confirm_reminders: Flag = Field(
        False, description="True: go on although what the stage reminds of is not done."
    )


class ProjectCancellation(Input):
    """Give a project up."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户取消订单"}]})

    reason: LongText = Field(description="Why.")
    on: Day | None = Field(None, description=ON)


class MilestonePlan(Input):
    """Another day for a milestone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"planned_on": "2027-01-25"}]})

    planned_on: Day = Field(description="Business day it is planned for now.")


class TeamLeave(Input):
    """Somebody leaves the team."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"employee_id": f"{ID}2"}]})

    employee_id: UUID = Field(description="The employee.")
    on: Day | None = Field(None, description="Last business day in the team; today if omitted.")


class LineGivenUp(Input):
    """What is not delivered any more."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"line_number": 2, "reason": "客户不再需要"}]}
    )

    line_number: Annotated[Whole, Field(ge=1, le=10_000)] = Field(description="The line.")
    quantity: Quantity | None = Field(None, description="How much; all that is open if omitted.")
    reason: LongText = Field(description="Why.")


class ProjectStageRead(BaseModel):
    """One stage of a project."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="Code.")
    name: str = Field(description="Name.")
    planned_days: int = Field(description="Days planned for it.")
    weight: int = Field(description="Its weight in the progress.")
    control: OrLater[Control] = Field(
        description="How strictly open mandatory work keeps one in it."
    )
    entered_on: date | None = Field(description="Business day it was entered.")
    due_on: date | None = Field(description="Day it should end, once it is entered.")
    ended_on: date | None = Field(description="Business day it ended.")


class MilestoneRead(BaseModel):
    """One milestone."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="The milestone's id.")
    name: str = Field(description="Name.")
    stage_code: str | None = Field(description="The stage it belongs to.")
    mandatory: bool = Field(description="Whether it has to be reached.")
    planned_on: date = Field(description="Business day it is planned for.")
    reached_on: date | None = Field(description="Business day it was reached.")


class TeamMemberRead(BaseModel):
    """Somebody in the team."""

    model_config = ConfigDict(from_attributes=True)

    employee_id: UUID = Field(description="The employee.")
    role: str = Field(description="What for.")
    joined_on: date = Field(description="First business day.")
    left_on: date | None = Field(description="Last business day.")


class ProjectRead(BaseModel):
    """A project, without its lines."""

    id: UUID = Field(description="The project's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as PROJ-2026-000001.")
    topic: str = Field(description="What it is about.")
    goal: str | None = Field(description="What is to be reached.")
    content: str | None = Field(description="What is to be done.")
    customer_id: UUID = Field(description="The customer it is for.")
    opportunity_id: UUID | None = Field(description="The opportunity it comes from.")
    quote_id: UUID | None = Field(description="The quote it comes from.")
    contract_id: UUID | None = Field(description="The contract it fulfils.")
    owner_id: UUID | None = Field(description="The employee who looks after it.")
    department_id: UUID | None = Field(description="The owner's department.")
    leader_id: UUID | None = Field(description="The employee who leads it.")
    amount: Money | None = Field(
        description="What its lines are worth by the contract; of projects set up by older "
        "versions, what the whole contract is worth."
    )
    planned_start_on: date | None = Field(description="Business day it should begin.")
    planned_end_on: date | None = Field(description="Business day it should end.")
    method_id: UUID = Field(description="The method whose stages were ticked.")
    state: OrLater[ProjectState] = Field(description="How far it is.")
    percent_complete: int = Field(description=PERCENT)
    stage_code: str | None = Field(description="The stage it is in.")
    next_stage_code: str | None = Field(description="The stage that follows, to be confirmed.")
    stages: list[ProjectStageRead] = Field(description="Every stage, in order.")
    milestones: list[MilestoneRead] = Field(description="Every milestone.")
    team: list[TeamMemberRead] = Field(description="Who is and was in the team.")
    started_on: date | None = Field(description="Business day it began.")
    closed_on: date | None = Field(description="Business day it was closed or cancelled.")
    summary: str | None = Field(description="What there is to say at the end.")
    cancel_reason: str | None = Field(description="Why it was cancelled.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, project: Project, done: Mapping[str, Decimal], **besides: object) -> Self:
        """Return the project as the API shows it; `done` is the percent of tasks by stage."""
        following = project.next_stage
        return shown(
            cls,
            project,
            amount=project.worth,
            percent_complete=percent_complete(project.stages, done),
            next_stage_code=following.code if following else None,
            **besides,
        )


class ProjectLineRead(BaseModel):
    """A product to be delivered."""

    line_number: int = Field(description="Counts the lines from 1.")
    product_id: UUID = Field(description="The product.")
    product_name: str = Field(description="Its name when the project was set up.")
    quantity: DecimalText = Field(description="What is to be delivered.")
    delivered: DecimalText = Field(description="What was delivered.")
    given_up: DecimalText = Field(description="What is not delivered any more.")
    open: DecimalText = Field(description="What is still to be delivered.")
    give_up_reason: str | None = Field(description="Why it was given up.")


class ProjectDetail(ProjectRead):
    """A project with its lines."""

    lines: list[ProjectLineRead] = Field(description="What is to be delivered, and what was.")

    @classmethod
    def told(
        cls, project: Project, lines: Sequence[ProjectLine], done: Mapping[str, Decimal]
    ) -> Self:
        """Return the project as the API shows a single one."""
        return cls.of(
            project, done, lines=[shown(ProjectLineRead, one, open=one.open) for one in lines]
        )


class ProjectFilters(PageParams):
    """Filters of the list of projects; all must match."""

    number: str | None = Field(None, description="With exactly this number.")
    state: ProjectState | None = Field(None, description="In this state.")
    customer_id: UUID | None = Field(
        None, description="For this customer, also if entered for a record merged with it."
    )
    contract_id: UUID | None = Field(None, description="Fulfilling this contract.")
    quote_id: UUID | None = Field(None, description="Come from this quote.")
    opportunity_id: UUID | None = Field(None, description="Come from this opportunity.")
    owner_id: UUID | None = Field(None, description="Looked after by this employee.")
    leader_id: UUID | None = Field(None, description="Led by this employee.")
    department_id: UUID | None = Field(None, description="Of this department.")
    planned_end_to: Day | None = Field(None, description="Planned to end then or earlier.")
    late: bool | None = Field(
        None,
        description="Under way, and its end, its present stage or a milestone is past its day.",
    )
    q: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Number, topic or the customer's name contains this.",
    )
    sort: Literal["created_at", "-created_at", "planned_end_on", "-planned_end_on"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
