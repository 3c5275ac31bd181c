"""What of a contract may still be planned and delivered, over all its projects (1.4, items 3, 4).

Quantities are compared by product: lines of a contract change places when it is amended.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from sqlalchemy import case, func, or_, select

from kehu_kernel.session import Session
from kehu_sales.contracts.errors import (
    ContractHasDeliveries,
    ContractHasProjects,
    UnknownContract,
)
from kehu_sales.contracts.models import EFFECTIVE, Contract
from kehu_sales.projects.errors import ContractNotEffective, MoreThanContract
from kehu_sales.projects.models import OPEN, Project, ProjectLine, ProjectState
from kehu_sales.quotes.lines import QuoteLine, total_of
from kehu_sales.references import reference

Quantities = Mapping[UUID, Decimal]
NONE = Decimal(0)


def by_product(lines: Iterable[tuple[UUID, Decimal]]) -> Quantities:
    """Return the quantity of each product."""
    found: Counter[UUID] = Counter()
    for product_id, quantity in lines:
        found[product_id] += quantity  # type: ignore[assignment]
    return found  # type: ignore[return-value]


def require_within(agreed: Quantities, taken: Quantities, wanted: Quantities) -> None:
    """Refuse more of a product than the contract has left. Raises `MoreThanContract`."""
    for product_id, quantity in wanted.items():
        left = agreed.get(product_id, NONE) - taken.get(product_id, NONE)
        if quantity > left:
            shown = format(max(left, NONE).normalize(), "f")
            raise MoreThanContract(product=product_id, left=shown, quantity=format(quantity, "f"))


async def lock_effective(session: Session, contract_id: UUID) -> Contract:
    """Return a contract that binds both sides, locked: its projects take turns.

    Raises `UnknownContract`, `ContractNotEffective`.
    """
    contract = await reference(session, Contract, contract_id, UnknownContract, lock=True)
    if contract.state not in EFFECTIVE:
        raise ContractNotEffective(number=contract.number)
    return contract


def agreed_in(contract: Contract) -> Quantities:
    """Return what the contract is about."""
    return by_product((line.product_id, line.quantity) for line in contract.lines)


def left_of(contract: Contract, taken: Quantities) -> list[QuoteLine]:
    """Return the lines of the contract less what projects have planned, in their order."""
    gone, left = dict(taken), []
    for line in contract.lines:
        off = min(gone.get(line.product_id, NONE), line.quantity)
        gone[line.product_id] = gone.get(line.product_id, NONE) - off
        if line.quantity > off:
            left.append(replace(line, quantity=line.quantity - off))
    return left


def worth_of(left: Iterable[QuoteLine], wanted: Quantities, off_total: Decimal) -> Decimal:
    """Return what a part of a contract is worth: quantities at its prices, less its discount.

    Where lines of a product differ in price, the first of those that are left count.
    """
    still, part = dict(wanted), []
    for line in left:
        quantity = min(still.get(line.product_id, NONE), line.quantity)
        still[line.product_id] = still.get(line.product_id, NONE) - quantity
        part.append(replace(line, quantity=quantity))
    return total_of(part, off_total)


async def planned_for(session: Session, contract_id: UUID) -> Quantities:
    """Return what all projects of a contract have planned; of a cancelled one, what it delivered.

    What was given up may be planned again. Whoever's projects: the contract is one.
    """
    stands = case(
        (Project.state == ProjectState.CANCELLED, ProjectLine.delivered),
        else_=ProjectLine.quantity - ProjectLine.given_up,
    )
    return await _summed(session, contract_id, stands)


async def delivered_for(session: Session, contract_id: UUID) -> Quantities:
    """Return what all projects of a contract have delivered."""
    return await _summed(session, contract_id, ProjectLine.delivered)


async def require_undelivered(session: Session, contract: Contract) -> None:
    """Refuse to end a locked contract that projects deliver, or have delivered of.

    What is open or delivered counts, whoever's project it is. Raises `ContractHasDeliveries`,
    `ContractHasProjects`.
    """
    await session.see_all_rows()
    rows = await session.execute(
        select(Project.number, func.coalesce(func.sum(ProjectLine.delivered), 0))
        .outerjoin(
            ProjectLine,
            (ProjectLine.tenant_id == Project.tenant_id) & (ProjectLine.project_id == Project.id),
        )
        .where(
            Project.tenant_id == session.context.tenant_id,
            Project.contract_id == contract.id,
            or_(Project.state.in_(OPEN), ProjectLine.delivered > 0),
        )
        .group_by(Project.number)
        .order_by(Project.number)
    )
    projects: dict[str, Decimal] = dict(tuple(row) for row in rows)
    await session.see_rows_in_scope()
    having = [number for number, delivered in projects.items() if delivered]
    if having:
        raise ContractHasDeliveries(number=contract.number, projects=", ".join(having))
    if projects:
        raise ContractHasProjects(number=contract.number, projects=", ".join(projects))


async def _summed(session: Session, contract_id: UUID, quantity: object) -> Quantities:
    await session.see_all_rows()
    rows = await session.execute(
        select(ProjectLine.product_id, func.sum(quantity))
        .join(
            Project,
            (Project.tenant_id == ProjectLine.tenant_id) & (Project.id == ProjectLine.project_id),
        )
        .where(Project.tenant_id == session.context.tenant_id, Project.contract_id == contract_id)
        .group_by(ProjectLine.product_id)
    )
    found: dict[UUID, Decimal] = dict(tuple(row) for row in rows)
    await session.see_rows_in_scope()
    return found
