"""What can be refused about a task, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class TaskIsCompleted(DomainError):
    """The task is completed; that is final."""

    code = "task-is-completed"
    status = HTTPStatus.CONFLICT
    en = "The task is completed already; that is final."
    zh = "任务已完成，不可再更改。"


class TaskNotAssigned(DomainError):
    """A task that nobody was assigned to cannot be completed."""

    code = "task-not-assigned"
    status = HTTPStatus.CONFLICT
    en = "Nobody has been assigned to the task; assign it before it is completed."
    zh = "任务尚未分配；请先分配再完成。"
