"""Receivables on the wire."""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day
from kehu_sales.contracts.models import Contract, Instalment
from kehu_sales.receivables.ages import Age, advice_on, age_of, days_late


class AgeRead(BaseModel):
    """How old a receivable is."""

    from_day: int | None = Field(description="First day late; null: not due yet.")
    to_day: int | None = Field(description="Last day late; null: without end, or not due yet.")

    @classmethod
    def of(cls, age: Age) -> Self:
        """Return the age as the API shows it."""
        return cls(from_day=age.from_day, to_day=age.to_day)


class ReceivableAdviceRead(BaseModel):
    """What to do about it."""

    zh: str = Field(description="In Chinese.")
    en: str = Field(description="In English.")


class ReceivableRead(BaseModel):
    """An instalment of a contract in force that has not come in, or not all of it."""

    id: UUID = Field(description="The instalment's id.")
    contract_id: UUID = Field(description="The contract.")
    contract_number: str = Field(description="The contract's number.")
    customer_id: UUID = Field(description="Who has to pay.")
    owner_id: UUID | None = Field(description="Who works on the contract.")
    position: int = Field(description="The instalment, counted from 1.")
    due_on: date = Field(description="Day it is due.")
    condition: str | None = Field(description="On which condition.")
    amount: Money = Field(description="What is due.")
    collected: Money = Field(description="What came in of it.")
    open: Money = Field(description="What has not.")
    days_late: int = Field(description="Days after the due day; 0 while it is not late.")
    age: AgeRead = Field(description="Into which age it falls.")
    advice: ReceivableAdviceRead = Field(description="What to do about it.")

    @classmethod
    def of(
        cls, instalment: Instalment, contract: Contract, today: date, bounds: tuple[int, ...]
    ) -> Self:
        """Return the receivable as the API shows it."""

        def money(amount: object) -> Money:
            return Money.model_validate({"amount": amount, "currency": contract.currency})

        late = days_late(instalment.due_on, today)
        age = age_of(late, bounds)
        zh, en = advice_on(age, bounds)
        return cls(
            id=instalment.id,
            contract_id=contract.id,
            contract_number=contract.number,
            customer_id=contract.customer_id,
            owner_id=contract.owner_id,
            position=instalment.position,
            due_on=instalment.due_on,
            condition=instalment.condition,
            amount=money(instalment.amount),
            collected=money(instalment.collected),
            open=money(instalment.open),
            days_late=late,
            age=AgeRead.of(age),
            advice=ReceivableAdviceRead(zh=zh, en=en),
        )


class ReceivableFilters(PageParams):
    """Filters of the receivables; all must match."""

    contract_id: UUID | None = Field(None, description="Of this contract.")
    customer_id: UUID | None = Field(
        None, description="From this customer, also if entered for a record merged with it."
    )
    owner_id: UUID | None = Field(None, description="Of this employee's contracts.")
    due_before: Day | None = Field(None, description="Due before this day: today for what is late.")
    sort: Literal["due_on", "-due_on"] = Field(
        "due_on", description="Order; a leading minus reverses it."
    )


class AgeSum(BaseModel):
    """What is open in one age."""

    age: AgeRead = Field(description="The age.")
    open: Money = Field(description="What is open in it.")


class CustomerAges(BaseModel):
    """What a customer owes in one currency, by age."""

    customer_id: UUID = Field(description="The customer; the surviving record of merged ones.")
    open: Money = Field(description="Everything that is open.")
    ages: list[AgeSum] = Field(description="What of it is in each age, from not due to latest.")


class AgeQuestion(BaseModel):
    """Whose receivables to add up."""

    model_config = ConfigDict(extra="forbid")

    customer_id: UUID | None = Field(None, description="Only of this customer.")
    limit: int = Field(100, ge=1, le=500, description="How many customers at most: who owes most.")


class AgeList(BaseModel):
    """What customers owe, by age."""

    items: list[CustomerAges] = Field(description="Who owes most comes first.")
