"""What can be done with preferences."""

from kehu_customer.preferences import queries
from kehu_customer.preferences.models import Preferences
from kehu_customer.preferences.schemas import PreferencesUpdate
from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.session import Session


async def change_preferences(
    session: Session, data: PreferencesUpdate, *, expected_version: int
) -> Preferences:
    """Change what the tenant has decided; the first change makes the row.

    Raises `UnknownRegion`. Of two first changes at once the database lets one win.
    """
    preferences = await queries.preferences_of(session)
    decided = preferences.version > 0
    if decided:
        preferences = await require(
            session, Preferences, preferences.id, lock=True, expected_version=expected_version
        )
    elif expected_version != 0:
        raise VersionConflict(current=0, expected=expected_version)
    if data.phone_region is not None:
        preferences.use_phone_region(data.phone_region)
    if decided:
        audit.changed(session, preferences, "changed")
    elif data.given():
        audit.created(session, preferences)
    return preferences
