"""Customers on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from kehu_contracts.base import DecimalText
from kehu_contracts.money import Money
from kehu_customer.custom_fields.schemas import CustomValues
from kehu_customer.customers.models import Customer, CustomerKind, CustomerRole, CustomerState
from kehu_kernel.amounts import MoneyInput, Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, Text, Whole, shown


def _once_each(roles: list[CustomerRole]) -> list[CustomerRole]:
    return sorted(set(roles))


Roles = Annotated[
    list[CustomerRole],
    Field(min_length=1, max_length=len(CustomerRole)),
    AfterValidator(_once_each),
]


Percentage = Annotated[
    DecimalText,
    Field(ge=0, le=100, max_digits=5, decimal_places=2),
    Written(rf"(100(\.0{{1,2}})?|{digits(2, 2)})"),
]


class CustomerCreate(Input):
    """A new customer; it starts as a prospect."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "organisation",
                    "name": "深圳华强系统集成有限公司",
                    "code": "C-0001",
                    "roles": ["merchant", "partner"],
                    "industry": "system integration",
                    "country": "CN",
                    "source": "referral",
                }
            ]
        },
    )

    kind: CustomerKind = Field(description="An organisation or a natural person.")
    name: Text = Field(description="Name in full.")
    anonymous: Flag = Field(
        False,
        description="A face without a name: somebody who buys, and of whom nothing is on record. "
        "The name is a stand-in, such as the number of a card; nobody looks after it until it is "
        "identified.",
    )
    code: Text | None = Field(None, description="Your own customer code, unique if given.")
    external_ref: Text | None = Field(
        None, description="Key of the customer in another system, unique if given."
    )
    roles: Roles = Field(
        default_factory=lambda: [CustomerRole.CONSUMER], description="What the customer is to us."
    )
    parent_id: UUID | None = Field(None, description="The parent company.")
    owner_id: UUID | None = Field(
        None, description="The employee who looks after the customer; the department follows."
    )
    industry: Text | None = Field(None, description="Industry.")
    country: Text | None = Field(None, description="Country of the head office.")
    source: Text | None = Field(None, description="Where the customer came from.")
    credit_code: Text | None = Field(
        None, description="统一社会信用代码, unified social credit code (GB 32100), checked."
    )
    website: Text | None = Field(None, description="Website.")
    founded_year: Whole | None = Field(None, ge=1000, le=9999, description="Year of foundation.")
    employee_count: Whole | None = Field(None, ge=0, le=100_000_000, description="Number of staff.")
    annual_revenue: MoneyInput | None = Field(None, description="Revenue of a year.")
    custom: CustomValues = Field(
        default_factory=dict, description="Values of custom fields by code."
    )
    created_on: Day | None = Field(
        None, description="Business day of the first entry; today if omitted, never in the future."
    )


class CustomerUpdate(Patch):
    """Changes to master data; fields left out stay. State, owner and value have own commands."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"industry": "retail", "parent_id": None}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset({"name", "roles", "custom"})

    name: Text | None = Field(None, description="Name in full.")
    code: Text | None = Field(None, description="Your own customer code.")
    roles: Roles | None = Field(None, description="What the customer is to us.")
    parent_id: UUID | None = Field(None, description="The parent company; null removes it.")
    industry: Text | None = Field(None, description="Industry.")
    country: Text | None = Field(None, description="Country of the head office.")
    source: Text | None = Field(None, description="Where the customer came from.")
    credit_code: Text | None = Field(
        None, description="统一社会信用代码, unified social credit code (GB 32100), checked."
    )
    website: Text | None = Field(None, description="Website.")
    founded_year: Whole | None = Field(None, ge=1000, le=9999, description="Year of foundation.")
    employee_count: Whole | None = Field(None, ge=0, le=100_000_000, description="Number of staff.")
    annual_revenue: MoneyInput | None = Field(None, description="Revenue of a year.")
    custom: CustomValues | None = Field(
        None, description="Values of custom fields by code: null clears, what is left out stays."
    )


class CustomerIdentification(Input):
    """Say who an anonymous customer is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "张敏"}]})

    name: Text = Field(description="Name in full.")


class CustomerPromotion(Input):
    """Make a prospect a trade customer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"on": "2026-11-20"}]})

    on: Day | None = Field(None, description="Business day; today if omitted, never in the future.")


class CustomerEnding(Input):
    """End the relation with a customer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "公司已注销"}]})

    reason: Text = Field(description="Why the relation ends.")
    on: Day | None = Field(None, description="Business day; today if omitted, never in the future.")


