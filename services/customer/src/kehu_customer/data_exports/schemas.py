"""Exports of a person's data on the wire."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from kehu_customer.data_exports.models import ExportState
from kehu_kernel.pagination import PageParams


class DataExportRead(BaseModel):
    """An export, without what is in it."""

    id: UUID = Field(description="The export's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID | None = Field(description="The customer it is about.")
    contact_id: UUID | None = Field(description="The contact it is about.")
    state: ExportState = Field(description="Requested, ready, or expired.")
    requested_by: str = Field(description="Who asked for it.")
    created_at: datetime = Field(description="When it was asked for.")
    expires_at: datetime = Field(description="When its document goes.")


class DataDocument(BaseModel):
    """Everything this service holds about a person."""

    subject_ids: list[UUID] = Field(description="The record, and those merged into it.")
    made_at: datetime = Field(description="When it was put together.")
    records: dict[str, list[dict[str, Any]]] = Field(
        description="Rows by table, with their columns; `audit_log` is who changed what."
    )


class DataExportFilters(PageParams):
    """Filters of the list of exports; all must match."""

    customer_id: UUID | None = Field(None, description="About this customer.")
    contact_id: UUID | None = Field(None, description="About this contact.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
