"""The work of telling which opportunities stay in a stage longer than planned (S3)."""

from datetime import date

from sqlalchemy import Select, select

from kehu_sales.daily import DailyWork
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Status
from kehu_sales.stages.service import tell_overdue


class OverdueWork(DailyWork):
    """Tells of overdue stages."""

    name = "stages"
    steps = (tell_overdue,)

    def tenants(self, today: date) -> Select[str]:
        """Return the query for the tenants with stays that nobody was told of."""
        overdue = (
            Opportunity.status == Status.IN_PROGRESS,
            ~Opportunity.stage_overdue_told,
            Opportunity.stage_due_on < today,
        )
        return select(Opportunity.tenant_id).where(*overdue).distinct()
