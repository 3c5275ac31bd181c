"""Where a project comes from: a contract, an opportunity, or nowhere (1.4, items 3 and 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from kehu_kernel import ids
from kehu_kernel.session import Session
from kehu_sales.customers.service import (
    current_customer,
    load_customers,
    present_customer,
    survivor_of,
)
from kehu_sales.methods.errors import NoDefaultMethod, UnknownMethod
from kehu_sales.methods.models import Method
from kehu_sales.methods.queries import load_methods
from kehu_sales.opportunities.errors import AnotherCustomer, UnknownOpportunity
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.products.errors import UnknownProduct
from kehu_sales.products.naming import products_named
from kehu_sales.products.queries import load_products
from kehu_sales.projects.contracted import (
    NONE,
    agreed_in,
    by_product,
    left_of,
    lock_effective,
    planned_for,
    require_within,
    worth_of,
)
from kehu_sales.projects.errors import (
    NothingLeftOfContract,
    ProjectCustomerMissing,
    ProjectSourceUnclear,
)
from kehu_sales.projects.models import ProjectLine
from kehu_sales.projects.schemas import ProjectCreate
from kehu_sales.references import reference


@dataclass(frozen=True, slots=True)
class Wanted:
    """A product to be delivered."""

    product_id: UUID
    product_name: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Source:
    """What a project carries over."""

    customer_id: UUID
    lines: Sequence[Wanted]
    opportunity_id: UUID | None = None
    quote_id: UUID | None = None
    contract_id: UUID | None = None
    amount: Decimal | None = None
    currency: str | None = None

    def carried(self) -> dict[str, Any]:
        """Return the columns of the project that come from here."""
        names = (
            "customer_id", "opportunity_id", "quote_id", "contract_id", "amount", "currency",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def lines_of(self, project_id: UUID) -> list[ProjectLine]:
        """Return the lines of the new project, numbered from 1."""
        return [
            ProjectLine(
                id=ids.new_id(),
                project_id=project_id,
                line_number=number,
                product_id=one.product_id,
                product_name=one.product_name,
                quantity=one.quantity,
                delivered=NONE,
                given_up=NONE,
            )
            for number, one in enumerate(self.lines, start=1)
        ]


async def source_of(session: Session, data: ProjectCreate) -> Source:
    """Return what the project is made from.

    Raises `UnknownOpportunity`, `AnotherCustomer`, `ProjectCustomerMissing`, `UnknownProduct`,
    `UnknownCustomer`, `CustomerMerged`, `CustomerHasEnded`, or what `_from_contract` raises.
    """
    if data.contract_id is not None:
        return await _from_contract(session, data, data.contract_id)
    customer_id = await _customer_of(session, data)
    return Source(customer_id, await _own_lines(session, data), data.opportunity_id)


async def _from_contract(session: Session, data: ProjectCreate, contract_id: UUID) -> Source:
    """Carry over a contract in force: customer, opportunity, quote, and lines with their worth.

    The lines are those given, or whatever no project of the contract has planned yet. Raises
    `ProjectSourceUnclear`, `UnknownContract`, `ContractNotEffective`, `MoreThanContract`,
    `NothingLeftOfContract`, `CustomerHasEnded`.
    """
    contract = await lock_effective(session, contract_id)
    named, theirs = data.customer_id, contract.customer_id
    known = await load_customers(session, {one for one in (named, theirs) if one})
    other = named is not None and survivor_of(known, named) != survivor_of(known, theirs)
    if data.opportunity_id is not None or other:
        raise ProjectSourceUnclear
    agreed, taken = agreed_in(contract), await planned_for(session, contract_id)
    left = left_of(contract, taken)
    lines = await _own_lines(session, data) or [
        Wanted(line.product_id, line.product_name, line.quantity) for line in left
    ]
    if not lines:
        raise NothingLeftOfContract(number=contract.number)
    wanted = by_product((one.product_id, one.quantity) for one in lines)
    async with products_named(session):
        require_within(agreed, taken, wanted)
    return Source(
        customer_id=present_customer(known, theirs).id,
        lines=lines,
        opportunity_id=contract.opportunity_id,
        quote_id=contract.quote_id,
        contract_id=contract.id,
        amount=worth_of(left, wanted, contract.discount_percent),
        currency=contract.currency,
    )


async def _customer_of(session: Session, data: ProjectCreate) -> UUID:
    theirs = None
    opportunity = None
    if data.opportunity_id is not None:
        opportunity = await reference(session, Opportunity, data.opportunity_id, UnknownOpportunity)
        theirs = opportunity.customer_id
    named = data.customer_id
    known = await load_customers(session, {one for one in (named, theirs) if one})
    if named is not None:
        same = theirs is None or survivor_of(known, theirs) == survivor_of(known, named)
        if opportunity is not None and not same:
            raise AnotherCustomer(number=opportunity.number)
        return current_customer(known, named).id
    if theirs is None:
        raise ProjectCustomerMissing
    return present_customer(known, theirs).id


async def _own_lines(session: Session, data: ProjectCreate) -> list[Wanted]:
    products = await load_products(session, {line.product_id for line in data.lines})
    for line in data.lines:
        if line.product_id not in products:
            raise UnknownProduct(id=line.product_id)
    return [
        Wanted(line.product_id, products[line.product_id].name, line.quantity)
        for line in data.lines
    ]


async def method_of(session: Session, method_id: UUID | None) -> Method:
    """Return the method whose stages are ticked, the default one unless one is named.

    Raises `NoDefaultMethod`, `UnknownMethod`, `MethodWithdrawn`.
    """
    found = await load_methods(session, [method_id] if method_id else [], default=not method_id)
    if method_id is None:
        method = next((one for one in found.values() if one.is_default), None)
        if method is None:
            raise NoDefaultMethod
        return method
    if method_id not in found:
        raise UnknownMethod(id=method_id)
    found[method_id].require_active()
    return found[method_id]
