"""What the service desk does about events of others: it keeps its copy of customers."""

from collections.abc import Callable, Sequence

from kehu_contracts.customer import (
    CustomerChanged,
    CustomerCreated,
    CustomerEnded,
    CustomerHandedOver,
    CustomerPromoted,
    CustomerState,
    CustomerValueRecorded,
)
from kehu_contracts.envelope import Envelope
from kehu_kernel.consumer import Handlers, consume
from kehu_kernel.process import ConsumingWorker, Databases
from kehu_kernel.session import Session
from kehu_kernel.settings import ServiceSettings
from kehu_service_desk.customers.service import record_customer


async def on_customer(session: Session, event: CustomerState, envelope: Envelope) -> None:
    """Something happened to a customer: every such event carries the whole state."""
    await record_customer(session, event, envelope.sequence)


HANDLERS: Handlers = {
    CustomerCreated: on_customer,
    CustomerChanged: on_customer,
    CustomerPromoted: on_customer,
    CustomerEnded: on_customer,
    CustomerHandedOver: on_customer,
    CustomerValueRecorded: on_customer,
}


def consumers(
    databases: Databases, settings: ServiceSettings, wake_relay: Callable[[], None]
) -> Sequence[ConsumingWorker]:
    """Return the workers that consume events."""
    return [
        consume(
            HANDLERS,
            consumer="service-desk",
            database=databases.app,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        )
    ]
