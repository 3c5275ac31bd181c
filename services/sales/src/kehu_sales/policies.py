"""What a tenant has decided once for all, in one row; until then defaults hold, as version 0."""

from typing import TypeVar

from sqlalchemy import select

from kehu_kernel import audit
from kehu_kernel.columns import Aggregate
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.session import Session

Policy = TypeVar("Policy", bound=Aggregate)


async def decided(session: Session, model: type[Policy]) -> Policy | None:
    """Return what the tenant has decided, if anything."""
    query = select(model).where(model.tenant_id == session.context.tenant_id)
    found: Policy | None = await session.scalar(query)
    return found


async def lock(session: Session, policy: Policy, expected_version: int) -> Policy:
    """Return the policy to be changed, locked; defaults are a new row. Raises `VersionConflict`."""
    if policy.version > 0:
        return await require(
            session, type(policy), policy.id, lock=True, expected_version=expected_version
        )
    if expected_version != 0:
        raise VersionConflict(current=0, expected=expected_version)
    return policy


def keep(session: Session, policy: Policy, *, given: bool) -> Policy:
    """Keep what was decided; the first change makes the row, if anything was `given` at all.

    Of two first changes at once the database lets one win.
    """
    if policy.version > 0:
        audit.changed(session, policy, "changed")
    elif given:
        audit.created(session, policy)
    return policy
