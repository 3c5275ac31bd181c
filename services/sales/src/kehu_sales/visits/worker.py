"""The work of planning further visits of series, some days ahead; each once."""

from collections.abc import Callable
from datetime import date
from functools import partial

from sqlalchemy import Select, select

from kehu_kernel.process import Databases
from kehu_sales.daily import DailyWork
from kehu_sales.visits.recurring import plan_due
from kehu_sales.visits.series import VisitSeries


class SeriesWork(DailyWork):
    """Plans what has come near enough of visits that recur, a series in each transaction.

    So it locks one opportunity, then draws numbers, as whoever plans a visit does.
    """

    name = "visit-series"

    def __init__(
        self, databases: Databases, zone: str, wake_relay: Callable[[], None], *, batch: int = 1
    ) -> None:
        super().__init__(databases, zone, wake_relay, batch=batch)
        self.steps = (partial(plan_due, zone=zone),)

    def tenants(self, today: date) -> Select[str]:
        """Return the query for the tenants with a series that is to go on."""
        return select(VisitSeries.tenant_id).where(VisitSeries.plan_on <= today).distinct()
