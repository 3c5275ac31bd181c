"""What can be refused about an activity, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class TaskOfAnother(DomainError):
    """The activity names a task, and another opportunity or customer than the task is for."""

    code = "task-of-another"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The task is for another opportunity, or another customer."
    zh = "该任务属于其他商机或其他客户。"
