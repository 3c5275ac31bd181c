"""Reading financial statements."""

from sqlalchemy import Select, select

from kehu_customer.financial_statements.models import FinancialStatement
from kehu_customer.financial_statements.schemas import StatementFilters

SORT_COLUMNS = {"ends_on": FinancialStatement.ends_on}
EXACT_FILTERS = ("customer_id", "audited")


def matching(tenant_id: str, filters: StatementFilters) -> Select[FinancialStatement]:
    """Return the query for the statements that match all filters."""
    query = select(FinancialStatement).where(FinancialStatement.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(FinancialStatement, name) == value)
    return query
