"""What the customer service does about events: findings, timelines, segments, search terms."""

from collections.abc import Callable, Sequence
from functools import partial

from kehu_contracts import analytics, contracting, marketing, sales, service_desk
from kehu_contracts.analytics import CustomerValueChanged
from kehu_contracts.envelope import Envelope
from kehu_contracts.erasure import ErasureAcknowledgement
from kehu_contracts.fieldwork import ActivityRecorded
from kehu_contracts.topics import SEARCH, SEGMENTS, TIMELINE
from kehu_customer.credit_contracts.service import record_contract
from kehu_customer.customers.service import record_customer_value
from kehu_customer.erasures.service import acknowledge
from kehu_customer.public_pool.service import record_follow_up
from kehu_customer.search.fold import fold_terms
from kehu_customer.segments.changes import note_changes
from kehu_customer.timeline.fold import fold_entries
from kehu_kernel.consumer import Handlers, consume
from kehu_kernel.process import ConsumingWorker, Databases
from kehu_kernel.projection import project
from kehu_kernel.session import Session
from kehu_kernel.settings import ServiceSettings


async def on_customer_value_changed(
    session: Session, event: CustomerValueChanged, envelope: Envelope
) -> None:
    """Analytics calculated the value of a customer anew: write it back."""
    await record_customer_value(session, event, envelope.sequence)


async def on_activity_recorded(
    session: Session, event: ActivityRecorded, _envelope: Envelope
) -> None:
    """Sales turned to a customer: its owner keeps it for longer."""
    await record_follow_up(session, event)


async def on_contract(
    session: Session, event: contracting.ContractFact, envelope: Envelope
) -> None:
    """A contract took a step, or money came in for it: count what it takes of the credit."""
    await record_contract(session, event, envelope.sequence)


async def on_erasure_acknowledged(
    session: Session, event: ErasureAcknowledgement, envelope: Envelope
) -> None:
    """A service has erased a person."""
    service = envelope.type.partition(".")[0]
    await acknowledge(session, event.erasure_id, service, event.counts)


HANDLERS: Handlers = {
    CustomerValueChanged: on_customer_value_changed,
    ActivityRecorded: on_activity_recorded,
    contracting.ContractCreated: on_contract,
    contracting.ContractChanged: on_contract,
    contracting.ContractApproved: on_contract,
    contracting.ContractCollected: on_contract,
    contracting.ContractAmended: on_contract,
    contracting.ContractFulfilled: on_contract,
    contracting.ContractCancelled: on_contract,
    sales.SalesErasureAcknowledged: on_erasure_acknowledged,
    service_desk.ServiceDeskErasureAcknowledged: on_erasure_acknowledged,
    marketing.MarketingErasureAcknowledged: on_erasure_acknowledged,
    analytics.AnalyticsErasureAcknowledged: on_erasure_acknowledged,
}


def consumers(
    databases: Databases, settings: ServiceSettings, wake_relay: Callable[[], None]
) -> Sequence[ConsumingWorker]:
    """Return the workers that consume events.

    Timeline, segments and search have offsets and dead letters of their own: what one of them
    cannot make sense of keeps no finding waiting.
    """
    return [
        consume(
            HANDLERS,
            consumer="customer",
            database=databases.app,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        ),
        project(
            partial(fold_entries, zone=settings.time_zone),
            consumer=TIMELINE,
            database=databases.worker,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        ),
        project(
            partial(note_changes, zone=settings.time_zone),
            consumer=SEGMENTS,
            database=databases.worker,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        ),
        project(
            fold_terms,
            consumer=SEARCH,
            database=databases.worker,
            bootstrap=settings.kafka_bootstrap,
            after_commit=wake_relay,
        ),
    ]
