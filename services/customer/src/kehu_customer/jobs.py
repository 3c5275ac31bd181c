"""Work that goes on by itself, besides consuming events."""

from collections.abc import Callable, Sequence
from functools import partial

from kehu_customer.credit_investigations.worker import ExpiryWork
from kehu_customer.data_exports.worker import ExportWork
from kehu_customer.erasures.service import acknowledge
from kehu_customer.erasures.watch import OverdueWatch
from kehu_customer.hand_overs.worker import HandOverWork
from kehu_customer.imports.worker import FileExpiry, ImportWork
from kehu_customer.personal import EXPORTS, HOUSEHOLDS, ONCE_MERGED, PERSONAL, TOLD_OF_OTHERS
from kehu_customer.search.worker import BuildWork
from kehu_customer.segments.worker import SegmentWork, Sizes
from kehu_customer.settings import Settings
from kehu_kernel.erasure import ErasureWork
from kehu_kernel.process import Databases, Worker
from kehu_kernel.rounds import Rounds


def erasures(databases: Databases, wake_relay: Callable[[], None]) -> ErasureWork:
    """Return the work of erasing persons here; it acknowledges without an event."""
    return ErasureWork(
        databases.worker,
        wake_relay,
        service="customer",
        tables=PERSONAL,
        before=ONCE_MERGED,
        after=(*HOUSEHOLDS, *EXPORTS, *TOLD_OF_OTHERS),
        acknowledge=partial(acknowledge, service="customer"),
    )


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the workers that go on with what was begun, and with what time brings."""
    leavers = HandOverWork(databases, wake_relay, batch=settings.hand_over_batch)
    reports = ExpiryWork(databases, settings.time_zone, wake_relay)
    files = ImportWork(
        databases,
        wake_relay,
        batch=settings.import_batch,
        attempts=settings.import_attempts,
        time_zone=settings.time_zone,
        currency=settings.currency,
    )
    old_files = FileExpiry(databases, keep_days=settings.import_keep_days)
    segments = SegmentWork(
        databases,
        settings.time_zone,
        wake_relay,
        sizes=Sizes(settings.segment_change_batch, settings.segment_run_batch),
    )
    exports = ExportWork(databases)
    terms = BuildWork(databases, batch=settings.search_build_batch)
    overdue = OverdueWatch(databases.worker, after_hours=settings.erasure_overdue_hours)
    return [
        Rounds("hand-overs", leavers.work, poll_interval=settings.hand_over_poll_interval),
        Rounds("credit-expiry", reports.work, poll_interval=settings.credit_run_interval),
        Rounds("imports", files.work, poll_interval=settings.import_poll_interval),
        Rounds("imports-files", old_files.work, poll_interval=settings.import_expiry_interval),
        Rounds("data-exports", exports.work, poll_interval=settings.data_export_poll_interval),
        erasures(databases, wake_relay).rounds(settings.erasure_poll_interval),
        Rounds("erasures-overdue", overdue.work, poll_interval=settings.erasure_watch_interval),
        Rounds("segments", segments.work, poll_interval=settings.segment_poll_interval),
        Rounds("search-terms", terms.work, poll_interval=settings.search_build_interval),
    ]
