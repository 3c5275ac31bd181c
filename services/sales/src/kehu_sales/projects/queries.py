"""Reading projects."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, case, func, select, text

from kehu_kernel.session import Session
from kehu_sales.contracts.models import Contract
from kehu_sales.customers.queries import name_of, of_customer, saying
from kehu_sales.db import among
from kehu_sales.projects.models import Project, ProjectLine
from kehu_sales.projects.schemas import ProjectFilters
from kehu_sales.tasks.models import TO_DO, Task, TaskStatus

SORT_COLUMNS = {"created_at": Project.created_at, "planned_end_on": Project.planned_end_on}
EXACT_FILTERS = (
    "number", "state", "contract_id", "quote_id", "opportunity_id", "owner_id", "leader_id",
    "department_id",
)  # fmt: skip


LATE = """
    projects.id IN (SELECT p.id FROM projects AS p WHERE p.tenant_id = :tenant
        AND p.state = 'executing' AND (coalesce(p.planned_end_on < :today, false)
        OR EXISTS (
            SELECT FROM jsonb_array_elements(p.stages) AS stage
            WHERE stage ->> 'ended_on' IS NULL AND (stage ->> 'entered_on')::date
                + (stage ->> 'planned_days')::integer < :today)
        OR EXISTS (
            SELECT FROM jsonb_array_elements(p.milestones) AS milestone
            WHERE (milestone ->> 'planned_on')::date < :today
                AND milestone ->> 'reached_on' IS NULL)) OFFSET 0)
"""
"""Under way, and something that `alerts.planned` yields is past its day, told of or not.

What is under way is looked through first: a list of all, in its order, may hold few that are late.
"""


def matching(tenant_id: str, filters: ProjectFilters, today: date) -> Select[Project]:
    """Return the query for the projects that match all filters, on that day."""
    query = select(Project).where(Project.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Project, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(Project.customer_id, tenant_id, filters.customer_id))
    if filters.planned_end_to is not None:
        query = query.where(Project.planned_end_on <= filters.planned_end_to)
    if filters.late is not None:
        late = text(LATE if filters.late else f"NOT {LATE}")
        query = query.where(late.bindparams(today=today, tenant=tenant_id))
    if filters.q is not None:
        names = (Project.number, Project.topic, name_of(Project))
        query = query.where(saying(filters.q, *names))
    return query


async def lines_of(session: Session, project_id: UUID) -> list[ProjectLine]:
    """Return the lines of a project, in order."""
    return await session.scalars(
        select(ProjectLine)
        .where(
            ProjectLine.tenant_id == session.context.tenant_id,
            ProjectLine.project_id == project_id,
        )
        .order_by(ProjectLine.line_number)
    )


async def done_in_stages(
    session: Session, project_ids: Collection[UUID]
) -> Mapping[UUID, Mapping[str, Decimal]]:
    """Return the mean percent of the tasks of each stage; a cancelled task does not count."""
    if not project_ids:
        return {}
    percent = case((Task.status == TaskStatus.COMPLETED, 100), else_=Task.percent)
    rows = await session.execute(
        select(Task.project_id, Task.stage_code, func.avg(percent))
        .where(
            Task.tenant_id == session.context.tenant_id,
            among(Task.project_id, project_ids),
            Task.status != TaskStatus.CANCELLED,
        )
        .group_by(Task.project_id, Task.stage_code)
    )
    found: dict[UUID, dict[str, Decimal]] = {}
    for project_id, stage_code, mean in rows:
        found.setdefault(project_id, {})[stage_code] = mean
    return found


async def open_tasks(session: Session, project_id: UUID, stage_code: str) -> list[str]:
    """Return the topics of mandatory tasks of a stage that are not done, the oldest first.

    Whoever has them: a stage is not left because one does not see what is open in it.
    """
    await session.see_all_rows()
    found = await session.scalars(
        select(Task.topic)
        .where(
            Task.tenant_id == session.context.tenant_id,
            Task.project_id == project_id,
            Task.stage_code == stage_code,
            Task.mandatory,
            Task.status.in_(TO_DO),
        )
        .order_by(Task.created_at, Task.id)
        .limit(100)
    )
    await session.see_rows_in_scope()
    return list(found)


async def signing_of(session: Session, contract_id: UUID) -> date:
    """Return the day a project's contract was signed, whoever may read the contract."""
    await session.see_all_rows()
    (signed_on,) = await session.scalars(
        select(Contract.signed_on).where(
            Contract.tenant_id == session.context.tenant_id, Contract.id == contract_id
        )
    )
    await session.see_rows_in_scope()
    return signed_on
