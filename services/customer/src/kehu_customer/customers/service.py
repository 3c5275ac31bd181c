"""What can be done with a customer. One function per command; each runs in one transaction."""

from datetime import date
from uuid import UUID

from sqlalchemy import func, select, text

from kehu_contracts.access import RowScope
from kehu_contracts.analytics import CustomerValueChanged
from kehu_customer.archives.keeping import follow_roles
from kehu_customer.classifications.ruling import follow_rules
from kehu_customer.credit_contracts.counting import count_contracts, with_parents
from kehu_customer.custom_fields.search import conditions, page_in_order
from kehu_customer.custom_fields.values import record_values
from kehu_customer.customers import events, queries
from kehu_customer.customers.credit_code import credit_code
from kehu_customer.customers.errors import AnonymousCustomer, ParentCycle, UnknownParent
from kehu_customer.customers.models import Customer, CustomerState
from kehu_customer.customers.schemas import (
    CustomerCreate,
    CustomerEnding,
    CustomerFilters,
    CustomerHandOver,
    CustomerIdentification,
    CustomerPromotion,
    CustomerUpdate,
)
from kehu_customer.duplicates.service import (
    Suspect,
    enter_new,
    forget_keys,
    locks_for,
    renew_keys,
)
from kehu_customer.employees.models import Employee
from kehu_customer.ownership.models import OwnershipManner
from kehu_customer.ownership.rows import MINE
from kehu_customer.ownership.service import pass_on, record_first_owner, share_owner
from kehu_kernel import audit, business_day, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

OWN_WAYS = frozenset({"annual_revenue", "created_on", "owner_id", "credit_code", "custom"})
"""Fields of a new customer that are not taken as they are."""
MATCHED = frozenset({"name", "credit_code", "website"})
"""Fields that duplicates are found by."""


async def create_customer(
    session: Session, data: CustomerCreate, *, today: date, allowed_duplicate: str | None = None
) -> tuple[Customer, list[Suspect]]:
    """Enter a new customer, as a prospect; return it with those that may be the same.

    `allowed_duplicate` says why one is entered that certainly is on record. Raises
    `UnknownParent`, `UnknownOwner`, `AnonymousCustomer`, `DateInFuture`, `InvalidCreditCode`,
    `DuplicateCustomer`, `CustomFieldsInvalid`; the database refuses a code or external reference
    that is taken.
    """
    if data.anonymous and data.owner_id is not None:
        raise AnonymousCustomer(name=data.name)
    if data.parent_id is not None:
        await _require_parent(session, data.parent_id)
    owner = await share_owner(session, data.owner_id) if data.owner_id else None
    customer = prospect(data, owner, today=today)
    defined = await queries.defined(session, locks_for(session, customer))
    suspects = await enter_new(session, customer, defined.duplicates, allowed=allowed_duplicate)
    if data.custom or defined.fields:
        await record_values(session, customer, data.custom, creating=True)
    audit.created(session, customer, allowed_duplicate=allowed_duplicate)
    outbox.add(session, events.created(customer), sequence=customer.version)
    record_first_owner(session, customer)
    if defined.rules:
        await follow_rules(session, customer, new=True)
    return customer, suspects


def prospect(data: CustomerCreate, owner: Employee | None, *, today: date) -> Customer:
    """Return a new customer as it is told, looked after by the owner; without custom fields.

    Raises `InvalidCreditCode`, `DateInFuture`.
    """
    revenue = data.annual_revenue
    return Customer(
        **data.model_dump(exclude={*OWN_WAYS}),
        id=ids.new_id(),
        owner_id=owner.id if owner else None,
        department_id=owner.department_id if owner else None,
        credit_code=credit_code(data.credit_code) if data.credit_code else None,
        state=CustomerState.PROSPECT,
        custom={},
        annual_revenue=revenue.amount if revenue else None,
        annual_revenue_currency=revenue.currency if revenue else None,
        created_on=business_day.happened(data.created_on, today),
    )


async def change_customer(
    session: Session, customer_id: UUID, data: CustomerUpdate, *, expected_version: int
) -> Customer:
    """Change master data.

    Raises `CustomerHasEnded`, `UnknownParent`, `ParentCycle`, `InvalidCreditCode`,
    `CustomFieldsInvalid`.
    """
    if "parent_id" in data.given():
        await take_turns(session)
    customer = await require(
        session, Customer, customer_id, lock=True, expected_version=expected_version
    )
    customer.require_current()
    given, groups = data.given(), with_parents(customer)
    if data.parent_id is not None and data.parent_id != customer.parent_id:
        await _require_parent(session, data.parent_id)
        await session.see_all_rows()  # the circle may go through companies of others
        if customer.id in await queries.ancestors_of(session, data.parent_id):
            raise ParentCycle
    if given.get("custom") and data.custom:
        await record_values(session, customer, data.custom)
    take_given(customer, data)
    fields = audit.changed(session, customer, "changed")
    if fields:
        if MATCHED & set(fields):
            await renew_keys(session, customer)
        outbox.add(session, events.changed(customer, fields), sequence=customer.version)
        await follow_rules(session, customer)
    if "roles" in fields:
        await follow_roles(session, customer)
    if "parent_id" in fields:
        await count_contracts(session, groups)
    return customer


