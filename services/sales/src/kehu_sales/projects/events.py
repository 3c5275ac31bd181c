"""What the world hears of a project."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from kehu_contracts import delivering as contract
from kehu_sales.projects.alerts import Alert, Late
from kehu_sales.projects.models import Project

Parts = Iterable[Any]


def _stages(stages: Parts) -> list[contract.ProjectStage]:
    return [contract.ProjectStage.model_validate(one, from_attributes=True) for one in stages]


def _milestones(milestones: Parts) -> list[contract.ProjectMilestone]:
    return [
        contract.ProjectMilestone(
            milestone_id=one.id,
            name=one.name,
            stage_code=one.stage_code,
            mandatory=one.mandatory,
            planned_on=one.planned_on,
            reached_on=one.reached_on,
        )
        for one in milestones
    ]


def _state(project: Project, changed: list[str]) -> dict[str, Any]:
    team = project.team
    return {
        "project_id": project.id,
        "number": project.number,
        "topic": project.topic,
        "goal": project.goal,
        "content": project.content,
        "customer_id": project.customer_id,
        "opportunity_id": project.opportunity_id,
        "quote_id": project.quote_id,
        "contract_id": project.contract_id,
        "owner_id": project.owner_id,
        "department_id": project.department_id,
        "leader_id": project.leader_id,
        "amount": project.worth,
        "state": project.state,
        "stage_code": project.stage_code,
        "planned_start_on": project.planned_start_on,
        "planned_end_on": project.planned_end_on,
        "started_on": project.started_on,
        "last_step_on": project.last_step_on,
        "closed_on": project.closed_on,
        "summary": project.summary,
        "cancel_reason": project.cancel_reason,
        "stages": _stages(project.stages),
        "milestones": _milestones(project.milestones),
        "team": [contract.ProjectMember.model_validate(one, from_attributes=True) for one in team],
        # What was told of, and the lines, are no fields of the event.
        "changed": [one for one in changed if one in contract.ProjectState.model_fields],
    }


def created(project: Project) -> contract.ProjectCreated:
    return contract.ProjectCreated(**_state(project, []))


def changed(project: Project, fields: list[str]) -> contract.ProjectChanged:
    return contract.ProjectChanged(**_state(project, fields))


def started(project: Project, fields: list[str]) -> contract.ProjectStarted:
    return contract.ProjectStarted(**_state(project, fields))


def stage_entered(
    project: Project, fields: list[str], left_stage_code: str
) -> contract.ProjectStageEntered:
    return contract.ProjectStageEntered(**_state(project, fields), left_stage_code=left_stage_code)


def closed(project: Project, fields: list[str]) -> contract.ProjectClosed:
    return contract.ProjectClosed(**_state(project, fields))


def cancelled(project: Project, fields: list[str]) -> contract.ProjectCancelled:
    return contract.ProjectCancelled(**_state(project, fields))


def late(
    project: Project, fields: list[str], alert: Alert, today: date
) -> contract.ProjectDelayed | contract.MilestoneOverdue:
    """Return the event of something that is late on a day after its planned one."""
    when: dict[str, Any] = {
        "planned_on": alert.planned_on,
        "days_late": (today - alert.planned_on).days,
    }
    if alert.late is Late.MILESTONE:
        one = next(x for x in project.milestones if str(x.id) == alert.item)
        return contract.MilestoneOverdue(
            **_state(project, fields),
            milestone_id=one.id,
            milestone_name=one.name,
            mandatory=one.mandatory,
            **when,
        )
    return contract.ProjectDelayed(
        **_state(project, fields), late=alert.late, late_name=alert.name, **when
    )
