"""What the sales service does about events of others: it keeps its copy of customers."""

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
from kehu_sales.customers.service import record_customer


async def on_customer_fact(session: Session, customer: CustomerState, envelope: Envelope) -> None:
    """Every fact carries the whole customer: keep the newest."""
    await record_customer(session, customer, envelope.sequence)


HANDLERS: Handlers = {
    CustomerCreated: on_customer_fact,
    CustomerChanged: on_customer_fact,
    CustomerPromoted: on_customer_fact,
    CustomerEnded: on_customer_fact,
    CustomerHandedOver: on_customer_fact,
    CustomerValueRecorded: on_customer_fact,
}


def consumers(
    databases: Databases, settings: ServiceSettings, wake_relay: Callable[[], None]
) -> Sequence[ConsumingWorker]:
    """Return the workers that consume events."""
    return [
        consume(
            HANDLERS,
            consumer="sales",
            database=databases.app,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        )
    ]
