"""What can be done about assignment. One function per command; each runs in one transaction."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kehu_kernel import audit, business_day, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales import policies
from kehu_sales.assignment import queries
from kehu_sales.assignment.errors import (
    NobodyToAssign,
    UnknownCategories,
    UnknownIndustries,
)
from kehu_sales.assignment.models import Assignee, Assignment, AssignmentRule, AssignmentTurn
from kehu_sales.assignment.rules import Choice, Way, choose
from kehu_sales.assignment.schemas import (
    AssigneeCreate,
    AssigneeFilters,
    AssigneeUpdate,
    LeaveInput,
    RuleCreate,
    RuleFilters,
    RuleUpdate,
    SkillInput,
)
from kehu_sales.collisions.entry import enter, watch_over
from kehu_sales.collisions.models import Collision
from kehu_sales.directory.service import require_department, require_employee, require_territory
from kehu_sales.opportunities import events
from kehu_sales.opportunities.errors import UnknownOpportunity
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.references import reference


async def assign(
    session: Session,
    opportunity_id: UUID,
    *,
    today: date,
    expected_version: int | None,
    allowed_collision: str | None,
) -> tuple[Opportunity, list[Collision]]:
    """Have the rules give an opportunity to somebody. Return what it collides with.

    Raises `NobodyToAssign`, `OpportunityCollides`, `OpportunityIsClosed`, `EvaluationHasFailed`,
    `OpportunityInPool`.
    """
    opportunity = await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )
    opportunity.require_open()
    opportunity.require_not_pooled()
    choice = await find(session, opportunity, today=today)
    found = await give(session, opportunity, choice, today=today, allowed=allowed_collision)
    return opportunity, found


async def preview(session: Session, opportunity_id: UUID, *, today: date) -> Choice:
    """Return who would get an opportunity, and why; nothing is changed.

    Raises `UnknownOpportunity`.
    """
    opportunity = await reference(session, Opportunity, opportunity_id, UnknownOpportunity)
    await session.see_all_rows()  # loads are everybody's
    return await _choose(session, opportunity, today=today)


async def due(session: Session, opportunity: Opportunity, *, asked: bool) -> bool:
    """Whether a new opportunity with no owner is to be assigned: on request, or by a rule.

    If so it is this command's turn until the transaction ends, and its customer is held: to be
    called before numbers are drawn.
    """
    if opportunity.owner_id is not None:
        return False
    if not asked and not await queries.have_automatic_rules(session):
        return False
    await queries.take_turn(session)
    await watch_over(session, [opportunity.customer_id])
    return True


async def assign_new(
    session: Session,
    opportunity: Opportunity,
    *,
    today: date,
    asked: bool,
    allowed: str | None = None,
) -> list[Collision]:
    """Have the rules give an opportunity to somebody that was entered with no owner.

    It stays with nobody if no rule finds anybody; why is kept. Return what it collides with.
    """
    await session.flush()
    await session.see_all_rows()
    choice = await _choose(session, opportunity, today=today, automatic=not asked)
    return await give(session, opportunity, choice, today=today, allowed=allowed)


async def give(
    session: Session,
    opportunity: Opportunity,
    choice: Choice,
    *,
    today: date,
    allowed: str | None = None,
) -> list[Collision]:
    """Carry out a choice, and keep why. Raises `OpportunityCollides`."""
    if choice.person is None:
        await keep(session, opportunity, choice, today=today)
        return []
    opportunity.owner_id = choice.person.employee_id
    opportunity.department_id = choice.person.department_id
    found = await enter(session, opportunity, today=today, allowed=allowed)
    await session.see_all_rows()  # it may have left the caller's sight
    await keep(session, opportunity, choice, today=today)
    return found


async def keep(session: Session, opportunity: Opportunity, choice: Choice, *, today: date) -> None:
    """Keep a choice that was carried out, or found nobody, and whose turn it was."""
    assignment = Assignment(
        id=ids.new_id(),
        opportunity_id=opportunity.id,
        rule_id=choice.rule.id if choice.rule else None,
        employee_id=choice.person.employee_id if choice.person else None,
        explanation=choice.explanation,
        assigned_at=session.context.now,
        assigned_by=session.context.actor,
    )
    session.add(assignment)
    if choice.person is None or choice.rule is None:
        return
    if choice.rule.way is Way.ROUND_ROBIN:
        await _note_turn(session, choice.rule.id, choice.person.employee_id)
    by_rule = (None, str(choice.rule.id))
    fields = audit.changed(session, opportunity, "assigned", rule_id=by_rule)
    event = events.assigned(opportunity, fields, today, assignment)
    outbox.add(session, event, sequence=opportunity.version)


async def find(session: Session, opportunity: Opportunity, *, today: date) -> Choice:
    """Return who gets a locked opportunity by the rules; it is this command's turn from now on.

    Raises `NobodyToAssign`.
    """
    await session.see_all_rows()  # loads are everybody's, and it may go out of sight
    await queries.take_turn(session)
    choice = await _choose(session, opportunity, today=today)
    if choice.person is None:
        rules = len(choice.explanation)
        raise NobodyToAssign(rules=rules, extra={"explanation": choice.explanation})
    return choice


async def _choose(
    session: Session, opportunity: Opportunity, *, today: date, automatic: bool = False
) -> Choice:
    known = await queries.rules_of(session, automatic=automatic)
    case = await queries.case_of(session, opportunity)
    people = await queries.people_of(session, known, case)
    turns = await queries.turns_of(session)
    return choose(
        [one.rule() for one in known],
        case,
        lambda rule: people[rule.id],
        lambda rule: turns[rule.id].last_employee_id if rule.id in turns else None,
        today,
    )


async def _note_turn(session: Session, rule_id: UUID, employee_id: UUID) -> None:
    turn = await session.get(AssignmentTurn, (session.context.tenant_id, rule_id))
    if turn is None:
        session.add(AssignmentTurn(id=rule_id, last_employee_id=employee_id))
    else:
        turn.last_employee_id = employee_id


async def list_assignments(session: Session, opportunity_id: UUID) -> list[Assignment]:
    """Return every assignment of an opportunity, oldest first."""
    await require(session, Opportunity, opportunity_id)
    return await queries.assignments_of(session, opportunity_id)


async def create_rule(session: Session, data: RuleCreate, *, currency: str) -> AssignmentRule:
    """Enter a rule; the database refuses a position that is taken.

    Amounts are in `currency` unless one is given.
    Raises `AssigneesMissing`, `AmountsReversed`, `UnknownEmployee`, `UnknownDepartment`,
    `UnknownTerritory`, `UnknownCategories`.
    """
    values = _values(data.model_dump(exclude={"weights"}))
    weights = data.weights.given() if data.weights else {}
    rule = AssignmentRule(**values, weights=weights)
    rule.name_currency(currency)
    await _require_known(session, data)
    rule.require_sound()
    policies.created(session, rule)
    return rule


async def change_rule(
    session: Session, rule_id: UUID, data: RuleUpdate, *, currency: str, expected_version: int
) -> AssignmentRule:
    """Change a rule, or switch it off; what was assigned stays.

    Raises what `create_rule` raises.
    """
    rule = await require(
        session, AssignmentRule, rule_id, lock=True, expected_version=expected_version
    )
    await _require_known(session, data)
    given = _values(data.given())
    if data.weights is not None:
        given["weights"] = data.weights.given()
    for name, value in given.items():
        setattr(rule, name, value)
    rule.name_currency(currency)
    rule.require_sound()
    policies.changed(session, rule)
    return rule


async def list_rules(
    session: Session, filters: RuleFilters
) -> tuple[list[AssignmentRule], str | None, int | None]:
    """Return one page of the rules, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.rules_in_order(session.context.tenant_id),
        filters,
        sort=filters.sort,
        columns=queries.RULE_SORT_COLUMNS,
        tie_breaker=AssignmentRule.id,
    )


