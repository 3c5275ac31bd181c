"""The sales method, its stages, and what a stage asks for before it may be left (1.2)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from sqlalchemy import Dialect, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.methods.errors import (
    DefaultMethodNeeded,
    MethodWithdrawn,
    StageCodesRepeat,
    SuccessRateMustRise,
)


class Control(StrEnum):
    """How strictly a stage insists on its conditions (推进条件: 不控制, 提醒, 严格控制)."""

    NONE = "none"
    REMIND = "remind"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must be recorded in a stage before it is left: minimum counts.

    Tasks count when they are completed.
    """

    control: Control = Control.NONE
    activities: int = 0
    tasks: int = 0
    quotes: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: days planned for it, and the chance of winning (percent) once it is reached."""

    code: str
    name: str
    planned_days: int
    success_rate: int
    conditions: Conditions = Conditions()


class StagesColumn(TypeDecorator[tuple[Stage, ...]]):
    """The stages of a method in a jsonb column: they change as a whole."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: tuple[Stage, ...] | None, _dialect: Dialect) -> Any:
        """Return the stages as JSON can hold them."""
        return [asdict(stage) for stage in value or ()]

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[Stage, ...]:
        """Return the stored stages."""
        return tuple(stage_from(stage) for stage in value)


def stage_from(fields: dict[str, Any]) -> Stage:
    """Return the stage that plain values describe."""
    conditions = fields["conditions"]
    known = Conditions(**conditions | {"control": Control(conditions["control"])})
    return Stage(**fields | {"conditions": known})


def require_rising(stages: Sequence[Stage]) -> None:
    """Raise `StageCodesRepeat` or `SuccessRateMustRise` for stages that make no method."""
    codes = [stage.code for stage in stages]
    for code in codes:
        if codes.count(code) > 1:
            raise StageCodesRepeat(stage=code)
    for before, after in pairwise(stages):
        if after.success_rate <= before.success_rate:
            raise SuccessRateMustRise(stage=after.code)


class Method(Aggregate, Base):
    """A way to sell, as a row of stages. Exactly one method of a tenant is the default.

    The order of `stages` is the order they are gone through; positions count from 1.
    """

    label_zh = "销售方法"
    __tablename__ = "methods"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_methods_default", "tenant_id", unique=True, postgresql_where=text("is_default")),
        Index("ix_methods_name", "tenant_id", "name", "id"),
    )

    code: Mapped[str]
    name: Mapped[str]
    is_default: Mapped[bool]
    active: Mapped[bool]
    stages: Mapped[tuple[Stage, ...]] = mapped_column(StagesColumn())

    def require_active(self) -> None:
        """Raise `MethodWithdrawn` if the method may not be chosen any more."""
        if not self.active:
            raise MethodWithdrawn(name=self.name)

    def withdraw(self) -> None:
        """Take the method out of the choice. Raises `DefaultMethodNeeded` for the default."""
        if self.is_default:
            raise DefaultMethodNeeded
        self.active = False

    def make_default(self) -> None:
        """Let new opportunities take this method. Raises `MethodWithdrawn`."""
        self.require_active()
        self.is_default = True
