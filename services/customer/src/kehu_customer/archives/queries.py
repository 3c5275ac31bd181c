"""Reading archives and facts."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, select

from kehu_customer.archives.completeness import NOTHING, AskedSection, asked_of
from kehu_customer.archives.errors import ProfileNotAsked
from kehu_customer.archives.models import Archive, Fact
from kehu_customer.archives.schemas import FactFilters
from kehu_customer.customers.models import Customer, CustomerState
from kehu_customer.fact_sources import queries as fact_sources
from kehu_customer.fact_sources.models import FactSource
from kehu_customer.profiles import queries as profiles
from kehu_customer.profiles.models import FactDefinition, Profile
from kehu_kernel.db import require
from kehu_kernel.session import Session

SORT_COLUMNS = {"created_at": Fact.created_at, "due_on": Fact.due_on}
EXACT_FILTERS = ("customer_id", "definition_id", "source_id", "step")
OF_DEFINITION = ("profile_id", "section_code", "data_group")


class Forms(NamedTuple):
    """What a tenant asks of its customers, and the sources it knows."""

    profiles: list[Profile]
    definitions: dict[UUID, FactDefinition]
    sources: dict[UUID, FactSource]

    def asked_of(self, customer: Customer) -> list[AskedSection]:
        """Return the sections that the archive of a customer has."""
        return asked_of(
            customer.kind, customer.roles, self.profiles, list(self.definitions.values())
        )


class Dossier(NamedTuple):
    """An archive lying open: the customer, what is asked, what is known (by definition)."""

    customer: Customer
    archive: Archive
    forms: Forms
    asked: list[AskedSection]
    current: dict[UUID, Fact]

    def section(self, profile_code: str, section_code: str) -> AskedSection:
        """Return a section by its codes. Raises `ProfileNotAsked`."""
        for section in self.asked:
            if (section.profile.code, section.code) == (profile_code, section_code):
                return section
        raise ProfileNotAsked(profile=profile_code, section=section_code)


async def forms(session: Session) -> Forms:
    """Return everything the tenant asks: three queries, however much it is."""
    return Forms(
        profiles=await profiles.profiles(session),
        definitions={one.id: one for one in await profiles.definitions(session)},
        sources=await fact_sources.sources(session),
    )


async def open_archive(session: Session, customer_id: UUID, *, lock: bool = False) -> Dossier:
    """Return the archive of a customer; one without facts has version 0.

    `lock` locks the customer, so that commands on one archive take turns, and then its facts.
    Raises `NotFound`.
    """
    customer = await require(session, Customer, customer_id, lock=lock)
    archives = await archives_of(session, [customer_id])
    asked = await forms(session)
    facts = await current_facts(session, [customer_id], lock=lock)
    return Dossier(
        customer=customer,
        archive=archives.get(customer_id)
        or Archive(customer_id=customer_id, version=0, completeness=NOTHING),
        forms=asked,
        asked=asked.asked_of(customer),
        current={fact.definition_id: fact for fact in facts},
    )


async def archives_of(session: Session, customer_ids: Collection[UUID]) -> dict[UUID, Archive]:
    """Return the archives of customers that have facts, by customer."""
    query = select(Archive).where(
        Archive.tenant_id == session.context.tenant_id, Archive.customer_id.in_(customer_ids)
    )
    return {archive.customer_id: archive for archive in await session.scalars(query)}


async def current_facts(
    session: Session, customer_ids: Collection[UUID], *, lock: bool = False
) -> list[Fact]:
    """Return what is known of customers now."""
    query = select(Fact).where(
        Fact.tenant_id == session.context.tenant_id,
        Fact.customer_id.in_(customer_ids),
        Fact.ended_at.is_(None),
    )
    if lock:  # those who wait for facts only, as the run about due ones, do not come between
        query = query.order_by(Fact.id).with_for_update(key_share=True)
    return await session.scalars(query)


async def next_customers(session: Session, after: UUID | None, limit: int) -> list[Customer]:
    """Return customers that have an archive, in the order of their ids, locked."""
    tenant_id = session.context.tenant_id
    with_archive = select(Archive.customer_id).where(Archive.tenant_id == tenant_id)
    if after is not None:
        with_archive = with_archive.where(Archive.customer_id > after)
    with_archive = with_archive.order_by(Archive.customer_id).limit(limit)
    ids = await session.scalars(with_archive)
    query = select(Customer).where(Customer.tenant_id == tenant_id, Customer.id.in_(ids))
    return await session.scalars(query.order_by(Customer.id).with_for_update(key_share=True))


async def untold(session: Session, by: date, limit: int) -> list[Fact]:
    """Return facts that are due and were not told of, locked; those a command works on wait."""
    query = (
        _due(session.context.tenant_id, by)
        .where(Fact.due_told_at.is_(None))
        .order_by(Fact.due_on, Fact.id)
        .limit(limit)
    )
    return await session.scalars(query.with_for_update(key_share=True, skip_locked=True, of=Fact))


async def customers_by_id(session: Session, ids: Collection[UUID]) -> dict[UUID, Customer]:
    """Return customers by id."""
    query = select(Customer).where(
        Customer.tenant_id == session.context.tenant_id, Customer.id.in_(ids)
    )
    return {customer.id: customer for customer in await session.scalars(query)}


def matching(tenant_id: str, filters: FactFilters) -> Select[Fact]:
    """Return the query for the facts that match all filters."""
    query = select(Fact).where(Fact.tenant_id == tenant_id)
    if filters.due_by is not None:
        query = _due(tenant_id, filters.due_by)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Fact, name) == value)
    if filters.current is not None:
        over = Fact.ended_at
        query = query.where(over.is_(None) if filters.current else over.is_not(None))
    if filters.verified is not None:
        on = Fact.verified_on
        query = query.where(on.is_not(None) if filters.verified else on.is_(None))
    if any(getattr(filters, name) is not None for name in OF_DEFINITION):
        query = query.where(Fact.definition_id.in_(_defined(tenant_id, filters)))
    if filters.owner_id is not None:
        owned = select(Customer.id).where(
            Customer.tenant_id == tenant_id, Customer.owner_id == filters.owner_id
        )
        query = query.where(Fact.customer_id.in_(owned))
    return query


def _defined(tenant_id: str, filters: FactFilters) -> Select[UUID]:
    """Return the query for the ids of the definitions that facts may have."""
    query = select(FactDefinition.id).where(FactDefinition.tenant_id == tenant_id)
    for name in OF_DEFINITION:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(FactDefinition, name) == value)
    return query


def _due(tenant_id: str, by: date) -> Select[Fact]:
    """Return the query for the facts that have to be verified by a day.

    Those of former customers need not: their archive is closed.
    """
    former = select(Customer.id).where(
        Customer.tenant_id == tenant_id,
        Customer.id == Fact.customer_id,
        Customer.state == CustomerState.FORMER,
    )
    return select(Fact).where(
        Fact.tenant_id == tenant_id,
        Fact.ended_at.is_(None),
        Fact.due_on <= by,
        ~former.exists(),
    )
