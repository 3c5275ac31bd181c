"""Work that goes on by itself: converting leads, handing over those of leavers, erasing persons."""

from collections.abc import Callable, Sequence

import httpx

from kehu_kernel.hand_overs import HandOverWork
from kehu_kernel.process import Databases, Worker
from kehu_kernel.rounds import Rounds
from kehu_marketing.conversions.worker import ConversionWorker
from kehu_marketing.erasure import erasures
from kehu_marketing.hand_overs.models import HandOverRef
from kehu_marketing.hand_overs.service import move_leads
from kehu_marketing.outbound import Outbound
from kehu_marketing.settings import Settings


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the workers that go on with conversions, hand-overs and erasures."""
    outbound = Outbound(httpx.AsyncClient(timeout=settings.call_timeout), settings)
    hand_overs = HandOverWork(
        databases, HandOverRef, move_leads, wake_relay, batch=settings.hand_over_batch
    )
    return [
        ConversionWorker(databases, settings, outbound, wake_relay),
        Rounds("hand-overs", hand_overs.work, poll_interval=settings.hand_over_poll_interval),
        erasures(databases, wake_relay).rounds(settings.erasure_poll_interval),
    ]
