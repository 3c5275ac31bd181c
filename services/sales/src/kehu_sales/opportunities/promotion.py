"""What a stage asks for before it is left, and what is there (推进条件: 1.2, 1.3)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from kehu_sales.approvals.models import DocumentKind
from kehu_sales.methods.stages import BuyingRole, Control, Fact, Stage
from kehu_sales.opportunities.condition_texts import said
from kehu_sales.opportunities.errors import PromotionConditionsUnmet, PromotionReminder

Counted = Literal["activities", "visits", "tasks", "quotes", "samples", "approvals"]
ConditionKind = Literal[
    "activities", "visits", "tasks", "quotes", "samples", "approvals", "approved_document",
    "required_field", "role",
]  # fmt: skip
COUNTED: tuple[Counted, ...] = ("activities", "visits", "tasks", "quotes", "samples", "approvals")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What has been recorded for an opportunity in one stage; tasks when completed.

    `approved`: the kinds of the documents that `approvals` counts.
    """

    activities: int = 0
    visits: int = 0
    tasks: int = 0
    quotes: int = 0
    samples: int = 0
    approvals: int = 0
    approved: Collection[DocumentKind] = ()


NOTHING = Recorded()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for leaving stages: records by stage code, facts that are said, roles played."""

    recorded: Mapping[str, Recorded]
    facts: Collection[Fact] = ()
    roles: Collection[BuyingRole] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of one stage, and how it stands, also in words.

    `item` names the kind of document, the field or the role.
    """

    stage_code: str
    control: Control
    kind: ConditionKind
    item: str | None
    required: int
    actual: int
    met: bool
    en: str
    zh: str


def conditions_of(stages: Iterable[Stage], evidence: Evidence) -> tuple[Condition, ...]:
    """Return every condition that the stages set, and how each stands.

    A stage that controls nothing has no conditions, whatever it names.
    """
    return tuple(
        _condition(stage, kind, item, wanted, there)
        for stage in stages
        if stage.conditions.control != Control.NONE
        for kind, item, wanted, there in _asked(stage, evidence)
    )


def _condition(
    stage: Stage, kind: ConditionKind, item: str | None, wanted: int, there: int
) -> Condition:
    name, control = stage.name_en or stage.name, stage.conditions.control
    en = said("en", kind, item, stage=name, required=wanted, actual=there)
    zh = said("zh", kind, item, stage=stage.name, required=wanted, actual=there)
    return Condition(stage.code, control, kind, item, wanted, there, there >= wanted, en, zh)


def _asked(
    stage: Stage, evidence: Evidence
) -> Iterable[tuple[ConditionKind, str | None, int, int]]:
    asks, counts = stage.conditions, evidence.recorded.get(stage.code, NOTHING)
    for kind in COUNTED:
        wanted: int = getattr(asks, kind)
        if wanted:
            yield kind, None, wanted, getattr(counts, kind)
    for document in asks.approved_documents:
        yield "approved_document", document, 1, int(document in counts.approved)
    for fact in asks.required_fields:
        yield "required_field", fact, 1, int(fact in evidence.facts)
    for role in asks.roles:
        yield "role", role, 1, int(role in evidence.roles)


def require_met(
    conditions: Iterable[Condition], *, confirmed: bool, overridden: bool = False
) -> bool:
    """Refuse to leave a stage before its conditions are met; return whether that was overridden.

    Raises `PromotionConditionsUnmet` for strict ones unless they are `overridden`, and for those
    that only remind `PromotionReminder` unless the user has `confirmed` them, or overrides. Both
    list all conditions, and once more those that are unmet.
    """
    conditions = tuple(conditions)
    unmet = [condition for condition in conditions if not condition.met]
    controls = {condition.control for condition in unmet}
    extra = {
        "conditions": [asdict(condition) for condition in conditions],
        "unmet": [asdict(condition) for condition in unmet],
    }
    if overridden:
        return bool(unmet)
    if Control.STRICT in controls:
        raise PromotionConditionsUnmet(extra=extra)
    if unmet and not confirmed:
        raise PromotionReminder(extra=extra)
    return False
