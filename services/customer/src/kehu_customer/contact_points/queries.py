"""Reading contact points."""

from sqlalchemy import Select, select

from kehu_customer.contact_points import normal
from kehu_customer.contact_points.models import ContactPoint
from kehu_customer.contact_points.schemas import ContactPointFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"created_at": ContactPoint.created_at}
EXACT_FILTERS = ("customer_id", "contact_id", "kind", "purpose", "is_primary", "active")


def matching(tenant_id: str, filters: ContactPointFilters, *, region: str) -> Select[ContactPoint]:
    """Return the query for the contact points that match all filters.

    `region` is where a phone number to look up is, if it has no country code. Raises
    `InvalidPhoneNumber`, `InvalidEmailAddress`.
    """
    query = select(ContactPoint).where(ContactPoint.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(ContactPoint, name) == value)
    if filters.verified is not None:
        query = query.where(ContactPoint.verified_on.is_not(None) == filters.verified)
    if filters.value is not None:
        typed = filters.value
        found = normal.email(typed) if "@" in typed else normal.phone(typed, region)
        query = query.where(ContactPoint.normalised == found.value)
        if found.extension is not None:
            query = query.where(ContactPoint.extension == found.extension)
    return query


def _alike(session: Session, point: ContactPoint) -> Select[ContactPoint]:
    """Return the query for the active points of the same party and kind."""
    return select(ContactPoint).where(
        ContactPoint.tenant_id == session.context.tenant_id,
        ContactPoint.customer_id == point.customer_id
        if point.contact_id is None
        else ContactPoint.contact_id == point.contact_id,
        ContactPoint.kind == point.kind,
        ContactPoint.active,
    )


async def primary_like(session: Session, point: ContactPoint) -> ContactPoint | None:
    """Return the primary point of the same party and kind, perhaps the point itself."""
    return await session.scalar(_alike(session, point).where(ContactPoint.is_primary))


async def has_other_active(session: Session, point: ContactPoint) -> bool:
    """Return whether the party has active points of the same kind beside this one."""
    others = _alike(session, point).where(ContactPoint.id != point.id)
    return bool(await session.scalar(select(others.exists())))
