"""From the events of all services to the dealings with customers, a batch in one statement."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from kehu_contracts.fieldwork import ActivityRecorded
from kehu_contracts.marketing import LeadState
from kehu_contracts.sales import OpportunityState, OpportunityWon
from kehu_contracts.service_desk import COMPLAINT, RequestState
from kehu_customer.behaviour.models import DealingKind
from kehu_kernel import clock
from kehu_kernel.records import Fact
from kehu_kernel.session import Session

# The newest event of a document counts, whatever order they come in. `was` is whose it was before.
RECORD = """
    WITH new AS (
        SELECT * FROM unnest(
            $1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::date[], $7::date[],
            $8::numeric[], $9::text[], $10::boolean[], $11::bigint[]
        ) AS new (
            tenant_id, id, customer_id, kind, status, happened_on, closed_on, amount, currency,
            is_complaint, sequence
        )
    ), recorded AS (
        INSERT INTO dealings AS old (
            tenant_id, id, customer_id, kind, status, happened_on, closed_on, amount, currency,
            is_complaint, sequence
        )
        SELECT * FROM new
        ON CONFLICT (tenant_id, id) DO UPDATE SET
            customer_id = excluded.customer_id, status = excluded.status,
            happened_on = excluded.happened_on, closed_on = excluded.closed_on,
            amount = excluded.amount, currency = excluded.currency,
            is_complaint = coalesce(excluded.is_complaint, old.is_complaint),
            sequence = excluded.sequence
        WHERE old.sequence < excluded.sequence
    )
    SELECT was.tenant_id, was.customer_id, was.kind FROM dealings AS was
    JOIN new ON new.tenant_id = was.tenant_id AND new.id = was.id
    WHERE was.customer_id IS NOT NULL
"""


class Told(NamedTuple):
    """What an event says of a dealing; in the order of the columns."""

    tenant_id: str
    id: UUID
    customer_id: UUID | None
    kind: str
    status: str
    happened_on: date
    closed_on: date | None
    amount: Decimal | None
    currency: str | None
    is_complaint: bool | None
    sequence: int


CONTACTS = frozenset({"contacts", "last_contact_on"})
FACTS = {
    DealingKind.CONTACT: CONTACTS,
    DealingKind.OPPORTUNITY: frozenset(
        {
            "opportunities_open",
            "opportunities_won",
            "opportunities_lost",
            "last_opportunity_on",
            "last_won_on",
            "won_amount",
        }
    ),
    DealingKind.REQUEST: CONTACTS
    | {"requests", "requests_open", "last_request_on"}
    | {"complaints", "complaints_open", "last_complaint_on"},
    DealingKind.LEAD: frozenset(
        {"leads", "leads_open", "leads_converted", "leads_disqualified", "last_lead_on"}
    ),
}
"""Facts of a customer that a dealing of each kind has a part in."""


async def record_dealings(
    session: Session, facts: Iterable[Fact], zone: str
) -> list[tuple[str, UUID, frozenset[str]]]:
    """Record what a batch says of dealings; return (tenant, customer, facts) that it concerns.

    `session` is the worker's. Business days are those of the time zone `zone`.
    """
    newest: dict[tuple[str, UUID], Told] = {}
    touched: set[tuple[str, UUID, frozenset[str]]] = set()
    for one in filter(None, (_told(fact, zone) for fact in facts)):
        key = (one.tenant_id, one.id)
        if key not in newest or newest[key].sequence < one.sequence:
            newest[key] = one
        if one.customer_id is not None:
            touched.add((one.tenant_id, one.customer_id, FACTS[DealingKind(one.kind)]))
    if not newest:
        return []
    # In the order of the keys: two batches that meet never wait for each other in a circle.
    rows: Sequence[Told] = [newest[key] for key in sorted(newest)]
    for was in await session.fetch(RECORD, *zip(*rows, strict=True)):
        touched.add((was["tenant_id"], was["customer_id"], FACTS[DealingKind(was["kind"])]))
    return list(touched)


def _told(fact: Fact, zone: str) -> Told | None:
    event, envelope = fact
    said: tuple[UUID | None, str, str, date, date | None, Decimal | None, str | None]
    complaint: bool | None = None
    match event:
        case ActivityRecorded():
            on = event.occurred_on
            said = (event.customer_id, DealingKind.CONTACT, "done", on, None, None, None)
        case OpportunityState():
            won = event.won_amount if isinstance(event, OpportunityWon) else None
            said = (
                event.customer_id,
                DealingKind.OPPORTUNITY,
                event.status,
                event.opened_on,
                event.closed_on,
                won.amount if won else None,
                won.currency if won else None,
            )
        case RequestState():
            on = clock.today(event.created_at, zone)
            closed = clock.today(event.closed_at, zone) if event.closed_at else None
            said = (event.customer_id, DealingKind.REQUEST, event.status, on, closed, None, None)
            complaint = event.kind == COMPLAINT if event.kind else None
        case LeadState():
            on = event.created_on
            said = (event.customer_id, DealingKind.LEAD, event.status, on, None, None, None)
        case _:
            return None
    document_id = getattr(event, event.key)
    return Told._make((envelope.tenant_id, document_id, *said, complaint, envelope.sequence))
