"""What becomes of archive facts when customers are merged, and when that is undone (C5).

A fact goes to the survivor with its history, as far as the survivor does not know it. What both
know stays where it is: the survivor's counts, and says from where and when it is known.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from kehu_customer.archives import events
from kehu_customer.archives.keeping import close
from kehu_customer.archives.models import Fact
from kehu_customer.archives.queries import open_archive
from kehu_customer.merges import queries
from kehu_customer.merges.belongings import FACTS
from kehu_customer.merges.models import MergeMove
from kehu_customer.merges.notes import Notes
from kehu_kernel.session import Session

Moved = Mapping[UUID, UUID]
"""Ids of current facts that changed hands, with the customer who knew them before."""


def givers(
    facts: Iterable[Fact], survivor_id: UUID, losers: Sequence[UUID]
) -> dict[UUID, UUID | None]:
    """Return from whom the survivor learns each definition; None what it knows itself."""
    knows = {(one.customer_id, one.definition_id) for one in facts if one.ended_at is None}
    order = (survivor_id, *losers)
    found: dict[UUID, UUID | None] = {}
    for definition_id in {definition_id for _, definition_id in knows}:
        first = next(one for one in order if (one, definition_id) in knows)
        found[definition_id] = first if first != survivor_id else None
    return found


async def move_facts(
    session: Session, notes: Notes, survivor_id: UUID, losers: Sequence[UUID]
) -> Moved:
    """Let the survivor know what only merged records know; return what changed hands."""
    facts: list[Fact] = await queries.rows_of(session, FACTS, [survivor_id, *losers])
    come_from = givers(facts, survivor_id, losers)
    moved: dict[UUID, UUID] = {}
    for fact in facts:
        if fact.customer_id == come_from.get(fact.definition_id):
            if fact.ended_at is None:
                moved[fact.id] = fact.customer_id
            fact.customer_id = survivor_id
            notes.take(FACTS.kind, fact, "merged")
    await session.flush()
    return moved


async def gone_back(session: Session, moves: Sequence[MergeMove], survivor_id: UUID) -> Moved:
    """Return which current facts of a merge do not belong to the survivor any more."""
    ids = {one.row_id for one in moves if one.kind == FACTS.kind}
    back = await _facts(session, ids)
    return {one.id: survivor_id for one in back if one.customer_id != survivor_id}


async def tell_archives(session: Session, moved: Moved) -> None:
    """Work the archives out again between which facts changed hands, and tell of each fact."""
    facts = await _facts(session, moved.keys())
    customers = {*moved.values(), *(one.customer_id for one in facts)}
    for customer_id in sorted(customers):
        dossier = await open_archive(session, customer_id, lock=True)
        steps = [
            events.step(
                one,
                dossier.forms.definitions[one.definition_id],
                dossier.forms.sources[one.source_id],
                withdrawn=one.customer_id != customer_id,
            )
            for one in facts
            if customer_id in (one.customer_id, moved[one.id])
        ]
        close(session, dossier, steps)


async def _facts(session: Session, ids: Collection[UUID]) -> list[Fact]:
    query = select(Fact).where(
        Fact.tenant_id == session.context.tenant_id, Fact.id.in_(ids), Fact.ended_at.is_(None)
    )
    return await session.scalars(query.order_by(Fact.id)) if ids else []
