"""Work that goes on by itself: hand-overs, what is late, grades, reminders, forecasts, ..."""

from collections.abc import Callable, Sequence
from functools import partial

from kehu_kernel.hand_overs import HandOverWork
from kehu_kernel.process import Databases, Worker
from kehu_kernel.rounds import Rounds
from kehu_sales.collisions.worker import CollisionWork
from kehu_sales.contracts.worker import EndWork
from kehu_sales.erasure import erasures
from kehu_sales.forecasts.service import SnapshotWork
from kehu_sales.grading.worker import GradingWork
from kehu_sales.hand_overs.models import HandOverRef
from kehu_sales.hand_overs.service import move_records
from kehu_sales.idle.worker import IdleWork
from kehu_sales.projects.worker import DelayWork
from kehu_sales.quotes.worker import ExpiryWork
from kehu_sales.receivables.worker import InstalmentWork
from kehu_sales.reminders.worker import ReminderWork
from kehu_sales.settings import Settings
from kehu_sales.stages.worker import OverdueWork
from kehu_sales.visits.worker import SeriesWork


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the workers of what goes on by itself."""
    move = partial(move_records, zone=settings.time_zone)
    work = HandOverWork(databases, HandOverRef, move, wake_relay, batch=settings.hand_over_batch)
    overdue = OverdueWork(databases, settings.time_zone, wake_relay, batch=settings.overdue_batch)
    grading = GradingWork(databases, settings.time_zone, wake_relay, batch=settings.grading_batch)
    idle = IdleWork(databases, settings.time_zone, wake_relay, batch=settings.idle_batch)
    snapshots = SnapshotWork(databases.worker, zone=settings.time_zone)
    reminders = ReminderWork(
        databases, settings.time_zone, wake_relay, batch=settings.reminder_batch
    )
    series = SeriesWork(databases, settings.time_zone, wake_relay)
    expiry = ExpiryWork(databases, settings.time_zone, wake_relay)
    delays = DelayWork(databases, settings.time_zone, wake_relay, batch=settings.delay_batch)
    collisions = CollisionWork(
        databases, settings.time_zone, wake_relay, batch=settings.collision_batch
    )
    instalments = InstalmentWork(
        databases, settings.time_zone, wake_relay, batch=settings.instalment_batch
    )
    ends = EndWork(databases, settings.time_zone, wake_relay, batch=settings.contract_end_batch)
    return [
        Rounds("hand-overs", work.work, poll_interval=settings.hand_over_poll_interval),
        Rounds("overdue-stages", overdue.work, poll_interval=settings.overdue_poll_interval),
        Rounds("idle-opportunities", idle.work, poll_interval=settings.idle_poll_interval),
        Rounds("grading", grading.work, poll_interval=settings.grading_poll_interval),
        Rounds("late-projects", delays.work, poll_interval=settings.delay_poll_interval),
        Rounds("forecast-snapshots", snapshots.work, poll_interval=settings.forecast_poll_interval),
        Rounds("reminders", reminders.work, poll_interval=settings.reminder_poll_interval),
        Rounds("visit-series", series.work, poll_interval=settings.visit_series_interval),
        Rounds("collisions", collisions.work, poll_interval=settings.collision_poll_interval),
        Rounds("quote-expiry", expiry.work, poll_interval=settings.quote_expiry_interval),
        Rounds("overdue-instalments", instalments.work, poll_interval=settings.instalment_interval),
        Rounds("contract-ends", ends.work, poll_interval=settings.contract_end_interval),
        erasures(databases, wake_relay).rounds(settings.erasure_poll_interval),
    ]