def take_given(customer: Customer, data: CustomerUpdate) -> None:
    """Write into a customer what is given, but custom fields. Raises `InvalidCreditCode`."""
    given = data.given()
    given.pop("custom", None)
    if "annual_revenue" in given:
        del given["annual_revenue"]
        revenue = data.annual_revenue
        customer.annual_revenue = revenue.amount if revenue else None
        customer.annual_revenue_currency = revenue.currency if revenue else None
    if data.credit_code is not None:
        given["credit_code"] = credit_code(data.credit_code)
    for name, value in given.items():
        setattr(customer, name, value)


async def identify_customer(
    session: Session,
    customer_id: UUID,
    data: CustomerIdentification,
    *,
    expected_version: int | None,
    allowed_duplicate: str | None = None,
) -> tuple[Customer, list[Suspect]]:
    """Say who an anonymous customer is; return it with those that may be the same.

    One that certainly is on record is refused: merge the anonymous record into that. Raises what
    `Customer.identify` raises, `DuplicateCustomer`.
    """
    customer = await require(
        session, Customer, customer_id, lock=True, expected_version=expected_version
    )
    customer.identify(data.name)
    decided = await queries.defined(session, locks_for(session, customer))
    await forget_keys(session, customer)
    suspects = await enter_new(session, customer, decided.duplicates, allowed=allowed_duplicate)
    fields = audit.changed(
        session, customer, "identified", allowed_duplicate=(None, allowed_duplicate)
    )
    outbox.add(session, events.changed(customer, fields), sequence=customer.version)
    await follow_rules(session, customer)
    return customer, suspects


async def promote_customer(
    session: Session,
    customer_id: UUID,
    data: CustomerPromotion,
    *,
    today: date,
    expected_version: int | None,
) -> Customer:
    """Make a prospect a trade customer. Raises what `Customer.promote` raises, `DateInFuture`."""
    customer = await require(
        session, Customer, customer_id, lock=True, expected_version=expected_version
    )
    customer.promote(business_day.happened(data.on, today))
    fields = audit.changed(session, customer, "promoted")
    outbox.add(session, events.promoted(customer, fields), sequence=customer.version)
    await follow_rules(session, customer)
    return customer


async def end_customer(
    session: Session,
    customer_id: UUID,
    data: CustomerEnding,
    *,
    today: date,
    expected_version: int | None,
) -> Customer:
    """End the relation, with the reason. Raises what `Customer.end` raises, `DateInFuture`."""
    customer = await require(
        session, Customer, customer_id, lock=True, expected_version=expected_version
    )
    customer.end(business_day.happened(data.on, today), data.reason)
    fields = audit.changed(session, customer, "ended")
    outbox.add(session, events.ended(customer, fields), sequence=customer.version)
    await follow_rules(session, customer)
    return customer


async def hand_over_customer(
    session: Session,
    customer_id: UUID,
    data: CustomerHandOver,
    *,
    expected_version: int | None,
) -> Customer:
    """Give the customer to another owner, or to the public pool.

    Raises `UnknownOwner`, `CustomerHasEnded`. Handing over to the present owner changes nothing,
    unless the owner has moved to another department: then the customer follows.
    """
    customer = await require(
        session, Customer, customer_id, lock=True, expected_version=expected_version
    )
    customer.require_current()
    owner = await share_owner(session, data.owner_id) if data.owner_id else None
    await session.see_all_rows()  # what one looks after one may give away, also out of sight
    if pass_on(session, customer, owner, manner=OwnershipManner.HANDED_OVER, reason=data.reason):
        await follow_rules(session, customer)
    return customer


async def record_customer_value(
    session: Session, finding: CustomerValueChanged, sequence: int
) -> None:
    """Write back the value that analytics calculated (C14). Older findings change nothing."""
    customer = await require(session, Customer, finding.customer_id, lock=True)
    if customer.record_value(grade=finding.grade, score=finding.score, sequence=sequence):
        fields = audit.changed(session, customer, "value-recorded")
        outbox.add(session, events.value_recorded(customer, fields), sequence=customer.version)
        await follow_rules(session, customer)


async def list_customers(
    session: Session, filters: CustomerFilters
) -> tuple[list[Customer], str | None, int | None]:
    """Return one page of the customers that match, the next cursor, and the count if asked.

    Raises `FieldNotSearchable`.
    """
    custom = await conditions(session, filters.custom, filters.custom_from, filters.custom_to)
    query = queries.matching(session.context.tenant_id, filters).where(*custom)
    if session.context.row_scope != RowScope.ALL:  # told to the planner too, for its indexes
        query = query.where(text(MINE.format(customer="customers")))
    if filters.custom_sort is not None:
        return await page_in_order(session, query, filters, filters.custom_sort)
    return await paginate(
        session,
        query,
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Customer.id,
    )


async def _require_parent(session: Session, parent_id: UUID) -> None:
    """Refuse a parent that does not exist."""
    if await session.get(Customer, (session.context.tenant_id, parent_id)) is None:
        raise UnknownParent


async def take_turns(session: Session) -> None:
    """Make changes of parents take turns: two at once could close a circle neither sees.

    To be called before any row is locked, or two changes could wait for each other.
    """
    parents = f"parents:{session.context.tenant_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(parents))))
