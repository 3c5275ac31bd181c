"""The work of telling which instalments are overdue, once for each due day."""

from datetime import date

from sqlalchemy import Select, select

from kehu_sales.contracts.models import Instalment
from kehu_sales.daily import DailyWork
from kehu_sales.receivables.queries import overdue
from kehu_sales.receivables.service import tell_overdue


class InstalmentWork(DailyWork):
    """Tells of overdue instalments."""

    name = "overdue-instalments"
    steps = (tell_overdue,)

    def tenants(self, today: date) -> Select[str]:
        """Return the query for the tenants with instalments that nobody was told of."""
        return select(Instalment.tenant_id).where(*overdue(today)).distinct()
