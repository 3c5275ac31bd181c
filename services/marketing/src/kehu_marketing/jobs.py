"""Work that goes on by itself: converting leads."""

from collections.abc import Callable, Sequence

import httpx

from kehu_kernel.process import Databases, Worker
from kehu_marketing.conversions.worker import ConversionWorker
from kehu_marketing.outbound import Outbound
from kehu_marketing.settings import Settings


def jobs(
    databases: Databases, settings: Settings, wake_relay: Callable[[], None]
) -> Sequence[Worker]:
    """Return the worker that goes on with conversions."""
    outbound = Outbound(httpx.AsyncClient(timeout=settings.call_timeout), settings)
    return [ConversionWorker(databases, settings, outbound, wake_relay)]
