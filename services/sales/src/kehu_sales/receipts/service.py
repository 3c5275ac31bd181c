"""What can be done with a receipt. Locks: the receipt, its contracts by id, their instalments."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from kehu_kernel import audit, business_day, ids, numbering, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.contracts import service as contracts
from kehu_sales.contracts.errors import UnknownContract
from kehu_sales.contracts.models import Contract, ContractState, Instalment
from kehu_sales.contracts.plan import NOTHING
from kehu_sales.customers.service import load_customers, require_customer, survivor_of
from kehu_sales.directory.service import department_of, require_staff
from kehu_sales.receipts import events, queries
from kehu_sales.receipts.errors import (
    NothingAllocated,
    ReceiptOfAnotherCustomer,
    UnknownInstalment,
)
from kehu_sales.receipts.models import Allocation, Receipt, ReceiptState
from kehu_sales.receipts.schemas import (
    AllocationInput,
    ReceiptAllocation,
    ReceiptCreate,
    ReceiptFilters,
    ReceiptRefund,
    ReceiptRelease,
    ReceiptReversal,
)

NUMBER_PREFIX = "REC"


async def record_receipt(session: Session, data: ReceiptCreate, *, today: date) -> Receipt:
    """Enter money that came in, and what it pays: as told, or what is due first.

    Raises `DateInFuture`, and what `require_staff`, `require_customer` and `_allocate` raise.
    """
    await require_staff(session, [data.owner_id], data.department_id)
    received_on = business_day.happened(data.received_on, today)
    customer = await require_customer(session, data.customer_id)
    owner_id = data.owner_id or session.context.employee_id
    receipt = Receipt(
        id=ids.new_id(),
        number=await numbering.next_number(session, NUMBER_PREFIX, year=received_on.year),
        state=ReceiptState.RECORDED,
        customer_id=customer.id,
        owner_id=owner_id,
        department_id=data.department_id or await department_of(session, owner_id),
        received_on=received_on,
        amount=data.amount.amount,
        currency=data.amount.currency,
        allocated=NOTHING,
        refunded=NOTHING,
        method=data.method,
        reference=data.reference,
    )
    paid = await _allocate(session, receipt, data.contract_id, data.allocations, received_on)
    audit.created(session, receipt)
    outbox.add(session, events.recorded(receipt, paid), sequence=receipt.version)
    await session.flush()  # the receipt, before what refers to it
    for allocation in paid:
        session.add(allocation)
    return receipt


async def allocate_receipt(
    session: Session,
    receipt_id: UUID,
    data: ReceiptAllocation,
    *,
    today: date,
    expected_version: int | None,
) -> Receipt:
    """Say what the rest of a receipt pays.

    Raises `DateInFuture`, `DateBeforePrevious`, and what `_allocate` raises.
    """
    receipt = await require(
        session, Receipt, receipt_id, lock=True, expected_version=expected_version
    )
    receipt.require_recorded()
    on = business_day.happened(data.on, today)
    business_day.follows(on, receipt.received_on)
    paid = await _allocate(session, receipt, data.contract_id, data.allocations, on)
    for allocation in paid:
        session.add(allocation)
    fields = audit.changed(session, receipt, "allocated")
    if fields:
        outbox.add(session, events.allocated(receipt, fields, paid), sequence=receipt.version)
    return receipt


async def release_receipt(
    session: Session,
    receipt_id: UUID,
    data: ReceiptRelease,
    *,
    today: date,
    expected_version: int | None,
) -> Receipt:
    """Take back what a receipt pays of an instalment; it is left over then.

    Raises `ReceiptReversed`, `NothingAllocated`, `DateInFuture`, `DateBeforePrevious`.
    """
    receipt = await require(
        session, Receipt, receipt_id, lock=True, expected_version=expected_version
    )
    receipt.require_recorded()
    on = business_day.happened(data.on, today)
    paid = [
        one
        for one in await queries.allocations_of(session, receipt.id, counting=True)
        if (one.contract_id, one.position) == (data.contract_id, data.position)
    ]
    if not paid:
        raise NothingAllocated(number=receipt.number)
    await _take_back(session, receipt, paid, on, data.reason)
    fields = audit.changed(session, receipt, "released", reason=(None, data.reason))
    told = [name for name in fields if name != "reason"]
    outbox.add(session, events.released(receipt, told, paid), sequence=receipt.version)
    return receipt


async def refund_receipt(
    session: Session, receipt_id: UUID, data: ReceiptRefund, *, expected_version: int | None
) -> Receipt:
    """Pay money back that pays nothing here. Raises what `Receipt.refund` raises."""
    receipt = await require(
        session, Receipt, receipt_id, lock=True, expected_version=expected_version
    )
    receipt.refund(data.amount)
    fields = audit.changed(session, receipt, "refunded", reason=(None, data.reason))
    told = [name for name in fields if name != "reason"]
    outbox.add(session, events.refunded(receipt, told), sequence=receipt.version)
    return receipt


async def reverse_receipt(
    session: Session,
    receipt_id: UUID,
    data: ReceiptReversal,
    *,
    today: date,
    expected_version: int | None,
) -> Receipt:
    """Say that a receipt was a mistake: what it paid is open again.

    Raises `ReceiptReversed`, `ReceiptRefunded`, `DateInFuture`, `DateBeforePrevious`.
    """
    receipt = await require(
        session, Receipt, receipt_id, lock=True, expected_version=expected_version
    )
    receipt.require_reversible()
    on = business_day.happened(data.on, today)
    business_day.follows(on, receipt.received_on)
    paid = await queries.allocations_of(session, receipt.id, counting=True)
    await _take_back(session, receipt, paid, on, data.reason)
    receipt.reverse(on, data.reason)
    fields = audit.changed(session, receipt, "reversed")
    outbox.add(session, events.reversed_(receipt, fields, paid), sequence=receipt.version)
    return receipt


async def list_allocations(session: Session, receipt_id: UUID) -> tuple[Receipt, list[Allocation]]:
    """Return a receipt and everything it paid, oldest first."""
    receipt = await require(session, Receipt, receipt_id)
    return receipt, await queries.allocations_of(session, receipt.id)


async def list_receipts(
    session: Session, filters: ReceiptFilters
) -> tuple[list[Receipt], str | None, int | None]:
    """Return one page of the receipts that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Receipt.id,
    )


