"""What a tenant has decided once for all, in one row; until then defaults hold, as version 0.

Whatever a tenant decides is told by one event, which names it: also chains, schemes and rules.
"""

from typing import TypeVar

from sqlalchemy import select

from kehu_contracts.deciding import PolicyChanged
from kehu_kernel import audit, outbox
from kehu_kernel.columns import Aggregate
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.session import Session

Policy = TypeVar("Policy", bound=Aggregate)
DECIDED_ON = "decided_on"
"""When something was decided is kept, but is no setting."""


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
        changed(session, policy)
    elif given:
        created(session, policy)
    return policy


def created(session: Session, policy: Aggregate) -> None:
    """Write down what is decided for the first time, and tell it."""
    audit.created(session, policy)
    _tell(session, policy, [])


def changed(session: Session, policy: Aggregate) -> list[str]:
    """Write down what is decided anew, and tell it; return what that is. Of nothing, nothing."""
    fields = [one for one in audit.changed(session, policy, "changed") if one != DECIDED_ON]
    if fields:
        _tell(session, policy, fields)
    return fields


def _tell(session: Session, policy: Aggregate, fields: list[str]) -> None:
    name = audit.entity_name(type(policy).__name__)
    event = PolicyChanged(policy_id=policy.id, policy=name, changed_settings=fields)
    outbox.add(session, event, sequence=policy.version)
