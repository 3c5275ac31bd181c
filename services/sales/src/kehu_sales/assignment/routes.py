"""The API of assignment: of opportunities, of its rules, and of what is known of employees."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.http import (
    ExpectedVersion,
    OptionalVersion,
    Session,
    Today,
    router,
    set_etag,
)
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.assignment import service
from kehu_sales.assignment.errors import (
    AmountsReversed,
    AssigneesMissing,
    AssigneeTaken,
    NobodyToAssign,
    PositionTaken,
    UnknownCategories,
    UnknownIndustries,
)
from kehu_sales.assignment.models import Assignee, AssignmentRule
from kehu_sales.assignment.schemas import (
    AssigneeCreate,
    AssigneeFilters,
    AssigneeRead,
    AssigneeUpdate,
    AssignmentHistory,
    AssignmentPreview,
    AssignmentProposal,
    AssignmentRead,
    AssignmentRuleRead,
    RuleCreate,
    RuleFilters,
    RuleLookedAt,
    RuleUpdate,
)
from kehu_sales.collisions.errors import OpportunityCollides
from kehu_sales.collisions.routes import AllowedCollision, tell
from kehu_sales.directory.errors import UnknownDepartment, UnknownEmployee, UnknownTerritory
from kehu_sales.opportunities.errors import (
    EvaluationHasFailed,
    OpportunityInPool,
    OpportunityIsClosed,
    UnknownOpportunity,
)
from kehu_sales.opportunities.routes import Currency
from kehu_sales.opportunities.schemas import OpportunityRead

routes = router("/v1/opportunities", "opportunities")
previews = router("/v1/assignments", "assignment")
rules = router("/v1/assignment-rules", "assignment")
assignees = router("/v1/assignees", "assignment")
READ = requires("sales:assignments:read")
WRITE = requires("sales:assignments:write")
READ_RULES = requires("sales:assignment-rules:read")
WRITE_RULES = requires("sales:assignment-rules:write")
UNSOUND = (
    AssigneesMissing,
    AmountsReversed,
    PositionTaken,
    UnknownEmployee,
    UnknownDepartment,
    UnknownTerritory,
    UnknownCategories,
)
SKILLS = (UnknownCategories, UnknownIndustries)


@routes.post(
    "/{opportunity_id}/assign",
    summary="Assign an opportunity",
    dependencies=[WRITE],
    responses=problems(
        NobodyToAssign,
        OpportunityCollides,
        OpportunityIsClosed,
        EvaluationHasFailed,
        OpportunityInPool,
    ),
)
async def assign_opportunity(
    opportunity_id: UUID,
    session: Session,
    today: Today,
    version: OptionalVersion,
    allowed_collision: AllowedCollision,
    response: Response,
) -> OpportunityRead:
    """Have the rules give it to somebody, also from somebody; the explanation is kept."""
    opportunity, found = await service.assign(
        session,
        opportunity_id,
        today=today,
        expected_version=version,
        allowed_collision=allowed_collision,
    )
    tell(response, found)
    set_etag(response, opportunity)
    return OpportunityRead.of(opportunity)


@routes.get(
    "/{opportunity_id}/assignments",
    summary="List the assignments of an opportunity",
    dependencies=[READ],
)
async def list_assignments(opportunity_id: UUID, session: Session) -> AssignmentHistory:
    """Every assignment by rules, with its explanation; also those that found nobody."""
    found = await service.list_assignments(session, opportunity_id)
    return AssignmentHistory(items=[AssignmentRead.of(one) for one in found])


@previews.post(
    "/preview",
    summary="Ask who would get an opportunity",
    dependencies=[READ],
    responses=problems(UnknownOpportunity),
)
async def preview_assignment(
    data: AssignmentPreview, session: Session, today: Today
) -> AssignmentProposal:
    """The choice and its explanation, as an assignment would make it now; nothing is changed."""
    choice = await service.preview(session, data.opportunity_id, today=today)
    return AssignmentProposal(
        employee_id=choice.person.employee_id if choice.person else None,
        rule_id=choice.rule.id if choice.rule else None,
        explanation=[RuleLookedAt.model_validate(one) for one in choice.explanation],
    )


@rules.post(
    "",
    summary="Create a rule of assignment",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE_RULES],
    responses=problems(*UNSOUND),
)
async def create_assignment_rule(
    data: RuleCreate, session: Session, currency: Currency, response: Response
) -> AssignmentRuleRead:
    """Say who gets which opportunities; amounts are in the tenant's currency if none is given."""
    rule = await service.create_rule(session, data, currency=currency)
    response.headers["Location"] = f"/v1/assignment-rules/{rule.id}"
    return _rule(rule, response)


