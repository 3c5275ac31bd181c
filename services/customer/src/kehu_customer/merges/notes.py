"""What a merge changed, row by row: noted while it happens, and the way back."""

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from kehu_customer.custom_fields.values import Values
from kehu_customer.customers import events as customer_events
from kehu_customer.customers.models import Customer
from kehu_customer.merges import queries
from kehu_customer.merges.belongings import (
    BELONGINGS,
    BY_KIND,
    HOUSEHOLD_MEMBERS,
    SUBSIDIARIES,
    Belonging,
    follow_leavers,
    go_back,
)
from kehu_customer.merges.models import MergeMove
from kehu_customer.merges.survivorship import BOUND
from kehu_kernel import audit, outbox, rows
from kehu_kernel.session import Session

CUSTOMER = "customer"
"""The merged records themselves."""


class Notes:
    """Collects what one merge changes."""

    def __init__(self, session: Session, merge_id: UUID) -> None:
        self.session, self._merge_id = session, merge_id
        self.counted: Counter[str] = Counter()

    def take(self, kind: str, row: Any, action: str) -> list[str]:
        """Note what was changed of a versioned row, and write its audit entry.

        Returns the names of the changed fields; with none, nothing happens.
        """
        self.note(kind, row)
        return audit.changed(self.session, row, action)

    def note(self, kind: str, row: Any) -> bool:
        """Note what was changed of a row; return whether anything was."""
        changes = {name: list(values) for name, values in rows.changes(row).items()}
        if changes:
            for name in _bound(kind, changes.keys()) - changes.keys():
                changes[name] = [getattr(row, name)] * 2  # tells whether it was changed since
            place = self.counted.total()
            move = MergeMove(
                merge_id=self._merge_id, place=place, kind=kind, row_id=row.id, changes=changes
            )
            self.session.add(move)
            self.counted[kind] += 1
        return bool(changes)


async def restore(
    session: Session, moves: Sequence[MergeMove], survivor_id: UUID
) -> tuple[Counter[str], list[UUID], set[UUID]]:
    """Take back what was noted, the last first.

    Returns how many rows of each kind went back, the ids of those that went on since and were left,
    and the households concerned. A row is left if it does not belong to the survivor any more; of a
    customer, each field that somebody changed since, with those bound to it. Who came first before
    comes first again, if that is possible; and wherever one has to come first, one does.
    """
    counted: Counter[str] = Counter()
    left: list[UUID] = []
    households: set[UUID] = set()
    by_kind: dict[str, set[UUID]] = {}
    for move in moves:
        by_kind.setdefault(move.kind, set()).add(move.row_id)
    await queries.lock_households(session, by_kind.get(HOUSEHOLD_MEMBERS.kind, ()))
    known = {
        kind: await queries.rows_with(session, _model(kind), found)
        for kind, found in by_kind.items()
    }
    there = {
        one.kind: await queries.rows_at(session, one, {survivor_id} | _places(one, moves))
        for one in BELONGINGS
        if one.first is not None and one.kind in by_kind
    }
    for move in reversed(moves):
        row = known[move.kind][move.row_id]
        led = _leads(move.kind, row)
        if not _take_back(row, move, there.get(move.kind, ())):
            left.append(move.row_id)
            continue
        counted[move.kind] += 1
        if move.kind == HOUSEHOLD_MEMBERS.kind:
            households.add(row.household_id)
        else:
            _record(session, move.kind, row)
        if row.id == survivor_id or "ended_on" in move.changes or led or _leads(move.kind, row):
            await session.flush()  # what it took is free before the other gets it back
    for kind, found in there.items():
        for row in follow_leavers(BY_KIND[kind], found):
            _record(session, kind, row)
    return counted, sorted(set(left)), households


def _bound(kind: str, changed: AbstractSet[str]) -> set[str]:
    """Return what goes back only together with what was changed, or has to be known for it."""
    if kind == CUSTOMER:
        return {name for group in BOUND if not changed.isdisjoint(group) for name in group}
    first = BY_KIND[kind].first
    return {BY_KIND[kind].columns[0], first} if first is not None else set()


def _leads(kind: str, row: Any) -> bool:
    first = BY_KIND[kind].first if kind != CUSTOMER else None
    return first is not None and getattr(row, first)


def _places(belonging: Belonging, moves: Sequence[MergeMove]) -> set[UUID]:
    """Return the customers at which rows of a kind come first, before or after a merge."""
    name = belonging.columns[0]
    changes = [move.changes for move in moves if move.kind == belonging.kind]
    return {UUID(one) for change in changes for one in change.get(name, ()) if one is not None}


def _take_back(row: Any, move: MergeMove, there: Sequence[Any]) -> bool:
    """Give a row its values from before the merge; return whether anything went back."""
    model = type(row)
    values = {
        name: (_read(model, name, before), _read(model, name, after))
        for name, (before, after) in move.changes.items()
    }
    if "custom" in values:
        before, after = values.pop("custom")
        row.custom = _custom_back(row.custom, before, after)
    changed = {name for name, (_, after) in values.items() if getattr(row, name) != after}
    if move.kind not in (CUSTOMER, SUBSIDIARIES.kind):
        return _belong_back(BY_KIND[move.kind], row, values, changed, there)
    kept = changed | _bound(CUSTOMER, changed)
    back = {name: before for name, (before, _) in values.items() if name not in kept}
    for name, before in back.items():
        setattr(row, name, before)
    return bool(back) or not values


def _belong_back(
    belonging: Belonging,
    row: Any,
    values: dict[str, tuple[Any, Any]],
    changed: set[str],
    there: Sequence[Any],
) -> bool:
    """Let a row belong to whom it belonged, unless it has gone on since."""
    first, owner = belonging.first, belonging.columns[0]
    if changed - {first}:
        return False
    led = None
    if first in values:
        stays = values.get(owner, (None, None))
        led = getattr(row, first) if first in changed and stays[0] == stays[1] else values[first][0]
    before = {name: value for name, (value, _) in values.items() if name != first}
    return go_back(belonging, row, before, led, there)


def _custom_back(now: Values, before: Values, after: Values) -> Values:
    """Return custom values with those that the merge changed, and nobody since, as before."""
    back = {
        code: before.get(code) if now.get(code) == after.get(code) else now.get(code)
        for code in before.keys() | after.keys()
    }
    values = now | back
    return {code: values[code] for code in sorted(values) if values[code] is not None}


def _record(session: Session, kind: str, row: Any) -> None:
    fields = audit.changed(session, row, "unmerged")
    tell = customer_events.changed if isinstance(row, Customer) else BY_KIND[kind].tell
    if fields and tell is not None:
        outbox.add(session, tell(row, fields), sequence=row.version)


def _model(kind: str) -> type[Any]:
    return Customer if kind == CUSTOMER else BY_KIND[kind].model


def _read(model: type[Any], name: str, value: Any) -> Any:
    """Return a value as the row has it, from what JSON has made of it."""
    if value is None:
        return None
    python = rows.shape_of(model).columns[name].type.python_type
    if python in (UUID, Decimal):
        return python(str(value))
    return date.fromisoformat(value) if python is date else value
