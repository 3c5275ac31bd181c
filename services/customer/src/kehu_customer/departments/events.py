"""What the world hears of a department."""

from typing import Any

from kehu_contracts import customer as contract
from kehu_customer.departments.models import Department


def _state(department: Department, changed: list[str]) -> dict[str, Any]:
    return {
        "department_id": department.id,
        "code": department.code,
        "name": department.name,
        "parent_id": department.parent_id,
        "path": department.path,
        "changed": changed,
    }


def created(department: Department) -> contract.DepartmentCreated:
    return contract.DepartmentCreated(**_state(department, []))


def changed(department: Department, fields: list[str]) -> contract.DepartmentChanged:
    return contract.DepartmentChanged(**_state(department, fields))
