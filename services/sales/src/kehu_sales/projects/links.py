"""What a task of a project hangs on: the project in one of its stages."""

from uuid import UUID

from sqlalchemy import select

from kehu_kernel.session import Session
from kehu_sales.customers.service import current_customer, load_customers, survivor_of
from kehu_sales.opportunities.errors import AnotherCustomer
from kehu_sales.opportunities.links import Subject
from kehu_sales.projects.errors import UnknownProject
from kehu_sales.projects.models import OPEN, Project


async def link_project(
    session: Session, project_id: UUID, customer_id: UUID | None, stage_code: str | None
) -> Subject:
    """Return what a new task of a project is for: its customer by now, and a stage.

    The stage is the one named, the present one, or the first one. The project stays locked, so that
    the stage is not left meanwhile. Raises `UnknownProject`, `ProjectNotReady`,
    `UnknownProjectStage`, `AnotherCustomer`, `UnknownCustomer`, `CustomerMerged`,
    `CustomerHasEnded`.
    """
    project = await _locked(session, project_id)
    if project is None:
        raise UnknownProject(id=project_id)
    project.require(*OPEN)
    project.require_stage(stage_code)
    theirs = project.customer_id
    known = await load_customers(session, {one for one in (customer_id, theirs) if one})
    if customer_id is not None:
        if survivor_of(known, theirs) != survivor_of(known, customer_id):
            raise AnotherCustomer(number=project.number)
        current_customer(known, customer_id)
    if stage_code is None:
        stage = project.stage or project.next_stage
        stage_code = stage.code if stage else None
    return Subject(survivor_of(known, theirs), stage_code)


async def lock_project_if_open(session: Session, project_id: UUID | None) -> Project | None:
    """Return the project of something older, locked; None if it is over since."""
    project = await _locked(session, project_id) if project_id else None
    return project if project is not None and project.state in OPEN else None


async def _locked(session: Session, project_id: UUID) -> Project | None:
    project: Project | None = await session.scalar(
        select(Project)
        .where(Project.tenant_id == session.context.tenant_id, Project.id == project_id)
        .with_for_update()
    )
    return project
