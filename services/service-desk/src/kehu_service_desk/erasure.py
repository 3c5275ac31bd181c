"""Erasing persons here, when the customer service orders it (C12)."""

from collections.abc import Callable
from uuid import UUID

from kehu_contracts.service_desk import ServiceDeskErasureAcknowledged
from kehu_kernel import outbox
from kehu_kernel.erasure import ErasureWork
from kehu_kernel.process import Databases
from kehu_kernel.session import Session
from kehu_service_desk.personal import PERSONAL


async def acknowledge(session: Session, *, erasure_id: UUID, counts: dict[str, int]) -> None:
    """Tell that nothing personal of the person is left here."""
    event = ServiceDeskErasureAcknowledged(erasure_id=erasure_id, counts=counts)
    outbox.add(session, event, sequence=1)


def erasures(databases: Databases, wake_relay: Callable[[], None]) -> ErasureWork:
    """Return the work of erasing persons."""
    return ErasureWork(
        databases.worker,
        wake_relay,
        service="service-desk",
        tables=PERSONAL,
        acknowledge=acknowledge,
    )
