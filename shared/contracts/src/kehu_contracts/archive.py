"""What is known of a customer: profiles, definitions of facts, sources, and the archive itself."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event, Fragment
from kehu_contracts.money import Money


class SectionOfProfile(Fragment):
    """One section of a profile."""

    code: str = Field(description="Code, unique in the profile.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    weight: DecimalText = Field(description="Share in the completeness, beside other sections.")
    active: bool = Field(description="Whether it is asked for.")


class ProfileState(Event):
    """A profile, which is what the archive of a kind of customers asks for, after the change."""

    key: ClassVar[str] = "profile_id"

    profile_id: UUID = Field(description="The profile.")
    code: str = Field(description="Code, unique for the tenant; it never changes.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    kind: str | None = Field(
        description="Asked of organisations or of persons (organisation, person); none: of both."
    )
    roles: list[str] = Field(description="Asked of customers in one of these roles; empty: of all.")
    sections: list[SectionOfProfile] = Field(description="Every section, in order.")
    active: bool = Field(description="Whether it is asked for.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class ProfileCreated(ProfileState):
    """A profile was set up."""

    type: ClassVar[str] = "customer.profile-created.v1"


class ProfileChanged(ProfileState):
    """A profile or its sections were changed."""

    type: ClassVar[str] = "customer.profile-changed.v1"


class FactDefinitionState(Event):
    """The definition of a fact about customers after the change; it tells no values."""

    key: ClassVar[str] = "definition_id"

    definition_id: UUID = Field(description="The definition.")
    profile_id: UUID = Field(description="The profile that asks for it.")
    section_code: str = Field(description="The section of the profile.")
    code: str = Field(description="Code, unique in the profile; it never changes.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    data_group: str = Field(description="Group of data: descriptive, promotion or transaction.")
    value_type: str = Field(
        description="What the values are: text, number, date, choice, multi_choice, money, flag."
    )
    sensitive: bool = Field(description="Whether values are shown to holders of a scope only.")
    validity_months: int | None = Field(
        description="Months after which it has to be verified again; none: never."
    )
    weight: DecimalText = Field(description="Share in the completeness of its section.")
    active: bool = Field(description="Whether it is asked for.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class FactDefinitionCreated(FactDefinitionState):
    """A fact about customers was defined."""

    type: ClassVar[str] = "customer.fact-definition-created.v1"


class FactDefinitionChanged(FactDefinitionState):
    """The definition of a fact was changed."""

    type: ClassVar[str] = "customer.fact-definition-changed.v1"


class FactSourceState(Event):
    """A source of facts after the change."""

    key: ClassVar[str] = "source_id"

    source_id: UUID = Field(description="The source.")
    code: str = Field(description="Code, unique for the tenant; it never changes.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    needs_confirmation: bool = Field(
        description="Whether what it says has to be confirmed before it counts as verified."
    )
    active: bool = Field(description="Whether facts may be taken from it.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class FactSourceCreated(FactSourceState):
    """A source of facts was entered."""

    type: ClassVar[str] = "customer.fact-source-created.v1"


class FactSourceChanged(FactSourceState):
    """A source of facts was changed."""

    type: ClassVar[str] = "customer.fact-source-changed.v1"


class FactStep(Fragment):
    """What became of one fact. The value of a sensitive fact is never told."""

    fact_id: UUID = Field(description="The version of the fact this step made or ended.")
    definition_id: UUID = Field(description="What it is a fact of.")
    code: str = Field(description="Code of the fact, unique in its profile.")
    step: str = Field(description="recorded, corrected, confirmed or withdrawn.")
    sensitive: bool = Field(description="Whether its value is kept from events.")
    value: str | bool | list[str] | Money | None = Field(
        description="The value, numbers and days as text; none if it is sensitive or withdrawn."
    )
    source_code: str = Field(description="Where it comes from.")
    known_on: date = Field(description="Business day on which it was known to be so.")
    verified_on: date | None = Field(description="Business day it was verified; none: not yet.")
    due_on: date | None = Field(description="Business day to verify it (again); none: never.")


class ArchiveChanged(Event):
    """Facts about a customer were recorded, corrected, confirmed or withdrawn by one command.

    Also when the completeness changed, because something else is asked of the customer now.
    """

    type: ClassVar[str] = "customer.archive-changed.v1"
    key: ClassVar[str] = "archive_id"

    archive_id: UUID = Field(description="The archive; a customer has one.")
    customer_id: UUID = Field(description="The customer.")
    completeness: DecimalText = Field(
        description="Percent of what is asked of the customer that is known, 0 to 100."
    )
    facts: list[FactStep] = Field(description="What became of facts; empty if none changed.")


class FactDue(Event):
    """A fact has to be verified (again). Told once for each version of a fact and due day."""

    type: ClassVar[str] = "customer.fact-due.v1"
    key: ClassVar[str] = "fact_id"

    fact_id: UUID = Field(description="The fact.")
    customer_id: UUID = Field(description="The customer.")
    owner_id: UUID | None = Field(description="Who looks after the customer; none: public pool.")
    definition_id: UUID = Field(description="What it is a fact of.")
    code: str = Field(description="Code of the fact, unique in its profile.")
    due_on: date = Field(description="Business day it is due.")
    verified_on: date | None = Field(description="Business day of the last verification.")


EVENTS: tuple[type[Event], ...] = (
    ProfileCreated,
    ProfileChanged,
    FactDefinitionCreated,
    FactDefinitionChanged,
    FactSourceCreated,
    FactSourceChanged,
    ArchiveChanged,
    FactDue,
)
