"""What a project is made of beside its lines: stages, milestones, team. Values, kept as jsonb."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from kehu_kernel import ids
from kehu_sales.later import MadeByLaterVersion
from kehu_sales.methods.stages import Control, Stage
from kehu_sales.projects.errors import StageNotInMethod


class Values(TypeDecorator[tuple[Any, ...]]):
    """Dataclasses of one kind in a jsonb column; they change as a whole with their document."""

    impl = JSONB
    cache_ok = True

    def __init__(self, kind: type) -> None:
        super().__init__()
        self.kind = kind  # tells the types of two columns apart
        self._adapter: TypeAdapter[tuple[Any, ...]] = TypeAdapter(tuple[kind, ...])  # type: ignore[valid-type]

    def process_bind_param(self, value: tuple[Any, ...] | None, _dialect: Dialect) -> Any:
        """Return the values as JSON can hold them."""
        return self._adapter.dump_python(value or (), mode="json")

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[Any, ...]:
        """Return the stored values. Raises `MadeByLaterVersion` for a word that is none of ours."""
        try:
            return self._adapter.validate_python(value)
        except ValidationError as unknown:
            raise MadeByLaterVersion(word=unknown.errors()[0]["input"]) from unknown


@dataclass(frozen=True, slots=True)
class ProjectStage:
    """A stage that was ticked: days planned for it, and its weight in the progress.

    `control` is the method's: how much open mandatory milestones and tasks keep the stage from
    being left (推进条件). Both days are empty before it is entered.
    """

    code: str
    name: str
    planned_days: int
    weight: int
    control: Control
    entered_on: date | None = None
    ended_on: date | None = None

    @property
    def due_on(self) -> date | None:
        """The day it should end, once it is entered."""
        return self.entered_on and self.entered_on + timedelta(days=self.planned_days)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A day on which something should be there; of one stage, or of the whole project."""

    name: str
    planned_on: date
    mandatory: bool
    stage_code: str | None = None
    reached_on: date | None = None
    id: UUID = field(default_factory=ids.new_id)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the team from a day on, until a day (included) if it is known."""

    employee_id: UUID
    role: str
    joined_on: date
    left_on: date | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A stage of the method that the project is to have; planned days are the method's if None."""

    code: str
    planned_days: int | None = None
    weight: int = 1


def ticked(
    method: str, stages: Sequence[Stage], ticks: Iterable[Tick] | None
) -> tuple[ProjectStage, ...]:
    """Return the project's stages in the order of the method; all of them unless some are ticked.

    (1.4, item 4: stages ticked from the method.) Raises `StageNotInMethod`.
    """
    codes = [stage.code for stage in stages]
    chosen = [Tick(code) for code in codes] if ticks is None else list(ticks)
    wanted = {tick.code: tick for tick in chosen}
    for one in chosen:
        if one.code not in codes or wanted[one.code] is not one:
            raise StageNotInMethod(method=method, stage=one.code)
    return tuple(
        ProjectStage(
            code=stage.code,
            name=stage.name,
            planned_days=stage.planned_days if tick.planned_days is None else tick.planned_days,
            weight=tick.weight,
            control=stage.conditions.control,
        )
        for stage, tick in ((it, wanted[it.code]) for it in stages if it.code in wanted)
    )
