"""What can be done with collisions. One function per command; each runs in one transaction."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from uuid import UUID

from sqlalchemy import select

from kehu_kernel import audit, business_day, outbox
from kehu_kernel.context import Actor
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales import policies
from kehu_sales.collisions import events, queries
from kehu_sales.collisions.errors import NotTheOwner, SideNotNamed
from kehu_sales.collisions.models import (
    DEFAULTS,
    UNANSWERED,
    AtEntry,
    Collision,
    CollisionPolicy,
    CollisionWalk,
    OnNoAnswer,
    OnYield,
    State,
)
from kehu_sales.collisions.relations import ask_again_about
from kehu_sales.collisions.rules import widens
from kehu_sales.collisions.schemas import (
    CollisionAnswer,
    CollisionArbitration,
    CollisionClaim,
    CollisionCount,
    CollisionCounts,
    CollisionDismissal,
    CollisionFilters,
    CollisionPolicyUpdate,
    CollisionRead,
    CountFilters,
)
from kehu_sales.db import among
from kehu_sales.directory.service import load_staff
from kehu_sales.later import known
from kehu_sales.opportunities import events as opportunity_events
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.pool.schemas import PoolReturn
from kehu_sales.pool.service import return_to_pool

FIRST = UUID(int=0)
ARBITRATE_SCOPE = "sales:collisions:arbitrate"
Opportunities = dict[UUID, Opportunity]


async def claim(
    session: Session,
    collision_id: UUID,
    data: CollisionClaim,
    *,
    actor: Actor,
    today: date,
    expected_version: int | None,
) -> Collision:
    """Claim the chance for one side; the other one has the policy's days to answer.

    Raises `NotTheOwner`, `NotASide`, `SideNotNamed`, `OpportunityIsClosed`, or
    what `Collision.claim` raises.
    """
    collision, sides = await _lock(session, collision_id, expected_version)
    speaker = _speaker(collision, sides, data.opportunity_id, actor)
    speaker.require_open()
    policy = await queries.policy_of(session)
    due = today + timedelta(days=policy.answer_days)
    collision.claim(speaker.id, data.reason, data.proof, today, due)
    return _told(session, collision, "claimed", events.claimed)


async def contest(
    session: Session,
    collision_id: UUID,
    data: CollisionAnswer,
    *,
    actor: Actor,
    expected_version: int | None,
) -> Collision:
    """Answer a claim with no.

    Raises `NotTheOwner`, `SideNotNamed`, or what `Collision.contest` raises.
    """
    collision, sides = await _lock(session, collision_id, expected_version)
    speaker = _speaker(collision, sides, data.opportunity_id, actor)
    collision.contest(speaker.id, data.reason)
    return _told(session, collision, "contested", events.contested)


async def yield_(
    session: Session,
    collision_id: UUID,
    data: CollisionAnswer,
    *,
    actor: Actor,
    today: date,
    expected_version: int | None,
) -> Collision:
    """Give way: one's own opportunity goes to the other side's owner, or to the pool.

    Raises `NotTheOwner`, `SideNotNamed`, `OpportunityIsClosed`, or what `Collision.yield_` raises.
    """
    collision = await require(session, Collision, collision_id, expected_version=expected_version)
    seen = await queries.opportunities_of(session, collision.sides)
    _speaker(collision, seen, data.opportunity_id, actor)
    await session.see_all_rows()  # what one looks after one may give away, also out of sight
    collision, sides = await _lock(session, collision_id, expected_version)
    # Once more, as they are now; only for what was in sight.
    in_sight = {one: side for one, side in sides.items() if one in seen}
    speaker = _speaker(collision, in_sight, data.opportunity_id, actor)
    collision.yield_(speaker.id, data.reason, today, session.context.actor)
    await _give_way(session, collision, sides, data.reason, today)
    return _told(session, collision, "yielded", events.settled)


async def arbitrate(
    session: Session,
    collision_id: UUID,
    data: CollisionArbitration,
    *,
    today: date,
    expected_version: int | None,
) -> Collision:
    """Decide who keeps the chance, and share out the credit; the other side gives way.

    Who decides sees both sides. Raises `OutsideRowScope`, `OpportunityIsClosed`, `UnknownEmployee`,
    or what `Collision.arbitrate` raises.
    """
    collision, sides = await _lock(session, collision_id, expected_version)
    _require_both(sides)
    credit: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for one in data.credit:
        credit[one.employee_id] += one.percent
    staff = await load_staff(session, credit.keys())
    for employee_id in credit:
        staff.require_known(employee_id)
    by = session.context.actor
    collision.arbitrate(data.kept_id, data.reason, today, by, credit=credit)
    await _give_way(session, collision, sides, data.reason, today)
    return _told(session, collision, "arbitrated", events.settled)


async def dismiss(
    session: Session,
    collision_id: UUID,
    data: CollisionDismissal,
    *,
    today: date,
    expected_version: int | None,
) -> Collision:
    """Decide that both go on; they do not come up again.

    Raises `OutsideRowScope`, `CollisionIsOver`.
    """
    collision, sides = await _lock(session, collision_id, expected_version)
    _require_both(sides)
    collision.dismiss(data.reason, today, session.context.actor)
    return _told(session, collision, "dismissed", events.settled)


async def settle_unanswered(session: Session, limit: int, *, today: date) -> int:
    """Settle claims that nobody has answered in time, as the tenant decided; return how many.

    What somebody works on waits for the next round, and so does a second collision of one
    opportunity: the first one may have ended it.
    """
    policy = await queries.policy_of(session)
    then = known(OnNoAnswer, policy.on_no_answer)
    if then is OnNoAnswer.WAIT:
        return 0
    due = queries.to_settle(session, today)
    columns = due.with_only_columns(Collision.id, Collision.first_id, Collision.second_id)
    asked = {one: pair for one, *pair in await session.execute(columns.limit(limit))}
    sides = await _locked(session, {*chain(*asked.values())}, skip_locked=True)
    ready = [one for one, pair in asked.items() if sides.keys() >= {*pair}]
    claims = await session.scalars(
        due.where(among(Collision.id, ready)).with_for_update(key_share=True, skip_locked=True)
    )
    if then is OnNoAnswer.CLAIMANT:  # of all of them at once: in the order of their ids
        await ask_again_about(session, chain.from_iterable(one.sides for one in claims))
    settled: set[UUID] = set()
    for claim in claims:
        if settled.isdisjoint(claim.sides):
            settled.update(claim.sides)
            claim.settle_unanswered(then, today, session.context.actor)
            if claim.state == State.CONTESTED:
                _told(session, claim, "contested", events.contested)
            else:
                await _give_way(session, claim, sides, UNANSWERED, today)
                _told(session, claim, "yielded", events.settled)
    return len(settled) // 2


async def show(session: Session, collisions: Sequence[Collision]) -> list[CollisionRead]:
    """Return collisions as the caller may see them: of a side out of sight, the department."""
    wanted = {one for collision in collisions for one in collision.sides}
    seen = await queries.opportunities_of(session, wanted)
    departments = await queries.departments_of(session, wanted)
    return [CollisionRead.of(one, seen, departments) for one in collisions]


async def list_collisions(
    session: Session, filters: CollisionFilters, *, today: date
) -> tuple[list[CollisionRead], str | None, int | None]:
    """Return one page of the collisions that match, the next cursor, and the count if asked."""
    found, cursor, count = await paginate(
        session,
        queries.matching(session.context.tenant_id, filters, today),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Collision.id,
    )
    return await show(session, found), cursor, count


async def count_collisions(session: Session, filters: CountFilters) -> CollisionCounts:
    """Return how many collisions departments have a part in. Raises `PeriodReversed`."""
    business_day.period(filters.found_from, filters.found_to)
    rows = await session.fetch(
        queries.COUNTS, session.context.tenant_id, filters.found_from, filters.found_to
    )
    return CollisionCounts(items=[CollisionCount.model_validate(dict(row)) for row in rows])


async def change_policy(
    session: Session, data: CollisionPolicyUpdate, *, expected_version: int
) -> CollisionPolicy:
    """Change what the tenant has decided; the first change makes the row.

    Where more collides than before, the round looks at all that is open already. Otherwise
    collisions on record stay as they are.
    """
    policy = await policies.lock(session, await queries.policy_of(session), expected_version)
    former = CollisionPolicy(**{name: getattr(policy, name) for name in DEFAULTS})
    given = data.given()
    for name, value in given.items():
        setattr(policy, name, value)
    looking = policy.at_entry != AtEntry.IGNORE
    if looking and (former.at_entry == AtEntry.IGNORE or widens(former, policy)):
        session.add(CollisionWalk(after_id=FIRST))
    return policies.keep(session, policy, given=bool(given))


def _told(session: Session, collision: Collision, action: str, event: events.Telling) -> Collision:
    fields = audit.changed(session, collision, action)
    outbox.add(session, event(collision, fields), sequence=collision.version)
    return collision


async def _lock(
    session: Session, collision_id: UUID, expected_version: int | None
) -> tuple[Collision, Opportunities]:
    """Return a collision and its opportunities that the caller sees, all locked."""
    collision = await require(session, Collision, collision_id)
    sides = await _locked(session, collision.sides)
    locked = await require(
        session, Collision, collision_id, lock=True, expected_version=expected_version
    )
    return locked, sides


async def _locked(
    session: Session, sides: Collection[UUID], *, skip_locked: bool = False
) -> Opportunities:
    """Lock those opportunities of collisions that the caller sees, before the collisions."""
    found = await session.scalars(
        select(Opportunity)
        .where(
            Opportunity.tenant_id == session.context.tenant_id,
            among(Opportunity.id, sides),
        )
        .order_by(Opportunity.id)
        .with_for_update(key_share=True, skip_locked=skip_locked)
    )
    return {one.id: one for one in found}


def _speaker(
    collision: Collision, sides: Opportunities, opportunity_id: UUID | None, actor: Actor
) -> Opportunity:
    """Return the opportunity that the caller speaks for: the one named, or the own one.

    Raises `NotASide`, `NotTheOwner`, or `SideNotNamed` where the caller may mean either.
    """
    own = [one for one in sides.values() if actor.employee_id == one.owner_id is not None]
    if opportunity_id is not None:
        collision.other(opportunity_id)
        named = sides.get(opportunity_id)
        if named is not None and (named in own or ARBITRATE_SCOPE in actor.scopes):
            return named
    elif len(own) == 1:
        return own[0]
    elif own or ARBITRATE_SCOPE in actor.scopes:
        named_as = ", ".join(f"{one.number} {one.id}" for _, one in sorted(sides.items()))
        raise SideNotNamed(
            number=collision.number, sides=named_as, extra={"opportunity_ids": sorted(sides)}
        )
    raise NotTheOwner(scope=ARBITRATE_SCOPE)


def _require_both(sides: Opportunities) -> None:
    """Raise `OutsideRowScope` unless both sides are in sight: nobody is judge of one's own side."""
    if len(sides) < len(("first", "second")):
        raise OutsideRowScope


async def _give_way(
    session: Session, collision: Collision, sides: Opportunities, reason: str, today: date
) -> None:
    """Have the opportunity that was not kept go to the keeper's owner, or to the pool.

    Raises `OpportunityIsClosed`, `EvaluationHasFailed`, `OpportunityInPool`.
    """
    kept = sides[collision.kept_id or collision.first_id]
    yielding = sides[collision.other(kept.id)]
    for one in (kept, yielding):
        one.require_open()
        one.require_not_pooled()
    await ask_again_about(session, collision.sides)
    policy = await queries.policy_of(session)
    if policy.on_yield == OnYield.POOL:
        await return_to_pool(session, yielding.id, PoolReturn(reason=reason), today=today)
        return
    yielding.owner_id, yielding.department_id = kept.owner_id, kept.department_id
    fields = audit.changed(session, yielding, "yielded", reason=(None, reason))
    event = opportunity_events.changed(yielding, fields, today)
    outbox.add(session, event, sequence=yielding.version)
