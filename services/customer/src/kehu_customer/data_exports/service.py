"""What can be done about exports of a person's data. Each function runs in one transaction."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from kehu_customer.data_exports.models import DataExport, ExportState
from kehu_customer.data_exports.schemas import DataExportFilters
from kehu_customer.db import Base
from kehu_customer.erasures.schemas import Subject
from kehu_customer.erasures.service import persons
from kehu_customer.personal import PERSONAL
from kehu_kernel import audit, ids
from kehu_kernel.pagination import paginate
from kehu_kernel.personal_data import rows_about, sources
from kehu_kernel.session import Session


async def request_export(session: Session, data: Subject, *, hours: float) -> DataExport:
    """Have everything about a person put together; it can be fetched for so many hours.

    Raises `OnePersonNeeded`, `UnknownPerson`, `OrganisationNotErased`, `AlreadyErased`,
    `CustomerMerged`.
    """
    await persons(session, data)
    export = DataExport(
        id=ids.new_id(),
        customer_id=data.customer_id,
        contact_id=data.contact_id,
        state=ExportState.REQUESTED,
        document=None,
        requested_by=session.context.actor,
        expires_at=session.context.now + timedelta(hours=hours),
    )
    audit.created(session, export)
    return export


async def take_on(session: Session, export_id: UUID) -> bool:
    """Make the document of an export, or drop one that has expired; return whether it did.

    Repeating it changes nothing. An erasure meanwhile leaves no document: its trigger sees to it.
    """
    tenant_id = session.context.tenant_id
    query = select(DataExport).where(DataExport.tenant_id == tenant_id, DataExport.id == export_id)
    export = await session.scalar(query.with_for_update(key_share=True, skip_locked=True))
    if export is None or export.state == ExportState.EXPIRED:
        return False
    if session.context.now >= export.expires_at:
        export.state, export.document = ExportState.EXPIRED, None
    elif export.state == ExportState.REQUESTED:
        subject = Subject(customer_id=export.customer_id, contact_id=export.contact_id)
        subject_ids = await persons(session, subject)
        export.document = {
            "subject_ids": [str(one) for one in subject_ids],
            "made_at": session.context.now.isoformat(),
            "records": await _records(session, subject_ids),
        }
        export.state = ExportState.READY
    else:
        return False
    # The document is no value of the log: that would keep it for ever.
    export.version += 1
    export.updated_at = session.context.now
    return True


async def list_exports(
    session: Session, filters: DataExportFilters
) -> tuple[list[DataExport], str | None, int | None]:
    """Return one page of the exports that match, the next cursor, and the count if asked."""
    query = select(DataExport).where(DataExport.tenant_id == session.context.tenant_id)
    for name in ("customer_id", "contact_id"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(DataExport, name) == value)
    return await paginate(
        session,
        query,
        filters,
        sort=filters.sort,
        columns={"created_at": DataExport.created_at},
        tie_breaker=DataExport.id,
    )


async def due(session: Session) -> list[tuple[str, UUID]]:
    """Return the exports of all tenants to be made or dropped, with their tenants."""
    found = await session.execute(
        select(DataExport.tenant_id, DataExport.id)
        .where(
            DataExport.state != ExportState.EXPIRED,
            or_(
                DataExport.state == ExportState.REQUESTED,
                DataExport.expires_at <= func.now(),
            ),
        )
        .order_by(DataExport.expires_at)
        .limit(100)
    )
    return [(tenant_id, export_id) for tenant_id, export_id in found]


async def _records(session: Session, subject_ids: list[UUID]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table that an erasure would blank, and their audit entries."""
    records: dict[str, list[dict[str, Any]]] = {}
    where = sources(PERSONAL, Base.metadata, without=DataExport.__tablename__)
    for one in await rows_about(session, where, subject_ids):
        records.setdefault(one.table, []).append(one.row)
    return records
