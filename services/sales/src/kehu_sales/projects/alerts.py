"""What of a project's plan is late: told once for each planned day (1.1, problem 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kehu_sales.projects.parts import Milestone, ProjectStage


class Late(StrEnum):
    """What is late: the project's end, the present stage, a milestone."""

    END = "end"
    STAGE = "stage"
    MILESTONE = "milestone"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that should have been done by a planned day."""

    late: Late
    item: str | None
    name: str | None
    planned_on: date

    @property
    def key(self) -> str:
        """Stands for having told of it; another planned day is told of anew."""
        return f"{self.late}:{self.item or ''}:{self.planned_on}"


def planned(
    end_on: date | None, stages: Sequence[ProjectStage], milestones: Sequence[Milestone]
) -> Iterator[Alert]:
    """Yield whatever is planned and not done in a project under way."""
    if end_on is not None:
        yield Alert(Late.END, None, None, end_on)
    for stage in stages:
        if stage.due_on is not None and stage.ended_on is None:
            yield Alert(Late.STAGE, stage.code, stage.name, stage.due_on)
    for one in milestones:
        if one.reached_on is None:
            yield Alert(Late.MILESTONE, str(one.id), one.name, one.planned_on)
