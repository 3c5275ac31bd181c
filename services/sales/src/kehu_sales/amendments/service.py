"""What can be done with amendments. Locks: the amendment, its contract, the instalments of it."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import delete

from kehu_contracts.money import Money
from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.amendments import queries
from kehu_sales.amendments.errors import AmendmentCurrencyDiffers, UnknownRevision
from kehu_sales.amendments.models import AmendmentState, ContractAmendment
from kehu_sales.amendments.rules import redraw, require_money_kept, require_planned_kept
from kehu_sales.amendments.schemas import AmendmentCreate, AmendmentFilters
from kehu_sales.approvals.models import Approval, DocumentKind, Facts
from kehu_sales.approvals.service import Document, start
from kehu_sales.contracts import events
from kehu_sales.contracts.models import Contract, ContractState, Instalment
from kehu_sales.contracts.plan import require_payable, shares_of
from kehu_sales.contracts.queries import lock_instalments
from kehu_sales.contracts.service import needs_consent
from kehu_sales.credit.service import admit_on_account
from kehu_sales.customers.service import load_customers, present_customer
from kehu_sales.db import among
from kehu_sales.products.naming import products_named
from kehu_sales.projects.contracted import by_product, planned_for
from kehu_sales.quotes import pricing
from kehu_sales.quotes.lines import largest_discount, total_of
from kehu_sales.quotes.schemas import QuoteLineInput


async def amend_contract(
    session: Session,
    contract_id: UUID,
    data: AmendmentCreate,
    *,
    today: date,
    expected_version: int | None,
) -> ContractAmendment:
    """Propose what a contract in force is to say; it says so at once if nobody has to agree.

    Raises `ContractNotReady`, `ContractBeingAmended`, `NothingAmended`, `CreditRefused`, and what
    `_proposed`, `_instalments_to_keep` and `require_payable` raise.
    """
    contract = await require(
        session, Contract, contract_id, lock=True, expected_version=expected_version
    )
    contract.require(ContractState.APPROVED)
    await queries.require_none_open(session, contract.id)
    amendment = await _proposed(session, contract, data, today)
    amendment.require_change(contract)
    business_day.period(amendment.starts_on, amendment.ends_on)
    require_payable(amendment.instalments, amendment.total, contract.signed_on)
    instalments = await _instalments_to_keep(session, contract, amendment)
    await _require_credit(session, contract, amendment, today)
    approval = await _submit(session, contract, amendment)
    amendment.submitted_by = session.context.actor
    amendment.follow(approval.state, today, session.context.actor)
    audit.created(session, amendment)
    if amendment.state == AmendmentState.APPROVED:
        await _agree(session, contract, amendment, instalments)
    return amendment


async def approval_decided(session: Session, approval: Approval, today: date) -> None:
    """Follow what was decided; the contract may have gone on since it was proposed.

    Raises `AmendmentInForce`, `ContractNotReady`, and what `_instalments_to_keep` raises.
    """
    amendment = await require(session, ContractAmendment, approval.document_id, lock=True)
    amendment.follow(approval.state, today, session.context.actor)
    if amendment.state == AmendmentState.APPROVED:
        contract = await require(session, Contract, amendment.contract_id, lock=True)
        contract.require(ContractState.APPROVED)
        instalments = await _instalments_to_keep(session, contract, amendment)
        await _agree(session, contract, amendment, instalments)
    audit.changed(session, amendment, f"approval-{approval.state}")


async def list_amendments(
    session: Session, filters: AmendmentFilters
) -> tuple[list[ContractAmendment], str | None, int | None]:
    """Return one page of the amendments that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=ContractAmendment.id,
    )


async def list_revisions(session: Session, contract_id: UUID) -> list[ContractAmendment]:
    """Return every version of a contract that was agreed to, oldest first; none of a draft."""
    contract = await require(session, Contract, contract_id)
    if contract.approved_on is None:
        return []
    return await queries.kept_of(session, contract.id) or [await _original(session, contract)]


async def read_revision(session: Session, contract_id: UUID, revision: int) -> ContractAmendment:
    """Return one version of a contract that was agreed to. Raises `NotFound`, `UnknownRevision`."""
    agreed = {one.revision: one for one in await list_revisions(session, contract_id)}
    if revision in agreed:
        return agreed[revision]
    contract = await require(session, Contract, contract_id)
    raise UnknownRevision(
        number=contract.number, revision=revision, agreed=list(agreed) or ["none"]
    )


