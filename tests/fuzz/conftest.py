"""The whole system under fire, and a tenant that has one of everything."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_local.testing import System, User, eventually, running_system

STAGES = [
    {"code": "talk", "name": "了解情况", "planned_days": 10, "success_rate": 10},
    {"code": "sign", "name": "签约", "planned_days": 10, "success_rate": 90},
]


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """Everything started, once per test session, on free ports."""
    with (
        tempfile.TemporaryDirectory(prefix="kehu-fuzz-") as folder,
        running_system(Path(folder)) as system,
    ):
        yield system


@pytest.fixture
def user(system: System) -> User:
    """An administrator of a tenant nobody else uses."""
    return system.user(f"t-{uuid4().hex[:12]}")


@pytest.fixture
def known(user: User) -> dict[str, str]:
    """Ids of one of everything, under the names by which bodies and filters refer to it."""
    made: dict[str, str] = {}

    def make(what: str, path: str, /, **body: Any) -> None:
        made[what] = str(user.post(path, body)["id"])

    def make_eventually(what: str, path: str, /, **body: Any) -> None:
        """Make what refers to the customer, as soon as that service has heard of it."""
        body["customer_id"] = made["customer_id"]
        answer = eventually(lambda: _created(user, path, body))
        made[what] = str(answer.json()["id"])

    make("department_id", "/customer/v1/departments", code="sz", name="深圳分公司")
    staff = {"code": "e1", "name": "韩梅梅", "department_id": made["department_id"]}
    make("owner_id", "/customer/v1/employees", **staff)
    make("customer_id", "/customer/v1/customers", kind="organisation", name="深圳华强")
    user.post(f"/customer/v1/customers/{made['customer_id']}/promote", {})
    classes = [{"code": "key", "name_zh": "关键客户", "name_en": "Key"}]
    names = {"code": "value", "name_zh": "价值", "name_en": "Value"}
    make("scheme_id", "/customer/v1/classification-schemes", **names, classes=classes)
    make("contact_id", "/customer/v1/contacts", customer_id=made["customer_id"], name="王工")
    price = {"amount": "100.00", "currency": "CNY"}
    make("product_id", "/sales/v1/products", code="p1", name="企业版", list_price=price)
    method = {"code": "m1", "name": "解决方案", "is_default": True, "stages": STAGES}
    make("method_id", "/sales/v1/methods", **method)
    user.post("/analytics/v1/values/defaults", {"currency": "CNY"})
    make_eventually("opportunity_id", "/sales/v1/opportunities", topic="采购企业版")
    product = {"product_name": "企业版", "register": True}
    make_eventually("product_file_id", "/service-desk/v1/product-files", **product)
    lead = {"topic": "咨询企业版", "source": "seminar"}
    make_eventually("lead_id", "/marketing/v1/leads", **lead)
    employees = ("employee_id", "evaluator_id", "manager_id", "assignee_id", "handler_id")
    return made | dict.fromkeys((*employees, "follower_id"), made["owner_id"])


def _created(user: User, path: str, body: dict[str, Any]) -> httpx.Response | None:
    answer = user.http.post(path, json=body)
    return answer if answer.is_success else None
