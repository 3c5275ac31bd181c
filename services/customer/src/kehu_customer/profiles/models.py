"""Profiles and definitions of facts (row C2; file 2 §11.1 and §11.2, file 3 §6 and §17.6)."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.custom_fields.typed import Typed
from kehu_customer.db import Base
from kehu_customer.labels import Labelled
from kehu_customer.profiles.errors import SectionCodesRepeat, SectionsStay, UnknownSection
from kehu_kernel.columns import Aggregate


class FactType(StrEnum):
    """What the values of a fact are."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    MONEY = "money"
    FLAG = "flag"


class DataGroup(StrEnum):
    """The groups of data in an archive: 描述类, 促销类, 交易类 (L2147-2155)."""

    DESCRIPTIVE = "descriptive"
    PROMOTION = "promotion"
    TRANSACTION = "transaction"


class Profile(Aggregate, Base):
    """What the archive of a kind of customers asks for, in sections.

    A customer has every profile that fits its kind and roles: a distributor is an enterprise and a
    dealer. A section stays for ever, because facts belong to it; out of use, it is inactive.
    """

    label_zh = "档案类型"
    __tablename__ = "profiles"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_profiles_code", "tenant_id", "code", "id"),
    )

    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    source: Mapped[str | None]
    kind: Mapped[str | None]
    roles: Mapped[list[str]]
    sections: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    active: Mapped[bool]

    def is_asked_of(self, kind: str, roles: Collection[str]) -> bool:
        """Whether the archive of a customer of this kind, in these roles, has this profile."""
        return (
            self.active
            and self.kind in (None, kind)
            and (not self.roles or not set(self.roles).isdisjoint(roles))
        )

    def set_up(self, sections: Sequence[dict[str, Any]]) -> None:
        """Take these sections.

        Raises `SectionCodesRepeat`, and `SectionsStay` if one is missing that was there before.
        """
        codes = [section["code"] for section in sections]
        for code in codes:
            if codes.count(code) > 1:
                raise SectionCodesRepeat(section=code)
        before: list[dict[str, Any]] = self.__dict__.get("sections") or []
        missing = [section for section in before if section["code"] not in codes]
        if missing:
            raise SectionsStay(
                sections=[Labelled(one["code"], one["name_zh"]) for one in missing],
                extra={"sections": [one["code"] for one in missing]},
            )
        self.sections = list(sections)

    def require_section(self, code: str) -> None:
        """Raise `UnknownSection` unless the profile has the section."""
        if code not in {section["code"] for section in self.sections}:
            raise UnknownSection(profile=Labelled(self.code, self.name_zh), section=code)


class FactDefinition(Typed, Aggregate, Base):
    """A fact that a section of a profile asks for.

    Profile, code and type stay as they were at the beginning, because facts depend on them.
    `validity_months` is how long a fact holds after it was known or verified; none: for ever.
    `weight` is its share in the completeness of its section.
    """

    label_zh = "档案项目"
    __tablename__ = "fact_definitions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "profile_id", "code"),
        ForeignKeyConstraint(["tenant_id", "profile_id"], ["profiles.tenant_id", "profiles.id"]),
        Index("ix_fact_definitions_code", "tenant_id", "code", "id"),
    )

    profile_id: Mapped[UUID]
    section_code: Mapped[str]
    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    source: Mapped[str | None]
    data_group: Mapped[str]
    sensitive: Mapped[bool]
    validity_months: Mapped[int | None]
    weight: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    active: Mapped[bool]
