"""What a stage asks for before it is left, and what has been recorded in it (1.2, 1.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from kehu_sales.methods.models import Control, Stage
from kehu_sales.opportunities.errors import PromotionConditionsUnmet, PromotionReminder

Kind = Literal["activities", "tasks", "quotes"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What has been recorded for an opportunity in one stage; tasks when completed."""

    activities: int = 0
    tasks: int = 0
    quotes: int = 0


NOTHING = Recorded()


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of one stage, and how it stands."""

    stage_code: str
    control: Control
    kind: Kind
    required: int
    actual: int
    met: bool


def conditions_of(
    stages: Iterable[Stage], recorded: Mapping[str, Recorded]
) -> tuple[Condition, ...]:
    """Return every condition that the stages set, with what was recorded by stage code.

    A stage that controls nothing has no conditions, whatever counts it names.
    """
    kinds: tuple[Kind, ...] = ("activities", "tasks", "quotes")
    found = []
    for stage in stages:
        if stage.conditions.control == Control.NONE:
            continue
        counts = recorded.get(stage.code, NOTHING)
        for kind in kinds:
            required: int = getattr(stage.conditions, kind)
            actual: int = getattr(counts, kind)
            if required:
                found.append(
                    Condition(
                        stage_code=stage.code,
                        control=stage.conditions.control,
                        kind=kind,
                        required=required,
                        actual=actual,
                        met=actual >= required,
                    )
                )
    return tuple(found)


def require_met(conditions: Iterable[Condition], *, confirmed: bool) -> None:
    """Refuse to leave a stage before its conditions are met.

    Raises `PromotionConditionsUnmet` for strict ones, and for those that only remind
    `PromotionReminder` unless the user has `confirmed` them. Both list all conditions.
    """
    conditions = tuple(conditions)
    unmet = {condition.control for condition in conditions if not condition.met}
    extra = {"conditions": [asdict(condition) for condition in conditions]}
    if Control.STRICT in unmet:
        raise PromotionConditionsUnmet(extra=extra)
    if unmet and not confirmed:
        raise PromotionReminder(extra=extra)
