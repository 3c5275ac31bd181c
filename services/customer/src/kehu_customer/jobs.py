"""Work that goes on by itself: hand-overs, and investigations when credit reports expire."""

from collections.abc import Callable, Sequence

from kehu_customer.credit_investigations.worker import ExpiryWorker
from kehu_customer.hand_overs.worker import HandOverWork
from kehu_customer.settings import Settings
from kehu_kernel.process import Databases, Worker
from kehu_kernel.rounds import Rounds


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the workers of hand-overs and of credit reports."""
    work = HandOverWork(databases, wake_relay, batch=settings.hand_over_batch).work
    return [
        Rounds("hand-overs", work, poll_interval=settings.hand_over_poll_interval),
        ExpiryWorker(databases, settings, wake_relay),
    ]
