"""The rules of a customer's life."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from kehu_customer.customers.errors import AlreadyTradeCustomer, CustomerHasEnded
from kehu_customer.customers.models import Customer, CustomerState
from kehu_kernel.business_day import DateBeforePrevious

CREATED, PROMOTED, ENDED = date(2026, 3, 16), date(2026, 4, 8), date(2026, 11, 20)


def a_customer(**fields: Any) -> Customer:
    prospect = {"name": "恒远精密", "state": CustomerState.PROSPECT, "created_on": CREATED}
    return Customer(**prospect | fields)


def a_trade_customer() -> Customer:
    return a_customer(state=CustomerState.TRADE, promoted_on=PROMOTED)


def a_former_customer() -> Customer:
    return a_customer(state=CustomerState.FORMER, ended_on=ENDED, end_reason="公司已注销")


class TestPromote:
    def test_a_prospect(self) -> None:
        customer = a_customer()
        customer.promote(PROMOTED)
        assert (customer.state, customer.promoted_on) == (CustomerState.TRADE, PROMOTED)

    def test_on_the_day_it_was_entered(self) -> None:
        customer = a_customer()
        customer.promote(CREATED)
        assert customer.promoted_on == CREATED

    def test_before_it_was_entered(self) -> None:
        customer = a_customer()
        with pytest.raises(DateBeforePrevious):
            customer.promote(date(2026, 3, 15))
        assert customer.state == CustomerState.PROSPECT

    def test_a_second_time(self) -> None:
        with pytest.raises(AlreadyTradeCustomer):
            a_trade_customer().promote(ENDED)

    def test_after_the_end(self) -> None:
        with pytest.raises(CustomerHasEnded):
            a_former_customer().promote(ENDED)


class TestEnd:
    def test_a_prospect(self) -> None:
        customer = a_customer()
        customer.end(CREATED, "没有需求")
        assert (customer.state, customer.ended_on) == (CustomerState.FORMER, CREATED)
        assert customer.end_reason == "没有需求"

    def test_a_trade_customer_on_the_day_of_promotion(self) -> None:
        customer = a_trade_customer()
        customer.end(PROMOTED, "公司已注销")
        assert customer.ended_on == PROMOTED

    def test_a_trade_customer_before_its_promotion(self) -> None:
        with pytest.raises(DateBeforePrevious):
            a_trade_customer().end(date(2026, 4, 7), "公司已注销")

    def test_a_second_time(self) -> None:
        with pytest.raises(CustomerHasEnded):
            a_former_customer().end(ENDED, "公司已注销")


class TestHandOver:
    def test_tells_who_had_it(self) -> None:
        first, second, department = uuid4(), uuid4(), uuid4()
        customer = a_customer(owner_id=first, department_id=uuid4())
        assert customer.hand_over(second, department) == first
        assert (customer.owner_id, customer.department_id) == (second, department)

    def test_into_the_public_pool(self) -> None:
        customer = a_customer(owner_id=uuid4(), department_id=uuid4())
        customer.hand_over(None, None)
        assert (customer.owner_id, customer.department_id) == (None, None)

    def test_a_former_customer(self) -> None:
        with pytest.raises(CustomerHasEnded):
            a_former_customer().hand_over(uuid4(), uuid4())


class TestRecordValue:
    def test_the_first_finding(self) -> None:
        customer = a_customer()
        assert customer.record_value(grade="C", score=Decimal("41.25"), sequence=1)
        assert (customer.value_grade, customer.value_score) == ("C", Decimal("41.25"))

    @pytest.mark.parametrize("sequence", [2, 3])
    def test_an_older_or_repeated_finding_changes_nothing(self, sequence: int) -> None:
        customer = a_customer()
        customer.record_value(grade="A", score=Decimal("86.50"), sequence=3)
        assert not customer.record_value(grade="C", score=Decimal("41.25"), sequence=sequence)
        assert (customer.value_grade, customer.value_sequence) == ("A", 3)

    def test_of_a_former_customer(self) -> None:
        assert a_former_customer().record_value(grade="D", score=Decimal(5), sequence=1)
