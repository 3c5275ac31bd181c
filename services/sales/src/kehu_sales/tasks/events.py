"""What the world hears of a task."""

from typing import Any

from kehu_contracts import fieldwork
from kehu_sales.tasks.models import Task


def _state(task: Task, changed: list[str]) -> dict[str, Any]:
    return {
        "task_id": task.id,
        "topic": task.topic,
        "customer_id": task.customer_id,
        "opportunity_id": task.opportunity_id,
        "stage_code": task.stage_code,
        "assignee_id": task.assignee_id,
        "status": task.status,
        "due_on": task.due_on,
        "started_on": task.started_on,
        "finished_on": task.finished_on,
        "changed": changed,
        "starts_at": task.starts_at,
        "ends_at": task.ends_at,
        "series_id": task.series_id,
        "project_id": task.project_id,
        "mandatory": task.mandatory,
        "percent": task.percent,
    }


def created(task: Task) -> fieldwork.TaskCreated:
    return fieldwork.TaskCreated(**_state(task, []))


def assigned(task: Task, fields: list[str]) -> fieldwork.TaskAssigned:
    return fieldwork.TaskAssigned(**_state(task, fields))


def completed(task: Task, fields: list[str]) -> fieldwork.TaskCompleted:
    return fieldwork.TaskCompleted(**_state(task, fields))


def changed(task: Task, fields: list[str]) -> fieldwork.TaskChanged:
    return fieldwork.TaskChanged(**_state(task, fields))


def due(task: Task, fields: list[str]) -> fieldwork.TaskDue:
    return fieldwork.TaskDue(**_state(task, fields))


def reminded(task: Task, fields: list[str]) -> fieldwork.TaskReminded:
    return fieldwork.TaskReminded(**_state(task, fields))


def cancelled(task: Task) -> fieldwork.TaskCancelled:
    return fieldwork.TaskCancelled(
        task_id=task.id,
        topic=task.topic,
        customer_id=task.customer_id,
        opportunity_id=task.opportunity_id,
        assignee_id=task.assignee_id,
        series_id=task.series_id,
        project_id=task.project_id,
        reason=task.cancel_reason or "",
    )
