from datetime import date
from uuid import uuid4

import pytest

from kehu_kernel.business_day import DateBeforePrevious
from kehu_sales.tasks.errors import TaskIsCompleted, TaskNotAssigned
from kehu_sales.tasks.models import Task, TaskStatus

DAY, NEXT = date(2026, 3, 2), date(2026, 3, 3)


class TestComplete:
    def test_an_assigned_task(self) -> None:
        task = Task(status=TaskStatus.OPEN)
        task.assign(uuid4())
        task.complete(DAY, NEXT)
        assert (task.status, task.started_on, task.finished_on) == ("completed", DAY, NEXT)

    def test_a_task_nobody_has(self) -> None:
        with pytest.raises(TaskNotAssigned):
            Task(status=TaskStatus.OPEN).complete(DAY, DAY)

    def test_with_an_end_before_the_start(self) -> None:
        task = Task(status=TaskStatus.IN_PROGRESS)
        with pytest.raises(DateBeforePrevious):
            task.complete(NEXT, DAY)
        assert task.status == TaskStatus.IN_PROGRESS

    def test_twice(self) -> None:
        task = Task(status=TaskStatus.COMPLETED)
        with pytest.raises(TaskIsCompleted):
            task.complete(DAY, DAY)
        with pytest.raises(TaskIsCompleted):
            task.assign(uuid4())
