"""Work that goes on by itself: handing over what leavers hold, erasing persons."""

from collections.abc import Callable, Sequence

from kehu_kernel.hand_overs import HandOverWork
from kehu_kernel.process import Databases, Worker
from kehu_kernel.rounds import Rounds
from kehu_service_desk.erasure import erasures
from kehu_service_desk.hand_overs.models import HandOverRef
from kehu_service_desk.hand_overs.service import move_requests
from kehu_service_desk.settings import Settings


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the workers of hand-overs and of erasures."""
    work = HandOverWork(
        databases, HandOverRef, move_requests, wake_relay, batch=settings.hand_over_batch
    )
    return [
        Rounds("hand-overs", work.work, poll_interval=settings.hand_over_poll_interval),
        erasures(databases, wake_relay).rounds(settings.erasure_poll_interval),
    ]
