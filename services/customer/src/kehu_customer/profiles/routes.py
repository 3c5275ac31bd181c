"""The API of profiles and of the facts they ask for."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.custom_fields.errors import FieldMakesNoSense, OptionsStay
from kehu_customer.profiles import service
from kehu_customer.profiles.definition_schemas import (
    DefinitionCreate,
    DefinitionFilters,
    DefinitionRead,
    DefinitionUpdate,
)
from kehu_customer.profiles.errors import (
    FactCodeTaken,
    ProfileCodeTaken,
    SectionCodesRepeat,
    SectionsStay,
    UnknownProfile,
    UnknownSection,
)
from kehu_customer.profiles.models import FactDefinition, Profile
from kehu_customer.profiles.schemas import (
    ProfileCreate,
    ProfileFilters,
    ProfileRead,
    ProfileUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/profiles", "profiles")
definitions = router("/v1/fact-definitions", "profiles")
READ = requires("customer:profiles:read")
WRITE = requires("customer:profiles:write")


@routes.post(
    "",
    summary="Create a profile",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(ProfileCodeTaken, SectionCodesRepeat),
)
async def create_profile(data: ProfileCreate, session: Session, response: Response) -> ProfileRead:
    """Set up what the archive of a kind of customers asks for, in sections."""
    profile = await service.create_profile(session, data)
    response.headers["Location"] = f"/v1/profiles/{profile.id}"
    return _answer(profile, response)


@routes.get("", summary="List profiles", dependencies=[READ])
async def list_profiles(
    session: Session, filters: Annotated[ProfileFilters, Query()]
) -> Page[ProfileRead]:
    """Profiles that match all filters, a page at a time."""
    found, cursor, count = await service.list_profiles(session, filters)
    return Page(items=[ProfileRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{profile_id}", summary="Read a profile", dependencies=[READ])
async def read_profile(profile_id: UUID, session: Session, response: Response) -> ProfileRead:
    """One profile with its sections, with its ETag."""
    return _answer(await require(session, Profile, profile_id), response)


@routes.patch(
    "/{profile_id}",
    summary="Change a profile",
    dependencies=[WRITE],
    responses=problems(SectionCodesRepeat, SectionsStay),
)
async def change_profile(
    profile_id: UUID,
    data: ProfileUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> ProfileRead:
    """Change a profile or its sections; the code stays. Nothing on record is lost."""
    profile = await service.change_profile(session, profile_id, data, expected_version=version)
    return _answer(profile, response)


@definitions.post(
    "",
    summary="Define a fact",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(UnknownProfile, UnknownSection, FactCodeTaken, FieldMakesNoSense),
)
async def create_definition(
    data: DefinitionCreate, session: Session, response: Response
) -> DefinitionRead:
    """Have a section of a profile ask for another fact; it can be recorded at once."""
    definition = await service.create_definition(session, data)
    response.headers["Location"] = f"/v1/fact-definitions/{definition.id}"
    return _defined(definition, response)


@definitions.get("", summary="List definitions of facts", dependencies=[READ])
async def list_definitions(
    session: Session, filters: Annotated[DefinitionFilters, Query()]
) -> Page[DefinitionRead]:
    """Definitions that match all filters, a page at a time."""
    found, cursor, count = await service.list_definitions(session, filters)
    return Page(items=[DefinitionRead.of(one) for one in found], next_cursor=cursor, count=count)


@definitions.get("/{definition_id}", summary="Read a definition of a fact", dependencies=[READ])
async def read_definition(
    definition_id: UUID, session: Session, response: Response
) -> DefinitionRead:
    """One definition, with its ETag."""
    return _defined(await require(session, FactDefinition, definition_id), response)


@definitions.patch(
    "/{definition_id}",
    summary="Change a definition of a fact",
    dependencies=[WRITE],
    responses=problems(UnknownSection, OptionsStay, FieldMakesNoSense),
)
async def change_definition(
    definition_id: UUID,
    data: DefinitionUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> DefinitionRead:
    """Change a definition; profile, code and type stay, and so do the facts on record."""
    definition = await service.change_definition(
        session, definition_id, data, expected_version=version
    )
    return _defined(definition, response)


def _answer(profile: Profile, response: Response) -> ProfileRead:
    set_etag(response, profile)
    return ProfileRead.of(profile)


def _defined(definition: FactDefinition, response: Response) -> DefinitionRead:
    set_etag(response, definition)
    return DefinitionRead.of(definition)
