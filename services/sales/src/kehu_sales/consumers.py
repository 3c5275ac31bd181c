"""What the sales service does about events of others: it keeps its copies of them."""

from collections.abc import Callable, Sequence

from kehu_kernel.erasure import record_orders
from kehu_kernel.hand_overs import record_hand_overs
from kehu_kernel.process import ConsumingWorker, Databases
from kehu_kernel.projection import project
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_kernel.settings import ServiceSettings
from kehu_sales.collisions.relations import ask_again, related_anew
from kehu_sales.credit.copies import record_credit
from kehu_sales.customers.service import record_customers, record_duplicates, record_groups
from kehu_sales.directory.service import record_directory
from kehu_sales.grading.service import mark_customers
from kehu_sales.hand_overs.models import HandOverRef


async def fold(session: Session, facts: Sequence[Fact]) -> None:
    """Keep the newest of what a batch says: customers, their credit, our directory, hand-overs."""
    await record_orders(session, facts)
    related = await related_anew(session, facts)
    await record_customers(session, facts)
    await mark_customers(session, facts)
    await record_credit(session, facts)
    await record_directory(session, facts)
    await record_groups(session, facts)
    await record_hand_overs(session, HandOverRef, facts)
    await record_duplicates(session, facts)
    await ask_again(session, related)


def consumers(
    databases: Databases, settings: ServiceSettings, wake_relay: Callable[[], None]
) -> Sequence[ConsumingWorker]:
    """Return the worker that folds the topic of the customer service."""
    return [
        project(
            fold,
            consumer="sales",
            database=databases.worker,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        )
    ]
