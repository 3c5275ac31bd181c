"""Stages of a sales method: what each stands for, and what it asks for before it is left.

The text's table 7-3 (4 §5.4) lays four rows beside each other: the seller's stage, the buyer's
stage, the kind the opportunity is of, and the period of its life. A stage may name all of them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from itertools import pairwise
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from kehu_sales.approvals.models import DocumentKind
from kehu_sales.later import known
from kehu_sales.methods.errors import (
    KindMustNotFall,
    ReturnMustLeadBack,
    StageCodesRepeat,
    SuccessRateMustRise,
)


class Control(StrEnum):
    """How strictly a stage insists on its conditions (推进条件: 不控制, 提醒, 严格控制)."""

    NONE = "none"
    REMIND = "remind"
    STRICT = "strict"


class Kind(StrEnum):
    """The five kinds of opportunities (潜在, 有效, 可行, 目标, 成功商机), in order (L2824-2834)."""

    POTENTIAL = "potential"
    EFFECTIVE = "effective"
    FEASIBLE = "feasible"
    TARGET = "target"
    SUCCESSFUL = "successful"

    @property
    def rank(self) -> int:
        """Its place in the order, from 0."""
        return list(Kind).index(self)


class BuyerStage(StrEnum):
    """Where the buyer stands: C1 finds a need ... C5 uses and judges what was bought (L2882)."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"


class Period(StrEnum):
    """The periods of an opportunity's life: 识别期, 发展期, 成熟期, 收获期 (L2884)."""

    IDENTIFICATION = "identification"
    DEVELOPMENT = "development"
    MATURITY = "maturity"
    HARVEST = "harvest"


class Fact(StrEnum):
    """What an opportunity can be asked to say: its customer, its need, ..."""

    CUSTOMER = "customer"
    CONTACT = "contact"
    OWNER = "owner"
    SOURCE = "source"
    INTEREST = "interest"
    NEED = "need"
    NEED_KIND = "need_kind"
    EXPECTED_CLOSE_ON = "expected_close_on"
    EXPECTED_REVENUE = "expected_revenue"
    LINES = "lines"
    COMPETITOR = "competitor"
    CONFIRMED = "confirmed"
    NEED_CONFIRMED = "need_confirmed"
    FEASIBILITY_PASSED = "feasibility_passed"
    SOLUTION_ACCEPTED = "solution_accepted"


class BuyingRole(StrEnum):
    """The part a contact plays in a purchase: 经办人, 业务主管, 决策者."""

    HANDLER = "handler"
    BUSINESS_CONTACT = "business_contact"
    DECISION_MAKER = "decision_maker"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must be there before a stage is left.

    The numbers are minimum counts of what was recorded in the stage: tasks count when completed,
    a visit is an activity as well. Of each kind in `approved_documents` one must have been approved
    in the stage. `required_fields` are facts the opportunity must say, `roles`
    those that must be played in its buying committee.
    """

    control: Control = Control.NONE
    activities: int = 0
    tasks: int = 0
    quotes: int = 0
    visits: int = 0
    samples: int = 0
    approvals: int = 0
    approved_documents: tuple[DocumentKind, ...] = ()
    required_fields: tuple[Fact, ...] = ()
    roles: tuple[BuyingRole, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: days planned for it, and the chance of winning (percent) once it is reached.

    `kind` is what an opportunity in it is; one that stands for `successful` is the closing stage,
    which is entered by winning. `may_return_to` names earlier stages.
    """

    code: str
    name: str
    planned_days: int
    success_rate: int
    conditions: Conditions = Conditions()
    name_en: str | None = None
    buyer_stage: BuyerStage | None = None
    period: Period | None = None
    kind: Kind | None = None
    skippable: bool = True
    may_return_to: tuple[str, ...] = ()

    @property
    def zh(self) -> str:
        """What it is called in messages in Chinese; in English ones it goes by its code."""
        return self.name

    def __str__(self) -> str:
        return self.code

    @property
    def closing(self) -> bool:
        """Whether it comes after the order, and is entered by winning only."""
        return self.kind == Kind.SUCCESSFUL


