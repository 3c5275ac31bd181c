"""Reading classification schemes."""

from sqlalchemy import Select, select, text

from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.classification_schemes.schemas import SchemeFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"code": ClassificationScheme.code}
EXACT_FILTERS = ("code", "active")
ANY_RULED = (
    "SELECT 1 FROM classification_schemes WHERE tenant_id = $1 AND active AND rules <> '[]' LIMIT 1"
)


def matching(tenant_id: str, filters: SchemeFilters) -> Select[ClassificationScheme]:
    """Return the query for the schemes that match all filters."""
    query = select(ClassificationScheme).where(ClassificationScheme.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(ClassificationScheme, name) == value)
    return query


async def any_ruled(session: Session) -> bool:
    """Tell whether a scheme in use has rules.

    Every change of a customer asks; the driver answers, because most tenants have none and the
    query below would take several times as long.
    """
    return bool(await session.fetch(ANY_RULED, session.context.tenant_id))


async def ruled(session: Session) -> list[ClassificationScheme]:
    """Return the schemes in use that have rules."""
    schemes = select(ClassificationScheme).where(
        ClassificationScheme.tenant_id == session.context.tenant_id,
        ClassificationScheme.active,
        text("rules <> '[]'"),
    )
    return await session.scalars(schemes.order_by(ClassificationScheme.code))
