"""Facts of the customer service: customers, contacts and the company's own directory."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from kehu_contracts import archive, credit, duplicates, segment
from kehu_contracts.base import DecimalText, Event, Fragment
from kehu_contracts.classification import (
    ClassificationSchemeChanged,
    ClassificationSchemeCreated,
    CustomerClassified,
    CustomerClassRemoved,
    CustomFieldChanged,
    CustomFieldCreated,
)
from kehu_contracts.consent import ConsentGiven, ConsentWithdrawn
from kehu_contracts.erasure import ErasureCompleted, ErasureOrdered
from kehu_contracts.ownership import HandOverCompleted, HandOverFailed, HandOverStarted

CustomerKind = Literal["organisation", "person"]
CustomerRole = Literal[
    "consumer",
    "merchant",
    "distributor",
    "franchisee",
    "supplier",
    "partner",
    "internal",
    "public_body",
]
CustomerLifecycle = Literal["prospect", "trade", "former"]


class CustomerState(Event):
    """A customer after the change."""

    key: ClassVar[str] = "customer_id"

    customer_id: UUID = Field(description="The customer.")
    kind: CustomerKind = Field(description="An organisation or a natural person.")
    code: str | None = Field(description="The tenant's own customer code.")
    name: str = Field(description="Name in full.")
    roles: list[CustomerRole] = Field(
        description="Every role of the first eight that the customer plays; see further_roles."
    )
    parent_id: UUID | None = Field(description="The parent company, also a customer.")
    owner_id: UUID | None = Field(description="The employee who looks after the customer.")
    department_id: UUID | None = Field(description="The department of the owner.")
    state: CustomerLifecycle = Field(description="Where the customer stands in its life.")
    industry: str | None = Field(description="Industry, a value of the tenant's own list.")
    country: str | None = Field(description="Country of the head office.")
    source: str | None = Field(description="Where the customer came from.")
    created_on: date = Field(description="Business day of the first entry.")
    promoted_on: date | None = Field(description="Business day it became a trade customer.")
    ended_on: date | None = Field(description="Business day the relation ended.")
    end_reason: str | None = Field(description="Why the relation ended.")
    value_grade: str | None = Field(description="Grade that analytics gave, such as A.")
    value_score: DecimalText | None = Field(description="Score behind the grade, in points.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")
    anonymous: bool | None = Field(
        default=None,
        description="Whether the name is a stand-in, because nobody knows who the customer is.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    further_roles: list[str] | None = Field(
        default=None,
        description="The other roles it plays: wholesaler, retailer, intermediary, media, "
        "association, community, competitor; there may be more of them one day.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    merged_into_id: UUID | None = Field(
        default=None,
        description="The record that this one was merged into; its state is former as long.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )


class CustomerCreated(CustomerState):
    """A customer was entered, as a prospect."""

    type: ClassVar[str] = "customer.customer-created.v1"


class CustomerChanged(CustomerState):
    """Master data of a customer was changed."""

    type: ClassVar[str] = "customer.customer-changed.v1"


class CustomerPromoted(CustomerState):
    """A prospect became a trade customer: documents may use it from now on."""

    type: ClassVar[str] = "customer.customer-promoted.v1"


class CustomerEnded(CustomerState):
    """The relation with a customer ended, with a reason."""

    type: ClassVar[str] = "customer.customer-ended.v1"


class CustomerHandedOver(CustomerState):
    """A customer got another owner."""

    type: ClassVar[str] = "customer.customer-handed-over.v1"

    previous_owner_id: UUID | None = Field(description="The employee who had it before.")
    reason: str | None = Field(description="Why it was handed over.")


class CustomerValueRecorded(CustomerState):
    """The value that analytics calculated was written back to the customer."""

    type: ClassVar[str] = "customer.customer-value-recorded.v1"


class CustomersMerge(Event):
    """Several records of one customer, and the one that stays."""

    key: ClassVar[str] = "merge_id"

    merge_id: UUID = Field(description="The merge.")
    survivor_id: UUID = Field(description="The record that stays.")
    merged_ids: list[UUID] = Field(description="The records that are part of it, in order.")
    reason: str | None = Field(description="Why.")


class CustomerMerged(CustomersMerge):
    """Records became one: what names a merged one is the survivor's from now on."""

    type: ClassVar[str] = "customer.customer-merged.v1"


class CustomerUnmerged(CustomersMerge):
    """A merge was undone: what it moved, and nobody since, goes back to where it was."""

    type: ClassVar[str] = "customer.customer-unmerged.v1"


