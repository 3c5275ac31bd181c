"""Looking for collisions: when an opportunity is entered, changes, or its customer's relations do.

Whoever looks holds the lock of all related customers, so that of two that enter at once the second
one sees the first. Matching sees the whole tenant; who may not see the other side hears only which
department it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import islice
from uuid import UUID

from kehu_kernel import audit, numbering, outbox
from kehu_kernel.session import Session
from kehu_sales.collisions import events, queries
from kehu_sales.collisions.comparison import MOST_AT_ONCE, Clashes, Pairs, Watch, compare
from kehu_sales.collisions.errors import OpportunityCollides
from kehu_sales.collisions.models import UNDECIDED, AtEntry, Collision, CollisionPolicy, State
from kehu_sales.collisions.relations import ask_again_about, hold, related_to
from kehu_sales.collisions.rules import Side
from kehu_sales.collisions.schemas import Candidate
from kehu_sales.opportunities.models import Opportunity

NUMBER_PREFIX = "COL"


async def watch_over(
    session: Session, customer_ids: Iterable[UUID | None], *, always: bool = False
) -> Watch | None:
    """Hold the related customers, so that nobody enters anything about them meanwhile.

    None if there is nothing to look for; `always`: also where the tenant ignores collisions. To be
    called after opportunities were locked and before numbers are drawn: everybody takes these in
    one order.
    """
    customers = {one for one in customer_ids if one is not None}
    if not customers:
        return None
    policy = await queries.policy_of(session)
    if policy.at_entry == AtEntry.IGNORE and not always:
        return None
    related = await related_to(session, customers)
    await hold(session, related)
    return Watch(policy, related)


async def enter(
    session: Session,
    opportunity: Opportunity,
    *,
    today: date,
    allowed: str | None = None,
    is_new: bool = False,
) -> list[Collision]:
    """Look whether an opportunity that is entered, or has changed, collides; return with what.

    `allowed` says why it is entered although it does. Raises `OpportunityCollides` if the tenant's
    rules refuse it.
    """
    if not counts(opportunity):
        # What is nobody's collides with nothing; what it did before is found out by the round.
        return []
    watch = await watch_over(session, [opportunity.customer_id])
    if watch is None:
        return []
    return await enter_all(
        session, watch, [opportunity], today=today, allowed=allowed, are_new=is_new
    )


def counts(opportunity: Opportunity) -> bool:
    """Whether an opportunity can collide: somebody works on it, with a customer."""
    worked_on = opportunity.customer_id is not None and opportunity.owner_id is not None
    return worked_on and opportunity.status in queries.OPEN


async def enter_all(
    session: Session,
    watch: Watch,
    opportunities: Sequence[Opportunity],
    *,
    today: date,
    allowed: str | None = None,
    are_new: bool = False,
) -> list[Collision]:
    """Do as `enter` for opportunities of customers that are watched, with as many queries."""
    await session.see_all_rows()
    entered = {one.id: one for one in opportunities if counts(one)}
    own = await _as_sides(session, entered.values(), watch.policy)
    most = max(1, MOST_AT_ONCE // max(1, len(own)))  # of a batch all together, not each
    found = await compare(session, own, watch, are_new=are_new, most=most)
    await ask_again_about(session, found.later)
    reasons = await queries.why_over(session, found.gone.values())
    await session.see_rows_in_scope()
    known, clashes = found.known, found.clashes
    new = {pair: clash for pair, clash in clashes.items() if is_new(known.get(pair))}
    if new and watch.policy.at_entry == AtEntry.REFUSE and allowed is None:
        told = await _told(session, new, entered, found.sides)
        raise OpportunityCollides(extra={"candidates": told})
    if len(new) > MOST_AT_ONCE:  # a batch that collides with itself
        await ask_again_about(session, [*own])
        new = dict(islice(new.items(), MOST_AT_ONCE))
    await record(session, new, known, today=today, reason=allowed)
    for collision in found.gone.values():
        lapse_one(session, collision, reasons[collision.id], today)
    return [one for pair, one in known.items() if pair in clashes and one.state in UNDECIDED]


async def record(
    session: Session,
    new: Clashes,
    known: Pairs,
    *,
    today: date,
    reason: str | None = None,
) -> None:
    """Open a collision for each clash, or the one anew that had lapsed; `known` gets them all."""
    first_time = [pair for pair in new if pair not in known]
    numbers = (
        await numbering.next_numbers(session, NUMBER_PREFIX, year=today.year, count=len(first_time))
        if first_time
        else []
    )
    for pair, number in zip(first_time, numbers, strict=True):
        one, other = pair
        clash = new[pair]
        collision = Collision.of(one, other, clash, number=number, today=today, reason=reason)
        audit.created(session, collision)
        outbox.add(session, events.found(collision, []), sequence=collision.version)
        known[pair] = collision
    for pair in new.keys() - {*first_time}:
        known[pair].collide_again(new[pair], today)
        fields = audit.changed(session, known[pair], "found-again")
        outbox.add(session, events.found(known[pair], fields), sequence=known[pair].version)


def lapse_one(session: Session, collision: Collision, reason: str, today: date) -> None:
    """Take note that a collision is none any more."""
    collision.lapse(reason, today, session.context.actor)
    fields = audit.changed(session, collision, "lapsed")
    outbox.add(session, events.settled(collision, fields), sequence=collision.version)


def is_new(known: Collision | None) -> bool:
    """Whether a clash opens a collision: nobody knows it, or it had lapsed."""
    return known is None or known.state == State.LAPSED


async def _as_sides(
    session: Session, opportunities: Iterable[Opportunity], policy: CollisionPolicy
) -> dict[UUID, Side]:
    """Return what counts of opportunities as they are now, before they are written."""
    found = list(opportunities)
    products = {line.product_id for one in found for line in one.lines}
    categories = await queries.categories_of(session, products)
    owners = {one.owner_id for one in found if one.owner_id and not one.department_id}
    departments = (
        await queries.departments_of_owners(session, owners) if policy.across_departments else {}
    )
    sides = {}
    for one in found:
        ours = frozenset(line.product_id for line in one.lines)
        sides[one.id] = Side(
            one.id,
            one.customer_id or UUID(int=0),
            one.owner_id,
            one.department_id or departments.get(one.owner_id),
            one.opened_on,
            ours,
            frozenset(categories[product] for product in ours if product in categories),
        )
    return sides


async def _told(
    session: Session,
    new: Clashes,
    entered: Mapping[UUID, Opportunity],
    sides: Mapping[UUID, Side],
) -> list[dict[str, object]]:
    """Return what the caller is told of the opportunities on the other side."""
    others = {next(iter(pair - entered.keys()), min(pair)): clash for pair, clash in new.items()}
    departments = await queries.departments_of(session, others)
    seen = await queries.within_sight(session, others)
    told = []
    for one, clash in others.items():
        department = departments.get(one)
        candidate = Candidate(
            relation=clash.relation,
            overlap=clash.overlap,
            department_code=department.code if department else None,
            department_name=department.name if department else None,
            opportunity_id=one if one in seen else None,
            owner_id=sides[one].owner_id if one in seen else None,
        )
        told.append(candidate.model_dump(mode="json"))
    return told
