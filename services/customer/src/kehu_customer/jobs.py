"""Work that goes on by itself: asking for investigations when credit reports expire."""

from collections.abc import Callable, Sequence

from kehu_customer.credit_investigations.worker import ExpiryWorker
from kehu_customer.settings import Settings
from kehu_kernel.process import Databases, Worker


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the worker that watches credit reports."""
    return [ExpiryWorker(databases, settings, wake_relay)]
