"""Leads on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kehu_contracts.base import DecimalText
from kehu_contracts.money import Money
from kehu_kernel.amounts import POSITIVE, PriceInput, Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, Patch, Text, shown
from kehu_marketing.leads.models import Lead, LeadStatus
from kehu_marketing.leads.sources import LeadSource

# The same as the customer service asks of a contact, so that a conversion is not refused for it;
# what no number or address can be beyond its characters, `numbers` says.
Phone = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=3,
        max_length=40,
        pattern=r"^[+(]{0,2}[0-9][0-9 ()./#x-]*$",
    ),
]
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
Quantity = Annotated[
    DecimalText,
    Field(gt=0, max_digits=14, decimal_places=4, description="How many."),
    Written(POSITIVE + digits(10, 4)),
]


class Interest(Input):
    """A product the lead is about."""

    product_id: UUID = Field(description="The product.")
    quantity: Quantity


Interests = Annotated[list[Interest], Field(max_length=100)]


class LeadCreate(Input):
    """A new lead. Customer and contact are picked (id) or typed (name); the customer is needed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "topic": "车间服务器更新需求",
                    "source": "seminar",
                    "source_detail": "上海工业博览会",
                    "customer_name": "苏州恒远精密机械有限公司",
                    "contact_name": "赵立新",
                    "contact_phone": "+86 512 6500 0000",
                    "need": "三台老服务器年底前更换",
                    "expected_revenue": {"amount": "180000.00", "currency": "CNY"},
                }
            ]
        },
    )

    topic: Text = Field(description="What it is about, in a few words.")
    source: LeadSource = Field(description="The way the lead was found.")
    source_detail: Text | None = Field(None, description="Which exhibition, which advertisement.")
    customer_id: UUID | None = Field(None, description="The customer, picked.")
    customer_name: Text | None = Field(None, description="The customer's name, typed.")
    contact_id: UUID | None = Field(None, description="The contact, picked with its customer.")
    contact_name: Text | None = Field(None, description="The contact's name, typed.")
    contact_phone: Phone | None = Field(None, description="Phone number of the contact.")
    contact_email: Email | None = Field(None, description="E-mail address of the contact.")
    owner_id: UUID | None = Field(None, description="The employee who works on it.")
    need: LongText | None = Field(None, description="What is needed, and why.")
    expected_revenue: PriceInput | None = Field(
        None, description="What it may bring; interests count more once it is converted."
    )
    expected_close_on: Day | None = Field(None, description="When it may be decided.")
    interests: Interests = Field(default_factory=list, description="The products it is about.")
    created_on: Day | None = Field(
        None, description="Business day of the first entry; today if omitted, never in the future."
    )
    external_ref: Text | None = Field(
        None, description="Key of the lead in another system, unique if given."
    )


class LeadUpdate(Patch):
    """Changes to an open lead; fields left out stay, null clears."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"need": "五台", "owner_id": None}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"topic", "source", "interests"})

    topic: Text | None = Field(None, description="What it is about, in a few words.")
    source: LeadSource | None = Field(None, description="The way the lead was found.")
    source_detail: Text | None = Field(None, description="Which exhibition, which advertisement.")
    customer_id: UUID | None = Field(None, description="The customer, picked.")
    customer_name: Text | None = Field(None, description="The customer's name, typed.")
    contact_id: UUID | None = Field(None, description="The contact, picked with its customer.")
    contact_name: Text | None = Field(None, description="The contact's name, typed.")
    contact_phone: Phone | None = Field(None, description="Phone number of the contact.")
    contact_email: Email | None = Field(None, description="E-mail address of the contact.")
    owner_id: UUID | None = Field(None, description="The employee who works on it.")
    need: LongText | None = Field(None, description="What is needed, and why.")
    expected_revenue: PriceInput | None = Field(None, description="What it may bring.")
    expected_close_on: Day | None = Field(None, description="When it may be decided.")
    interests: Interests | None = Field(None, description="The products it is about, all of them.")


class LeadDisqualification(Input):
    """Give a lead up."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "没有预算"}]})

    reason: Text = Field(description="Why nothing will come of it.")
    on: Day | None = Field(None, description="Business day; today if omitted, never in the future.")


class ErrorRead(BaseModel):
    """Why a conversion did not go on."""

    code: str = Field(description="Stable code of the failure.")
    message: str = Field(description="What happened, in the request's language.")

    @classmethod
    def of(cls, error: dict[str, str] | None, language: str) -> Self | None:
        """Return the stored failure in `zh` or `en`."""
        return None if error is None else cls(code=error["code"], message=error[language])


class LeadRead(BaseModel):
    """A lead as it stands."""

    id: UUID = Field(description="The lead's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number.")
    external_ref: str | None = Field(description="Key of the lead in another system.")
    topic: str = Field(description="What it is about, in a few words.")
    source: LeadSource = Field(description="The way the lead was found.")
    source_detail: str | None = Field(description="Which exhibition, which advertisement.")
    customer_id: UUID | None = Field(description="The customer, picked, found or made.")
    customer_name: str | None = Field(description="The customer's name as typed.")
    contact_id: UUID | None = Field(description="The contact, picked, found or made.")
    contact_name: str | None = Field(description="The contact's name as typed.")
    contact_phone: str | None = Field(description="Phone number of the contact.")
    contact_email: str | None = Field(description="E-mail address of the contact.")
    owner_id: UUID | None = Field(description="The employee who works on it.")
    need: str | None = Field(description="What is needed, and why.")
    expected_revenue: Money | None = Field(description="What it may bring.")
    expected_close_on: date | None = Field(description="When it may be decided.")
    interests: list[Interest] = Field(description="The products it is about.")
    status: LeadStatus = Field(description="How far it is.")
    created_on: date = Field(description="Business day of the first entry.")
    disqualified_on: date | None = Field(description="Business day it was given up.")
    disqualified_reason: str | None = Field(description="Why it was given up.")
    converted_on: date | None = Field(description="Business day its conversion was complete.")
    opportunity_id: UUID | None = Field(description="The opportunity it became.")
    last_error: ErrorRead | None = Field(description="Why the last conversion failed.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, lead: Lead, language: str) -> Self:
        """Return the lead as the API shows it, texts in `zh` or `en`."""
        return shown(
            cls,
            lead,
            expected_revenue=revenue_of(lead),
            last_error=ErrorRead.of(lead.last_error, language),
        )


def revenue_of(lead: Lead) -> Money | None:
    """Return the expected revenue with its currency."""
    amount: Decimal | None = lead.expected_revenue
    if amount is None or lead.expected_revenue_currency is None:
        return None
    return Money(amount=amount, currency=lead.expected_revenue_currency)


class LeadFilters(PageParams):
    """Filters of the lead list; all must match."""

    status: list[LeadStatus] = Field(default_factory=list, description="One of these.")
    source: LeadSource | None = Field(None, description="Found this way.")
    owner_id: UUID | None = Field(None, description="Worked on by this employee.")
    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    number: str | None = Field(None, description="With exactly this number.")
    external_ref: str | None = Field(None, description="With exactly this external reference.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Topic contains this.")
    sort: Literal["created_at", "-created_at", "number", "-number"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class SourceRead(BaseModel):
    """A way to find leads."""

    code: LeadSource = Field(description="What a lead carries.")
    name: str = Field(description="Its name, in the request's language.")
