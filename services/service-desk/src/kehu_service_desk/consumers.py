"""What the service desk does about events of others: copies of them, files of deliveries."""

from collections.abc import Callable, Sequence

from kehu_contracts.delivering import ProjectDeliveryReversed, ProjectLinesDelivered
from kehu_contracts.envelope import Envelope
from kehu_contracts.topics import DELIVERIES
from kehu_kernel.consumer import Handlers, consume
from kehu_kernel.erasure import record_orders
from kehu_kernel.hand_overs import record_hand_overs
from kehu_kernel.process import ConsumingWorker, Databases
from kehu_kernel.projection import project
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_kernel.settings import ServiceSettings
from kehu_service_desk.customers.service import record_customers
from kehu_service_desk.hand_overs.models import HandOverRef
from kehu_service_desk.product_files.deliveries import make_files, withdraw_files


async def fold(session: Session, facts: Sequence[Fact]) -> None:
    """Keep the newest of what a batch says of each customer, and which hand-overs there are."""
    await record_orders(session, facts)
    await record_customers(session, facts)
    await record_hand_overs(session, HandOverRef, facts)


async def on_lines_delivered(
    session: Session, event: ProjectLinesDelivered, envelope: Envelope
) -> None:
    """Sales delivered products: they are in the customer's hands."""
    await make_files(session, event, envelope.time)


async def on_delivery_reversed(
    session: Session, event: ProjectDeliveryReversed, _envelope: Envelope
) -> None:
    """Sales took a delivery back."""
    await withdraw_files(session, event)


HANDLERS: Handlers = {
    ProjectLinesDelivered: on_lines_delivered,
    ProjectDeliveryReversed: on_delivery_reversed,
}


def consumers(
    databases: Databases, settings: ServiceSettings, wake_relay: Callable[[], None]
) -> Sequence[ConsumingWorker]:
    """Return the workers that consume events.

    Deliveries have offsets and dead letters of their own: one that cannot be entered keeps no copy
    of a customer waiting.
    """
    return [
        project(
            fold,
            consumer="service-desk",
            database=databases.worker,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        ),
        consume(
            HANDLERS,
            consumer=DELIVERIES,
            database=databases.app,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        ),
    ]
