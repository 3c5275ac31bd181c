"""What was decided about a batch becomes records: rows, events and audit entries as by the API.

Everything is written with one statement per table.
"""

from uuid import UUID

from kehu_customer.classifications.ruling import follow
from kehu_customer.contact_points import events as point_events
from kehu_customer.customers import events
from kehu_customer.duplicates.models import DuplicatePair, PairSource, PairState
from kehu_customer.duplicates.pairs import enter_pair
from kehu_customer.duplicates.queries import enter_keys, keep_keys
from kehu_customer.imports import people, updating
from kehu_customer.imports.batches import Batch
from kehu_customer.imports.lines import Line, own_keys
from kehu_customer.imports.models import ImportRow, Outcome
from kehu_customer.ownership.service import record_first_owner
from kehu_kernel import audit, outbox
from kehu_kernel.session import Session


async def enter(session: Session, batch: Batch) -> None:
    """Enter the new customers, write the updates, and note what became of each row."""
    keys = {}
    for line in batch.lines:
        if line.outcome is Outcome.CREATED:
            _create(session, batch, line)
            keys[line.id] = own_keys(line)
    replaced, renewed = await updating.update(session, batch)
    if keys:
        await session.flush()  # who has a row scope enters keys of customers that are seen
        await enter_keys(session, keys)
    if renewed:
        await keep_keys(session, renewed)
    note(session, batch, replaced)


def note(
    session: Session, batch: Batch, replaced: dict[UUID, dict[str, object]] | None = None
) -> None:
    """Note what became of the rows. A check notes refused rows only: nothing became of others."""
    versions: dict[UUID | None, int] = {one.id: one.version for one in batch.on_record}
    for line in batch.lines:
        outcome = line.outcome or Outcome.REFUSED
        batch.job.count(outcome)
        if replaced is None and outcome is not Outcome.REFUSED:
            continue
        customer_id = line.id if outcome is Outcome.CREATED else line.customer_id
        refused = outcome is Outcome.REFUSED
        entered = outcome in (Outcome.CREATED, Outcome.UPDATED)
        session.add(
            ImportRow(
                import_id=batch.job.id,
                number=line.number,
                outcome=outcome,
                customer_id=None if refused else customer_id,
                customer_version=1
                if outcome is Outcome.CREATED
                else versions.get(line.customer_id),
                before=(replaced or {}).get(line.id),
                reasons=line.reasons,
                cells=[_storable(one) for one in line.cells] if refused else None,
                contact_id=line.contact.id if line.contact and entered else None,
            )
        )


def _create(session: Session, batch: Batch, line: Line) -> None:
    customer = line.customer
    assert customer is not None  # noqa: S101 - without one there is a reason
    audit.created(session, customer)
    outbox.add(session, events.created(customer), sequence=customer.version)
    record_first_owner(session, customer)
    for entry in line.entries:
        session.add(entry)
    for point in line.points:
        audit.created(session, point)
        outbox.add(session, point_events.created(point), sequence=point.version)
    if line.contact is not None:
        people.enter(session, line.contact, line.contact_points, today=batch.today)
    for suspect in line.suspects:
        pair = DuplicatePair.of(
            customer.id,
            suspect.record.customer_id,
            score=suspect.score,
            reasons=list(suspect.reasons),
            source=PairSource.CREATION,
            state=PairState.OPEN,
        )
        enter_pair(session, pair)
    for scheme in batch.ruled:
        follow(session, scheme, customer, None)


def _storable(cell: str) -> str:
    """Return a cell as the database can keep it."""
    return cell.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
