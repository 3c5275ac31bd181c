"""The project API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture, PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Today, router, set_etag
from kehu_kernel.http import Session as Db
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.contracts.errors import UnknownContract
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_sales.directory.errors import STAFF, EmployeeHasLeft, UnknownEmployee
from kehu_sales.methods.errors import MethodWithdrawn, NoDefaultMethod, UnknownMethod
from kehu_sales.opportunities.errors import AnotherCustomer, UnknownOpportunity
from kehu_sales.products.errors import UnknownProduct
from kehu_sales.projects import queries, service
from kehu_sales.projects.errors import (
    ContractNotEffective,
    MilestoneReached,
    MoreThanContract,
    NoStageLeft,
    NothingLeftOfContract,
    NothingOpenOfLine,
    NotInTeam,
    NotTheNextStage,
    OverDelivery,
    ProjectCustomerMissing,
    ProjectIsFixed,
    ProjectNotFinished,
    ProjectNotReady,
    ProjectSourceUnclear,
    StageNotInMethod,
    StageWorkOpen,
    StageWorkReminder,
    TeamMemberTaken,
    TooManyParts,
    UnknownMilestone,
    UnknownProjectLine,
    UnknownProjectStage,
)
from kehu_sales.projects.models import Project
from kehu_sales.projects.schemas import (
    LineGivenUp,
    MilestoneInput,
    MilestonePlan,
    ProjectCancellation,
    ProjectCreate,
    ProjectDetail,
    ProjectFilters,
    ProjectPromotion,
    ProjectRead,
    ProjectStep,
    ProjectUpdate,
    TeamJoin,
    TeamLeave,
)

routes = router("/v1/projects", "projects")
READ = requires("sales:projects:read")
WRITE = requires("sales:projects:write")
PLAN = (StageNotInMethod, PeriodReversed, UnknownProjectStage, UnknownMethod, MethodWithdrawn)
SOURCES = (
    UnknownContract,
    ContractNotEffective,
    MoreThanContract,
    NothingLeftOfContract,
    ProjectSourceUnclear,
    UnknownOpportunity,
    AnotherCustomer,
    ProjectCustomerMissing,
    UnknownProduct,
    UnknownCustomer,
    CustomerMerged,
    CustomerHasEnded,
)
DATES = (DateInFuture, DateBeforePrevious)


@routes.post(
    "",
    summary="Create a project",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        *PLAN, *SOURCES, NoDefaultMethod, TeamMemberTaken, TooManyParts, *STAFF, OutsideRowScope
    ),
)
async def create_project(
    data: ProjectCreate, session: Db, today: Today, response: Response
) -> ProjectDetail:
    """Draft a project from a contract, from an opportunity, or free; its stages are ticked."""
    project, lines = await service.create_project(session, data, today=today)
    response.headers["Location"] = f"/v1/projects/{project.id}"
    set_etag(response, project)
    return ProjectDetail.told(project, lines, {})


@routes.get("", summary="List projects", dependencies=[READ])
async def list_projects(
    session: Db, filters: Annotated[ProjectFilters, Query()], today: Today
) -> Page[ProjectRead]:
    """Projects that match all filters, a page at a time, without their lines."""
    found, cursor, count = await service.list_projects(session, filters, today=today)
    done = await queries.done_in_stages(session, [one.id for one in found])
    items = [ProjectRead.of(one, done.get(one.id, {})) for one in found]
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/{project_id}", summary="Read a project", dependencies=[READ])
async def read_project(project_id: UUID, session: Db, response: Response) -> ProjectDetail:
    """One project with what is to be delivered, how far it is, and its ETag."""
    return await _answer(session, await require(session, Project, project_id), response)


@routes.patch(
    "/{project_id}",
    summary="Change a project",
    dependencies=[WRITE],
    responses=problems(ProjectNotReady, ProjectIsFixed, *PLAN, *STAFF, OutsideRowScope),
)
async def change_project(
    project_id: UUID, data: ProjectUpdate, session: Db, version: ExpectedVersion, response: Response
) -> ProjectDetail:
    """Change a draft; after that only who is responsible, the planned end, and the summary."""
    project = await service.change_project(session, project_id, data, expected_version=version)
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/submit",
    summary="Submit a project",
    dependencies=[WRITE],
    responses=problems(ProjectNotReady),
)
async def submit_project(
    project_id: UUID, session: Db, version: OptionalVersion, response: Response
) -> ProjectDetail:
    """Submit a draft; it is approved at once if nobody has to agree."""
    project = await service.submit_project(session, project_id, expected_version=version)
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/execute",
    summary="Execute a project",
    dependencies=[WRITE],
    responses=problems(ProjectNotReady, *DATES),
)
async def execute_project(
    project_id: UUID,
    data: ProjectStep,
    session: Db,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ProjectDetail:
    """Begin to carry out an approved project: it enters its first stage."""
    project = await service.execute_project(
        session, project_id, data, today=today, expected_version=version
    )
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/promote",
    summary="Promote a project to its next stage",
    dependencies=[WRITE],
    responses=problems(
        ProjectNotReady, NoStageLeft, NotTheNextStage, StageWorkOpen, StageWorkReminder, *DATES
    ),
)
async def promote_project(
    project_id: UUID,
    data: ProjectPromotion,
    session: Db,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ProjectDetail:
    """End the present stage and enter the next one, which the project shows and you confirm."""
    project = await service.promote_project(
        session, project_id, data, today=today, expected_version=version
    )
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/close",
    summary="Close a project",
    dependencies=[WRITE],
    responses=problems(ProjectNotReady, ProjectNotFinished, *DATES),
)
async def close_project(
    project_id: UUID,
    data: ProjectStep,
    session: Db,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ProjectDetail:
    """Close it (结案): summary written, everything delivered or given up, every stage over."""
    project = await service.close_project(
        session, project_id, data, today=today, expected_version=version
    )
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/cancel",
    summary="Cancel a project",
    dependencies=[WRITE],
    responses=problems(ProjectNotReady, *DATES),
)
async def cancel_project(
    project_id: UUID,
    data: ProjectCancellation,
    session: Db,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ProjectDetail:
    """Give it up, for a reason; what was delivered stays so. Withdraw its approval first."""
    project = await service.cancel_project(
        session, project_id, data, today=today, expected_version=version
    )
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/milestones",
    summary="Add a milestone",
    dependencies=[WRITE],
    responses=problems(ProjectNotReady, UnknownProjectStage, TooManyParts),
)
async def add_milestone(
    project_id: UUID, data: MilestoneInput, session: Db, version: OptionalVersion,
    response: Response,
) -> ProjectDetail:  # fmt: skip
    """Plan a milestone, of a stage or of the whole project."""
    project = await service.add_milestone(session, project_id, data, expected_version=version)
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/milestones/{milestone_id}/reach",
    summary="Reach a milestone",
    dependencies=[WRITE],
    responses=problems(ProjectNotReady, UnknownMilestone, MilestoneReached, *DATES),
)
async def reach_milestone(
    project_id: UUID,
    milestone_id: UUID,
    data: ProjectStep,
    session: Db,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ProjectDetail:
    """Say on which day a milestone was really reached."""
    project = await service.reach_milestone(
        session, project_id, milestone_id, data, today=today, expected_version=version
    )
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/milestones/{milestone_id}/move",
    summary="Plan a milestone for another day",
    dependencies=[WRITE],
    responses=problems(ProjectNotReady, UnknownMilestone, MilestoneReached),
)
async def move_milestone(
    project_id: UUID,
    milestone_id: UUID,
    data: MilestonePlan,
    session: Db,
    version: OptionalVersion,
    response: Response,
) -> ProjectDetail:
    """Plan it for another day; if that passes as well, it is told of anew."""
    project = await service.move_milestone(
        session, project_id, milestone_id, data, expected_version=version
    )
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/team",
    summary="Join the team",
    dependencies=[WRITE],
    responses=problems(
        ProjectNotReady, TeamMemberTaken, TooManyParts, UnknownEmployee, EmployeeHasLeft
    ),
)
async def join_team(
    project_id: UUID,
    data: TeamJoin,
    session: Db,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ProjectDetail:
    """Take an employee into the team; who is in the team sees the project."""
    project = await service.join_team(
        session, project_id, data, today=today, expected_version=version
    )
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/team/leave",
    summary="Leave the team",
    dependencies=[WRITE],
    responses=problems(ProjectNotReady, NotInTeam, DateBeforePrevious, OutsideRowScope),
)
async def leave_team(
    project_id: UUID,
    data: TeamLeave,
    session: Db,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ProjectDetail:
    """Let an employee leave the team; the entry stays."""
    project = await service.leave_team(
        session, project_id, data, today=today, expected_version=version
    )
    return await _answer(session, project, response)


@routes.post(
    "/{project_id}/give-up",
    summary="Give up a line",
    dependencies=[WRITE],
    responses=problems(ProjectNotReady, UnknownProjectLine, NothingOpenOfLine, OverDelivery),
)
async def give_up_line(
    project_id: UUID, data: LineGivenUp, session: Db, version: OptionalVersion, response: Response
) -> ProjectDetail:
    """Say that something of a line is not delivered any more, and why."""
    project = await service.give_up_line(session, project_id, data, expected_version=version)
    return await _answer(session, project, response)


async def _answer(session: Db, project: Project, response: Response) -> ProjectDetail:
    set_etag(response, project)
    return ProjectDetail.told(*await service.detail_of(session, project))
