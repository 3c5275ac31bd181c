"""Archives and facts as the API shows them, to whom may see what.

Of a sensitive fact, who lacks `customer:archives:sensitive` learns that it is there and withheld,
and nothing that could give it away: no value, no words of who entered, verified or ended it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from kehu_contracts.base import DecimalText
from kehu_customer.archives.completeness import AskedSection, completeness, percent
from kehu_customer.archives.models import Fact, Step
from kehu_customer.archives.queries import Dossier
from kehu_customer.fact_sources.models import FactSource
from kehu_customer.profiles.models import DataGroup, FactDefinition, FactType
from kehu_kernel.wire import shown

SENSITIVE_SCOPE = "customer:archives:sensitive"
TELLTALE = ("value", "source_note", "verified_how", "end_reason")
"""Attributes of a sensitive fact that are withheld."""


def sees(definition: FactDefinition, scopes: frozenset[str] | None) -> bool:
    """Whether a caller with these scopes may see and write values; None is the system."""
    return not definition.sensitive or scopes is None or SENSITIVE_SCOPE in scopes


class FactRead(BaseModel):
    """A version of a fact as it stands."""

    id: UUID = Field(description="The id of this version of the fact.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID = Field(description="The customer.")
    definition_id: UUID = Field(description="The definition.")
    section_code: str = Field(description="Section of the profile.")
    code: str = Field(description="Code of the definition, unique in its profile.")
    name_zh: str = Field(description="What it says, in Chinese.")
    name_en: str = Field(description="What it says, in English.")
    sensitive: bool = Field(description="Whether it is sensitive.")
    withheld: bool = Field(description="Whether its value and notes are kept from you.")
    step: Step = Field(description="Whether it was recorded, corrected or confirmed.")
    value: JsonValue = Field(description="The value; null if it is withheld.")
    source_id: UUID = Field(description="Where it comes from.")
    source_code: str = Field(description="Code of the source.")
    source_note: str | None = Field(description="Where exactly.")
    known_on: date = Field(description="Business day it was known to be so.")
    entered_by: str = Field(description="Who entered it: a token subject.")
    verified: bool = Field(description="Whether somebody made sure of it.")
    verified_on: date | None = Field(description="Business day of the verification.")
    verified_by: str | None = Field(description="Who verified it.")
    verified_how: str | None = Field(description="How it was verified.")
    due_on: date | None = Field(description="Business day to verify it (again); null: never.")
    due: bool = Field(description="Whether it is current and that day has come.")
    ended_at: datetime | None = Field(description="Until when; null: it is known now.")
    ended_by: str | None = Field(description="Who ended it.")
    end_step: Step | None = Field(description="Corrected, confirmed or withdrawn.")
    end_reason: str | None = Field(description="Why it ended, if somebody said so.")
    created_at: datetime = Field(description="When it was entered.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(
        cls,
        fact: Fact,
        definition: FactDefinition,
        source: FactSource,
        *,
        today: date,
        scopes: frozenset[str] | None,
    ) -> Self:
        """Return the fact as the API shows it to a caller with these scopes."""
        withheld = not sees(definition, scopes)
        return shown(
            cls,
            fact,
            section_code=definition.section_code,
            code=definition.code,
            name_zh=definition.name_zh,
            name_en=definition.name_en,
            sensitive=definition.sensitive,
            withheld=withheld,
            source_code=source.code,
            verified=fact.verified_on is not None,
            due=fact.ended_at is None and fact.is_due(today),
            **dict.fromkeys(TELLTALE if withheld else ()),
        )


class AskedFact(BaseModel):
    """What a section asks, and what is known."""

    definition_id: UUID = Field(description="The definition.")
    code: str = Field(description="Code, unique in the profile.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    type: FactType = Field(description="What the value is.")
    data_group: DataGroup = Field(description="Descriptive, promotion or transaction data.")
    weight: DecimalText = Field(description="Share in the completeness of the section.")
    fact: FactRead | None = Field(description="What is known; null: it is missing.")


class ArchiveSection(BaseModel):
    """One section of an archive."""

    profile_code: str = Field(description="The profile that has the section.")
    section_code: str = Field(description="Code, unique in the profile.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    weight: DecimalText = Field(description="Share in the completeness of the archive.")
    completeness: DecimalText | None = Field(
        description="Percent, by weight, that is known; null: nothing in it weighs."
    )
    missing: list[str] = Field(description="Codes of what is asked and not known.")
    facts: list[AskedFact] = Field(description="What is asked, in order.")


class ArchiveRead(BaseModel):
    """The archive of a customer as it stands."""

    customer_id: UUID = Field(description="The customer.")
    version: int = Field(description="Counts the changes, from 0 without facts; also the ETag.")
    completeness: DecimalText = Field(
        description="Percent of what is asked, by the weights of sections and facts, that is known."
    )
    known: int = Field(description="How many of the facts that are asked are known.")
    asked: int = Field(description="How many facts are asked.")
    due: int = Field(description="How many of them have to be verified (again) now.")
    withheld: int = Field(description="How many known facts are kept from you as sensitive.")
    profiles: list[str] = Field(description="Codes of the profiles, by kind and roles.")
    sections: list[ArchiveSection] = Field(description="Its sections, profile by profile.")

    @classmethod
    def of(cls, dossier: Dossier, *, today: date, scopes: frozenset[str] | None) -> Self:
        """Return the archive as the API shows it to a caller with these scopes."""
        sections = [_section(section, dossier, today, scopes) for section in dossier.asked]
        asked = [one for section in sections for one in section.facts]
        facts = [one.fact for one in asked if one.fact is not None]
        return cls(
            customer_id=dossier.customer.id,
            version=dossier.archive.version,
            completeness=completeness(dossier.asked, dossier.current),
            known=len(facts),
            asked=len(asked),
            due=sum(fact.due for fact in facts),
            withheld=sum(fact.withheld for fact in facts),
            profiles=list(dict.fromkeys(section.profile_code for section in sections)),
            sections=sections,
        )


def _section(
    section: AskedSection, dossier: Dossier, today: date, scopes: frozenset[str] | None
) -> ArchiveSection:
    share = section.known_share(dossier.current)
    facts = []
    for one in section.facts:
        fact = dossier.current.get(one.id)
        read = None
        if fact is not None:
            source = dossier.forms.sources[fact.source_id]
            read = FactRead.of(fact, one, source, today=today, scopes=scopes)
        facts.append(shown(AskedFact, one, definition_id=one.id, fact=read))
    return ArchiveSection(
        profile_code=section.profile.code,
        section_code=section.code,
        name_zh=section.name_zh,
        name_en=section.name_en,
        weight=section.weight,
        completeness=None if share is None else percent(share),
        missing=[one.code for one in facts if one.fact is None],
        facts=facts,
    )


def page_of(
    facts: list[Fact],
    definitions: Mapping[UUID, FactDefinition],
    sources: Mapping[UUID, FactSource],
    *,
    today: date,
    scopes: frozenset[str] | None,
) -> list[FactRead]:
    """Return facts as the API shows them."""
    return [
        FactRead.of(
            fact,
            definitions[fact.definition_id],
            sources[fact.source_id],
            today=today,
            scopes=scopes,
        )
        for fact in facts
    ]


class ArchiveDefaults(BaseModel):
    """What became of the profiles, facts and sources of the texts."""

    installed_sources: list[str] = Field(description="Codes of the sources that are new.")
    installed_profiles: list[str] = Field(
        description="Codes of the profiles that are new, with all their facts."
    )
    kept_sources: list[str] = Field(description="Codes that were there; those stay as they are.")
    kept_profiles: list[str] = Field(description="Codes that were there; those stay as they are.")


class RefreshResult(BaseModel):
    """What a run did with its lot."""

    looked_at: int = Field(description="Archives of the lot.")
    changed: int = Field(description="Archives whose completeness is another now.")
    rescheduled: int = Field(description="Facts that are due on another day now.")
    next_after: UUID | None = Field(description="Send it as `after`; null: that was the last lot.")


class DueResult(BaseModel):
    """What a run told."""

    told: int = Field(description="Facts whose due day has come, told of now and never again.")
    more: bool = Field(description="Whether there may be more: run again.")
