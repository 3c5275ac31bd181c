"""Whatever is asked of a customer, in whatever order, its life stays a possible one."""

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kehu_customer.customers.errors import CustomerHasEnded
from kehu_customer.customers.models import Customer, CustomerState
from kehu_kernel.errors import DomainError

CREATED = date(2026, 1, 10)
DAYS = st.integers(-3, 30).map(lambda days: CREATED + timedelta(days=days))
NOBODY_OR_SOMEBODY = st.none() | st.builds(uuid4)


class CustomerLife(RuleBasedStateMachine):
    """Promotes, ends, hands over and values one customer; a refusal must change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.customer = Customer(name="恒远精密", state=CustomerState.PROSPECT, created_on=CREATED)
        self.states = [CustomerState.PROSPECT]
        self.newest = 0

    def _facts(self) -> tuple[object, ...]:
        customer = self.customer
        return (
            customer.state, customer.promoted_on, customer.ended_on, customer.end_reason,
            customer.owner_id, customer.department_id,
        )  # fmt: skip

    @rule(on=DAYS)
    def promote(self, on: date) -> None:
        before = self._facts()
        try:
            self.customer.promote(on)
        except DomainError:
            assert self._facts() == before
        else:
            self.states.append(CustomerState.TRADE)

    @rule(on=DAYS)
    def end(self, on: date) -> None:
        before = self._facts()
        try:
            self.customer.end(on, "没有需求")
        except DomainError:
            assert self._facts() == before
        else:
            self.states.append(CustomerState.FORMER)

    @rule(owner=NOBODY_OR_SOMEBODY)
    def hand_over(self, owner: UUID | None) -> None:
        with suppress(DomainError):
            self.customer.hand_over(owner, uuid4() if owner else None)

    @rule(sequence=st.integers(1, 20))
    def record_value(self, sequence: int) -> None:
        recorded = self.customer.record_value(
            grade=str(sequence), score=Decimal(sequence), sequence=sequence
        )
        assert recorded == (sequence > self.newest)
        self.newest = max(self.newest, sequence)

    @precondition(lambda self: self.customer.state == CustomerState.FORMER)
    @rule(on=DAYS)
    def nothing_follows_the_end(self, on: date) -> None:
        before = self._facts()
        with pytest.raises(CustomerHasEnded):
            self.customer.promote(on)
        with pytest.raises(CustomerHasEnded):
            self.customer.end(on, "再次")
        with pytest.raises(CustomerHasEnded):
            self.customer.hand_over(uuid4(), uuid4())
        assert self._facts() == before

    @invariant()
    def states_only_move_forward(self) -> None:
        order = list(CustomerState)
        positions = [order.index(state) for state in self.states]
        assert positions == sorted(set(positions))
        assert self.customer.state == self.states[-1]

    @invariant()
    def dates_follow_each_other(self) -> None:
        customer = self.customer
        given = [customer.created_on, customer.promoted_on, customer.ended_on]
        dates = [day for day in given if day is not None]
        assert dates == sorted(dates)
        assert (customer.ended_on is not None) == (customer.state == CustomerState.FORMER)
        assert (customer.ended_on is None) == (customer.end_reason is None)

    @invariant()
    def has_an_owner_and_a_department_or_neither(self) -> None:
        assert (self.customer.owner_id is None) == (self.customer.department_id is None)

    @invariant()
    def shows_the_newest_value(self) -> None:
        assert self.customer.value_grade == (str(self.newest) if self.newest else None)


TestCustomerLife = CustomerLife.TestCase
TestCustomerLife.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
