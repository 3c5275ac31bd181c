"""Reading what assignment needs to know."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, exists, or_, select

from kehu_kernel.session import Session
from kehu_sales.assignment.models import Assignee, Assignment, AssignmentRule, AssignmentTurn
from kehu_sales.assignment.rules import Case, Person
from kehu_sales.customers.models import CustomerRef
from kehu_sales.customers.service import load_customers, survivor_of
from kehu_sales.db import among
from kehu_sales.directory.models import EmployeeRef
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.products.queries import load_products

RULE_SORT_COLUMNS = {"position": AssignmentRule.position}
ASSIGNEE_SORT_COLUMNS = {"created_at": Assignee.created_at}

TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('assignment:' || $1, 0))"

UNKNOWN_CATEGORIES = """
    SELECT word FROM unnest($2::text[]) AS asked (word)
    WHERE NOT EXISTS (SELECT FROM products WHERE tenant_id = $1 AND category = asked.word)
"""
UNKNOWN_INDUSTRIES = """
    SELECT word FROM unnest($2::text[]) AS asked (word)
    WHERE NOT EXISTS (SELECT FROM customer_refs WHERE tenant_id = $1 AND industry = asked.word)
"""

LOADS = """
    SELECT owner_id, status, count(*) AS number FROM opportunities
    WHERE tenant_id = $1 AND owner_id = ANY ($2::uuid[])
        AND status IN ('not_evaluated', 'in_evaluation', 'in_progress')
    GROUP BY owner_id, status
"""


async def take_turn(session: Session) -> None:
    """Wait for whoever assigns, until the transaction ends: so loads and turns are as they are."""
    await session.fetch(TAKE_TURN, session.context.tenant_id)


async def rules_of(session: Session, *, automatic: bool = False) -> list[AssignmentRule]:
    """Return the active rules in their order; only those that need not be asked, if so wished."""
    query = select(AssignmentRule).where(
        AssignmentRule.tenant_id == session.context.tenant_id, AssignmentRule.active
    )
    if automatic:
        query = query.where(AssignmentRule.automatic)
    return await session.scalars(query.order_by(AssignmentRule.position, AssignmentRule.id))


async def have_automatic_rules(session: Session) -> bool:
    """Whether any rule gives away what is entered with no owner."""
    found = exists().where(
        AssignmentRule.tenant_id == session.context.tenant_id,
        AssignmentRule.active,
        AssignmentRule.automatic,
    )
    return bool(await session.scalar(select(found)))


async def case_of(session: Session, opportunity: Opportunity) -> Case:
    """Return what counts of an opportunity."""
    products = await load_products(session, {line.product_id for line in opportunity.lines})
    customer = await _customer(session, opportunity.customer_id)
    served_by = (
        await session.get(EmployeeRef, (session.context.tenant_id, customer.owner_id))
        if customer and customer.owner_id
        else None
    )
    return Case(
        territory_id=served_by.territory_id if served_by else None,
        categories=frozenset(one.category for one in products.values() if one.category),
        industry=customer.industry if customer else None,
        source=opportunity.source,
        amount=opportunity.expected_revenue,
        currency=opportunity.currency,
    )


async def _customer(session: Session, customer_id: UUID | None) -> CustomerRef | None:
    if customer_id is None:
        return None
    known = await load_customers(session, [customer_id])
    return known.get(survivor_of(known, customer_id))


async def people_of(
    session: Session, rules: Sequence[AssignmentRule], case: Case
) -> dict[UUID, list[Person]]:
    """Return whom each rule may choose from, by the rule's id: three queries for all of them."""
    named = {UUID(one) for rule in rules for one in rule.employee_ids}
    departments = {rule.department_id for rule in rules if rule.department_id}
    wanted = [among(EmployeeRef.id, named), among(EmployeeRef.department_id, departments)]
    if case.territory_id is not None:
        wanted.append(EmployeeRef.territory_id == case.territory_id)
    tenant_id = session.context.tenant_id
    query = select(EmployeeRef).where(EmployeeRef.tenant_id == tenant_id, or_(*wanted))
    employees = await session.scalars(query)
    persons = await _persons(session, employees)
    found: dict[UUID, list[Person]] = {}
    for rule in rules:
        ids = set(rule.employee_ids)
        found[rule.id] = [
            persons[one.id]
            for one in employees
            if (
                str(one.id) in ids
                or (rule.department_id is not None and one.department_id == rule.department_id)
                if ids or rule.department_id
                else case.territory_id is not None and one.territory_id == case.territory_id
            )
        ]
    return found


async def _persons(session: Session, employees: Collection[EmployeeRef]) -> dict[UUID, Person]:
    ids = [one.id for one in employees]
    tenant_id = session.context.tenant_id
    query = select(Assignee).where(
        Assignee.tenant_id == tenant_id, among(Assignee.employee_id, ids)
    )
    known = {one.employee_id: one for one in await session.scalars(query)}
    loads: dict[UUID, dict[str, int]] = {}
    for row in await session.fetch(LOADS, tenant_id, ids):
        loads.setdefault(row["owner_id"], {})[row["status"]] = row["number"]
    return {one.id: _person(one, known.get(one.id), loads.get(one.id, {})) for one in employees}


def _person(employee: EmployeeRef, known: Assignee | None, load: Mapping[str, int]) -> Person:
    return Person(
        employee_id=employee.id,
        code=employee.code,
        department_id=employee.department_id,
        active=employee.active,
        suspended=known.suspended if known else False,
        leaves=known.away() if known else (),
        skills=known.levels() if known else {},
        max_load=known.max_load if known else None,
        open=load,
    )


async def unknown_categories(session: Session, names: Collection[str]) -> list[str]:
    """Return the categories of which there is no product."""
    return await _unknown(session, UNKNOWN_CATEGORIES, names)


async def unknown_industries(session: Session, names: Collection[str]) -> list[str]:
    """Return the industries of which no customer is known."""
    return await _unknown(session, UNKNOWN_INDUSTRIES, names)


async def _unknown(session: Session, statement: str, names: Collection[str]) -> list[str]:
    if not names:
        return []
    rows = await session.fetch(statement, session.context.tenant_id, sorted({*names}))
    return [row["word"] for row in rows]


async def turns_of(session: Session) -> dict[UUID, AssignmentTurn]:
    """Return who had the last turn, by the rule's id."""
    query = select(AssignmentTurn).where(AssignmentTurn.tenant_id == session.context.tenant_id)
    return {one.id: one for one in await session.scalars(query)}


async def assignments_of(session: Session, opportunity_id: UUID) -> list[Assignment]:
    """Return every assignment of an opportunity, oldest first."""
    return await session.scalars(
        select(Assignment)
        .where(
            Assignment.tenant_id == session.context.tenant_id,
            Assignment.opportunity_id == opportunity_id,
        )
        .order_by(Assignment.id)
    )


def rules_in_order(tenant_id: str) -> Select[AssignmentRule]:
    """Return the query for all rules."""
    return select(AssignmentRule).where(AssignmentRule.tenant_id == tenant_id)


def assignees(tenant_id: str, employee_id: UUID | None) -> Select[Assignee]:
    """Return the query for what is known of employees, or of one."""
    query = select(Assignee).where(Assignee.tenant_id == tenant_id)
    return query if employee_id is None else query.where(Assignee.employee_id == employee_id)
