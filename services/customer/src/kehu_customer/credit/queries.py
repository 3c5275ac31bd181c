"""Reading credit accounts and the group they belong to."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select

from kehu_customer.credit.models import CreditAccount
from kehu_customer.credit.standing import NOTHING, Standing
from kehu_customer.credit_contracts.queries import contracted_by
from kehu_customer.credit_limits.models import CreditLimit
from kehu_customer.credit_policy.queries import policy_of
from kehu_customer.credit_reports.queries import last_known_on
from kehu_customer.credit_reservations.models import CreditReservation, ReservationState
from kehu_customer.customers.models import Customer, CustomerState
from kehu_customer.customers.queries import matching
from kehu_customer.customers.schemas import CustomerFilters
from kehu_kernel.session import Session

PATH = """
    WITH RECURSIVE path AS (
        SELECT id, parent_id, 0 AS height FROM customers WHERE tenant_id = $1 AND id = $2
        UNION ALL
        SELECT customers.id, customers.parent_id, height + 1
        FROM path JOIN customers ON customers.tenant_id = $1 AND customers.id = path.parent_id
    )
    SELECT id, parent_id FROM path ORDER BY height
"""


@dataclass(frozen=True, slots=True)
class Group:
    """A customer's companies: the way up to the head company, and all accounts below that one."""

    path: tuple[UUID, ...]
    accounts: dict[UUID, CreditAccount]

    @property
    def head_id(self) -> UUID:
        """The head company."""
        return self.path[-1]

    @property
    def exposure(self) -> Decimal:
        """What the whole group has taken."""
        return sum((one.exposure for one in self.accounts.values()), NOTHING)

    @property
    def contracted(self) -> Decimal:
        """What of it contracts of sales take."""
        return sum((one.contracted for one in self.accounts.values()), NOTHING)

    @property
    def block_reason(self) -> str | None:
        """Why the customer is blocked: by itself, or by the next company above it that is."""
        accounts = (self.accounts.get(one) for one in self.path)
        return next((one.block_reason for one in accounts if one and one.block_reason), None)

    def mixes(self, currency: str | None) -> bool:
        """Whether some exposure is in another currency."""
        return any(one.exposure and one.currency != currency for one in self.accounts.values())


async def group_of(session: Session, customer_id: UUID, *, lock: bool = False) -> Group:
    """Return the group a customer belongs to; `lock` keeps its accounts, the smaller id first.

    A group has one credit: it counts whole, whoever of its companies the caller may see.
    """
    tenant_id = session.context.tenant_id
    await session.see_all_rows()
    path = await session.fetch(PATH, tenant_id, customer_id)
    ids = tuple(UUID(bytes=one["id"].bytes) for one in path)  # the driver has a type of its own
    below = matching(tenant_id, CustomerFilters(under=ids[-1]))
    query = (
        select(CreditAccount)
        .where(
            CreditAccount.tenant_id == tenant_id,
            CreditAccount.customer_id.in_(below.with_only_columns(Customer.id)),
        )
        .order_by(CreditAccount.id)
    )
    if lock:
        query = query.with_for_update(key_share=True)
    accounts = {one.customer_id: one for one in await session.scalars(query)}
    return Group(ids, accounts)


async def standing_of(session: Session, customer: Customer, group: Group, on: date) -> Standing:
    """Return where the credit of a customer stands: limit and report of a day, exposure of now."""
    tenant_id = session.context.tenant_id
    limit = await session.scalar(
        select(CreditLimit).where(
            CreditLimit.tenant_id == tenant_id,
            CreditLimit.customer_id == group.head_id,
            CreditLimit.starts_on <= on,
            CreditLimit.ends_on > on,
        )
    )
    reserved = await session.scalar(
        select(func.sum(CreditReservation.amount - CreditReservation.released)).where(
            CreditReservation.tenant_id == tenant_id,
            CreditReservation.customer_id == customer.id,
            CreditReservation.state == ReservationState.OPEN,
        )
    )
    contracts = await contracted_by(session, group.head_id, customer.id)
    report = await last_known_on(session, group.head_id, on)
    policy = await policy_of(session)
    head = group.accounts.get(group.head_id)
    counted = limit or head
    currency = counted.currency if counted else None
    return Standing(
        customer_id=customer.id,
        head_id=group.head_id,
        on=on,
        ended=customer.state == CustomerState.FORMER or customer.merged_into_id is not None,
        block_reason=group.block_reason,
        limit=limit.amount if limit else None,
        currency=currency,
        used=group.exposure,
        contracted=group.contracted,
        used_by_customer=(reserved or NOTHING) + contracts.own.get(currency or "", NOTHING),
        elsewhere=group.exposure - (head.exposure if head else NOTHING),
        currencies_mixed=group.mixes(currency) or bool(contracts.by_currency.keys() - {currency}),
        contracting=contracts.customer_ids,
        report_id=report.id if report else None,
        report_expires_on=report.expires_on if report else None,
        report_valid=report is not None and report.valid_on(on),
        report_required=policy.report_required,
    )
