"""Reading what the index found: candidates first, then what is on record of them now."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from kehu_contracts.access import RowScope
from kehu_customer.customers.models import CustomerState
from kehu_customer.ownership.rows import MY_DEPARTMENTS
from kehu_customer.search.asking import Step, Way
from kehu_customer.search.index import ADDRESS_LINE, array
from kehu_customer.search.ranking import Found, Person, Point
from kehu_customer.search.terms import department_term, numbers_of, owner_term, spoken
from kehu_kernel.session import Session

MOST_PER_STEP = 60
"""Customers looked at for each way in which a question may be meant."""
ENOUGH = 100
"""Candidates after which less sure ways are not tried."""

DEPARTMENTS = f"SELECT unnest({MY_DEPARTMENTS})"
# Besides, the statements after it are planned once and not anew each time: their policies make
# planning them longer than running them.
CANDIDATES = """
    SELECT found.*, set_config('plan_cache_mode', 'force_generic_plan', true)
    FROM search_candidates($1::text[], $2::text[], $3::integer[], $4, $5) AS found
"""
# LATERAL with OFFSET 0 reads each by its key: a join was planned as a scan of a million. CASE and
# not COALESCE, which the planner takes for leaky: under the policies no index is used for it.
RECORDS = """
    SELECT record.id, record.kind, record.name, record.code, record.external_ref,
        record.credit_code, record.website, present.id AS present_id,
        present.name AS present_name, present.code AS present_code,
        present.kind AS present_kind, present.state, present.owner_id,
        record.merged_into_id IS NOT NULL AS merged
    FROM unnest($2::uuid[]) AS asked (id)
        CROSS JOIN LATERAL (
            SELECT * FROM customers WHERE tenant_id = $1 AND id = asked.id OFFSET 0
        ) AS record
        CROSS JOIN LATERAL (
            SELECT * FROM customers
            WHERE tenant_id = $1 AND id = CASE WHEN record.merged_into_id IS NULL THEN record.id
                ELSE record.merged_into_id END OFFSET 0
        ) AS present
"""
CONTACTS = """
    SELECT customer_id, id, name FROM contacts
    WHERE tenant_id = $1 AND customer_id = ANY($2::uuid[])
"""
POINTS = f"""
    SELECT customer_id, NULL::uuid AS contact_id, kind, {ADDRESS_LINE}
    FROM contact_points AS points
    WHERE tenant_id = $1 AND customer_id = ANY($2::uuid[]) AND active AND normalised IS NOT NULL
    UNION ALL
    SELECT contacts.customer_id, contacts.id, points.kind, {ADDRESS_LINE}
    FROM contacts CROSS JOIN LATERAL (
        SELECT * FROM contact_points
        WHERE tenant_id = $1 AND contact_id = contacts.id AND active AND normalised IS NOT NULL
        OFFSET 0
    ) AS points
    WHERE contacts.tenant_id = $1 AND contacts.customer_id = ANY($2::uuid[])
"""  # noqa: S608 - our own words


class Candidates(NamedTuple):
    """What the index found."""

    ways: dict[UUID, list[Way]]
    """By customer, the ways in which it may be meant."""
    sounds: dict[tuple[UUID, str], str]
    """How the names sound that they had when the index learnt of them."""
    cut: bool
    """Whether one of the ways found more than were looked at."""


class Present(NamedTuple):
    """The customer to show: of a record that was merged the one it went into."""

    id: UUID
    name: str
    code: str | None
    kind: str
    state: str
    owner_id: UUID | None


async def candidates(session: Session, steps: Sequence[Step]) -> Candidates:
    """Return who may be meant, as the index knows it.

    Of a caller with a row scope only the own: the index says whose each is, or it would have to
    read those of all others. What is told of them is read under the caller's policies.
    """
    tenant_id, mine = session.context.tenant_id, await _mine(session)
    rows = await session.fetch(
        CANDIDATES,
        *(
            [array(numbers_of(tenant_id, terms)) for terms in column]
            for column in ([one.all_of for one in steps], [one.any_of for one in steps])
        ),
        mine,
        MOST_PER_STEP,
        ENOUGH,
    )
    ways: dict[UUID, list[Way]] = defaultdict(list)
    for row in rows:
        ways[row["customer_id"]].append(steps[row["step"] - 1].way)
    sounds = {(row["customer_id"], row["name"]): row["sound"] for row in rows}
    cut = max(Counter(row["step"] for row in rows).values(), default=0) >= MOST_PER_STEP
    return Candidates(ways, sounds, cut)


async def found(
    session: Session, candidates: Candidates, *, contacts: bool, points: bool
) -> list[tuple[Found, Present]]:
    """Return what is on record now of those that the caller sees."""
    tenant_id, ids = session.context.tenant_id, list(candidates.ways)
    people: dict[UUID, list[Person]] = defaultdict(list)
    numbers: dict[UUID, list[Point]] = defaultdict(list)
    if contacts:
        for row in await session.fetch(CONTACTS, tenant_id, ids):
            people[row["customer_id"]].append(Person(row["id"], row["name"]))
    if points:
        for row in await session.fetch(POINTS, tenant_id, ids):
            numbers[row["customer_id"]].append(
                Point(row["kind"], row["normalised"], row["contact_id"])
            )
    return [
        (_found(row, candidates.sounds, people[row["id"]], numbers[row["id"]]), _present(row))
        for row in await session.fetch(RECORDS, tenant_id, ids)
    ]


def _found(
    row: Any,
    sounds: Mapping[tuple[UUID, str], str],
    people: Sequence[Person],
    points: Sequence[Point],
) -> Found:
    sound = sounds.get((row["id"], row["name"]))
    codes = (row["code"], row["external_ref"], row["credit_code"])
    return Found(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        sound=" ".join(spoken(row["name"])) if sound is None else sound,
        codes=tuple(code for code in codes if code),
        website=row["website"],
        former=row["merged"] or row["state"] == CustomerState.FORMER,
        contacts=tuple(people),
        points=tuple(points),
    )


def _present(row: Any) -> Present:
    return Present(
        row["present_id"], row["present_name"], row["present_code"], row["present_kind"],
        row["state"], row["owner_id"],
    )  # fmt: skip


async def _mine(session: Session) -> list[int] | None:
    """Return the terms of those that the caller sees; None for who sees all."""
    context = session.context
    if context.row_scope == RowScope.ALL:
        return None
    departments = await session.fetch(DEPARTMENTS)
    mine = {owner_term(None), *(department_term(row[0]) for row in departments)}
    if context.employee_id is not None:
        mine.add(owner_term(context.employee_id))
    return numbers_of(context.tenant_id, mine)
