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
from kehu_sales.directory.models import EmployeeRef
from kehu_sales.methods.errors import NoDefaultMethod, UnknownMethod
from kehu_sales.methods.models import Method
from kehu_sales.methods.queries import load_methods
from kehu_sales.opportunities.errors import AnotherCustomer, UnknownOpportunity
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.products.errors import UnknownProduct
from kehu_sales.products.queries import load_products
from kehu_sales.projects.errors import ProjectCustomerMissing
from kehu_sales.projects.models import ProjectLine
from kehu_sales.projects.schemas import ProjectCreate

NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A product to be delivered; `contract_line` is its place in the contract, from 1."""

    product_id: UUID
    product_name: str
    quantity: Decimal
    contract_line: int | None = None


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
                contract_line=one.contract_line,
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
    `UnknownCustomer`, `CustomerMerged`, `CustomerHasEnded`.
    """
    customer_id = await _customer_of(session, data)
    return Source(
        customer_id=customer_id,
        lines=await _own_lines(session, data),
        opportunity_id=data.opportunity_id,
        contract_id=data.contract_id,
    )


async def _customer_of(session: Session, data: ProjectCreate) -> UUID:
    theirs = None
    opportunity = None
    if data.opportunity_id is not None:
        key = (session.context.tenant_id, data.opportunity_id)
        opportunity = await session.get(Opportunity, key)
        if opportunity is None:
            raise UnknownOpportunity(id=data.opportunity_id)
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


async def department_of(session: Session, employee_id: UUID | None) -> UUID | None:
    """Return the department the directory knows of an employee."""
    if employee_id is None:
        return None
    known = await session.get(EmployeeRef, (session.context.tenant_id, employee_id))
    return known.department_id if known else None
