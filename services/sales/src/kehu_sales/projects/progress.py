"""How far a project is: the one place that says it."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal

from kehu_sales.projects.parts import ProjectStage

HUNDRED = Decimal(100)


def percent_complete(
    stages: Sequence[ProjectStage], done_in_stage: Mapping[str, Decimal] | None = None
) -> int:
    """Return how much of a project is done, in whole percent, rounded down.

    The mean of the stages by their weights: a stage that is over counts 100, another one the mean
    percent of its tasks that are not cancelled (`done_in_stage`), 0 without tasks. (1.1, problem 3;
    weights and the rounding are ours: 100 only when nothing is left.)
    """
    done = done_in_stage or {}
    whole = sum(stage.weight for stage in stages)
    if not whole:
        return 0
    reached = sum(
        (
            stage.weight * (HUNDRED if stage.ended_on else done.get(stage.code, Decimal(0)))
            for stage in stages
        ),
        Decimal(0),
    )
    return int((reached / whole).to_integral_value(ROUND_FLOOR))
