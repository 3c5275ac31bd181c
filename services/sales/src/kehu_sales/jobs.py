"""Work that goes on by itself: handing over what leavers hold, erasing persons."""

from collections.abc import Callable, Sequence

from kehu_kernel.process import Databases, Worker
from kehu_kernel.rounds import Rounds
from kehu_sales.erasure import erasures
from kehu_sales.hand_overs.worker import HandOverWork
from kehu_sales.settings import Settings


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the workers of hand-overs and of erasures."""
    work = HandOverWork(databases, settings, wake_relay).work
    return [
        Rounds("hand-overs", work, poll_interval=settings.hand_over_poll_interval),
        erasures(databases, wake_relay).rounds(settings.erasure_poll_interval),
    ]
