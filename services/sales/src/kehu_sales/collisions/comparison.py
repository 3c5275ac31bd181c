"""Comparing some opportunities with all others: what collides, and what does no more (S13).

The database finds who may collide, by customers and days, a lot at a time in the order of ids;
`rules.collides` decides. However many opportunities related customers have, a lot is a lot: what
is beyond it waits for the round, which goes on where this one ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from kehu_kernel.session import Session
from kehu_sales.collisions import queries
from kehu_sales.collisions.models import Collision, CollisionPolicy
from kehu_sales.collisions.relations import Related
from kehu_sales.collisions.rules import Clash, Side, collides

MOST_AT_ONCE = 100
"""Others with which one opportunity is compared in one transaction, at most."""
Clashes = Mapping[frozenset[UUID], Clash]
Pairs = dict[frozenset[UUID], Collision]


@dataclass(frozen=True, slots=True)
class Watch:
    """What a tenant has decided, and how the customers of some opportunities are related; held."""

    policy: CollisionPolicy
    related: Related


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison says.

    `known`: collisions on record of these pairs. `gone`: those undecided that collide no more.
    `later`: which were compared only up to which other one.
    """

    clashes: Clashes
    known: Pairs
    gone: Pairs
    sides: Mapping[UUID, Side]
    later: Mapping[UUID, UUID]


async def compare(
    session: Session,
    own: Mapping[UUID, Side | None],
    watch: Watch | None,
    *,
    after: Mapping[UUID, UUID | None] = queries.NOTHING,
    are_new: bool = False,
    most: int = MOST_AT_ONCE,
) -> Compared:
    """Compare opportunities with the next others, from those of `after` on.

    None stands for what is closed or in nobody's hands. Nothing collides where nobody watches.
    Sees the whole tenant.
    """
    open_ones = {one: side for one, side in own.items() if side is not None}
    others: Mapping[UUID, list[Side]] = {}
    if watch is not None:
        counted = watch.related.counted(watch.policy.relations)
        others = await queries.candidates(
            session, open_ones.values(), counted, watch.policy, most=most + 1, after=after
        )
    undecided: Mapping[UUID, dict[UUID, Collision]] = {}
    if not are_new:
        undecided = await queries.undecided_of(session, own, most=most + 1, after=after)
    later = _later(own, others, undecided, most)
    sides = open_ones | {side.opportunity_id: side for found in others.values() for side in found}
    pairs = [
        (open_ones[one], other)
        for one, found in others.items()
        for other in found
        if one not in later or other.opportunity_id <= later[one]
    ]
    clashes = _clashes([*pairs, *_among(open_ones.values(), watch)], watch)
    on_record = {
        frozenset((one, other)): collision
        for one, found in undecided.items()
        for other, collision in found.items()
        if one not in later or other <= later[one]
    }
    known = {} if are_new else await queries.collisions_on(session, clashes.keys() - on_record)
    gone = {pair: one for pair, one in on_record.items() if pair not in clashes}
    return Compared(clashes, known | on_record, gone, sides, later)


def _later(
    own: Iterable[UUID],
    others: Mapping[UUID, list[Side]],
    undecided: Mapping[UUID, dict[UUID, Collision]],
    most: int,
) -> dict[UUID, UUID]:
    """Return where each ends for now of which there are more than `most` in either list."""
    later: dict[UUID, UUID] = {}
    for one in own:
        met = [side.opportunity_id for side in others.get(one, ())]
        ends = [found[most - 1] for found in (met, [*undecided.get(one, ())]) if len(found) > most]
        if ends:
            later[one] = min(ends)
    return later


def _clashes(pairs: Iterable[tuple[Side, Side]], watch: Watch | None) -> Clashes:
    """Return why which of the pairs collide, by the ids of both opportunities."""
    found: dict[frozenset[UUID], Clash] = {}
    if watch is None:
        return found
    for one, other in pairs:
        clash = collides(one, other, watch.related.kinship, watch.policy)
        if clash is not None:
            found[frozenset((one.opportunity_id, other.opportunity_id))] = clash
    return found


def _among(own: Iterable[Side], watch: Watch | None) -> list[tuple[Side, Side]]:
    """Return the pairs of those compared themselves whose customers hang together."""
    if watch is None:
        return []
    tops = {one: min(members) for one, members in watch.related.members.items()}
    groups: dict[UUID, list[Side]] = {}
    for side in own:
        groups.setdefault(tops[side.customer_id], []).append(side)
    return [pair for group in groups.values() for pair in combinations(group, 2)]
