"""Reading affiliations."""

from sqlalchemy import Select, or_, select

from kehu_customer.affiliations.models import Affiliation
from kehu_customer.affiliations.schemas import AffiliationFilters
from kehu_customer.contacts.models import Contact
from kehu_kernel.session import Session

SORT_COLUMNS = {"started_on": Affiliation.started_on}
EXACT_FILTERS = ("contact_id", "customer_id", "buying_role", "is_main")


def matching(tenant_id: str, filters: AffiliationFilters) -> Select[Affiliation]:
    """Return the query for the affiliations that match all filters."""
    query = select(Affiliation).where(Affiliation.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Affiliation, name) == value)
    if filters.current is not None:
        query = query.where(Affiliation.ended_on.is_(None) == filters.current)
    if filters.on is not None:
        lasted = or_(Affiliation.ended_on.is_(None), Affiliation.ended_on > filters.on)
        query = query.where(Affiliation.started_on <= filters.on, lasted)
    return query


async def latest_main_of(session: Session, contact: Contact) -> Affiliation | None:
    """Return the contact's main affiliation: the one that lasts, or else the last one."""
    query = (
        select(Affiliation)
        .where(
            Affiliation.tenant_id == session.context.tenant_id,
            Affiliation.contact_id == contact.id,
            Affiliation.is_main,
        )
        .order_by(Affiliation.ended_on.desc().nulls_first())
        .limit(1)
    )
    return await session.scalar(query)
