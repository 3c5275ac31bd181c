"""What analytics does about events of others: it folds them, whole batches at once."""

from collections.abc import Callable, Sequence

from kehu_analytics.facts.fold import fold_facts, note_newest
from kehu_analytics.values.calculation import revalue, share_scoring
from kehu_kernel.erasure import record_orders
from kehu_kernel.process import ConsumingWorker, Databases
from kehu_kernel.projection import project
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_kernel.settings import ServiceSettings

ACTOR = "system:analytics"


async def fold(session: Session, facts: Sequence[Fact]) -> None:
    """Fold a batch into the facts, and the values of the customers that it concerns."""
    await record_orders(session, facts)
    touched = await fold_facts(session, facts)
    if touched.customers:
        tenants = {tenant_id for tenant_id, _ in touched.customers}
        await share_scoring(session, tenants, alone_in=touched.merging)
        await revalue(session, touched.customers, actor=ACTOR)
    await note_newest(session, facts)


def consumers(
    databases: Databases, settings: ServiceSettings, wake_relay: Callable[[], None]
) -> Sequence[ConsumingWorker]:
    """Return the worker that folds the topics of all other services."""
    return [
        project(
            fold,
            consumer="analytics",
            database=databases.worker,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        )
    ]
