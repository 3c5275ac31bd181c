"""The preferences API."""

from fastapi import Response

from kehu_customer.preferences import queries, service
from kehu_customer.preferences.errors import UnknownRegion
from kehu_customer.preferences.models import Preferences
from kehu_customer.preferences.schemas import PreferencesRead, PreferencesUpdate
from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.problems import problems

routes = router("/v1/preferences", "preferences")
READ = requires("customer:preferences:read")
WRITE = requires("customer:preferences:write")


@routes.get("", summary="Read the preferences", dependencies=[READ])
async def read_preferences(session: Session, response: Response) -> PreferencesRead:
    """What the tenant has decided, or the defaults, with the ETag."""
    return _answer(await queries.preferences_of(session), response)


@routes.patch(
    "",
    summary="Change the preferences",
    dependencies=[WRITE],
    responses=problems(UnknownRegion),
)
async def change_preferences(
    data: PreferencesUpdate, session: Session, version: ExpectedVersion, response: Response
) -> PreferencesRead:
    """Change preferences; fields left out stay. Numbers on record stay as they were read."""
    return _answer(
        await service.change_preferences(session, data, expected_version=version), response
    )


def _answer(preferences: Preferences, response: Response) -> PreferencesRead:
    set_etag(response, preferences)
    return PreferencesRead.of(preferences)