class StagesColumn(TypeDecorator[tuple[Stage, ...]]):
    """The stages of a method in a jsonb column: they change as a whole."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: tuple[Stage, ...] | None, _dialect: Dialect) -> Any:
        """Return the stages as JSON can hold them."""
        return [plain(stage) for stage in value or ()]

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[Stage, ...]:
        """Return the stored stages."""
        return tuple(stage_from(stage) for stage in value)


FIRST_NAMES = {"code", "name", "planned_days", "success_rate", "conditions"}
FIRST_CONDITIONS = {"control", "activities", "tasks", "quotes"}


def plain(stage: Stage) -> dict[str, Any]:
    """Return the stage as plain values, without what is as it always was.

    What the first version of the service did not know is left out where it says nothing, so that
    it reads what we write while the two run side by side.
    """
    conditions = _said(stage.conditions, FIRST_CONDITIONS)
    return _said(stage, FIRST_NAMES) | {"conditions": conditions}


def _said(value: Stage | Conditions, always: set[str]) -> dict[str, Any]:
    defaults = {field.name: field.default for field in fields(value)}
    return {
        name: said
        for name, said in asdict(value).items()
        if name in always or said != defaults[name]
    }


def stage_from(stored: dict[str, Any]) -> Stage:
    """Return the stage that plain values describe."""
    given = stored["conditions"]
    conditions = Conditions(
        **given
        | {
            "control": known(Control, given["control"]),
            "approved_documents": tuple(
                known(DocumentKind, one) for one in given.get("approved_documents", ())
            ),
            "required_fields": tuple(known(Fact, one) for one in given.get("required_fields", ())),
            "roles": tuple(known(BuyingRole, one) for one in given.get("roles", ())),
        }
    )
    buyer_stage, period, kind = (stored.get(name) for name in ("buyer_stage", "period", "kind"))
    return Stage(
        **stored
        | {
            "conditions": conditions,
            "buyer_stage": known(BuyerStage, buyer_stage) if buyer_stage else None,
            "period": known(Period, period) if period else None,
            "kind": known(Kind, kind) if kind else None,
            "may_return_to": tuple(stored.get("may_return_to", ())),
        }
    )


def require_sound(stages: Sequence[Stage]) -> None:
    """Refuse stages that make no method.

    Raises `StageCodesRepeat`, `SuccessRateMustRise`, `KindMustNotFall` (also for a first stage
    that is the closing one: nothing could be in progress), `ReturnMustLeadBack`.
    """
    codes = [stage.code for stage in stages]
    for code in codes:
        if codes.count(code) > 1:
            raise StageCodesRepeat(stage=code)
    for before, after in pairwise(stages):
        if after.success_rate <= before.success_rate:
            raise SuccessRateMustRise(stage=after)
    _require_kinds_in_order(stages)
    for place, stage in enumerate(stages):
        for code in stage.may_return_to:
            if code not in codes[:place]:
                raise ReturnMustLeadBack(stage=stage, target=code)


def _require_kinds_in_order(stages: Sequence[Stage]) -> None:
    reached = Kind.POTENTIAL
    for place, stage in enumerate(stages):
        kind = stage.kind
        # After the closing stage comes nothing that is not closing: an order is not undone.
        lower = kind is not None and kind.rank < reached.rank
        if lower or (reached is Kind.SUCCESSFUL) or (place == 0 and stage.closing):
            raise KindMustNotFall(stage=stage)
        reached = kind or reached


def place_of(stages: Sequence[Stage], code: str | None) -> int | None:
    """Return the position of the stage with this code, from 1; None if there is none."""
    return next((place for place, one in enumerate(stages, start=1) if one.code == code), None)
