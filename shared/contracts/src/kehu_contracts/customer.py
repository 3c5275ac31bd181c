"""Facts of the customer service: customers, contacts and the company's own directory."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event

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
    roles: list[CustomerRole] = Field(description="Every role the customer plays, at least one.")
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
    ContactCreated,
    ContactChanged,
    DepartmentCreated,
    DepartmentChanged,
    EmployeeCreated,
    EmployeeChanged,
    TerritoryCreated,
    TerritoryChanged,
)
