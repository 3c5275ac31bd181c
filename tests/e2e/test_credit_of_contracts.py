"""A contract signed in sales shows in the customer's credit; a receipt takes it away (C9)."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kehu_local.testing import User, eventually, refused

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # where the tenants' days are cut
LATER = (TODAY + timedelta(days=60)).isoformat()


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


class Trade:
    """A head company with a branch and a limit of 1,500.00, and what is sold to them."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.head = self._customer("恒远集团")
        self.branch = self._customer("恒远苏州", parent_id=self.head)
        self.product = user.post(
            "/sales/v1/products", {"code": "GTX", "name": "工作站", "list_price": cny("100.00")}
        )["id"]
        limit = {"customer_id": self.head, "year": TODAY.year, "reason": "年度授信"}
        user.post("/customer/v1/credit-limits", limit | {"amount": cny("1500.00")})
        asked = {"customer_id": self.branch, "amount": "1500.00", "currency": "CNY"}
        eventually(lambda: self._may(asked))

    def _customer(self, name: str, **fields: Any) -> str:
        body = {"kind": "organisation", "name": name}
        made = self.user.post("/customer/v1/customers", body | fields)
        self.user.post(f"/customer/v1/customers/{made['id']}/promote", {})
        return str(made["id"])

    def _may(self, asked: dict[str, str]) -> bool:
        answer = self.user.http.get("/sales/v1/credit-checks", params=asked)
        return answer.is_success and answer.json()["limit"] == cny("1500.00")

    def draft(self, customer: str, quantity: str) -> dict[str, Any]:
        lines = [{"product_id": self.product, "quantity": quantity}]
        plan = [{"due_on": LATER, "percent": "100"}]
        body = {"customer_id": customer, "lines": lines, "instalments": plan}

        def made() -> Any:  # as soon as sales has heard of the customer and its promotion
            answer = self.user.http.post("/sales/v1/contracts", json=body)
            return answer.json() if answer.status_code == 201 else None

        drafted: dict[str, Any] = eventually(made)
        return drafted

    def sign(self, customer: str, quantity: str) -> dict[str, Any]:
        made = self.draft(customer, quantity)
        signed: dict[str, Any] = self.user.post(f"/sales/v1/contracts/{made['id']}/submit", {})
        assert signed["state"] == "approved"
        return signed

    def pay(self, contract: dict[str, Any], amount: str) -> dict[str, Any]:
        money = {"customer_id": contract["customer_id"], "contract_id": contract["id"]}
        paid: dict[str, Any] = self.user.post("/sales/v1/receipts", money | {"amount": cny(amount)})
        return paid

    def credit(self) -> dict[str, Any]:
        read: dict[str, Any] = self.user.get(f"/customer/v1/customers/{self.head}/credit")
        return read

    def used(self, amount: str) -> None:
        """Wait until the customer service says so."""
        eventually(lambda: self.credit()["used"] == amount)

    def left_in_sales(self) -> str:
        asked = {"customer_id": self.head, "amount": "1.00", "currency": "CNY"}
        return str(self.user.get("/sales/v1/credit-checks", **asked)["available"]["amount"])


@pytest.fixture
def trade(user: User) -> Trade:
    return Trade(user)


def test_a_signed_contract_takes_credit_and_a_receipt_gives_it_back(trade: Trade) -> None:
    contract = trade.sign(trade.branch, "10")
    assert trade.left_in_sales() == "500.00"  # at once, whoever has heard of it
    trade.used("1000.00")
    read = trade.credit()
    assert [(one["number"], one["taken"]) for one in read["contracts"]] == [
        (contract["number"], cny("1000.00"))
    ]
    assert (read["contracted"], read["available"]) == ("1000.00", "500.00")
    order = {"customer_id": trade.head, "source_kind": "order", "source_key": "SO-1"}
    path = "/customer/v1/credit-reservations"
    too_much = trade.user.http.post(path, json=order | {"amount": cny("500.01")})
    refused(too_much, 409, "credit-refused")
    trade.user.post(path, order | {"amount": cny("200.00")})
    eventually(lambda: trade.left_in_sales() == "300.00")  # the contract is not counted twice
    receipt = trade.pay(contract, "400.00")
    trade.used("800.00")
    assert trade.left_in_sales() == "700.00"
    trade.user.post(f"/sales/v1/receipts/{receipt['id']}/reverse", {"reason": "银行退票"})
    trade.used("1200.00")
    trade.pay(contract, "1000.00")
    trade.used("200.00")
    assert trade.credit()["contracts"] == []


def test_an_overridden_contract_takes_the_account_above_its_limit(trade: Trade) -> None:
    trade.sign(trade.head, "10")
    second = trade.draft(trade.branch, "10")
    path = f"/sales/v1/contracts/{second['id']}"
    refused(trade.user.http.post(f"{path}/submit", json={}), 422, "credit-refused")
    trade.user.post(f"{path}/override-credit", {"reason": "总部已书面担保"})
    trade.user.post(f"{path}/submit", {})
    trade.used("2000.00")
    read = trade.credit()
    assert (read["available"], read["exceeded"]) == ("0.00", "500.00")
    trade.user.post(f"{path}/cancel", {"reason": "客户项目取消"})
    trade.used("1000.00")
