"""Erasing persons here, when the customer service orders it (C12)."""

from collections.abc import Callable
from uuid import UUID

from kehu_analytics.personal import PERSONAL
from kehu_contracts.analytics import AnalyticsErasureAcknowledged
from kehu_kernel import outbox
from kehu_kernel.erasure import ErasureWork
from kehu_kernel.process import Databases
from kehu_kernel.session import Session


async def acknowledge(session: Session, *, erasure_id: UUID, counts: dict[str, int]) -> None:
    """Tell that nothing personal of the person is left here."""
    event = AnalyticsErasureAcknowledged(erasure_id=erasure_id, counts=counts)
    outbox.add(session, event, sequence=1)


def erasures(databases: Databases, wake_relay: Callable[[], None]) -> ErasureWork:
    """Return the work of erasing persons."""
    return ErasureWork(
        databases.worker,
        wake_relay,
        service="analytics",
        tables=PERSONAL,
        acknowledge=acknowledge,
    )
