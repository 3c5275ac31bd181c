"""What can be done with profiles and definitions of facts."""

from uuid import UUID

from kehu_customer.custom_fields.schemas import stored as stored_options
from kehu_customer.profiles import events, queries
from kehu_customer.profiles.definition_schemas import (
    DefinitionCreate,
    DefinitionFilters,
    DefinitionUpdate,
)
from kehu_customer.profiles.errors import UnknownProfile
from kehu_customer.profiles.models import FactDefinition, FactType, Profile
from kehu_customer.profiles.schemas import ProfileCreate, ProfileFilters, ProfileUpdate, stored
from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

TEXT_LENGTH = 200
"""Characters of a text whose definition says nothing."""


async def create_profile(session: Session, data: ProfileCreate) -> Profile:
    """Set up a profile. Raises `SectionCodesRepeat`; the database refuses a code that is taken."""
    profile = Profile(
        **data.model_dump(exclude={"sections", "roles"}), roles=data.roles or [], active=True
    )
    profile.set_up(stored(data.sections))
    audit.created(session, profile)
    outbox.add(session, events.profile_created(profile), sequence=profile.version)
    return profile


async def change_profile(
    session: Session, profile_id: UUID, data: ProfileUpdate, *, expected_version: int
) -> Profile:
    """Change a profile. Raises `SectionCodesRepeat`, `SectionsStay`.

    Archives show it at once; their stored completeness follows with `refresh_archives`.
    """
    profile = await require(
        session, Profile, profile_id, lock=True, expected_version=expected_version
    )
    given = data.given()
    if given.pop("sections", None) is not None and data.sections is not None:
        profile.set_up(stored(data.sections))
    if "roles" in given:
        profile.roles = list(data.roles or [])
        given.pop("roles")
    for name, value in given.items():
        setattr(profile, name, value)
    fields = audit.changed(session, profile, "changed")
    if fields:
        outbox.add(session, events.profile_changed(profile, fields), sequence=profile.version)
    return profile


async def create_definition(session: Session, data: DefinitionCreate) -> FactDefinition:
    """Have a profile ask for another fact.

    Raises `UnknownProfile`, `UnknownSection`, `FieldMakesNoSense`; the database refuses a code that
    the profile has already.
    """
    key = (session.context.tenant_id, data.profile_id)
    profile = await session.get(Profile, key, lock="FOR SHARE")
    if profile is None:
        raise UnknownProfile
    profile.require_section(data.section_code)
    return define(session, data)


def define(session: Session, data: DefinitionCreate) -> FactDefinition:
    """Add a definition to a section that exists. Raises `FieldMakesNoSense`."""
    definition = FactDefinition(
        **data.model_dump(exclude={"options"}), options=stored_options(data.options), active=True
    )
    if definition.type == FactType.TEXT and definition.max_length is None:
        definition.max_length = TEXT_LENGTH
    definition.require_sensible_type()
    audit.created(session, definition)
    outbox.add(session, events.definition_created(definition), sequence=definition.version)
    return definition


async def change_definition(
    session: Session, definition_id: UUID, data: DefinitionUpdate, *, expected_version: int
) -> FactDefinition:
    """Change a definition. Raises `UnknownSection`, `OptionsStay`, `FieldMakesNoSense`.

    Facts that are on record stay, also where their values would not be accepted any more. What is
    marked sensitive is withheld at once, from history too. Completeness and due days follow with
    `refresh_archives`.
    """
    definition = await require(
        session, FactDefinition, definition_id, lock=True, expected_version=expected_version
    )
    given = data.given()
    if data.section_code is not None:
        profile = await require(session, Profile, definition.profile_id)
        profile.require_section(data.section_code)
    if given.pop("options", None) is not None and data.options is not None:
        definition.replace_options(stored_options(data.options))
    for name, value in given.items():
        setattr(definition, name, value)
    definition.require_sensible_type()
    fields = audit.changed(session, definition, "changed")
    if fields:
        event = events.definition_changed(definition, fields)
        outbox.add(session, event, sequence=definition.version)
    return definition


async def list_profiles(
    session: Session, filters: ProfileFilters
) -> tuple[list[Profile], str | None, int | None]:
    """Return one page of the profiles that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching_profiles(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.PROFILE_ORDER,
        tie_breaker=Profile.id,
    )


async def list_definitions(
    session: Session, filters: DefinitionFilters
) -> tuple[list[FactDefinition], str | None, int | None]:
    """Return one page of the definitions that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching_definitions(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.DEFINITION_ORDER,
        tie_breaker=FactDefinition.id,
    )
