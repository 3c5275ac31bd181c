"""Going through the stages of a method: forward, back where that is allowed, or over to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel import business_day
from kehu_kernel.errors import DomainError
from kehu_sales.later import known
from kehu_sales.methods.stages import Kind, Stage, place_of
from kehu_sales.opportunities.errors import (
    EvaluationHasFailed,
    LastStage,
    NotALaterStage,
    NotInProgress,
    OpportunityInPool,
    OpportunityIsClosed,
    OverrideNotAllowed,
    ReturnNotAllowed,
    StageEnteredByWinning,
    StageNotInVersion,
    StageNotSkippable,
)
from kehu_sales.opportunities.kinds import kind_of
from kehu_sales.opportunities.potential import Potential
from kehu_sales.opportunities.promotion import (
    Condition,
    Evidence,
    Recorded,
    conditions_of,
    require_met,
)
from kehu_sales.opportunities.words import Status

OVERRIDE_SCOPE = "sales:opportunities:override"


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in a stage that ends: days that were planned, and days it lasted.

    None of it is known of what was in no stage.
    """

    code: str | None
    planned_days: int | None
    actual_days: int | None


class Progress(Potential):
    """Columns of where an opportunity stands, and the rules about its stages."""

    number: Mapped[str]
    status: Mapped[str]
    method_id: Mapped[UUID]
    method_version: Mapped[int] = mapped_column(server_default=text("1"))
    stage_code: Mapped[str | None]
    stage_name: Mapped[str | None]
    stage_position: Mapped[int | None]
    success_rate: Mapped[int | None]
    stage_entered_on: Mapped[date | None]
    stage_kind: Mapped[str | None]
    stage_due_on: Mapped[date | None]
    stage_overdue_told: Mapped[bool] = mapped_column(server_default=text("false"))
    last_step_on: Mapped[date]

    @property
    def kind(self) -> Kind:
        """Which of the text's five kinds it is."""
        stage_kind = known(Kind, self.stage_kind) if self.stage_kind else None
        return kind_of(self.status, confirmed=self.confirmed_on is not None, stage_kind=stage_kind)

    def require_open(self) -> None:
        """Raise `OpportunityIsClosed` or `EvaluationHasFailed` if nothing more can be done.

        What is in the reserve pool can still be cultivated: described, visited, quoted.
        """
        if self.status in (Status.WON, Status.LOST):
            raise OpportunityIsClosed(number=self.number, status=self.status)
        if self.status == Status.EVALUATION_FAILED:
            raise EvaluationHasFailed(number=self.number)

    def require_saleable(self) -> None:
        """Raise unless it can be sold, or was: quotes and contracts of what was won go on.

        What was lost comes back by the pool alone, and is taken up from there before it is sold.
        Raises `OpportunityIsClosed`, `EvaluationHasFailed`, `OpportunityInPool`.
        """
        if self.status != Status.WON:
            self.require_open()
            self.require_not_pooled()

    def _require(self, status: Status, otherwise: type[DomainError]) -> None:
        self.require_open()
        self.require_not_pooled()
        if self.status != status:
            raise otherwise(number=self.number, status=self.status)

    def require_not_pooled(self) -> None:
        """Raise `OpportunityInPool` for one that must be taken up first."""
        if self.status == Status.POOLED:
            raise OpportunityInPool(number=self.number)

    def require_in_progress(self) -> int:
        """Return the position of the present stage.

        Raises `NotInProgress`, or what `require_open` raises.
        """
        self._require(Status.IN_PROGRESS, NotInProgress)
        return self.stage_position or 1

    def next_position(self, stages: Sequence[Stage], to_stage: str | None) -> int:
        """Return the position of the stage to promote to: the one named, or the next.

        Raises `LastStage` (also before the closing stage), `StageEnteredByWinning` for the closing
        stage itself, `NotALaterStage`, `StageNotSkippable`, or what `require_in_progress` raises.
        """
        position = self.require_in_progress()
        if position >= len(stages) or stages[position].closing:
            raise LastStage(number=self.number, stage=self.stage_name)
        if to_stage is None:
            return position + 1
        later = place_of(stages, to_stage)
        if later is not None and stages[later - 1].closing:
            raise StageEnteredByWinning(stage=stages[later - 1])
        if later is None or later <= position:
            named = stages[later - 1] if later else to_stage
            raise NotALaterStage(stage=named, current=stages[position - 1])
        _require_skippable(stages[position : later - 1])
        return later

    def conditions_until(
        self, position: int, stages: Sequence[Stage], recorded: Mapping[str, Recorded]
    ) -> tuple[Condition, ...]:
        """Return what must be met to enter a stage: all conditions of the stages left or skipped.

        So a strict stage cannot be jumped over. `recorded` is by stage code.
        """
        here = self.require_in_progress()
        return self._asked_between(here, position, stages, recorded)

    def _asked_between(
        self, here: int, position: int, stages: Sequence[Stage], recorded: Mapping[str, Recorded]
    ) -> tuple[Condition, ...]:
        evidence = Evidence(recorded, self.facts(), self.roles())
        return conditions_of(stages[here - 1 : position - 1], evidence)

    def promote(
        self,
        on: date,
        *,
        to_stage: str | None,
        stages: Sequence[Stage],
        recorded: Mapping[str, Recorded],
        confirmed: bool,
        overridden: bool = False,
    ) -> bool:
        """Leave the stage and enter the next one, or a later one that is named.

        Returns whether unmet conditions were `overridden`. Raises what `next_position` raises,
        `DateBeforePrevious`, `PromotionConditionsUnmet`, and `PromotionReminder` unless reminders
        are `confirmed`.
        """
        position = self.next_position(stages, to_stage)
        business_day.follows(on, self.last_step_on)
        conditions = self.conditions_until(position, stages, recorded)
        passed_over = require_met(conditions, confirmed=confirmed, overridden=overridden)
        self._enter(stages, position, on)
        return passed_over

    def require_winnable(
        self,
        stages: Sequence[Stage],
        recorded: Mapping[str, Recorded],
        *,
        confirmed: bool,
        overridden: bool = False,
    ) -> bool:
        """Ask the present stage for its conditions before it is left by winning (1.2).

        Of the present stage only: one may win from any stage, and those after it were never
        entered. Returns whether unmet ones were `overridden`. Raises `PromotionConditionsUnmet`,
        and `PromotionReminder` unless reminders are `confirmed`.
        """
        asked = self.conditions_until(self.require_in_progress() + 1, stages, recorded)
        return require_met(asked, confirmed=confirmed, overridden=overridden)

    def return_to_stage(self, on: date, to_stage: str, stages: Sequence[Stage]) -> None:
        """Go back to an earlier stage that the present one allows.

        Raises `ReturnNotAllowed`, `DateBeforePrevious`, or what `require_in_progress` raises.
        """
        here = self.require_in_progress()
        target = place_of(stages, to_stage)
        if target is None:
            raise ReturnNotAllowed(stage=to_stage, current=stages[here - 1])
        _require_return(stages, here, target)
        business_day.follows(on, self.last_step_on)
        self._enter(stages, target, on)

    def follow(
        self,
        on: date,
        *,
        method_id: UUID,
        version: int,
        stages: Sequence[Stage],
        to_stage: str | None,
        recorded: Mapping[str, Recorded],
        confirmed: bool = False,
        overridden: bool = False,
    ) -> bool:
        """Follow another version, or another method, in the stage of the same code or a named one.

        Its days there begin anew. To stay asks nothing; to get on or back by the way is asked what
        a promotion or a return in the new version would be. Returns whether anything was
        `overridden`. Raises `StageNotInVersion` for a stage that is not there or is entered by
        winning, `DateBeforePrevious`, `ReturnNotAllowed`, `StageNotSkippable`,
        `PromotionConditionsUnmet`, `PromotionReminder` unless reminders are `confirmed`, or what
        `require_in_progress` raises.
        """
        position = self.require_in_progress()
        code = to_stage or self.stage_code
        target = place_of(stages, code)
        if target is None or stages[target - 1].closing:
            named = stages[target - 1] if target else code
            raise StageNotInVersion(stage=named, version=version)
        business_day.follows(on, self.last_step_on)
        working = sum(not stage.closing for stage in stages)
        alike = position if method_id == self.method_id else 1  # another method begins anew
        here = min(place_of(stages, self.stage_code) or alike, working)
        if target < here:
            passed_over = _require_return(stages, here, target, overridden=overridden)
        else:
            skips = _require_skippable(stages[here : target - 1], overridden=overridden)
            asked = self._asked_between(here, target, stages, recorded)
            unmet = require_met(asked, confirmed=confirmed, overridden=overridden)
            passed_over = skips or unmet
        self.method_id, self.method_version = method_id, version
        self._enter(stages, target, on)
        return passed_over

    def require_may_override(self, scopes: frozenset[str]) -> None:
        """Raise `OverrideNotAllowed` unless the caller may pass over unmet conditions."""
        if OVERRIDE_SCOPE not in scopes:
            raise OverrideNotAllowed(scope=OVERRIDE_SCOPE)

    def stay_until(self, on: date) -> Stay:
        """Return its stay in the present stage, if it ends on that day."""
        since, due = self.stage_entered_on, self.stage_due_on
        planned = (due - since).days if since and due else None
        return Stay(self.stage_code, planned, (on - since).days if since else None)

    def is_overdue(self, today: date) -> bool:
        """Whether it has been in its stage longer than planned."""
        due = self.stage_due_on
        return self.status == Status.IN_PROGRESS and due is not None and due < today

    def _enter(self, stages: Sequence[Stage], position: int, on: date) -> None:
        stage = stages[position - 1]
        self.last_step_on = self.stage_entered_on = on
        self.stage_code, self.stage_name = stage.code, stage.name
        self.stage_position, self.success_rate = position, stage.success_rate
        self.stage_kind = stage.kind
        self.stage_due_on = on + timedelta(days=stage.planned_days)
        self.stage_overdue_told = False


def _require_skippable(skipped: Sequence[Stage], *, overridden: bool = False) -> bool:
    """Raise `StageNotSkippable` if one may not be skipped; return whether that is `overridden`."""
    barred = [stage for stage in skipped if not stage.skippable]
    if barred and not overridden:
        raise StageNotSkippable(stage=barred[0])
    return bool(barred)


def _require_return(
    stages: Sequence[Stage], here: int, target: int, *, overridden: bool = False
) -> bool:
    """Raise `ReturnNotAllowed` where the method allows no return; return whether `overridden`."""
    present, named = stages[here - 1], stages[target - 1]
    if named.code in present.may_return_to:
        return False
    if not overridden:
        raise ReturnNotAllowed(stage=named, current=present)
    return True
