"""Work that goes on by itself: hand-overs, and investigations when credit reports expire."""

from collections.abc import Callable, Sequence

from kehu_customer.credit_investigations.worker import ExpiryWork
from kehu_customer.hand_overs.worker import HandOverWork
from kehu_customer.settings import Settings
from kehu_kernel.process import Databases, Worker
from kehu_kernel.rounds import Rounds


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the workers of hand-overs and of credit reports."""
    leavers = HandOverWork(databases, wake_relay, batch=settings.hand_over_batch)
    reports = ExpiryWork(databases, settings.time_zone, wake_relay)
    return [
        Rounds("hand-overs", leavers.work, poll_interval=settings.hand_over_poll_interval),
        Rounds("credit-expiry", reports.work, poll_interval=settings.credit_run_interval),
    ]
