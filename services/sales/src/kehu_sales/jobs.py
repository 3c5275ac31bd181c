"""Work that goes on by itself: handing over what leavers hold, expiring quotes, erasing persons."""

from collections.abc import Callable, Sequence
from functools import partial

from kehu_kernel.hand_overs import HandOverWork
from kehu_kernel.process import Databases, Worker
from kehu_kernel.rounds import Rounds
from kehu_sales.erasure import erasures
from kehu_sales.hand_overs.models import HandOverRef
from kehu_sales.hand_overs.service import move_records
from kehu_sales.quotes.worker import ExpiryWork
from kehu_sales.settings import Settings


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the workers of hand-overs, of quotes that expire, and of erasures."""
    move = partial(move_records, zone=settings.time_zone)
    work = HandOverWork(databases, HandOverRef, move, wake_relay, batch=settings.hand_over_batch)
    expiry = ExpiryWork(databases, settings.time_zone, wake_relay)
    return [
        Rounds("hand-overs", work.work, poll_interval=settings.hand_over_poll_interval),
        Rounds("quote-expiry", expiry.work, poll_interval=settings.quote_expiry_interval),
        erasures(databases, wake_relay).rounds(settings.erasure_poll_interval),
    ]
