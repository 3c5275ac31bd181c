"""Reading preferences."""

from sqlalchemy import select

from kehu_customer.preferences.models import DEFAULT_PHONE_REGION, Preferences
from kehu_kernel.session import Session


async def preferences_of(session: Session) -> Preferences:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    query = select(Preferences).where(Preferences.tenant_id == session.context.tenant_id)
    decided = await session.scalar(query)
    return decided or Preferences(version=0, phone_region=DEFAULT_PHONE_REGION)
