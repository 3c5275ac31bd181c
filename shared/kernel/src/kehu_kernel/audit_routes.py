"""Reading the audit log: the same list in every service."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from kehu_kernel.audit import AuditEntry
from kehu_kernel.auth import requires
from kehu_kernel.http import Session, router
from kehu_kernel.pagination import Page, PageParams, paginate


class AuditFilters(PageParams):
    """Filters of the audit log; all must match. Newest entries come first."""

    entity: str | None = Field(None, description="Kind of object, e.g. `customer`.")
    entity_id: UUID | None = Field(None, description="One object.")
    actor: str | None = Field(None, description="Changes by this token subject.")
    request_id: str | None = Field(None, description="Changes made by one request.")


class AuditEntryRead(BaseModel):
    """One change."""

    id: UUID = Field(description="The entry's id.")
    at: datetime = Field(description="When it happened.")
    actor: str = Field(description="Who did it: a token subject, or `system:<worker>`.")
    request_id: str = Field(description="The request it was done by.")
    entity: str = Field(description="Kind of object.")
    entity_id: UUID = Field(description="The object.")
    version: int = Field(description="The object's version after the change.")
    action: str = Field(description="What was done, e.g. `customer.promoted`.")
    changes: dict[str, Any] = Field(description="Field name to its value before and after.")

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """Return the entry as the API shows it."""
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})


def audit_router(service: str) -> APIRouter:
    """Return the route `GET /v1/audit-log` of a service, for holders of its audit scope."""
    routes = router("/v1/audit-log", "audit")

    @routes.get("", summary="List changes", dependencies=[requires(f"{service}:audit:read")])
    async def list_audit_log(
        session: Session, filters: Annotated[AuditFilters, Query()]
    ) -> Page[AuditEntryRead]:
        """Who changed what, when, from what to what, newest first."""
        query = select(AuditEntry).where(AuditEntry.tenant_id == session.context.tenant_id)
        for name in ("entity", "entity_id", "actor", "request_id"):
            value = getattr(filters, name)
            if value is not None:
                query = query.where(getattr(AuditEntry, name) == value)
        entries, cursor, count = await paginate(
            session,
            query,
            filters,
            sort="-at",
            columns={"at": AuditEntry.at},
            tie_breaker=AuditEntry.id,
        )
        return Page(
            items=[AuditEntryRead.of(entry) for entry in entries], next_cursor=cursor, count=count
        )

    return routes
