"""Reading the audit log: the same list in every service."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from kehu_kernel import audit_chain
from kehu_kernel.audit import AuditEntry
from kehu_kernel.audit_chain import AuditSeal
from kehu_kernel.auth import requires
from kehu_kernel.http import Session, router
from kehu_kernel.pagination import Page, PageParams, paginate
from kehu_kernel.wire import Input, Whole, shown


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
    erased: bool = Field(description="Whether the values were erased with the person.")

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """Return the entry as the API shows it."""
        return shown(cls, entry, erased=entry.digest is not None)


class AuditSealRead(BaseModel):
    """A seal: so many entries, as they were when it was made."""

    number: int = Field(description="Its place in the tenant's chain, from 1.")
    count: int = Field(description="How many entries it covers.")
    first_entry: UUID = Field(description="The first entry it covers.")
    last_entry: UUID = Field(description="The last entry it covers.")
    previous: str = Field(description="Hash of the seal before; zeros for the first. SHA-256, hex.")
    hash: str = Field(description="Its own hash; keep the newest somewhere else. SHA-256, hex.")
    sealed_at: datetime = Field(description="When it was made.")


class AuditCheck(Input):
    """Compare the audit log with its seals."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"first": 1}]})

    first: Whole = Field(1, ge=1, le=2**31 - 1, description="Number of the seal to begin with.")


class AuditBreak(BaseModel):
    """The first place where the log is not as it was sealed."""

    seal: int = Field(description="Number of the seal.")
    entry_id: UUID | None = Field(description="The entry; empty if the seal itself is at fault.")
    what: str = Field(description="`changed`, `missing` or `added`; of a seal `broken`, `missing`.")


class AuditCheckRead(BaseModel):
    """What a check found."""

    intact: bool = Field(description="Whether what was checked is as it was sealed.")
    seals: int = Field(description="Seals that were found intact.")
    entries: int = Field(description="Entries that they cover.")
    next: int | None = Field(description="Seal to go on with, if there are more.")
    broken: AuditBreak | None = Field(description="The first break.")


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


def audit_seals_router(service: str) -> APIRouter:
    """Return the route `GET /v1/audit-seals` of a service, for holders of its audit scope."""
    routes = router("/v1/audit-seals", "audit")

    @routes.get("", summary="List seals", dependencies=[requires(f"{service}:audit:read")])
    async def list_audit_seals(
        session: Session, filters: Annotated[PageParams, Query()]
    ) -> Page[AuditSealRead]:
        """The chain that makes the audit log tamper-evident, newest seal first."""
        query = select(AuditSeal).where(AuditSeal.tenant_id == session.context.tenant_id)
        seals, cursor, count = await paginate(
            session,
            query,
            filters,
            sort="-number",
            columns={"number": AuditSeal.number},
            tie_breaker=AuditSeal.last_entry,
        )
        items = [
            shown(AuditSealRead, one, previous=one.previous.hex(), hash=one.hash.hex())
            for one in seals
        ]
        return Page(items=items, next_cursor=cursor, count=count)

    return routes


def audit_checks_router(service: str) -> APIRouter:
    """Return the route `POST /v1/audit-checks` of a service, for holders of its audit scope."""
    routes = router("/v1/audit-checks", "audit")

    @routes.post(
        "", summary="Check the audit log", dependencies=[requires(f"{service}:audit:read")]
    )
    async def check_audit_log(
        data: AuditCheck, session: Session, request: Request
    ) -> AuditCheckRead:
        """Compare up to so many seals with the log, and say where it was tampered with.

        What was entered since the newest seal, and before there were seals, is not covered.
        """
        await session.see_all_rows()  # a chain is whole or broken; nothing of the rows is shown
        limit = request.app.state.settings.audit_check_seals
        found = await audit_chain.check(session, data.first, limit)
        more = found.found is None and found.seals == limit
        return AuditCheckRead(
            intact=found.found is None,
            seals=found.seals,
            entries=found.entries,
            next=data.first + limit if more else None,
            broken=AuditBreak(**found.found._asdict()) if found.found else None,
        )

    return routes


def audit_routers(service: str) -> tuple[APIRouter, ...]:
    """Return everything about the audit log that a service has to include."""
    return audit_router(service), audit_seals_router(service), audit_checks_router(service)
