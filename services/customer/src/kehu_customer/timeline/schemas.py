"""Timelines on the wire."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.money import Money
from kehu_customer.timeline.models import EntryKind, TimelineEntry
from kehu_customer.timeline.telling import TELLINGS, way
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Text, shown


class EntryRead(BaseModel):
    """One entry of a timeline: a fact about the customer, from whichever service."""

    id: UUID = Field(description="The entry's id: that of the event.")
    kind: EntryKind = Field(description="What it is about.")
    type: str = Field(description="Type of the event it tells of.")
    label_en: str = Field(description="What happened, in English.")
    label_zh: str = Field(description="What happened, in Chinese.")
    subject_id: UUID = Field(description="The opportunity, request, contact ... it is about.")
    title: str | None = Field(description="What it was about, as entered; at most 200 characters.")
    employee_id: UUID | None = Field(description="Who of us it was with or is in charge.")
    actor: str = Field(description="Who entered it: a token subject or a system.")
    is_contact: bool = Field(description="Whether the customer and we met, talked or wrote.")
    channel: str | None = Field(description="The way of a contact, such as visit, phone or wechat.")
    place: str | None = Field(description="Where a contact took place.")
    minutes: int | None = Field(description="How long a contact took, in minutes.")
    cost: Money | None = Field(description="What a contact cost us.")
    happened_on: date = Field(description="Business day it happened.")
    happened_at: datetime = Field(
        description="When it happened: the beginning of the day if it was entered on a later one."
    )
    recorded_at: datetime = Field(description="When it was entered.")

    @classmethod
    def of(cls, entry: TimelineEntry) -> Self:
        """Return the entry as the API shows it."""
        telling = TELLINGS[entry.type]
        return shown(
            cls,
            entry,
            label_en=telling.en,
            label_zh=telling.zh,
            channel=None if entry.channel is None else way(entry.channel),
            cost=entry.spent,
        )


class Days(BaseModel):
    """The business days a question is about."""

    model_config = ConfigDict(extra="forbid")

    happened_from: Day | None = Field(None, description="Happened on this day or later.")
    happened_to: Day | None = Field(None, description="Happened on this day or earlier.")


class TimelineFilters(PageParams, Days):
    """Filters of a timeline; all must match."""

    kind: list[EntryKind] = Field(
        default_factory=list, max_length=len(EntryKind), description="About one of these."
    )
    contacts_only: bool = Field(False, description="Only meetings, talks and letters.")
    channel: Text | None = Field(None, description="Contacts made this way.")
    employee_id: UUID | None = Field(None, description="With this employee.")
    subject_id: UUID | None = Field(None, description="About this opportunity, request ...")
    sort: Literal["happened_at", "-happened_at"] = Field(
        "-happened_at", description="Order; a leading minus reverses it."
    )


class Spent(BaseModel):
    """What contacts took."""

    contacts: int = Field(description="How many.")
    minutes: int = Field(description="How long they took together, as far as entered.")
    costs: list[Money] = Field(description="What they cost together, per currency.")


class SpentOnChannel(Spent):
    """What the contacts made in one way took."""

    channel: str = Field(description="The way, such as visit, phone or wechat.")


class SpentByEmployee(Spent):
    """What the contacts of one of us took."""

    employee_id: UUID | None = Field(description="Who of us; null where nobody was named.")


class InvestmentRead(Spent):
    """What we invested in a customer: how many contacts, how long, at what cost."""

    first_contact_on: date | None = Field(description="Day of the first contact in the period.")
    last_contact: EntryRead | None = Field(
        description="The newest contact of all, to be continued by the next one."
    )
    by_channel: list[SpentOnChannel] = Field(description="The same per way, most contacts first.")
    by_employee: list[SpentByEmployee] = Field(
        description="The same per employee, most contacts first."
    )
