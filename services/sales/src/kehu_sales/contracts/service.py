"""What can be done with a contract. One function per command; each runs in one transaction."""

from datetime import date
from uuid import UUID

from kehu_kernel import audit, business_day, ids, numbering, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.amendments.models import ContractAmendment
from kehu_sales.amendments.queries import require_none_open
from kehu_sales.approvals.models import Approval, ApprovalState, DocumentKind, Facts
from kehu_sales.approvals.service import Document, start
from kehu_sales.contracts import events, queries
from kehu_sales.contracts.models import Contract, ContractState, Instalment
from kehu_sales.contracts.plan import NOTHING
from kehu_sales.contracts.schemas import (
    ContractCancellation,
    ContractCreate,
    ContractFilters,
    ContractStep,
    ContractUpdate,
    CreditOverride,
)
from kehu_sales.contracts.sources import Source, require_agreed, source_of
from kehu_sales.credit.service import admit_on_account
from kehu_sales.credit.standing import CreditFound
from kehu_sales.customers.service import load_customers, present_customer
from kehu_sales.directory.service import department_of, require_newly_named, require_staff
from kehu_sales.opportunities.links import lock_saleable
from kehu_sales.products.queries import load_products
from kehu_sales.projects.contracted import require_undelivered
from kehu_sales.quote_policy.queries import policy_of
from kehu_sales.quotes import pricing
from kehu_sales.quotes import service as quotes
from kehu_sales.quotes.lines import is_below_floor, largest_discount
from kehu_sales.quotes.models import Quote

NUMBER_PREFIX = "CON"


async def create_contract(
    session: Session, data: ContractCreate, *, today: date, currency: str
) -> Contract:
    """Draft a contract, from an approved quote or free; a quote knows its contract from then on.

    Raises `DateInFuture`, and what `require_staff`, `source_of`, `Contract.agree` and
    `Contract.plan` raise.
    """
    await require_staff(session, [data.owner_id], data.department_id)
    signed_on = business_day.happened(data.signed_on, today)
    source = await source_of(session, data, today=today, currency=currency)
    contract = await _draft(session, data, source, signed_on)
    contract.agree(source.lines, source.currency, source.discount)
    contract.plan(tuple(one.share() for one in data.instalments or ()))
    business_day.period(contract.starts_on, contract.ends_on)
    contract.number = await numbering.next_number(session, NUMBER_PREFIX, year=signed_on.year)
    audit.created(session, contract)
    outbox.add(session, events.created(contract), sequence=contract.version)
    if source.quote is not None:
        quotes.name_contract(session, source.quote, contract.id)
    return contract


async def _draft(
    session: Session, data: ContractCreate, source: Source, signed_on: date
) -> Contract:
    owner_id = data.owner_id or source.owner_id
    return Contract(
        id=ids.new_id(),
        state=ContractState.DRAFT,
        revision=1,
        quote_id=data.quote_id,
        opportunity_id=source.opportunity_id,
        customer_id=source.customer.id,
        contact_id=data.contact_id,
        owner_id=owner_id,
        department_id=data.department_id
        or (None if data.owner_id else source.department_id)
        or await department_of(session, owner_id),
        collected=NOTHING,
        instalments=(),
        on_account=data.on_account,
        settlement_method=data.settlement_method,
        terms=data.terms,
        signed_on=signed_on,
        starts_on=data.starts_on or signed_on,
        ends_on=data.ends_on,
    )


async def change_contract(
    session: Session, contract_id: UUID, data: ContractUpdate, *, today: date, expected_version: int
) -> Contract:
    """Change a draft; new lines get the prices of today.

    Raises `ContractNotReady`, `LinesOfTheQuote`, `DateInFuture`, `PeriodReversed`, and what
    `require_newly_named`, `pricing.price_lines`, `Contract.agree` and `Contract.plan` raise.
    """
    contract = await require(
        session, Contract, contract_id, lock=True, expected_version=expected_version
    )
    contract.require(ContractState.DRAFT)
    agreed = contract.open
    given = data.given()
    await require_newly_named(session, contract, given, "owner_id")
    for name in given.keys() - {"lines", "discount_percent", "instalments"}:
        setattr(contract, name, given[name])
    business_day.happened(contract.signed_on, today)
    business_day.period(contract.starts_on, contract.ends_on)
    if data.instalments is not None:
        contract.instalments = tuple(one.share() for one in data.instalments)
    priced = contract.lines, contract.currency
    if data.lines is not None or data.discount_percent is not None:
        contract.require_own_lines()
    if data.lines is not None:
        known = await load_customers(session, [contract.customer_id])
        priced = await pricing.price_lines(
            session,
            data.lines,
            present_customer(known, contract.customer_id),
            today,
            currency=contract.currency,
            kept=contract.lines,
            only=contract.currency,
        )
    discount = data.discount_percent
    contract.agree(*priced, contract.discount_percent if discount is None else discount)
    contract.keep_override(agreed)
    return changed(session, contract, "changed")


