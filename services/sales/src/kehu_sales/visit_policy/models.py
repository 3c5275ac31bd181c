"""The visit policy of a tenant, and what holds where it has decided nothing (S5; 4 §2)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.later import known
from kehu_sales.methods.stages import Control
from kehu_sales.visit_policy.errors import (
    ChecklistCodesRepeat,
    LimitsContradict,
    TooManyVisitTypes,
    UnknownVisitType,
)
from kehu_sales.visit_policy.limits import Limits

MOST_TYPES = 50


class Approval(StrEnum):
    """Which plans need the superior's consent (L2528, L2620)."""

    NEVER = "never"
    BUSINESS_TRIPS = "business_trips"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a checklist. `required`: without it a visit is not closed.

    `automatic`: ticked when the visit is planned, because a visit names a customer on file (L2480).
    """

    code: str
    group: str
    text_zh: str
    text_en: str
    required: bool
    automatic: bool


@dataclass(frozen=True, slots=True)
class VisitType:
    """A type of visit: new customer, existing customer, key account, or one of the tenant's.

    `report_hours`: hours after the visit within which it is to be reported. `next_step`: how
    strictly closing insists on a next step. `market_assessment`: whether the report holds one.
    """

    code: str
    name_zh: str
    name_en: str
    approval: Approval
    report_hours: int
    next_step: Control
    market_assessment: bool
    active: bool
    checklist: tuple[Item, ...]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "VisitType":
        """Return the type that stored values describe."""
        return cls(
            **{
                **values,
                "approval": known(Approval, values["approval"]),
                "next_step": known(Control, values["next_step"]),
                "checklist": tuple(Item(**one) for one in values["checklist"]),
            }
        )

    @property
    def zh(self) -> str:
        """What it is called in messages in Chinese; in English ones it goes by its code."""
        return self.name_zh

    def __str__(self) -> str:
        return self.code

    def needs_approval(self, *, business_trip: bool) -> bool:
        """Whether the superior has to consent to a plan: always for this type, or for trips."""
        return self.approval == Approval.ALWAYS or (
            business_trip and self.approval == Approval.BUSINESS_TRIPS
        )

    def require_unlike_codes(self) -> None:
        """Raise `ChecklistCodesRepeat` if two items have the same code."""
        codes = [item.code for item in self.checklist]
        for code in codes:
            if codes.count(code) > 1:
                raise ChecklistCodesRepeat(item=code, type=self)


class VisitPolicy(Aggregate, Base):
    """What a tenant has decided: one row at most. Without one, the defaults hold, as version 0.

    `types`: every type of visit, as a whole. `limits`: those the tenant has changed.
    """

    label_zh = "拜访政策"
    __tablename__ = "visit_policies"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    types: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    limits: Mapped[dict[str, Any]]

    def visit_types(self) -> list[VisitType]:
        """Return every type, those not in use as well."""
        return [VisitType.of(one) for one in self.types]

    def type_in_use(self, code: str) -> VisitType:
        """Return a type that visits may be planned with. Raises `UnknownVisitType`."""
        for one in self.visit_types():
            if one.code == code and one.active:
                return one
        raise UnknownVisitType(type=code)

    def type_of(self, code: str) -> VisitType:
        """Return the type of an older visit: types are retired, never removed."""
        return next(one for one in self.visit_types() if one.code == code)

    def put_type(self, changed: VisitType) -> None:
        """Add a type, or replace the one with this code.

        Raises `ChecklistCodesRepeat`, `TooManyVisitTypes`.
        """
        changed.require_unlike_codes()
        known = [one["code"] for one in self.types]
        values = asdict(changed)
        if changed.code in known:
            self.types = [values if one["code"] == changed.code else one for one in self.types]
        elif len(known) < MOST_TYPES:
            self.types = [*self.types, values]
        else:
            raise TooManyVisitTypes(limit=MOST_TYPES)

    def measure(self) -> Limits:
        """Return the limits: the tenant's, or else those of the texts."""
        names = {field.name for field in fields(Limits)}
        return Limits(**{name: value for name, value in self.limits.items() if name in names})

    def limit(self, given: Mapping[str, object]) -> None:
        """Take these limits. Raises `LimitsContradict`."""
        self.limits = self.limits | dict(given)
        now = self.measure()
        for least, most in (
            (now.first_visit_min_minutes, now.first_visit_max_minutes),
            (now.work_starts, now.work_ends),
        ):
            if least >= most:  # type: ignore[operator]  # both are numbers, or both are times
                raise LimitsContradict(least=least, most=most)
