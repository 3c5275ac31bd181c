"""Custom fields: their definitions, which values they accept, and the index of values (C11)."""

import hashlib
import re
import unicodedata
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.custom_fields.errors import FieldMakesNoSense, InvalidValue
from kehu_customer.custom_fields.typed import Typed
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate

LONGEST_INDEXED = 200
"""Characters of a text that is indexed or unique: the database's index takes no long ones."""


class FieldType(StrEnum):
    """What the values of a field are."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    REFERENCE = "reference"
    MONEY = "money"


class Target(StrEnum):
    """What a reference can lead to."""

    CUSTOMER = "customer"
    EMPLOYEE = "employee"
    DEPARTMENT = "department"
    TERRITORY = "territory"


IN_ORDER = frozenset({FieldType.NUMBER, FieldType.DATE, FieldType.MONEY})
"""Types whose values can be compared."""


class CustomField(Typed, Aggregate, Base):
    """A field of a customer that the tenant has defined.

    Code, type, `indexed` and `is_unique` stay as they were at the beginning: values depend on them.
    An option stays for ever, because values name it; one that is out of use is inactive.
    """

    label_zh = "自定义字段"
    __tablename__ = "custom_fields"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_custom_fields_code", "tenant_id", "code", "id"),
        Index(
            "ix_custom_fields_new",
            "tenant_id",
            postgresql_where=text("active AND (required OR default_value IS NOT NULL)"),
        ),
        Index(
            "ix_custom_fields_restricted",
            "tenant_id",
            postgresql_where=text("visible_to IS NOT NULL"),
        ),
    )

    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    description: Mapped[str | None]
    reference_to: Mapped[str | None]
    required: Mapped[bool]
    is_unique: Mapped[bool]
    indexed: Mapped[bool]
    default_value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    visible_to: Mapped[str | None]
    active: Mapped[bool]

    @property
    def searchable(self) -> bool:
        """Whether its values are kept in the index."""
        return self.indexed or self.is_unique

    def require_sense(self) -> None:
        """Raise `FieldMakesNoSense` if parts of the definition contradict each other."""
        self.require_sensible_type()
        for wrong, why_en, why_zh in (
            (
                (self.reference_to is not None) != (self.type == FieldType.REFERENCE),
                "a reference says to what it leads, and nothing else does",
                "引用字段须指明引用对象，其他字段不得指明",
            ),
            (
                self.searchable and (self.max_length or 0) > LONGEST_INDEXED,
                f"an indexed or unique text has at most {LONGEST_INDEXED} characters",
                f"索引或唯一的文本最多 {LONGEST_INDEXED} 个字符",
            ),
            (
                self.is_unique and self.type == FieldType.MULTI_CHOICE,
                "several choices cannot be unique",
                "多选字段不能要求唯一",
            ),
            (
                self.default_value is not None
                and (self.is_unique or self.type == FieldType.REFERENCE),
                "a unique field or a reference has no default",
                "唯一字段或引用字段不能有默认值",
            ),
        ):
            if wrong:
                raise FieldMakesNoSense(why_en=why_en, why_zh=why_zh)
        if self.default_value is not None:
            try:
                self.default_value = self.accept(self.default_value)
            except InvalidValue as error:
                raise FieldMakesNoSense(
                    why_en="the default is no value of it", why_zh="默认值无效"
                ) from error


class CustomEntry(Base):
    """The value of an indexed or unique field of a customer, in a typed column of its own.

    Several choices have an entry each, by `place`. An amount has its currency beside it.
    `unique_key` makes values unique that differ in case, width or spaces only.
    """

    __tablename__ = "custom_entries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "field_id", "unique_key"),
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "field_id"], ["custom_fields.tenant_id", "custom_fields.id"]
        ),
        Index("ix_custom_entries_text", "tenant_id", "field_id", "text_value", "customer_id"),
        Index("ix_custom_entries_number", "tenant_id", "field_id", "number_value", "customer_id"),
        Index("ix_custom_entries_day", "tenant_id", "field_id", "day_value", "customer_id"),
        Index("ix_custom_entries_customer", "tenant_id", "customer_id"),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    field_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    text_value: Mapped[str | None]
    number_value: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    day_value: Mapped[date | None]
    unique_key: Mapped[str | None]


def entries_of(field: CustomField, customer_id: UUID, value: Any) -> list[CustomEntry]:
    """Return the entries of an accepted value of a field that is indexed or unique."""
    parts = value if field.type == FieldType.MULTI_CHOICE else [value]
    return [
        CustomEntry(
            field_id=field.id,
            customer_id=customer_id,
            place=place,
            **typed(field, part),
            unique_key=_unique_key(part) if field.is_unique else None,
        )
        for place, part in enumerate(parts)
    ]


def typed(field: CustomField, value: Any) -> dict[str, Any]:
    """Return one accepted value by the column it is found in."""
    match FieldType(field.type):
        case FieldType.NUMBER:
            return {"number_value": Decimal(value)}
        case FieldType.DATE:
            return {"day_value": date.fromisoformat(value)}
        case FieldType.MONEY:
            return {"number_value": Decimal(value["amount"]), "text_value": value["currency"]}
        case _:
            return {"text_value": value}


def _unique_key(value: Any) -> str:
    if isinstance(value, dict):
        value = f"{value['amount']} {value['currency']}"
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", value)).casefold()
    return hashlib.sha256(plain.encode()).hexdigest()
