"""What the customer service does about events of others."""

from collections.abc import Callable, Sequence

from kehu_contracts.analytics import CustomerValueChanged
from kehu_contracts.envelope import Envelope
from kehu_customer.customers.service import record_customer_value
from kehu_kernel.consumer import Handlers, consume
from kehu_kernel.process import ConsumingWorker, Databases
from kehu_kernel.session import Session
from kehu_kernel.settings import ServiceSettings


async def on_customer_value_changed(
    session: Session, event: CustomerValueChanged, envelope: Envelope
) -> None:
    """Analytics calculated the value of a customer anew: write it back."""
    await record_customer_value(session, event, envelope.sequence)


HANDLERS: Handlers = {CustomerValueChanged: on_customer_value_changed}


def consumers(
    databases: Databases, settings: ServiceSettings, wake_relay: Callable[[], None]
) -> Sequence[ConsumingWorker]:
    """Return the workers that consume events."""
    return [
        consume(
            HANDLERS,
            consumer="customer",
            database=databases.app,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        )
    ]
