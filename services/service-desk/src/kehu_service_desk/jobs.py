"""Work that goes on by itself: erasing persons."""

from collections.abc import Callable, Sequence

from kehu_kernel.process import Databases, Worker
from kehu_service_desk.erasure import erasures
from kehu_service_desk.settings import Settings


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the worker of erasures."""
    return [erasures(databases, wake_relay).rounds(settings.erasure_poll_interval)]
