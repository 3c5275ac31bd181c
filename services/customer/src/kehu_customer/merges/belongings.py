"""What hangs on a customer, and what becomes of it when the customer is merged (C5).

Everything goes to the survivor, with two exceptions: of what there may be one only, the survivor's
counts and the other stays with the merged record; and who came first there does not come first any
more where the survivor has somebody who does.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from kehu_contracts.base import Event
from kehu_customer.affiliations import events as affiliations
from kehu_customer.affiliations.models import Affiliation
from kehu_customer.archives.models import Fact
from kehu_customer.classifications.models import Classification
from kehu_customer.contact_points import events as contact_points
from kehu_customer.contact_points.models import ContactPoint
from kehu_customer.contacts import events as contacts
from kehu_customer.contacts.models import Contact
from kehu_customer.customers import events as customers
from kehu_customer.customers.models import Customer
from kehu_customer.households.models import HouseholdMember
from kehu_customer.trade_parties import events as trade_parties
from kehu_customer.trade_parties.models import TradeParty


class Belonging(NamedTuple):
    """One kind of rows that name a customer."""

    kind: str
    model: type[Any]
    columns: tuple[str, ...]
    """Where they name it."""
    tell: Callable[[Any, list[str]], Event] | None
    """The event that tells of a change; None where others need not hear of each row."""
    only: Callable[[Any], Hashable | None]
    """What there may be one of: two rows of a customer never have the same; None clashes not."""
    first: str | None = None
    """Attribute of the one that comes first."""
    among: Callable[[Any], Hashable] = lambda _row: None
    """Among which rows of a customer one comes first."""
    able: Callable[[Any], bool] = lambda _row: False
    """Whether a row may come first."""
    needed: bool = False
    """Whether one has to come first where one may."""

    def place(self, row: Any) -> Hashable:
        """Return where one row may come first."""
        return getattr(row, self.columns[0]), self.among(row)


def _point(row: ContactPoint) -> Hashable | None:
    told = row.active and row.normalised is not None
    return (row.kind, row.normalised, row.extension) if told else None


def _trade_party(row: TradeParty) -> Hashable | None:
    return (row.customer_id, row.role, row.party_id) if row.ended_on is None else None


CONTACTS = Belonging(
    "contact",
    Contact,
    ("customer_id",),
    contacts.changed,
    lambda _: None,
    "is_primary",
    able=lambda row: row.active,
    needed=True,
)
CONTACT_POINTS = Belonging(
    "contact_point",
    ContactPoint,
    ("customer_id",),
    contact_points.changed,
    _point,
    "is_primary",
    lambda row: row.kind,
    able=lambda row: row.active,
    needed=True,
)
AFFILIATIONS = Belonging(
    "affiliation", Affiliation, ("customer_id",), affiliations.changed, lambda _: None
)
TRADE_PARTIES = Belonging(
    "trade_party",
    TradeParty,
    ("customer_id", "party_id"),
    trade_parties.changed,
    _trade_party,
    "is_default",
    lambda row: (row.customer_id, row.role),
    able=lambda row: row.ended_on is None,
)
CLASSIFICATIONS = Belonging(
    "classification",
    Classification,
    ("customer_id",),
    None,
    lambda row: row.scheme_id if row.ended_at is None else None,
)
HOUSEHOLD_MEMBERS = Belonging(
    "household_member",
    HouseholdMember,
    ("customer_id",),
    None,
    lambda row: "here" if row.left_on is None else None,
)
FACTS = Belonging("fact", Fact, ("customer_id",), None, lambda _: None)
"""Which of them move is decided in `facts.py`: a fact goes with its history."""
SUBSIDIARIES = Belonging("subsidiary", Customer, ("parent_id",), customers.changed, lambda _: None)
BELONGINGS = (
    CONTACTS,
    CONTACT_POINTS,
    AFFILIATIONS,
    TRADE_PARTIES,
    CLASSIFICATIONS,
    HOUSEHOLD_MEMBERS,
)
BY_KIND = {one.kind: one for one in (*BELONGINGS, FACTS, SUBSIDIARIES)}


def move(
    belonging: Belonging, rows: Iterable[Any], survivor_id: UUID, losers: Sequence[UUID]
) -> None:
    """Let the rows of the losers be those of the survivor, as far as there is room for them.

    `rows` are those of the survivor and of all losers; those of earlier losers come first.
    """
    rank = {survivor_id: -1} | {loser: place for place, loser in enumerate(losers)}
    ordered = sorted(rows, key=lambda row: (_rank(belonging, row, rank), row.id))
    taken: set[Hashable] = set()
    led: set[Hashable] = set()
    for row in ordered:
        before = {name: getattr(row, name) for name in belonging.columns}
        after = {name: survivor_id if one in rank else one for name, one in before.items()}
        _put(row, after)
        only = belonging.only(row)
        alone = len(set(after.values())) < len(after)  # its own trade party
        if before != after and (alone or (only is not None and only in taken)):
            _put(row, before)
            continue
        taken.add(only)
        if belonging.first is not None and getattr(row, belonging.first):
            place = belonging.among(row)
            if place in led:
                setattr(row, belonging.first, False)
            led.add(place)


def give_way(rows: Sequence[Affiliation], survivor_id: UUID) -> list[Affiliation]:
    """Let a person's places at two records of one customer not overlap after the merge.

    The main one counts, else the survivor's; the other one is made to end when it began, so it
    tells of no day. Returns those.
    """
    closed: list[Affiliation] = []
    kept: dict[UUID, list[Affiliation]] = {}
    order = {True: 0, False: 1}
    ranked = sorted(
        rows, key=lambda row: (order[row.is_main], row.customer_id != survivor_id, row.id)
    )
    for row in ranked:
        others = kept.setdefault(row.contact_id, [])
        if any(_overlap(row, other) for other in others):
            row.ended_on = row.started_on
            closed.append(row)
        else:
            others.append(row)
    return closed


def _overlap(one: Affiliation, other: Affiliation) -> bool:
    begins_before = other.ended_on is None or one.started_on < other.ended_on
    ends_after = one.ended_on is None or other.started_on < one.ended_on
    return begins_before and ends_after and one.started_on != one.ended_on


def go_back(
    belonging: Belonging, row: Any, before: dict[str, Any], led: bool | None, there: Sequence[Any]
) -> bool:
    """Give a row its values from before a merge; return False if there is no room for it any more.

    `led` tells whether it came first, `there` are all rows where it comes to. It comes first again
    if it may and nobody else does there by now.
    """
    now = {name: getattr(row, name) for name in before}
    for name, value in before.items():
        setattr(row, name, value)
    others = [one for one in there if one is not row]
    where = _where(belonging, row)
    if belonging.only(row) is not None and any(_where(belonging, one) == where for one in others):
        for name, value in now.items():
            setattr(row, name, value)
        return False
    if belonging.first is not None and led is not None:
        first, place = belonging.first, belonging.place(row)
        leaders = (one for one in others if getattr(one, first))
        leads = led and belonging.able(row)
        setattr(row, first, leads and place not in map(belonging.place, leaders))
    return True


def follow_leavers(belonging: Belonging, rows: Sequence[Any]) -> list[Any]:
    """Let somebody come first wherever one has to and nobody does; return those who do now."""
    if belonging.first is None or not belonging.needed:
        return []
    led = {belonging.place(row) for row in rows if getattr(row, belonging.first)}
    found = []
    for row in sorted(rows, key=lambda one: one.id):
        place = belonging.place(row)
        if belonging.able(row) and place not in led:
            setattr(row, belonging.first, True)
            led.add(place)
            found.append(row)
    return found


def _where(belonging: Belonging, row: Any) -> Hashable:
    return (*(getattr(row, name) for name in belonging.columns), belonging.only(row))


def _rank(belonging: Belonging, row: Any, rank: dict[UUID, int]) -> int:
    return max(rank.get(getattr(row, name), -1) for name in belonging.columns)


def _put(row: Any, values: dict[str, UUID]) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