async def create_assignee(session: Session, data: AssigneeCreate) -> Assignee:
    """Enter what is known of an employee; the database refuses a second record.

    Raises `UnknownEmployee`, `UnknownCategories`, `UnknownIndustries`, `PeriodReversed`.
    """
    await require_employee(session, data.employee_id)
    _require_leaves(data.leaves)
    await _require_skills(session, data.skills)
    values = data.model_dump(exclude={"skills", "leaves"}) | _lists(data)
    assignee = Assignee(**values)
    audit.created(session, assignee)
    return assignee


async def change_assignee(
    session: Session, assignee_id: UUID, data: AssigneeUpdate, *, expected_version: int
) -> Assignee:
    """Change what is known of an employee.

    Raises `UnknownCategories`, `UnknownIndustries`, `PeriodReversed`.
    """
    _require_leaves(data.leaves or ())
    assignee = await require(
        session, Assignee, assignee_id, lock=True, expected_version=expected_version
    )
    await _require_skills(session, data.skills or ())
    given = data.given() | _lists(data)
    for name, value in given.items():
        setattr(assignee, name, value)
    audit.changed(session, assignee, "changed")
    return assignee


async def list_assignees(
    session: Session, filters: AssigneeFilters
) -> tuple[list[Assignee], str | None, int | None]:
    """Return one page of what is known of employees, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.assignees(session.context.tenant_id, filters.employee_id),
        filters,
        sort=filters.sort,
        columns=queries.ASSIGNEE_SORT_COLUMNS,
        tie_breaker=Assignee.id,
    )


async def _require_known(session: Session, data: RuleCreate | RuleUpdate) -> None:
    """Refuse a rule that names whom or what there is not."""
    for employee_id in data.employee_ids or ():
        await require_employee(session, employee_id)
    if data.department_id is not None:
        await require_department(session, data.department_id)
    for territory_id in data.territory_ids or ():
        await require_territory(session, territory_id)
    await _require_categories(session, data.categories or ())


async def _require_categories(session: Session, names: Collection[str]) -> None:
    unknown = await queries.unknown_categories(session, names)
    if unknown:
        raise UnknownCategories(names=", ".join(unknown), extra={"names": unknown})


async def _require_skills(session: Session, skills: Sequence[SkillInput]) -> None:
    """Refuse a skill that no opportunity can ask for; languages are whatever rules name.

    Raises `UnknownCategories`, `UnknownIndustries`.
    """
    await _require_categories(session, [one.value for one in skills if one.kind == "category"])
    industries = [one.value for one in skills if one.kind == "industry"]
    unknown = await queries.unknown_industries(session, industries)
    if unknown:
        raise UnknownIndustries(names=", ".join(unknown), extra={"names": unknown})


def _require_leaves(leaves: Iterable[LeaveInput]) -> None:
    """Raise `PeriodReversed`."""
    for leave in leaves:
        business_day.period(leave.from_on, leave.to_on)


def _values(given: dict[str, Any]) -> dict[str, Any]:
    """Return values as the columns hold them: ids in lists are text."""
    lists = ("employee_ids", "territory_ids")
    return {
        name: [str(one) for one in value] if name in lists and value is not None else value
        for name, value in given.items()
    }


def _lists(data: AssigneeCreate | AssigneeUpdate) -> dict[str, Any]:
    """Return the lists that were given as the columns hold them."""
    given = {"skills": data.skills, "leaves": data.leaves}
    return {
        name: [one.model_dump(mode="json") for one in items]
        for name, items in given.items()
        if items is not None
    }
