"""Contacts on the wire."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kehu_customer.contacts.models import BuyingRole, Contact
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, Text, shown

Phone = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=3,
        max_length=40,
        pattern=r"^[+(]{0,2}[0-9][0-9 ()./#x-]*$",
    ),
]
# Only what no address can lack: whether one works, only a message can tell.
# Control characters by number: what else \s means differs from reader to reader.
NO = r"\s\x00-\x20\x7f-\xa0,;<>"
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=rf"^[^@{NO}]+@[^@.{NO}]+(\.[^@.{NO}]+)+$",
    ),
]


class ContactCreate(Input):
    """A new contact of a customer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "name": "赵立新",
                    "title": "采购总监",
                    "buying_role": "decision_maker",
                    "mobile": "+86 138 0000 0000",
                    "email": "zhao.lixin@example.com",
                }
            ]
        },
    )

    customer_id: UUID = Field(description="The customer the person belongs to.")
    name: Text = Field(description="Name.")
    external_ref: Text | None = Field(
        None, description="Key of the contact in another system, unique if given."
    )
    title: Text | None = Field(None, description="Position at the customer.")
    department: Text | None = Field(None, description="Department at the customer.")
    buying_role: BuyingRole | None = Field(None, description="Part played in a purchase.")
    phone: Phone | None = Field(None, description="Office phone to use first.")
    mobile: Phone | None = Field(None, description="Mobile phone to use first.")
    email: Email | None = Field(None, description="E-mail address to use first.")
    is_primary: Flag = Field(
        False, description="Whom to turn to first; the first contact is always primary."
    )
    started_on: Day | None = Field(
        None, description="First day at the customer; today if omitted, never in the future."
    )


class ContactUpdate(Patch):
    """Changes to a contact; fields left out stay. `move` takes it to another customer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_primary": True}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"name", "is_primary", "active"})

    name: Text | None = Field(None, description="Name.")
    title: Text | None = Field(None, description="Position at the customer.")
    department: Text | None = Field(None, description="Department at the customer.")
    buying_role: BuyingRole | None = Field(None, description="Part played in a purchase.")
    phone: Phone | None = Field(None, description="Office phone to use first.")
    mobile: Phone | None = Field(None, description="Mobile phone to use first.")
    email: Email | None = Field(None, description="E-mail address to use first.")
    is_primary: Flag | None = Field(
        None, description="True makes this the primary contact, in place of the one before."
    )
    active: Flag | None = Field(None, description="Whether we still turn to this person.")


class ContactMove(Input):
    """A person goes to another customer, or comes back; the history stays."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "on": "2026-11-20",
                    "title": "总经理",
                    "buying_role": "decision_maker",
                    "reason": "跳槽",
                }
            ]
        }
    )

    customer_id: UUID = Field(description="Where the person goes.")
    on: Day | None = Field(
        None, description="First day there; today if omitted, never in the future."
    )
    title: Text | None = Field(None, description="Position there.")
    department: Text | None = Field(None, description="Department there.")
    buying_role: BuyingRole | None = Field(None, description="Part played in purchases there.")
    reason: Text | None = Field(None, description="Why the person left the place before.")


class ContactLeaving(Input):
    """A person leaves the customer and is with nobody we know, in retirement, say."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "退休"}]})

    on: Day | None = Field(
        None, description="First day not there; today if omitted, never in the future."
    )
    reason: Text = Field(description="Why.")


class ContactRead(BaseModel):
    """A contact as it stands."""

    id: UUID = Field(description="The contact's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID = Field(description="The customer the person belongs to.")
    external_ref: str | None = Field(description="Key of the contact in another system.")
    name: str = Field(description="Name.")
    title: str | None = Field(description="Position at the customer.")
    department: str | None = Field(description="Department at the customer.")
    buying_role: BuyingRole | None = Field(description="Part played in a purchase.")
    phone: str | None = Field(description="Office phone to use first.")
    mobile: str | None = Field(description="Mobile phone to use first.")
    email: str | None = Field(description="E-mail address to use first.")
    is_primary: bool = Field(description="Whether this is the contact to turn to first.")
    active: bool = Field(description="Whether we still turn to this person.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, contact: Contact) -> Self:
        """Return the contact as the API shows it."""
        return shown(cls, contact)


class ContactFilters(PageParams):
    """Filters of the contact list; all must match."""

    customer_id: UUID | None = Field(None, description="Of this customer.")
    buying_role: BuyingRole | None = Field(None, description="With this part in a purchase.")
    is_primary: bool | None = Field(None, description="Primary contacts, or the others.")
    active: bool | None = Field(None, description="Whether we still turn to the person.")
    external_ref: str | None = Field(None, description="With exactly this external reference.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Name contains this.")
    sort: Literal["name", "-name"] = Field(
        "name", description="Order; a leading minus reverses it."
    )
