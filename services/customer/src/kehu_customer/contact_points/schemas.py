"""Contact points on the wire."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kehu_customer.contact_points.models import ContactPoint, PointKind, PointPurpose
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, Text

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class AddressParts(Input):
    """Where a postal address is, beside street and number."""

    country: Country | None = Field(None, description="Country, two letters (ISO 3166).")
    province: Text | None = Field(None, description="Province or state.")
    city: Text | None = Field(None, description="City.")
    district: Text | None = Field(None, description="District.")
    postal_code: Text | None = Field(None, description="Post code.")


class AddressPartsRead(BaseModel):
    """Where a postal address is, beside street and number."""

    country: str | None = Field(description="Country, two letters (ISO 3166).")
    province: str | None = Field(description="Province or state.")
    city: str | None = Field(description="City.")
    district: str | None = Field(description="District.")
    postal_code: str | None = Field(description="Post code.")


class ContactPointCreate(Input):
    """A new phone number, e-mail or postal address of a customer or of a contact."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contact_id": "019364c2-7d5e-7000-8000-000000000030",
                    "kind": "mobile",
                    "purpose": "work",
                    "value": "138 0000 0000",
                },
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "kind": "address",
                    "purpose": "delivery",
                    "value": "金鸡湖大道1355号",
                    "address": {"country": "CN", "province": "江苏省", "city": "苏州市"},
                },
            ]
        },
    )

    customer_id: UUID | None = Field(None, description="The customer it belongs to, or:")
    contact_id: UUID | None = Field(None, description="The contact it belongs to.")
    kind: PointKind = Field(description="What kind of number or address.")
    purpose: PointPurpose = Field(PointPurpose.WORK, description="What it is for.")
    value: Text = Field(description="The number or address; of a postal one, street and number.")
    address: AddressParts | None = Field(None, description="Where a postal address is.")
    is_primary: Flag = Field(
        False, description="Which to use first; the first of its kind is always primary."
    )


class ContactPointUpdate(Patch):
    """Changes to a contact point; fields left out stay. Its kind and party stay the same."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_primary": True}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"purpose", "value", "is_primary", "active"})

    purpose: PointPurpose | None = Field(None, description="What it is for.")
    value: Text | None = Field(None, description="The number or address; to be verified anew.")
    address: AddressParts | None = Field(None, description="Where a postal address is.")
    is_primary: Flag | None = Field(
        None, description="True makes this the primary one, in place of the one before."
    )
    active: Flag | None = Field(None, description="Whether it is still used.")


class ContactPointVerification(Input):
    """Somebody has found that a number or address works."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"on": "2026-11-20"}]})

    on: Day | None = Field(None, description="Business day; today if omitted, never in the future.")


class ContactPointRead(BaseModel):
    """A contact point as it stands."""

    id: UUID = Field(description="The contact point's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID | None = Field(description="The customer it belongs to, if to one.")
    contact_id: UUID | None = Field(description="The contact it belongs to, if to one.")
    kind: PointKind = Field(description="What kind of number or address.")
    purpose: PointPurpose = Field(description="What it is for.")
    value: str = Field(description="The number or address as it was typed.")
    address: AddressPartsRead | None = Field(description="Where a postal address is.")
    normalised: str | None = Field(
        description="The one form to compare and to call: E.164 for phone numbers. Null for a "
        "number from before that cannot be read."
    )
    extension: str | None = Field(description="Extension behind a phone number.")
    verified_on: date | None = Field(description="Business day somebody found that it works.")
    verified_by: str | None = Field(description="Who did.")
    is_primary: bool = Field(description="Whether this is the one of its kind to use first.")
    active: bool = Field(description="Whether it is still used.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, point: ContactPoint) -> Self:
        """Return the contact point as the API shows it."""
        fields = {name: getattr(point, name) for name in cls.model_fields}
        if point.address is not None:
            names = AddressPartsRead.model_fields
            fields["address"] = AddressPartsRead(**{n: point.address.get(n) for n in names})
        return cls(**fields)


class ContactPointFilters(PageParams):
    """Filters of the list of contact points; all must match."""

    customer_id: UUID | None = Field(None, description="Of this customer itself.")
    contact_id: UUID | None = Field(None, description="Of this contact.")
    kind: PointKind | None = Field(None, description="Of this kind.")
    purpose: PointPurpose | None = Field(None, description="For this.")
    is_primary: bool | None = Field(None, description="Primary ones, or the others.")
    active: bool | None = Field(None, description="Whether it is still used.")
    verified: bool | None = Field(None, description="Whether somebody found that it works.")
    value: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="This phone number or e-mail address, written in whatever way.",
    )
    sort: Literal["created_at", "-created_at"] = Field(
        "created_at", description="Order; a leading minus reverses it."
    )
