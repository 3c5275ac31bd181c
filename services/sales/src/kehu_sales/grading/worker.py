"""The work of grading again what became stale, and of telling whose handling is late (S4)."""

from datetime import date

from sqlalchemy import CompoundSelect, select

from kehu_sales.daily import DailyWork
from kehu_sales.grading.models import GradingWalk, OpportunityAssessment
from kehu_sales.grading.service import regrade_older, regrade_stale, tell_handling_overdue
from kehu_sales.opportunities.models import Opportunity


class GradingWork(DailyWork):
    """Grades again, and tells of opportunities that should have been handled."""

    name = "grading"
    steps = (regrade_older, regrade_stale, tell_handling_overdue)

    def tenants(self, today: date) -> CompoundSelect[str]:
        """Return the query for the tenants with old grades, or handling that takes too long."""
        walks = select(GradingWalk.tenant_id)
        stale = select(OpportunityAssessment.tenant_id).where(OpportunityAssessment.stale)
        late = select(Opportunity.tenant_id).where(
            Opportunity.handle_by_on < today, ~Opportunity.handling_overdue_told
        )
        return stale.union(walks, late)
