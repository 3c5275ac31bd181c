"""Making the terms of customers anew from what is on record (C15).

Who changes a customer does not come here: the fact that it changed does (`fold.py`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from kehu_customer.search.models import SearchBuild
from kehu_customer.search.terms import Party, Source, numbers_of, spoken, terms_of
from kehu_kernel.session import Session

EDITION = 1
"""To be raised when the terms are made in another way: all customers get new ones then."""
MOST_AT_ONCE = 500
"""Customers in one statement."""
NOBODY = UUID(int=0)


class Key(NamedTuple):
    """A customer of a tenant."""

    tenant_id: str
    customer_id: UUID


class Document(NamedTuple):
    """What is kept of a customer: its terms as numbers, its name, and how that sounds."""

    terms: list[int]
    name: str
    sound: str


ADDRESS_LINE = """CASE WHEN points.kind = 'address' THEN concat(
        points.address ->> 'province', points.address ->> 'city', points.address ->> 'district',
        points.value
    ) ELSE points.normalised END AS normalised"""
"""An address as people write it, from the largest to the smallest; its normal form has another
order."""
# Two workers that make the terms of one customer take turns, each from the entry of its row to the
# commit: the second reads what the first one could not have seen yet. In the order of the keys.
ENTER = """
    INSERT INTO search_documents (tenant_id, customer_id, terms, name, sound)
    SELECT customers.tenant_id, customers.id, '{}', '', ''
    FROM unnest($1::text[], $2::uuid[]) AS asked (tenant_id, customer_id)
        JOIN customers ON customers.tenant_id = asked.tenant_id
            AND customers.id = asked.customer_id
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING
"""
LOCK = """
    SELECT tenant_id, customer_id FROM search_documents
    WHERE (tenant_id, customer_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
    ORDER BY 1, 2 FOR UPDATE
"""
CUSTOMERS = """
    SELECT tenant_id, id, kind, name, code, external_ref, credit_code, website, owner_id,
        department_id
    FROM customers WHERE (tenant_id, id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
"""
CONTACTS = """
    SELECT tenant_id, customer_id, id, name FROM contacts
    WHERE (tenant_id, customer_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
"""
POINTS = f"""
    SELECT tenant_id, customer_id, NULL::uuid AS contact_id, kind, {ADDRESS_LINE}
    FROM contact_points AS points
    WHERE (tenant_id, customer_id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
        AND active AND normalised IS NOT NULL
    UNION ALL
    SELECT contacts.tenant_id, contacts.customer_id, contacts.id, points.kind, {ADDRESS_LINE}
    FROM contacts JOIN contact_points AS points
        ON points.tenant_id = contacts.tenant_id AND points.contact_id = contacts.id
    WHERE (contacts.tenant_id, contacts.customer_id)
        IN (SELECT * FROM unnest($1::text[], $2::uuid[]))
        AND points.active AND points.normalised IS NOT NULL
"""  # noqa: S608 - our own words
KEEP = """
    UPDATE search_documents AS kept SET terms = new.terms::integer[], name = new.name,
        sound = new.sound
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[])
        AS new (tenant_id, customer_id, terms, name, sound)
    WHERE kept.tenant_id = new.tenant_id AND kept.customer_id = new.customer_id
        AND (kept.terms, kept.name) IS DISTINCT FROM (new.terms::integer[], new.name)
"""


async def renew(session: Session, keys: Collection[Key]) -> None:
    """Make the terms of customers anew; who is not on record has none.

    `session` is the worker's: the customers may be those of many tenants.
    """
    rest = sorted(set(keys))
    while rest:
        lot, rest = rest[:MOST_AT_ONCE], rest[MOST_AT_ONCE:]
        await session.fetch(ENTER, *_columns(lot))
        held = [Key(*row) for row in await session.fetch(LOCK, *_columns(lot))]
        documents = {
            key: document_of(key.tenant_id, source)
            for key, source in (await _sources(session, held)).items()
        }
        terms = [array(one.terms) for one in documents.values()]
        names = [(one.name, one.sound) for one in documents.values()]
        columns = [terms, [name for name, _ in names], [sound for _, sound in names]]
        await session.fetch(KEEP, *_columns(list(documents)), *columns)


def document_of(tenant_id: str, source: Source) -> Document:
    """Return what is kept of a customer."""
    name = source.party.name
    return Document(numbers_of(tenant_id, terms_of(source)), name, " ".join(spoken(name)))


def array(numbers: Iterable[int]) -> str:
    """Return numbers as PostgreSQL writes an array."""
    return f"{{{','.join(map(str, numbers))}}}"


async def _sources(session: Session, keys: Sequence[Key]) -> dict[Key, Source]:
    columns = _columns(keys)
    contacts: dict[Key, dict[UUID, str]] = defaultdict(dict)
    for row in await session.fetch(CONTACTS, *columns):
        contacts[Key(row["tenant_id"], row["customer_id"])][row["id"]] = row["name"]
    points: dict[tuple[Key, UUID | None], dict[str, list[str]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in await session.fetch(POINTS, *columns):
        whose = Key(row["tenant_id"], row["customer_id"]), row["contact_id"]
        kind = "phone" if row["kind"] == "mobile" else row["kind"]
        points[whose][kind].append(row["normalised"])
    found = {}
    for row in await session.fetch(CUSTOMERS, *columns):
        key = Key(row["tenant_id"], row["id"])
        found[key] = Source(
            kind=row["kind"],
            party=_party(row["name"], points[key, None]),
            code=row["code"],
            external_ref=row["external_ref"],
            credit_code=row["credit_code"],
            website=row["website"],
            owner_id=row["owner_id"],
            department_id=row["department_id"],
            contacts=tuple(
                _party(name, points[key, contact_id]) for contact_id, name in contacts[key].items()
            ),
        )
    return found


def _party(name: str, points: Mapping[str, Sequence[str]]) -> Party:
    return Party(
        name,
        phones=tuple(points.get("phone", ())),
        emails=tuple(points.get("email", ())),
        addresses=tuple(points.get("address", ())),
    )


def _columns(keys: Sequence[Key]) -> tuple[list[str], list[UUID]]:
    return [key.tenant_id for key in keys], [key.customer_id for key in keys]


BEGIN = """
    INSERT INTO search_builds (edition, at_tenant, at_customer, finished)
    VALUES ($1, '', $2, false) ON CONFLICT DO NOTHING
"""
NEXT = """
    SELECT tenant_id, id FROM customers WHERE (tenant_id, id) > ($1, $2)
    ORDER BY tenant_id, id LIMIT $3
"""


async def build_on(session: Session, limit: int) -> int:
    """Make the terms of the next customers on record; return of how many, 0 when all have some.

    Place and terms are one transaction: a worker that dies begins its lot again. Another that is at
    it is left alone.
    """
    await session.fetch(BEGIN, EDITION, NOBODY)
    at_it = select(SearchBuild).where(SearchBuild.edition == EDITION, ~SearchBuild.finished)
    build = await session.scalar(at_it.with_for_update(skip_locked=True))
    if build is None:
        return 0
    rows = await session.fetch(NEXT, build.at_tenant, build.at_customer, limit)
    keys = [Key(*row) for row in rows]
    await renew(session, keys)
    if keys:
        build.at_tenant, build.at_customer = keys[-1]
    build.finished = len(keys) < limit
    return len(keys)
