"""What contracts take of the credit, on the wire."""

from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from kehu_contracts.money import Money
from kehu_customer.credit_contracts.models import CreditContract
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import shown


class CreditContractRead(BaseModel):
    """What a contract of sales takes of the credit, by what sales told last."""

    id: UUID = Field(description="The contract's id, in the sales service.")
    number: str = Field(description="Its document number, e.g. `CON-2026-000001`.")
    customer_id: UUID = Field(description="The customer it is with, a branch perhaps.")
    state: str = Field(
        description="Where it stands: draft, in_approval, approved (in force), fulfilled or "
        "cancelled; may grow."
    )
    on_account: bool = Field(description="Whether the customer pays after delivery.")
    total: Money = Field(description="What was agreed.")
    collected: Money = Field(description="What of it came in.")
    taken: Money = Field(description="What it takes of the credit.")

    @classmethod
    def of(cls, one: CreditContract) -> Self:
        """Return the contract as the API shows it."""
        money = {
            name: Money(amount=getattr(one, name), currency=one.currency)
            for name in ("total", "collected", "taken")
        }
        return shown(cls, one, **money)


class CreditContractFilters(PageParams):
    """Filters of the list of contracts; all must match."""

    customer_id: UUID | None = Field(
        None, description="Of this customer, and of records merged into it."
    )
    number: str | None = Field(None, description="With this document number.")
    taking: bool | None = Field(None, description="Whether it takes credit now.")
    sort: Literal["taken", "-taken"] = Field(
        "-taken", description="Order; a leading minus reverses it."
    )