def _require_currency_of(contract: Contract, lines: Iterable[QuoteLineInput]) -> None:
    typed = {line.unit_price.currency for line in lines if line.unit_price is not None}
    for given in sorted(typed - {contract.currency}):
        raise AmendmentCurrencyDiffers(
            number=contract.number, currency=contract.currency, given=given
        )


async def _proposed(
    session: Session, contract: Contract, data: AmendmentCreate, today: date
) -> ContractAmendment:
    """Return the contract as it is to be; percentages of the plan follow a new total.

    Lines that were quoted may change as well: revision 1 keeps what was quoted. Raises
    `AmendmentCurrencyDiffers`, and what `pricing.price_lines`, `total_of` and `shares_of` raise.
    """
    amendment = ContractAmendment.of(contract, contract.revision + 1, AmendmentState.IN_APPROVAL)
    given = data.given()
    for name in given.keys() - {"lines", "instalments"}:
        setattr(amendment, name, given[name])
    if data.instalments is not None:
        amendment.instalments = tuple(one.share() for one in data.instalments)
    if data.lines is not None:
        _require_currency_of(contract, data.lines)
        known = await load_customers(session, [contract.customer_id])
        amendment.lines, _ = await pricing.price_lines(
            session,
            data.lines,
            present_customer(known, contract.customer_id),
            today,
            currency=contract.currency,
            kept=contract.lines,
            only=contract.currency,
        )
    amendment.total = total_of(amendment.lines, amendment.discount_percent)
    amendment.instalments = shares_of(amendment.instalments, amendment.total)
    return amendment


async def _instalments_to_keep(
    session: Session, contract: Contract, amendment: ContractAmendment
) -> list[Instalment]:
    """Return the instalments of a locked contract, unless they or projects refuse the amendment.

    Raises what `require_money_kept` and `require_planned_kept` raise.
    """
    instalments = await lock_instalments(session, contract.id)
    require_money_kept(contract, amendment.total, amendment.instalments, instalments)
    proposed = by_product((line.product_id, line.quantity) for line in amendment.lines)
    planned = await planned_for(session, contract.id)
    async with products_named(session):
        require_planned_kept(contract, proposed, planned)
    return instalments


async def _require_credit(
    session: Session, contract: Contract, amendment: ContractAmendment, today: date
) -> None:
    """Ask the customer's credit for more than the contract takes by now. Raises `CreditRefused`."""
    more = amendment.total > contract.total or not contract.on_account
    if amendment.on_account and more:
        asked = Money(amount=amendment.total - contract.collected, currency=contract.currency)
        await admit_on_account(session, contract, asked, today=today)


async def _submit(session: Session, contract: Contract, amendment: ContractAmendment) -> Approval:
    """Submit it, along the chain of amendments, or else that of contracts.

    Other prices need somebody's consent wherever a quote of the same lines would.
    """
    document = Document(
        DocumentKind.CONTRACT_AMENDMENT,
        amendment.id,
        amendment.number,
        contract.customer_id,
        contract.department_id,
        contract.owner_id,
        contract.opportunity_id,
        contract.id,
        like=DocumentKind.CONTRACT,
    )
    facts = Facts(amendment.sum, largest_discount(amendment.lines, amendment.discount_percent))
    repriced = amendment.differs_in(contract) & {"lines", "discount_percent"}
    must = bool(repriced) and await needs_consent(session, amendment, facts)
    return await start(session, document, facts, must=must)


async def _agree(
    session: Session,
    contract: Contract,
    amendment: ContractAmendment,
    instalments: Sequence[Instalment],
) -> None:
    """Have a locked contract say what was agreed to; what it said before is kept."""
    if contract.revision == 1:
        audit.created(session, await _original(session, contract))
    await session.see_all_rows()  # who is named decides, wherever the contract belongs
    amendment.put_into(contract)
    new, gone = redraw(contract, instalments)
    for one in new:
        session.add(one)
    if gone:
        await session.execute(
            delete(Instalment).where(
                Instalment.tenant_id == contract.tenant_id,
                among(Instalment.id, {one.id for one in gone}),
            )
        )
    reason = amendment.reason or ""
    fields = audit.changed(session, contract, "amended", reason=(None, reason))
    told = [name for name in fields if name != "reason"]
    outbox.add(session, events.amended(contract, told, reason), sequence=contract.version)


async def _original(session: Session, contract: Contract) -> ContractAmendment:
    """Return what a contract that was never amended says, and who agreed to it."""
    original = ContractAmendment.of(contract, contract.revision, AmendmentState.ORIGINAL)
    original.number = contract.number
    await session.see_all_rows()
    by = await queries.first_agreed_by(session, contract.id)
    await session.see_rows_in_scope()
    original.submitted_by, original.decided_by = by
    return original