async def submit_contract(
    session: Session, contract_id: UUID, *, today: date, expected_version: int | None
) -> tuple[Contract, list[CreditFound]]:
    """Submit a draft; it comes into force at once if nobody has to agree to it.

    Returned with what speaks against it in the customer's credit. A free contract needs somebody's
    consent wherever a quote of the same lines would. Raises `ContractNotReady`, `QuoteNotApproved`,
    `QuoteHasExpired`, `CreditRefused`, and what `require_sound` and `lock_saleable` raise.
    """
    contract = await require(
        session, Contract, contract_id, lock=True, expected_version=expected_version
    )
    contract.require(ContractState.DRAFT)
    contract.require_sound()
    if contract.quote_id is not None:
        await session.see_all_rows()  # the quote may be somebody else's
        require_agreed(await require(session, Quote, contract.quote_id, lock=True), today)
        await session.see_rows_in_scope()
    await lock_saleable(session, contract.opportunity_id)
    found = []
    if contract.on_account:
        found = await admit_on_account(session, contract, contract.open, today=today)
    document = Document.of(DocumentKind.CONTRACT, contract)
    facts = Facts(contract.sum, largest_discount(contract.lines, contract.discount_percent))
    must = contract.quote_id is None and await needs_consent(session, contract, facts)
    approval = await start(session, document, facts, must=must)
    return _follow(session, contract, approval, today), found


async def override_credit(
    session: Session, contract_id: UUID, data: CreditOverride, *, expected_version: int | None
) -> Contract:
    """Let a draft pass though the credit refuses it.

    Raises what `Contract.override_credit` raises.
    """
    contract = await require(
        session, Contract, contract_id, lock=True, expected_version=expected_version
    )
    contract.override_credit(data.reason)
    return changed(session, contract, "credit-overridden")


async def approval_decided(session: Session, approval: Approval, today: date) -> None:
    """Follow what was decided about the contract: nothing lost comes into force.

    Raises `ContractInForce`, and what `lock_saleable` raises.
    """
    contract = await require(session, Contract, approval.document_id, lock=True)
    if approval.state == ApprovalState.APPROVED:
        await lock_saleable(session, contract.opportunity_id)
        await session.see_all_rows()  # who decides may see neither of them
    _follow(session, contract, approval, today)


async def fulfil_contract(
    session: Session,
    contract_id: UUID,
    data: ContractStep,
    *,
    today: date,
    expected_version: int | None,
) -> Contract:
    """Say that a contract is fulfilled.

    Raises what `Contract.fulfil` raises, `DateInFuture`, `ContractBeingAmended`.
    """
    contract = await require(
        session, Contract, contract_id, lock=True, expected_version=expected_version
    )
    contract.fulfil(_after_signing(contract, data.on, today))
    await require_none_open(session, contract.id)
    return changed(session, contract, "fulfilled")


async def cancel_contract(
    session: Session,
    contract_id: UUID,
    data: ContractCancellation,
    *,
    today: date,
    expected_version: int | None,
) -> Contract:
    """Cancel a contract, and why; its quote may be pushed down again.

    Raises what `Contract.cancel` raises, `DateInFuture`, `DateBeforePrevious`,
    `ContractBeingAmended`, `ContractHasProjects`, `ContractHasDeliveries`.
    """
    contract = await require(
        session, Contract, contract_id, lock=True, expected_version=expected_version
    )
    contract.cancel(_after_signing(contract, data.on, today), data.reason)
    await require_none_open(session, contract.id)
    await require_undelivered(session, contract)
    for instalment in await queries.lock_instalments(session, contract.id):
        instalment.overdue_told_for = instalment.due_on  # nothing is due any more
    if contract.quote_id is not None:
        await session.see_all_rows()  # the quote may be somebody else's
        quote = await require(session, Quote, contract.quote_id, lock=True)
        quotes.name_contract(session, quote, None)
    return changed(session, contract, "cancelled")


async def list_contracts(
    session: Session, filters: ContractFilters
) -> tuple[list[Contract], str | None, int | None]:
    """Return one page of the contracts that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Contract.id,
    )


def changed(session: Session, contract: Contract, action: str) -> Contract:
    """Write down a change of a locked contract, and tell it; nothing if there is none."""
    fields = audit.changed(session, contract, action)
    if fields:
        outbox.add(session, events.changed(contract, fields), sequence=contract.version)
    return contract


def _follow(session: Session, contract: Contract, approval: Approval, today: date) -> Contract:
    contract.follow(approval.state, today)
    if contract.state == ContractState.APPROVED:
        for position, share in enumerate(contract.instalments, 1):
            session.add(
                Instalment(
                    id=ids.new_id(),
                    contract_id=contract.id,
                    position=position,
                    due_on=share.due_on,
                    amount=share.amount,
                    condition=share.condition,
                    collected=NOTHING,
                    overdue_count=0,
                )
            )
    return changed(session, contract, f"approval-{approval.state}")


async def needs_consent(
    session: Session, contract: Contract | ContractAmendment, facts: Facts
) -> bool:
    """Whether its prices are below a floor, or more is given off than the caller may give (S7)."""
    products = await load_products(session, {line.product_id for line in contract.lines})
    below = any(
        is_below_floor(
            line, products[line.product_id], contract.discount_percent, contract.currency
        )
        for line in contract.lines
    )
    limit = (await policy_of(session)).limit_of(session.context.roles)
    return below or facts.discount_percent is None or facts.discount_percent > limit


def _after_signing(contract: Contract, on: date | None, today: date) -> date:
    day = business_day.happened(on, today)
    business_day.follows(day, contract.signed_on)
    return day
