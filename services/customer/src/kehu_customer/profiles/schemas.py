"""Profiles on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText
from kehu_customer.custom_fields.schemas import FieldCode
from kehu_customer.customers.models import CustomerKind, CustomerRole
from kehu_customer.customers.schemas import Roles
from kehu_customer.profiles.models import Profile
from kehu_kernel.amounts import Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, Patch, Text, shown

Weight = Annotated[DecimalText, Field(ge=0, max_digits=7, decimal_places=2), Written(digits(5, 2))]
"""A share beside other shares, as text; 0 does not count."""
KIND = "Asked of organisations or of persons only; null: of both."
ROLES = "Asked of customers in one of these roles; null: whatever their roles."
EXAMPLE: dict[str, Any] = {
    "code": "hospital",
    "name_zh": "医院",
    "name_en": "Hospital",
    "kind": "organisation",
    "roles": ["public_body"],
    "sections": [
        {"code": "wards", "name_zh": "科室", "name_en": "Wards"},
        {"code": "purchasing", "name_zh": "采购", "name_en": "Purchasing", "weight": "2"},
    ],
}


class SectionInput(Input):
    """One section of a profile."""

    code: FieldCode = Field(description="Code, unique in the profile.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    weight: Weight = Field("1", validate_default=True, description="Share in the completeness.")
    active: Flag = Field(True, description="False: it is not asked for any more.")


Sections = Annotated[list[SectionInput], Field(min_length=1, max_length=100)]


class ProfileCreate(Input):
    """A new profile."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    code: FieldCode = Field(description="Code, unique; it stays for ever.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    source: Text | None = Field(None, description="Where it comes from, e.g. a line of a text.")
    kind: CustomerKind | None = Field(None, description=KIND)
    roles: Roles | None = Field(None, description=ROLES)
    sections: Sections = Field(description="Every section, in order.")


class ProfileUpdate(Patch):
    """Changes to a profile; fields left out stay. `sections` replaces all of them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"sections": EXAMPLE["sections"], "roles": None}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset({"name_zh", "name_en", "sections", "active"})

    name_zh: Text | None = Field(None, description="Name in Chinese.")
    name_en: Text | None = Field(None, description="Name in English.")
    source: Text | None = Field(None, description="Where it comes from.")
    kind: CustomerKind | None = Field(None, description=KIND)
    roles: Roles | None = Field(None, description=ROLES)
    sections: Sections | None = Field(None, description="Every section; none may be left out.")
    active: Flag | None = Field(None, description="False: it is not asked for any more.")


class SectionRead(BaseModel):
    """One section of a profile."""

    code: str = Field(description="Code.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    weight: DecimalText = Field(description="Share in the completeness, beside other sections.")
    active: bool = Field(description="Whether it is asked for.")


class ProfileRead(BaseModel):
    """A profile as it stands."""

    id: UUID = Field(description="The profile's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="Code.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    source: str | None = Field(description="Where it comes from.")
    kind: CustomerKind | None = Field(description=KIND)
    roles: list[CustomerRole] = Field(description="Asked of these roles; empty: of all.")
    sections: list[SectionRead] = Field(description="Every section, in order.")
    active: bool = Field(description="Whether it is asked for.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """Return the profile as the API shows it."""
        return shown(cls, profile)


class ProfileFilters(PageParams):
    """Filters of the list of profiles; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    active: bool | None = Field(None, description="In use, or retired.")
    sort: Literal["code", "-code"] = Field(
        "code", description="Order; a leading minus reverses it."
    )


def stored(sections: Sequence[SectionInput]) -> list[dict[str, Any]]:
    """Return sections as the database keeps them."""
    return [section.model_dump(mode="json") for section in sections]