class ContactState(Event):
    """A contact after the change; phone and e-mail stay in the customer service."""

    key: ClassVar[str] = "contact_id"

    contact_id: UUID = Field(description="The contact.")
    customer_id: UUID = Field(description="The customer the contact belongs to.")
    name: str = Field(description="Name of the person.")
    buying_role: str | None = Field(description="Part in the purchase, such as decision maker.")
    is_primary: bool = Field(description="Whether this is the customer's first contact.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class ContactCreated(ContactState):
    """A contact was entered for a customer."""

    type: ClassVar[str] = "customer.contact-created.v1"


class ContactChanged(ContactState):
    """A contact was changed."""

    type: ClassVar[str] = "customer.contact-changed.v1"


class ContactMoved(ContactState):
    """A person went to another customer; `customer_id` is where the person is now."""

    type: ClassVar[str] = "customer.contact-moved.v1"

    previous_customer_id: UUID = Field(description="The customer the person was with before.")
    moved_on: date = Field(description="First day at the other customer.")


class AffiliationState(Event):
    """The place of a person at a customer after the change."""

    key: ClassVar[str] = "affiliation_id"

    affiliation_id: UUID = Field(description="The affiliation.")
    contact_id: UUID = Field(description="The person.")
    customer_id: UUID = Field(description="The customer.")
    is_main: bool = Field(description="Whether it is the person's main one.")
    buying_role: str | None = Field(description="Part in the purchase, such as decision maker.")
    started_on: date = Field(description="First day.")
    ended_on: date | None = Field(description="First day not there any more; none: still there.")
    end_reason: str | None = Field(description="Why it ended.")
    changed: list[str] = Field(description="Names of the fields that changed; empty at the start.")


class AffiliationStarted(AffiliationState):
    """A person took a place at a customer."""

    type: ClassVar[str] = "customer.affiliation-started.v1"


class AffiliationChanged(AffiliationState):
    """Position or part of a person at a customer changed."""

    type: ClassVar[str] = "customer.affiliation-changed.v1"


class AffiliationEnded(AffiliationState):
    """A person left a place at a customer; the affiliation is history."""

    type: ClassVar[str] = "customer.affiliation-ended.v1"


class ContactPointState(Event):
    """A number or address after the change; what it says stays in the customer service."""

    key: ClassVar[str] = "contact_point_id"

    contact_point_id: UUID = Field(description="The contact point.")
    customer_id: UUID | None = Field(description="The customer it belongs to, if to one.")
    contact_id: UUID | None = Field(description="The contact it belongs to, if to one.")
    kind: str = Field(description="Phone, mobile, email or address; more kinds may come.")
    purpose: str = Field(description="What it is for, such as work or billing.")
    is_primary: bool = Field(description="Whether it is the one of its kind to use first.")
    active: bool = Field(description="Whether it is still used.")
    verified_on: date | None = Field(description="Business day somebody found that it works.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class ContactPointCreated(ContactPointState):
    """A phone number, an e-mail or a postal address was entered."""

    type: ClassVar[str] = "customer.contact-point-created.v1"


class ContactPointChanged(ContactPointState):
    """A number or address was changed, became primary or is not used any more."""

    type: ClassVar[str] = "customer.contact-point-changed.v1"


class ContactPointVerified(ContactPointState):
    """Somebody found that a number or address works."""

    type: ClassVar[str] = "customer.contact-point-verified.v1"


class TradePartyState(Event):
    """Who plays a part when a customer trades, after the change."""

    key: ClassVar[str] = "trade_party_id"

    trade_party_id: UUID = Field(description="The trade party.")
    customer_id: UUID = Field(description="The customer that trades.")
    party_id: UUID = Field(description="The customer that plays the part.")
    role: str = Field(description="User, buyer, payer or final_recipient.")
    is_default: bool = Field(description="Whether it plays the part by default.")
    started_on: date = Field(description="First day.")
    ended_on: date | None = Field(description="First day without; none: still plays the part.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class TradePartyCreated(TradePartyState):
    """Another customer plays a part when a customer trades."""

    type: ClassVar[str] = "customer.trade-party-created.v1"


class TradePartyChanged(TradePartyState):
    """A party plays its part by default from now on, or does not any more."""

    type: ClassVar[str] = "customer.trade-party-changed.v1"


class TradePartyEnded(TradePartyState):
    """A party does not play its part any more."""

    type: ClassVar[str] = "customer.trade-party-ended.v1"


class MemberOfHousehold(Fragment):
    """A person who belongs to a household."""

    customer_id: UUID | None = Field(description="The customer, if the person is one.")
    contact_id: UUID | None = Field(description="The contact, if the person is one.")
    relation: str = Field(description="Head, spouse, child, parent or other.")
    joined_on: date = Field(description="First day.")


class HouseholdState(Event):
    """A household after the change."""

    key: ClassVar[str] = "household_id"

    household_id: UUID = Field(description="The household.")
    name: str = Field(description="Name.")
    members: list[MemberOfHousehold] = Field(description="Who belongs to it now.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class HouseholdCreated(HouseholdState):
    """A household was set up."""

    type: ClassVar[str] = "customer.household-created.v1"


class HouseholdChanged(HouseholdState):
    """A household was renamed, or a member joined or left."""

    type: ClassVar[str] = "customer.household-changed.v1"


class AcquaintanceState(Event):
    """How well an employee knows a contact, after the change."""

    key: ClassVar[str] = "acquaintance_id"

    acquaintance_id: UUID = Field(description="The acquaintance.")
    employee_id: UUID = Field(description="Who of us.")
    contact_id: UUID = Field(description="Whom.")
    closeness: int = Field(description="1 has met, 2 knows, 3 knows well, 4 close.")
    met_on: date | None = Field(description="Day they met.")
    active: bool = Field(description="False if it is over or was entered in error.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class AcquaintanceCreated(AcquaintanceState):
    """It was recorded that an employee knows a contact."""

    type: ClassVar[str] = "customer.acquaintance-created.v1"


class AcquaintanceChanged(AcquaintanceState):
    """How well an employee knows a contact changed, or it is over."""

    type: ClassVar[str] = "customer.acquaintance-changed.v1"


class DepartmentState(Event):
    """A department of the company after the change."""

    key: ClassVar[str] = "department_id"

    department_id: UUID = Field(description="The department.")
    code: str = Field(description="Code, unique for the tenant.")
    name: str = Field(description="Name.")
    parent_id: UUID | None = Field(description="The department above; none for a root.")
    path: list[UUID] = Field(description="Ids from the root down to the department itself.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class DepartmentCreated(DepartmentState):
    """A department was set up."""

    type: ClassVar[str] = "customer.department-created.v1"


class DepartmentChanged(DepartmentState):
    """A department was renamed or moved; each department below a moved one has a fact too."""

    type: ClassVar[str] = "customer.department-changed.v1"


class EmployeeState(Event):
    """An employee of the company after the change."""

    key: ClassVar[str] = "employee_id"

    employee_id: UUID = Field(description="The employee.")
    code: str = Field(description="Staff code, unique for the tenant.")
    name: str = Field(description="Name of the employee.")
    department_id: UUID = Field(description="The department the employee works in.")
    manager_id: UUID | None = Field(description="The employee who manages this one.")
    territory_id: UUID | None = Field(description="The territory the employee covers.")
    active: bool = Field(description="Whether the employee still works here.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class EmployeeCreated(EmployeeState):
    """An employee was entered."""

    type: ClassVar[str] = "customer.employee-created.v1"


class EmployeeChanged(EmployeeState):
    """An employee was changed, moved or left."""

    type: ClassVar[str] = "customer.employee-changed.v1"


class TerritoryState(Event):
    """A sales territory after the change."""

    key: ClassVar[str] = "territory_id"

    territory_id: UUID = Field(description="The territory.")
    code: str = Field(description="Code, unique for the tenant.")
    name: str = Field(description="Name.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class TerritoryCreated(TerritoryState):
    """A territory was set up."""

    type: ClassVar[str] = "customer.territory-created.v1"


class TerritoryChanged(TerritoryState):
    """A territory was changed."""

    type: ClassVar[str] = "customer.territory-changed.v1"


EVENTS: tuple[type[Event], ...] = (
    CustomerCreated,
    CustomerChanged,
    CustomerPromoted,
    CustomerEnded,
    CustomerHandedOver,
    CustomerValueRecorded,
    CustomerMerged,
    CustomerUnmerged,
    ContactCreated,
    ContactChanged,
    ContactMoved,
    AffiliationStarted,
    AffiliationChanged,
    AffiliationEnded,
    ContactPointCreated,
    ContactPointChanged,
    ContactPointVerified,
    TradePartyCreated,
    TradePartyChanged,
    TradePartyEnded,
    HouseholdCreated,
    HouseholdChanged,
    AcquaintanceCreated,
    AcquaintanceChanged,
    DepartmentCreated,
    DepartmentChanged,
    EmployeeCreated,
    EmployeeChanged,
    TerritoryCreated,
    TerritoryChanged,
    ClassificationSchemeCreated,
    ClassificationSchemeChanged,
    CustomerClassified,
    CustomerClassRemoved,
    CustomFieldCreated,
    CustomFieldChanged,
    *archive.EVENTS,
    *credit.EVENTS,
    *duplicates.EVENTS,
    HandOverStarted,
    HandOverCompleted,
    HandOverFailed,
    ErasureOrdered,
    ErasureCompleted,
    ConsentGiven,
    ConsentWithdrawn,
    *segment.EVENTS,
)