class CustomerHandOver(Input):
    """Give the customer to another owner."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"owner_id": "019364c2-7d5e-7000-8000-000000000001", "reason": "区域调整"}]
        },
    )

    owner_id: UUID | None = Field(description="The new owner; null puts it into the public pool.")
    reason: Text | None = Field(None, description="Why it is handed over.")


class CustomerRead(BaseModel):
    """A customer as it stands."""

    id: UUID = Field(description="The customer's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    kind: CustomerKind = Field(description="An organisation or a natural person.")
    code: str | None = Field(description="The tenant's own customer code.")
    external_ref: str | None = Field(description="Key of the customer in another system.")
    name: str = Field(description="Name in full.")
    anonymous: bool = Field(description="Whether the name is a stand-in: nobody knows who it is.")
    roles: list[CustomerRole] = Field(description="What the customer is to us.")
    parent_id: UUID | None = Field(description="The parent company.")
    owner_id: UUID | None = Field(description="The employee who looks after the customer.")
    department_id: UUID | None = Field(description="The owner's department.")
    state: CustomerState = Field(description="Prospect, trade customer or former.")
    industry: str | None = Field(description="Industry.")
    country: str | None = Field(description="Country of the head office.")
    source: str | None = Field(description="Where the customer came from.")
    credit_code: str | None = Field(description="Unified social credit code.")
    website: str | None = Field(description="Website.")
    founded_year: int | None = Field(description="Year of foundation.")
    employee_count: int | None = Field(description="Number of staff.")
    annual_revenue: Money | None = Field(description="Revenue of a year.")
    created_on: date = Field(description="Business day of the first entry.")
    promoted_on: date | None = Field(description="Business day it became a trade customer.")
    ended_on: date | None = Field(description="Business day the relation ended.")
    end_reason: str | None = Field(description="Why the relation ended.")
    value_grade: str | None = Field(description="Grade by analytics; cannot be typed.")
    value_score: DecimalText | None = Field(description="Score behind the grade, in points.")
    merged_into_id: UUID | None = Field(description="The record this one was merged into.")
    custom: dict[str, JsonValue] = Field(
        description="Values of custom fields by code; without those the caller must not see."
    )
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, customer: Customer, hidden: frozenset[str] = frozenset()) -> Self:
        """Return the customer as the API shows it, without the hidden custom fields."""
        custom = {code: value for code, value in customer.custom.items() if code not in hidden}
        return shown(cls, customer, annual_revenue=revenue_of(customer), custom=custom)


def revenue_of(customer: Customer) -> Money | None:
    """Return the revenue with its currency."""
    amount: Decimal | None = customer.annual_revenue
    if amount is None or customer.annual_revenue_currency is None:
        return None
    return Money(amount=amount, currency=customer.annual_revenue_currency)


class CustomerConditions(BaseModel):
    """Which customers; all must match."""

    model_config = ConfigDict(extra="forbid")

    state: list[CustomerState] = Field(default_factory=list, description="One of these states.")
    kind: CustomerKind | None = Field(None, description="Organisation or person.")
    role: CustomerRole | None = Field(None, description="Plays this role, perhaps among others.")
    owner_id: UUID | None = Field(None, description="Looked after by this employee.")
    department_id: UUID | None = Field(None, description="Looked after in this department.")
    anonymous: bool | None = Field(None, description="Not identified yet, or identified.")
    in_pool: bool | None = Field(None, description="Nobody looks after it, or somebody does.")
    parent_id: UUID | None = Field(None, description="Direct subsidiaries of this company.")
    under: UUID | None = Field(None, description="This company and all companies below it.")
    above: UUID | None = Field(None, description="This company and all companies above it.")
    industry: str | None = Field(None, description="In exactly this industry.")
    value_grade: str | None = Field(None, description="With this value grade.")
    code: str | None = Field(None, description="With exactly this code.")
    external_ref: str | None = Field(None, description="With exactly this external reference.")
    credit_code: str | None = Field(None, description="With exactly this credit code.")
    merged_into_id: UUID | None = Field(
        None,
        description="Merged into this customer. Records that were merged are listed only if asked "
        "for like this, or by code or external reference.",
    )
    name: str | None = Field(None, description="With exactly this name.")
    scheme_id: UUID | None = Field(None, description="Classified by this scheme.")
    class_code: str | None = Field(
        None, description="In a class with this code, of `scheme_id` if that is given."
    )
    completeness_from: Percentage | None = Field(
        None, description="At least so many percent of what is asked are known."
    )
    completeness_to: Percentage | None = Field(None, description="At most so many percent.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Name contains this.")
    custom: list[str] = Field(
        default_factory=list,
        max_length=20,
        description="`<code>:<value>` of an indexed custom field, e.g. `taste:spicy`; amounts as "
        "`price:9.50 CNY`; all must match.",
    )
    custom_from: list[str] = Field(
        default_factory=list, max_length=20, description="The same as a lower bound, included."
    )
    custom_to: list[str] = Field(
        default_factory=list, max_length=20, description="The same as an upper bound, included."
    )


class CustomerFilters(CustomerConditions, PageParams):
    """Filters of the customer list; all must match."""

    custom_sort: str | None = Field(
        None,
        max_length=61,
        description="Code of an indexed custom field to sort by instead of `sort`; a leading minus "
        "reverses it. Customers without a value are left out.",
    )
    sort: Literal["name", "-name", "created_at", "-created_at"] = Field(
        "name", description="Order; a leading minus reverses it."
    )
