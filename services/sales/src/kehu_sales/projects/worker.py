"""The work of telling which projects and milestones are late (1.1, problem 3), once each."""

from datetime import date

from sqlalchemy import Select, select

from kehu_kernel import audit, outbox
from kehu_kernel.session import Session
from kehu_sales.daily import DailyWork
from kehu_sales.projects import events
from kehu_sales.projects.models import Project


async def tell_late(session: Session, limit: int, *, today: date) -> int:
    """Tell of one late thing of each of so many projects; return how many were told of.

    What is left is for the next call: each fact is a version of the project of its own. What others
    hold locked is left for later.
    """
    rows = await session.scalars(
        select(Project)
        .where(Project.tenant_id == session.context.tenant_id, Project.alert_on < today)
        .order_by(Project.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    told = 0
    for project in rows:
        alert = project.tell_late(today)
        fields = audit.changed(session, project, "late")
        if alert is not None:
            event = events.late(project, fields, alert, today)
            outbox.add(session, event, sequence=project.version)
            told += 1
    return told


class DelayWork(DailyWork):
    """Tells of late projects and milestones."""

    name = "projects"
    steps = (tell_late,)

    def tenants(self, today: date) -> Select[str]:
        """Return the query for the tenants with something late."""
        return select(Project.tenant_id).where(Project.alert_on < today).distinct()
