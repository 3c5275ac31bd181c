"""What can be done with a project. One function per command; each runs in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from kehu_kernel import audit, business_day, ids, numbering, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.approvals.models import Approval, DocumentKind, Facts
from kehu_sales.approvals.service import Document, start
from kehu_sales.directory.service import department_of, require_newly_named, require_staff
from kehu_sales.projects import events, queries
from kehu_sales.projects.errors import UnknownProjectLine
from kehu_sales.projects.models import Project, ProjectLine, ProjectState
from kehu_sales.projects.parts import Tick, ticked
from kehu_sales.projects.schemas import (
    LineGivenUp,
    MilestoneInput,
    MilestonePlan,
    ProjectCancellation,
    ProjectCreate,
    ProjectFilters,
    ProjectPromotion,
    ProjectStep,
    ProjectUpdate,
    StageTick,
    TeamJoin,
    TeamLeave,
)
from kehu_sales.projects.sources import method_of, source_of

NUMBER_PREFIX = "PROJ"


async def create_project(
    session: Session, data: ProjectCreate, *, today: date
) -> tuple[Project, list[ProjectLine]]:
    """Draft a project from a contract, from an opportunity, or free.

    Raises `StageNotInMethod`, `PeriodReversed`, `UnknownProjectStage`, `NoDefaultMethod`,
    `UnknownMethod`, `MethodWithdrawn`, or what `require_staff` and `source_of` raise.
    """
    people = [data.owner_id, data.leader_id, *(one.employee_id for one in data.team)]
    await require_staff(session, people, data.department_id)
    source = await source_of(session, data)
    method = await method_of(session, data.method_id)
    stages = [stage for stage in method.stages if not stage.closing]
    owner_id = data.owner_id or session.context.employee_id
    project = Project(
        id=ids.new_id(),
        **data.model_dump(
            include={
                "topic", "goal", "content", "leader_id", "planned_start_on", "planned_end_on",
            }
        ),
        **source.carried(),
        owner_id=owner_id,
        department_id=data.department_id or await department_of(session, owner_id),
        method_id=method.id,
        stages=ticked(method.name, stages, _ticks(data.stages)),
        milestones=tuple(one.milestone() for one in data.milestones),
        team=(),
        state=ProjectState.DRAFT,
        alerted=[],
    )  # fmt: skip
    for one in data.team:
        project.join(one.member(today))
    project.require_sound()
    project.number = await numbering.next_number(session, NUMBER_PREFIX, year=today.year)
    lines = source.lines_of(project.id)
    audit.created(session, project, lines=[line_told(line) for line in lines])
    for line in lines:
        session.add(line)
    outbox.add(session, events.created(project), sequence=project.version)
    return project, lines


async def change_project(
    session: Session, project_id: UUID, data: ProjectUpdate, *, expected_version: int
) -> Project:
    """Change a project; after the draft only who is responsible, the planned end, the summary.

    Raises `ProjectNotReady`, `ProjectIsFixed`, `StageNotInMethod`, and as for a new one.
    """
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    given = data.given()
    await require_newly_named(session, project, given, "owner_id", "leader_id")
    project.require_changeable([one for one in given if one != "stages"])
    if data.stages is not None:
        project.require_changeable(["stages"])
        method = await method_of(session, project.method_id)
        stages = [stage for stage in method.stages if not stage.closing]
        project.stages = ticked(method.name, stages, _ticks(data.stages))
    for name in given.keys() - {"stages"}:
        setattr(project, name, given[name])
    if "owner_id" in given and "department_id" not in given:
        project.department_id = await department_of(session, project.owner_id)
    project.require_sound()
    project.watch()
    return keep(session, project, "changed")


async def submit_project(
    session: Session, project_id: UUID, *, expected_version: int | None
) -> Project:
    """Submit a draft; it is approved at once if nobody has to agree. Raises `ProjectNotReady`."""
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    project.require(ProjectState.DRAFT)
    document = Document.of(DocumentKind.PROJECT, project)
    approval = await start(session, document, Facts(project.worth))
    project.follow(approval.state)
    return keep(session, project, f"approval-{approval.state}")


async def approval_decided(session: Session, approval: Approval) -> None:
    """Follow what was decided about the project. Raises `ProjectIsUnderWay`."""
    project = await require(session, Project, approval.document_id, lock=True)
    project.follow(approval.state)
    keep(session, project, f"approval-{approval.state}")


async def execute_project(
    session: Session,
    project_id: UUID,
    data: ProjectStep,
    *,
    today: date,
    expected_version: int | None,
) -> Project:
    """Begin to carry out an approved project, not before its contract was signed.

    Raises `ProjectNotReady`, `DateInFuture`, `DateBeforePrevious`.
    """
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    on = business_day.happened(data.on, today)
    if project.contract_id is not None:
        business_day.follows(on, await queries.signing_of(session, project.contract_id))
    project.execute(on)
    fields = audit.changed(session, project, "started")
    outbox.add(session, events.started(project, fields), sequence=project.version)
    return project


async def promote_project(
    session: Session,
    project_id: UUID,
    data: ProjectPromotion,
    *,
    today: date,
    expected_version: int | None,
) -> Project:
    """End the present stage and enter the next one, which the caller confirms.

    Raises `DateInFuture`, or what `Project.promote` raises.
    """
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    on, left = business_day.happened(data.on, today), project.stage_code
    work = await queries.open_tasks(session, project.id, left) if left else []
    project.promote(on, data.next_stage, work, confirmed=data.confirm_reminders)
    fields = audit.changed(session, project, "stage-entered")
    event = events.stage_entered(project, fields, left or "")
    outbox.add(session, event, sequence=project.version)
    return project


async def close_project(
    session: Session,
    project_id: UUID,
    data: ProjectStep,
    *,
    today: date,
    expected_version: int | None,
) -> Project:
    """Close a project (结案). Raises `DateInFuture`, or what `Project.close` raises."""
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    lines = await queries.lines_of(session, project.id)
    on = business_day.happened(data.on, today)
    project.close(on, [one.line_number for one in lines if one.open])
    fields = audit.changed(session, project, "closed")
    outbox.add(session, events.closed(project, fields), sequence=project.version)
    return project


async def cancel_project(
    session: Session,
    project_id: UUID,
    data: ProjectCancellation,
    *,
    today: date,
    expected_version: int | None,
) -> Project:
    """Give a project up, for a reason. Raises `DateInFuture`, or what `Project.cancel` raises."""
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    project.cancel(business_day.happened(data.on, today), data.reason)
    fields = audit.changed(session, project, "cancelled")
    outbox.add(session, events.cancelled(project, fields), sequence=project.version)
    return project


async def add_milestone(
    session: Session, project_id: UUID, data: MilestoneInput, *, expected_version: int | None
) -> Project:
    """Plan a milestone. Raises what `Project.add_milestone` raises."""
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    project.add_milestone(data.milestone())
    return keep(session, project, "milestone-added")


async def reach_milestone(
    session: Session,
    project_id: UUID,
    milestone_id: UUID,
    data: ProjectStep,
    *,
    today: date,
    expected_version: int | None,
) -> Project:
    """Say that a milestone was reached. Raises what `Project.reach_milestone` raises."""
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    project.reach_milestone(milestone_id, business_day.happened(data.on, today))
    return keep(session, project, "milestone-reached")


async def move_milestone(
    session: Session,
    project_id: UUID,
    milestone_id: UUID,
    data: MilestonePlan,
    *,
    expected_version: int | None,
) -> Project:
    """Plan a milestone for another day. Raises what `Project.move_milestone` raises."""
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    project.move_milestone(milestone_id, data.planned_on)
    return keep(session, project, "milestone-moved")


async def join_team(
    session: Session,
    project_id: UUID,
    data: TeamJoin,
    *,
    today: date,
    expected_version: int | None,
) -> Project:
    """Take somebody into the team. Raises what `Project.join` and `require_staff` raise."""
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    await require_staff(session, [data.employee_id])
    project.join(data.member(today))
    return keep(session, project, "team-joined")


async def leave_team(
    session: Session,
    project_id: UUID,
    data: TeamLeave,
    *,
    today: date,
    expected_version: int | None,
) -> Project:
    """Let somebody leave the team. Raises what `Project.leave` raises."""
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    project.leave(data.employee_id, data.on or today)
    return keep(session, project, "team-left")


async def give_up_line(
    session: Session, project_id: UUID, data: LineGivenUp, *, expected_version: int | None
) -> Project:
    """Deliver less than was planned, for a reason.

    Raises `ProjectNotReady`, `UnknownProjectLine`, `NothingOpenOfLine`, `OverDelivery`.
    """
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    project.require(ProjectState.APPROVED, ProjectState.EXECUTING)
    lines = await queries.lines_of(session, project.id)
    before = [line_told(one) for one in lines]
    line = next((one for one in lines if one.line_number == data.line_number), None)
    if line is None:
        raise UnknownProjectLine(line=data.line_number)
    line.give_up(data.quantity, data.reason)
    return keep(
        session, project, "line-given-up", lines=(before, [line_told(one) for one in lines])
    )


async def list_projects(
    session: Session, filters: ProjectFilters, *, today: date
) -> tuple[list[Project], str | None, int | None]:
    """Return one page of the projects that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters, today),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Project.id,
    )


async def detail_of(
    session: Session, project: Project
) -> tuple[Project, Sequence[ProjectLine], Mapping[str, Decimal]]:
    """Return a project with its lines, and the percent of the tasks by stage."""
    lines = await queries.lines_of(session, project.id)
    done = await queries.done_in_stages(session, [project.id])
    return project, lines, done.get(project.id, {})


def keep(session: Session, project: Project, action: str, **more: tuple[object, object]) -> Project:
    """Write down and tell what was changed; nothing if nothing was."""
    fields = audit.changed(session, project, action, **more)
    if fields:
        outbox.add(session, events.changed(project, fields), sequence=project.version)
    return project


def line_told(line: ProjectLine) -> dict[str, Any]:
    """Return what the audit log says of a line."""
    return {
        "line_number": line.line_number,
        "product_id": line.product_id,
        "quantity": line.quantity,
        "delivered": line.delivered,
        "given_up": line.given_up,
    }


def _ticks(stages: list[StageTick] | None) -> list[Tick] | None:
    return None if stages is None else [one.tick() for one in stages]
