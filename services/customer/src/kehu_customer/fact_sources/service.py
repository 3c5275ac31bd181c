"""What can be done with a source of facts."""

from uuid import UUID

from kehu_customer.fact_sources import events, queries
from kehu_customer.fact_sources.models import FactSource
from kehu_customer.fact_sources.schemas import SourceCreate, SourceFilters, SourceUpdate
from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def create_source(session: Session, data: SourceCreate) -> FactSource:
    """Enter a source; the database refuses a code that is taken."""
    source = FactSource(**data.model_dump(), active=True)
    audit.created(session, source)
    outbox.add(session, events.created(source), sequence=source.version)
    return source


async def change_source(
    session: Session, source_id: UUID, data: SourceUpdate, *, expected_version: int
) -> FactSource:
    """Change a source. Facts that came from it stay due as they are until `refresh_archives`."""
    source = await require(
        session, FactSource, source_id, lock=True, expected_version=expected_version
    )
    for name, value in data.given().items():
        setattr(source, name, value)
    fields = audit.changed(session, source, "changed")
    if fields:
        outbox.add(session, events.changed(source, fields), sequence=source.version)
    return source


async def list_sources(
    session: Session, filters: SourceFilters
) -> tuple[list[FactSource], str | None, int | None]:
    """Return one page of the sources that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=FactSource.id,
    )
