"""What the world hears of a financial statement: that there is one; never a figure."""

from typing import Any

from kehu_contracts import credit as contract
from kehu_customer.financial_statements.models import FinancialStatement


def _state(statement: FinancialStatement, changed: list[str]) -> dict[str, Any]:
    return {
        "financial_statement_id": statement.id,
        "customer_id": statement.customer_id,
        "starts_on": statement.starts_on,
        "ends_on": statement.ends_on,
        "audited": statement.audited,
        "changed": changed,
    }


def recorded(statement: FinancialStatement) -> contract.FinancialStatementRecorded:
    return contract.FinancialStatementRecorded(**_state(statement, []))


def changed(statement: FinancialStatement, fields: list[str]) -> contract.FinancialStatementChanged:
    return contract.FinancialStatementChanged(**_state(statement, fields))