def handed_over(session: Session, receipt: Receipt) -> None:
    """Write down that a locked receipt has another owner."""
    fields = audit.changed(session, receipt, "handed-over")
    if fields:
        outbox.add(session, events.changed(receipt, fields), sequence=receipt.version)


async def _allocate(
    session: Session,
    receipt: Receipt,
    contract_id: UUID | None,
    given: Sequence[AllocationInput] | None,
    on: date,
) -> list[Allocation]:
    """Pay instalments: those given, or else those due first, of one contract or of all.

    Raises `UnknownInstalment`, and what `_payable` and `Receipt.pay` raise.
    """
    if given is not None:
        wanted = {one.contract_id for one in given}
    elif contract_id is not None:
        wanted = {contract_id}
    else:
        wanted = set(await queries.payable(session, receipt.customer_id, receipt.currency))
    if not wanted:
        return []
    found = await _payable(session, receipt, wanted)
    instalments = await queries.instalments_of(session, wanted)
    shares = _due_first(receipt, instalments) if given is None else _told(given, instalments, found)
    paid = []
    for instalment, amount in shares:
        receipt.pay(found[instalment.contract_id], instalment, amount)
        paid.append(
            Allocation(
                id=ids.new_id(),
                receipt_id=receipt.id,
                contract_id=instalment.contract_id,
                position=instalment.position,
                amount=amount,
                allocated_on=on,
            )
        )
    for contract in found.values():
        contracts.changed(session, contract, "collected")
    return paid


async def _payable(session: Session, receipt: Receipt, ids_: set[UUID]) -> dict[UUID, Contract]:
    """Return contracts of the customer that can be paid, locked.

    Raises `UnknownContract`, `ReceiptOfAnotherCustomer`, `ContractNotReady`.
    """
    found = await queries.lock_contracts(session, ids_)
    missing = sorted(ids_ - found.keys())
    if missing:
        raise UnknownContract(id=missing[0])
    customers = {receipt.customer_id, *(one.customer_id for one in found.values())}
    known = await load_customers(session, customers)
    for contract in found.values():
        if survivor_of(known, contract.customer_id) != survivor_of(known, receipt.customer_id):
            raise ReceiptOfAnotherCustomer(number=contract.number)
        contract.require(ContractState.APPROVED)
    return found


def _due_first(
    receipt: Receipt, instalments: Sequence[Instalment]
) -> Iterable[tuple[Instalment, Decimal]]:
    """Yield what each instalment gets while money is left, those due first at the front."""
    left = receipt.unallocated
    for instalment in instalments:
        amount = min(left, instalment.open)
        if amount > 0:
            left -= amount
            yield instalment, amount


def _told(
    given: Sequence[AllocationInput],
    instalments: Sequence[Instalment],
    contracts_: Mapping[UUID, Contract],
) -> Iterable[tuple[Instalment, Decimal]]:
    """Yield what was told. Raises `UnknownInstalment`."""
    known = {(one.contract_id, one.position): one for one in instalments}
    for one in given:
        instalment = known.get((one.contract_id, one.position))
        if instalment is None:
            contract = contracts_[one.contract_id]
            raise UnknownInstalment(
                number=contract.number,
                position=one.position,
                instalments=len(contract.instalments),
            )
        yield instalment, one.amount


async def _take_back(
    session: Session, receipt: Receipt, paid: Sequence[Allocation], on: date, reason: str
) -> None:
    """Open again what a receipt paid; its contracts may be somebody else's.

    Raises `DateBeforePrevious`.
    """
    await session.see_all_rows()
    wanted = {one.contract_id for one in paid}
    found = await queries.lock_contracts(session, wanted)
    instalments = {
        (one.contract_id, one.position): one
        for one in await queries.instalments_of(session, wanted)
    }
    for one in paid:
        instalment = instalments[one.contract_id, one.position]
        receipt.take_back(found[one.contract_id], instalment, one.amount)
        one.release(on, reason)
    for contract in found.values():
        contracts.changed(session, contract, "money-taken-back")