@rules.get("", summary="List the rules of assignment", dependencies=[READ_RULES])
async def list_assignment_rules(
    session: Session, filters: Annotated[RuleFilters, Query()]
) -> Page[AssignmentRuleRead]:
    """The rules in the order they are looked at, a page at a time."""
    found, cursor, count = await service.list_rules(session, filters)
    return Page(
        items=[AssignmentRuleRead.of(one) for one in found], next_cursor=cursor, count=count
    )


@rules.get("/{rule_id}", summary="Read a rule of assignment", dependencies=[READ_RULES])
async def read_assignment_rule(
    rule_id: UUID, session: Session, response: Response
) -> AssignmentRuleRead:
    """One rule with its ETag."""
    return _rule(await require(session, AssignmentRule, rule_id), response)


@rules.patch(
    "/{rule_id}",
    summary="Change a rule of assignment",
    dependencies=[WRITE_RULES],
    responses=problems(*UNSOUND),
)
async def change_assignment_rule(
    rule_id: UUID,
    data: RuleUpdate,
    session: Session,
    currency: Currency,
    version: ExpectedVersion,
    response: Response,
) -> AssignmentRuleRead:
    """Change a rule, or switch it off; what was assigned stays."""
    rule = await service.change_rule(
        session, rule_id, data, currency=currency, expected_version=version
    )
    return _rule(rule, response)


@assignees.post(
    "",
    summary="Enter skills, limit and absences of an employee",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE_RULES],
    responses=problems(AssigneeTaken, UnknownEmployee, *SKILLS, PeriodReversed),
)
async def create_assignee(
    data: AssigneeCreate, session: Session, response: Response
) -> AssigneeRead:
    """What assignment is to know of an employee; without it: no skills, no limit, always there."""
    assignee = await service.create_assignee(session, data)
    response.headers["Location"] = f"/v1/assignees/{assignee.id}"
    return _assignee(assignee, response)


@assignees.get("", summary="List skills, limits and absences", dependencies=[READ_RULES])
async def list_assignees(
    session: Session, filters: Annotated[AssigneeFilters, Query()]
) -> Page[AssigneeRead]:
    """What assignment knows of employees, a page at a time."""
    found, cursor, count = await service.list_assignees(session, filters)
    return Page(items=[AssigneeRead.of(one) for one in found], next_cursor=cursor, count=count)


@assignees.get("/{assignee_id}", summary="Read what is known of one", dependencies=[READ_RULES])
async def read_assignee(assignee_id: UUID, session: Session, response: Response) -> AssigneeRead:
    """What assignment knows of an employee, with the ETag."""
    return _assignee(await require(session, Assignee, assignee_id), response)


@assignees.patch(
    "/{assignee_id}",
    summary="Change skills, limit and absences of an employee",
    dependencies=[WRITE_RULES],
    responses=problems(*SKILLS, PeriodReversed),
)
async def change_assignee(
    assignee_id: UUID,
    data: AssigneeUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> AssigneeRead:
    """Change what is known; lists are replaced as a whole."""
    assignee = await service.change_assignee(session, assignee_id, data, expected_version=version)
    return _assignee(assignee, response)


def _rule(rule: AssignmentRule, response: Response) -> AssignmentRuleRead:
    set_etag(response, rule)
    return AssignmentRuleRead.of(rule)


def _assignee(assignee: Assignee, response: Response) -> AssigneeRead:
    set_etag(response, assignee)
    return AssigneeRead.of(assignee)
