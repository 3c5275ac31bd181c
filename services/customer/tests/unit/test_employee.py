"""The rules about leaving."""

from datetime import date

import pytest

from kehu_customer.employees.errors import EmployeeHasLeft, EmployeeOwnsCustomers
from kehu_customer.employees.models import Employee

TODAY = date(2026, 11, 20)


class TestLeave:
    def test_without_customers(self) -> None:
        employee = Employee(name="王芳", active=True, subject="wang.fang")
        employee.leave(TODAY, "退休", customers=0)
        assert (employee.active, employee.left_on, employee.leave_reason) == (False, TODAY, "退休")
        assert employee.subject is None

    def test_while_looking_after_customers(self) -> None:
        employee = Employee(name="王芳", active=True)
        with pytest.raises(EmployeeOwnsCustomers) as refused:
            employee.leave(TODAY, "退休", customers=3)
        assert employee.active
        assert refused.value.extra == {"customer_count": 3}
        assert "3 个客户" in refused.value.message("zh")

    def test_a_second_time(self) -> None:
        with pytest.raises(EmployeeHasLeft):
            Employee(name="王芳", active=False).leave(TODAY, "退休", customers=0)
