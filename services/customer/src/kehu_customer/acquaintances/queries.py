"""Reading acquaintances."""

from sqlalchemy import Select, select

from kehu_customer.acquaintances.models import Acquaintance
from kehu_customer.acquaintances.schemas import AcquaintanceFilters
from kehu_customer.affiliations.models import Affiliation
from kehu_customer.employees.models import Employee

SORT_COLUMNS = {"closeness": Acquaintance.closeness}


def matching(tenant_id: str, filters: AcquaintanceFilters) -> Select[Acquaintance]:
    """Return the query for the acquaintances that match all filters.

    With a customer: who of us knows whom there now, whoever the person worked for before.
    """
    query = select(Acquaintance).where(
        Acquaintance.tenant_id == tenant_id, Acquaintance.active == filters.active
    )
    if filters.customer_id is not None:
        people = select(Affiliation.contact_id).where(
            Affiliation.tenant_id == tenant_id,
            Affiliation.customer_id == filters.customer_id,
            Affiliation.ended_on.is_(None),
        )
        query = query.where(Acquaintance.contact_id.in_(people))
    if filters.contact_id is not None:
        query = query.where(Acquaintance.contact_id == filters.contact_id)
    if filters.employee_id is not None:
        query = query.where(Acquaintance.employee_id == filters.employee_id)
    if filters.at_least is not None:
        query = query.where(Acquaintance.closeness >= filters.at_least)
    if not filters.former_employees:
        working = select(Employee.id).where(Employee.tenant_id == tenant_id, Employee.active)
        query = query.where(Acquaintance.employee_id.in_(working))
    return query
