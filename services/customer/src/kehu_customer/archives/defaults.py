"""What a tenant can start with: the profiles of the texts with their facts, and the eight sources.

They are data, in `defaults.json`; `source` names the place in the texts. The texts' tables with the
fields of persons and enterprises are lost: the sections are theirs, the facts those that the texts
name elsewhere. A validity is given only where the texts give one.
"""

from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import func, select

from kehu_customer.archives.views import ArchiveDefaults
from kehu_customer.fact_sources import queries as source_queries
from kehu_customer.fact_sources import service as sources
from kehu_customer.fact_sources.schemas import SourceCreate
from kehu_customer.profiles import queries as profile_queries
from kehu_customer.profiles import service as profiles
from kehu_customer.profiles.definition_schemas import DefinitionCreate
from kehu_customer.profiles.schemas import ProfileCreate
from kehu_kernel.session import Session

FILE = Path(__file__).with_name("defaults.json")


class DefaultProfile(BaseModel):
    """A profile of the texts with the facts of its sections."""

    profile: ProfileCreate
    facts: list[dict[str, Any]]

    def definitions(self, profile_id: UUID) -> list[DefinitionCreate]:
        """Return the facts, checked as those that users enter."""
        return [DefinitionCreate(**fact, profile_id=profile_id) for fact in self.facts]


class Defaults(BaseModel):
    """Everything in the file."""

    sources: list[SourceCreate]
    profiles: list[DefaultProfile]


@cache
def read() -> Defaults:
    """Return what the texts give."""
    return TypeAdapter(Defaults).validate_json(FILE.read_bytes())


async def install(session: Session) -> ArchiveDefaults:
    """Set up what the tenant has not: sources by their code, profiles by theirs with all facts.

    What is there stays, whatever the tenant has made of it: to do it twice changes nothing.
    """
    turn = func.hashtext(f"archive-defaults:{session.context.tenant_id}")  # two at once take turns
    await session.execute(select(func.pg_advisory_xact_lock(turn)))
    known = {source.code for source in (await source_queries.sources(session)).values()}
    asked = {profile.code for profile in await profile_queries.profiles(session)}
    new_sources = [source for source in read().sources if source.code not in known]
    new_profiles = [one for one in read().profiles if one.profile.code not in asked]
    for source in new_sources:
        await sources.create_source(session, source)
    for one in new_profiles:
        profile = await profiles.create_profile(session, one.profile)
        for fact in one.definitions(profile.id):
            profile.require_section(fact.section_code)
            profiles.define(session, fact)
    return ArchiveDefaults(
        installed_sources=[source.code for source in new_sources],
        installed_profiles=[one.profile.code for one in new_profiles],
        kept_sources=[one.code for one in read().sources if one.code in known],
        kept_profiles=[one.profile.code for one in read().profiles if one.profile.code in asked],
    )
