"""Facts of the sales service: delivery projects, and what was delivered."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event, Fragment
from kehu_contracts.money import Money


class ProjectStage(Fragment):
    """One stage of a project."""

    code: str = Field(description="Code, unique in the project.")
    name: str = Field(description="Name.")
    planned_days: int = Field(ge=0, description="Days planned for it.")
    weight: int = Field(ge=1, description="Its weight in the progress of the project.")
    entered_on: date | None = Field(description="Business day it was entered.")
    ended_on: date | None = Field(description="Business day it ended.")


class ProjectMilestone(Fragment):
    """A day on which something should be there."""

    milestone_id: UUID = Field(description="The milestone.")
    name: str = Field(description="Name.")
    stage_code: str | None = Field(description="The stage it belongs to; null: the whole project.")
    mandatory: bool = Field(description="Whether it has to be reached.")
    planned_on: date = Field(description="Business day it is planned for.")
    reached_on: date | None = Field(description="Business day it was reached.")


class ProjectMember(Fragment):
    """Somebody in the team of a project."""

    employee_id: UUID = Field(description="The employee.")
    role: str = Field(description="What for, in the tenant's own words.")
    joined_on: date = Field(description="First business day.")
    left_on: date | None = Field(description="Last business day.")


class ProjectState(Event):
    """A delivery project after the change."""

    key: ClassVar[str] = "project_id"

    project_id: UUID = Field(description="The project.")
    number: str = Field(description="Document number, such as PROJ-2026-000001.")
    topic: str = Field(description="What it is about.")
    goal: str | None = Field(description="What is to be reached.")
    content: str | None = Field(description="What is to be done.")
    customer_id: UUID = Field(description="The customer it is for.")
    opportunity_id: UUID | None = Field(description="The opportunity it came from.")
    quote_id: UUID | None = Field(description="The quote it came from.")
    contract_id: UUID | None = Field(description="The contract it fulfils.")
    owner_id: UUID | None = Field(description="The employee who looks after it.")
    department_id: UUID | None = Field(description="The owner's department.")
    leader_id: UUID | None = Field(description="The employee who leads it.")
    amount: Money | None = Field(description="What its lines are worth by the contract.")
    state: str = Field(
        description="How far it is: draft, in_approval, approved, executing, closed or cancelled; "
        "more may come."
    )
    stage_code: str | None = Field(description="The stage it is in.")
    planned_start_on: date | None = Field(description="Business day it should begin.")
    planned_end_on: date | None = Field(description="Business day it should end.")
    started_on: date | None = Field(description="Business day it began.")
    last_step_on: date | None = Field(description="Business day of the last step.")
    closed_on: date | None = Field(description="Business day it was closed or cancelled.")
    summary: str | None = Field(description="What there is to say at the end.")
    cancel_reason: str | None = Field(description="Why it was cancelled.")
    stages: list[ProjectStage] = Field(description="Every stage, in order.")
    milestones: list[ProjectMilestone] = Field(description="Every milestone.")
    team: list[ProjectMember] = Field(description="Who is and was in the team.")
    changed: list[str] = Field(
        description="Names of the fields that changed; empty on creation, and where only lines did."
    )


class ProjectCreated(ProjectState):
    """A project was set up, as a draft."""

    type: ClassVar[str] = "sales.project-created.v1"


class ProjectChanged(ProjectState):
    """A project was changed: its plan, team, milestones, lines, or how far its approval is."""

    type: ClassVar[str] = "sales.project-changed.v1"


class ProjectStarted(ProjectState):
    """A project is carried out from now on, in its first stage."""

    type: ClassVar[str] = "sales.project-started.v1"


class ProjectStageEntered(ProjectState):
    """A project left a stage, and entered the next one; after the last one it is in none."""

    type: ClassVar[str] = "sales.project-stage-entered.v1"

    left_stage_code: str = Field(description="The stage that ended.")


class ProjectClosed(ProjectState):
    """A project was closed, with everything done; this is final."""

    type: ClassVar[str] = "sales.project-closed.v1"


class ProjectCancelled(ProjectState):
    """A project was given up; what was delivered stays so."""

    type: ClassVar[str] = "sales.project-cancelled.v1"


class ProjectDelayed(ProjectState):
    """A planned day is over: that of the project's end, or of its present stage; told once."""

    type: ClassVar[str] = "sales.project-delayed.v1"

    late: str = Field(description="What is late: end or stage; more may come.")
    late_name: str | None = Field(description="Name of the stage.")
    planned_on: date = Field(description="Business day it was planned for.")
    days_late: int = Field(ge=1, description="Days since then.")


class MilestoneOverdue(ProjectState):
    """A milestone is not reached, though its day is over; told once for a planned day."""

    type: ClassVar[str] = "sales.milestone-overdue.v1"

    milestone_id: UUID = Field(description="The milestone.")
    milestone_name: str = Field(description="Its name.")
    mandatory: bool = Field(description="Whether it has to be reached.")
    planned_on: date = Field(description="Business day it was planned for.")
    days_late: int = Field(ge=1, description="Days since then.")


class DeliveredLine(Fragment):
    """A product that was delivered, with what its delivery means to the service desk."""

    line_number: int = Field(ge=1, description="The line of the project.")
    product_id: UUID = Field(description="The product.")
    product_code: str = Field(description="Its code.")
    product_name: str = Field(description="Its name when the project was set up.")
    quantity: DecimalText = Field(description="Quantity, in units of the product.")
    serial_numbers: list[str] = Field(description="The maker's numbers; one per unit, or none.")
    service_enabled: bool = Field(description="Whether the service desk services it.")
    creates_product_file: bool = Field(description="Whether it gets a product file.")
    spare_part: bool = Field(description="Whether it is a spare part.")
    service_life_months: int | None = Field(description="Service life from the delivery on.")
    warranty_months: int | None = Field(description="Warranty from the delivery on.")


class ProjectDeliveryState(Event):
    """A delivery after the change."""

    key: ClassVar[str] = "delivery_id"

    delivery_id: UUID = Field(description="The delivery.")
    number: str = Field(description="Document number, such as DLV-2026-000001.")
    project_id: UUID = Field(description="The project.")
    project_number: str = Field(description="Its number.")
    contract_id: UUID | None = Field(description="The contract it fulfils.")
    customer_id: UUID = Field(description="The customer who got it.")
    employee_id: UUID | None = Field(description="The employee who took it down.")
    delivered_on: date = Field(description="Business day of the delivery.")
    receiver: str | None = Field(description="Who took it at the customer's.")
    lines: list[DeliveredLine] = Field(description="What was delivered.")


class ProjectLinesDelivered(ProjectDeliveryState):
    """Lines of a project were delivered to the customer."""

    type: ClassVar[str] = "sales.project-lines-delivered.v1"


class ProjectDeliveryReversed(ProjectDeliveryState):
    """A delivery was taken back as a whole: it counts as never made."""

    type: ClassVar[str] = "sales.project-delivery-reversed.v1"

    reversed_on: date = Field(description="Business day it was taken back.")
    reason: str = Field(description="Why.")


EVENTS: tuple[type[Event], ...] = (
    ProjectCreated,
    ProjectChanged,
    ProjectStarted,
    ProjectStageEntered,
    ProjectClosed,
    ProjectCancelled,
    ProjectDelayed,
    MilestoneOverdue,
    ProjectLinesDelivered,
    ProjectDeliveryReversed,
)
