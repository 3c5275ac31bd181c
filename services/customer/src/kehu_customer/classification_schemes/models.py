"""The classification scheme, and the rules about its classes (feature row C8)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.classification_schemes.errors import (
    ClassCodesRepeat,
    ClassesStay,
    ClassRetired,
    RuleNeedsClass,
    SchemeRetired,
    UnknownClass,
)
from kehu_customer.classification_schemes.rules import ClassificationRule, Decision, Facts, decide
from kehu_customer.db import Base
from kehu_customer.labels import Labelled
from kehu_kernel.columns import Aggregate

RULES: TypeAdapter[list[ClassificationRule]] = TypeAdapter(list[ClassificationRule])


class ClassificationScheme(Aggregate, Base):
    """One axis by which customers are told apart: its classes exclude each other, in an order.

    A class stays for ever, because the history names it; one that is out of use is inactive.
    `numbers` are those of the texts (shares, intervals), for the tenant to change.
    """

    label_zh = "分类方案"
    __tablename__ = "classification_schemes"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_classification_schemes_code", "tenant_id", "code", "id"),
        Index(
            "ix_classification_schemes_ruled",
            "tenant_id",
            postgresql_where=text("active AND rules <> '[]'"),
        ),
    )

    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    description_zh: Mapped[str | None]
    description_en: Mapped[str | None]
    source: Mapped[str | None]
    numbers: Mapped[dict[str, Any]]
    classes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    active: Mapped[bool]

    @property
    def label(self) -> Labelled:
        """Its code, and in Chinese its name."""
        return Labelled(self.code, self.name_zh)

    def set_up(self, classes: Sequence[dict[str, Any]], rules: Sequence[dict[str, Any]]) -> None:
        """Take these classes and rules.

        Raises `ClassCodesRepeat`, `ClassesStay` if a class is missing that was there before, and
        `RuleNeedsClass` for a rule that leads nowhere.
        """
        codes = [one["code"] for one in classes]
        for code in codes:
            if codes.count(code) > 1:
                raise ClassCodesRepeat(class_code=code)
        before: list[dict[str, Any]] = self.__dict__.get("classes") or []
        missing = [one for one in before if one["code"] not in codes]
        if missing:
            raise ClassesStay(
                classes=[Labelled(one["code"], one["name_zh"]) for one in missing],
                extra={"classes": [one["code"] for one in missing]},
            )
        in_use = {one["code"] for one in classes if one["active"]}
        for rule in rules:
            if rule["class_code"] not in in_use:
                raise RuleNeedsClass(class_code=rule["class_code"])
        self.classes, self.rules = list(classes), list(rules)

    def require_class(self, class_code: str) -> None:
        """Raise `SchemeRetired`, `UnknownClass` or `ClassRetired` if nobody can enter the class."""
        if not self.active:
            raise SchemeRetired(scheme=self.label)
        for one in self.classes:
            if one["code"] == class_code:
                if not one["active"]:
                    raise ClassRetired(
                        scheme=self.label, class_code=Labelled(class_code, one["name_zh"])
                    )
                return
        raise UnknownClass(scheme=self.label, class_code=class_code)

    def decide(self, facts: Facts) -> Decision | None:
        """Return the class that the rules lead into, and why; None if no rule applies."""
        return decide(_parsed(orjson.dumps(self.rules)), facts)


@lru_cache(maxsize=1000)
def _parsed(rules: bytes) -> list[ClassificationRule]:
    """Return rules as objects: a run asks for each of a thousand customers."""
    return RULES.validate_python(orjson.loads(rules))
