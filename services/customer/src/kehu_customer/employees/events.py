"""What the world hears of an employee."""

from typing import Any

from kehu_contracts import customer as contract
from kehu_customer.employees.models import Employee


def _state(employee: Employee, changed: list[str]) -> dict[str, Any]:
    return {
        "employee_id": employee.id,
        "code": employee.code,
        "name": employee.name,
        "department_id": employee.department_id,
        "manager_id": employee.manager_id,
        "territory_id": employee.territory_id,
        "active": employee.active,
        "changed": changed,
    }


def created(employee: Employee) -> contract.EmployeeCreated:
    return contract.EmployeeCreated(**_state(employee, []))


def changed(employee: Employee, fields: list[str]) -> contract.EmployeeChanged:
    return contract.EmployeeChanged(**_state(employee, fields))
