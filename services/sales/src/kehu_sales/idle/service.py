"""What becomes of opportunities that nobody turns to. Each lot is one transaction."""

from datetime import date

from kehu_kernel import audit, outbox
from kehu_kernel.session import Session
from kehu_sales import policies
from kehu_sales.idle import queries
from kehu_sales.idle.models import IdlePolicy
from kehu_sales.idle.schemas import IdlePolicyUpdate
from kehu_sales.opportunities import events
from kehu_sales.pool.schemas import PoolReturn
from kehu_sales.pool.service import return_to_pool

IDLE = "idle"
"""The reason of what goes back to the pool by itself."""


async def warn(session: Session, limit: int, *, today: date, zone: str) -> int:
    """Warn of opportunities that go back soon unless somebody turns to them; return how many.

    Those included that somebody turned to meanwhile: they are looked at again when that is as long
    ago.
    """
    policy = await queries.policy_of(session)
    if policy.idle_days is None:
        return 0
    since = policy.warned_since(today)
    found = await queries.quiet_since(session, since, limit)
    moves = await queries.last_moves(session, [one.id for one in found], zone, today)
    await queries.note_moves(session, {one: min(on, today) for one, on in moves.items()})
    for one in found:
        if moves[one.id] <= since:
            one.idle_warned_on = today
            one.idle_return_on = return_on = policy.return_on(moves[one.id], today)
            audit.changed(session, one, "idle-warned")
            event = events.idle(one, today, since=moves[one.id], return_on=return_on)
            outbox.add(session, event, sequence=one.version)
    return len(found)


async def take_back(session: Session, limit: int, *, today: date, zone: str) -> int:
    """Return to the reserve pool what nobody turned to after the warning; return how many.

    Those included whose warning is withdrawn, because somebody did, or the tenant decided anew.
    """
    policy = await queries.policy_of(session)
    if policy.idle_days is None:
        return 0
    found = await queries.to_return(session, today, limit)
    moves = await queries.last_moves(session, [one.id for one in found], zone, today)
    spared = []
    for one in found:
        if policy.takes_back(moves[one.id], one.idle_warned_on or today, today):
            await return_to_pool(session, one.id, PoolReturn(reason=IDLE), today=today)
        else:
            spared.append(one.id)
    await queries.note_moves(session, {one: min(moves[one], today) for one in spared})
    await queries.withdraw_warnings(session, spared)
    return len(found)


async def change_policy(
    session: Session, data: IdlePolicyUpdate, *, today: date, expected_version: int
) -> IdlePolicy:
    """Change what the tenant has decided; the first change makes the row.

    Raises `WarningTooEarly`.
    """
    policy = await policies.lock(session, await queries.policy_of(session), expected_version)
    given = data.given()
    if given:
        policy.decide(given, today)
    return policies.keep(session, policy, given=bool(given))
