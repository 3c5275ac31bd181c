"""Claiming, returning and taking back customers of the public pool.

Every command locks the customer first, then the employee who gets it.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from kehu_contracts.fieldwork import ActivityRecorded
from kehu_customer.classifications.ruling import follow_rules, follow_rules_together
from kehu_customer.customers.errors import UnknownOwner
from kehu_customer.customers.models import Customer
from kehu_customer.departments.models import Department
from kehu_customer.employees.models import Employee
from kehu_customer.employees.queries import count_customers_of
from kehu_customer.ownership.models import OwnershipManner
from kehu_customer.ownership.service import pass_on
from kehu_customer.public_pool import queries
from kehu_customer.public_pool.errors import (
    AlreadyYours,
    CallerIsNoEmployee,
    NotInPool,
    NotTheOwner,
)
from kehu_customer.public_pool.models import PoolRules
from kehu_customer.public_pool.schemas import (
    CustomerReturn,
    PoolRulesPut,
    Protection,
    RecycleResult,
    RecycleRun,
)
from kehu_kernel import audit, clock
from kehu_kernel.db import require
from kehu_kernel.errors import VersionConflict
from kehu_kernel.session import Session

UNATTENDED = "no contact for too long"
REMEMBER = """
    INSERT INTO follow_ups AS known (tenant_id, customer_id, last_on)
    SELECT tenant_id, id, $3 FROM customers WHERE tenant_id = $1 AND id = $2
    ON CONFLICT (tenant_id, customer_id) DO UPDATE SET last_on = excluded.last_on
        WHERE known.last_on < excluded.last_on
"""


async def claim_customer(
    session: Session, customer_id: UUID, *, today: date, zone: str
) -> Customer:
    """Take a customer out of the public pool, to look after it; of two at once one gets it.

    Raises `CallerIsNoEmployee`, `AlreadyYours`, `NotInPool`, `CustomerHasEnded`,
    `UnknownOwner` (who has left), and what `PoolRules.require_room` and `require_waited` raise.
    """
    me = session.context.employee_id
    if me is None:
        raise CallerIsNoEmployee
    await session.see_all_rows()  # whoever was first has taken it out of sight: say so
    customer = await require(session, Customer, customer_id, lock=True)
    if customer.owner_id == me:
        raise AlreadyYours(name=customer.name)
    if customer.owner_id is not None:
        raise NotInPool
    customer.require_current()
    # Claims of one person take turns, so that two at once do not pass the limit.
    key = (session.context.tenant_id, me)
    employee = await session.get(Employee, key, lock="FOR NO KEY UPDATE")
    if employee is None or not employee.active:
        raise UnknownOwner
    rules = (await queries.rules_in(session, [employee.department_id]))[employee.department_id]
    rules.require_room(await count_customers_of(session, me))
    lost_at = await queries.lost_at(session, customer_id, me)
    rules.require_waited(clock.today(lost_at, zone) if lost_at else None, today)
    pass_on(session, customer, employee, manner=OwnershipManner.CLAIMED, reason=None)
    await follow_rules(session, customer)
    return customer


async def return_customer(
    session: Session, customer_id: UUID, data: CustomerReturn, *, expected_version: int | None
) -> Customer:
    """Give a customer that one looks after back to the public pool, with the reason.

    Raises `NotTheOwner`, `CustomerHasEnded`.
    """
    customer = await require(
        session, Customer, customer_id, lock=True, expected_version=expected_version
    )
    if customer.owner_id is None or customer.owner_id != session.context.employee_id:
        raise NotTheOwner
    pass_on(session, customer, None, manner=OwnershipManner.RETURNED, reason=data.reason)
    await follow_rules(session, customer)
    return customer


async def recycle(session: Session, data: RecycleRun, *, today: date, zone: str) -> RecycleResult:
    """Take the next lot of customers back whose protection is over, in the order of their ids.

    A run that is interrupted goes on after the lot that was answered last; repeating a lot changes
    nothing. A caller with a row scope takes back what he sees.
    """
    customers = await queries.next_owned(session, data.after, data.limit)
    until = await _protected_until(session, customers, zone)
    returned = [one for one in customers if (until[one.id] or today) < today]
    for customer in returned:
        pass_on(session, customer, None, manner=OwnershipManner.RECYCLED, reason=UNATTENDED)
    await follow_rules_together(session, returned)
    return RecycleResult(
        looked_at=len(customers),
        returned=len(returned),
        next_after=customers[-1].id if len(customers) == data.limit else None,
    )


async def read_protection(session: Session, customer_id: UUID, *, zone: str) -> Protection:
    """Return how long the owner keeps a customer. Raises `NotFound`."""
    customer = await require(session, Customer, customer_id)
    contacts = await queries.last_contacts(session, [customer_id])
    if customer.owner_id is None:
        return Protection(
            owner_id=None,
            owned_since=None,
            last_contact_on=contacts.get(customer_id),
            protected_until=None,
        )
    since = (await queries.owned_since(session, [customer_id])).get(customer_id)
    return Protection(
        owner_id=customer.owner_id,
        owned_since=clock.today(since, zone) if since else customer.created_on,
        last_contact_on=contacts.get(customer_id),
        protected_until=(await _protected_until(session, [customer], zone))[customer_id],
    )


async def record_follow_up(session: Session, activity: ActivityRecorded) -> None:
    """Note that somebody turned to a customer on a day; an earlier day changes nothing."""
    if activity.customer_id is not None:
        tenant_id = session.context.tenant_id
        await session.fetch(REMEMBER, tenant_id, activity.customer_id, activity.occurred_on)


async def read_rules(session: Session, department_id: UUID | None) -> tuple[PoolRules, int]:
    """Return the rules that hold, and the version of the department's own, 0 if it has none.

    Raises `NotFound`.
    """
    if department_id is not None:
        await require(session, Department, department_id)
    rules = (await queries.rules_in(session, [department_id]))[department_id]
    own = rules.version > 0 and rules.department_id == department_id
    return rules, rules.version if own else 0


async def put_rules(
    session: Session, department_id: UUID | None, data: PoolRulesPut, *, expected_version: int
) -> PoolRules:
    """Decide on the rules of a department, or of the tenant; the first decision makes the row.

    Raises `NotFound`. Of two first decisions at once the database lets one win.
    """
    rules, version = await read_rules(session, department_id)
    if version == 0:
        if expected_version != 0:
            raise VersionConflict(current=0, expected=expected_version)
        rules = PoolRules(department_id=department_id, **data.model_dump())
        audit.created(session, rules)
        return rules
    rules = await require(
        session, PoolRules, rules.id, lock=True, expected_version=expected_version
    )
    for name, value in data.model_dump().items():
        setattr(rules, name, value)
    audit.changed(session, rules, "changed")
    return rules


async def _protected_until(
    session: Session, customers: Sequence[Customer], zone: str
) -> dict[UUID, date | None]:
    """Return the last day each owner keeps a customer; None for states that are not taken back."""
    ids = [one.id for one in customers]
    rules = await queries.rules_in(session, {one.department_id for one in customers})
    since = await queries.owned_since(session, ids)
    contacts = await queries.last_contacts(session, ids)
    until: dict[UUID, date | None] = {}
    for one in customers:
        owned_on = clock.today(since[one.id], zone) if one.id in since else one.created_on
        rule = rules[one.department_id]
        recycled = one.state in rule.recycled_states
        until[one.id] = rule.protected_until(owned_on, contacts.get(one.id)) if recycled else None
    return until
