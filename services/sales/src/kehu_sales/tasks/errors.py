"""What can be refused about a task, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class TaskIsCompleted(DomainError):
    """The task is completed; that is final."""

    code = "task-is-completed"
    status = HTTPStatus.CONFLICT
    en = "The task is completed already; that is final."
    zh = "任务已完成，不可再更改。"


class UnknownTask(DomainError):
    """There is no such task, or it is out of the caller's sight."""

    code = "unknown-task"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no task {id}."
    zh = "不存在任务 {id}。"


class TaskNotAssigned(DomainError):
    """A task that nobody was assigned to cannot be completed."""

    code = "task-not-assigned"
    status = HTTPStatus.CONFLICT
    en = "Nobody has been assigned to the task; assign it before it is completed."
    zh = "任务尚未分配；请先分配再完成。"


class TaskIsCancelled(DomainError):
    """A task that was called off stays so."""

    code = "task-is-cancelled"
    status = HTTPStatus.CONFLICT
    en = "The task was cancelled; that is final."
    zh = "任务已取消，不可再更改。"


class WeekdaysOfWeeks(DomainError):
    """Days of the week say which days of a week; nothing else recurs on them."""

    code = "weekdays-of-weeks"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = (
        "Days of the week go with the frequency weekly; for every working day name five of them, "
        "weekly."
    )
    zh = "星期几只能用于每周重复；如需每个工作日重复，请按每周重复并选择五天。"


class TaskNeedsDay(DomainError):
    """What repeats, or reminds of its start, needs a day or a time to count from."""

    code = "task-needs-day"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A task that repeats needs a due day or a start of our times; a reminder needs a start."
    zh = "重复的任务须有到期日或开始时间；提醒须有开始时间。"


class TaskTimesIncomplete(DomainError):
    """A task has a start and an end, or neither."""

    code = "task-times-incomplete"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Give both the planned start and the planned end, or neither."
    zh = "计划开始与计划结束时间须同时填写，或都不填写。"


class TaskOfNoProject(DomainError):
    """Stage and mandatory are words about a project's task; a task has one source."""

    code = "task-of-no-project"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name a project, or an opportunity; a stage and mandatory are for tasks of projects."
    zh = "项目与商机只能指定其一；阶段和必需标记只用于项目任务。"
