"""Erasures on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.topics import SERVICES
from kehu_customer.erasures.models import (
    Erasure,
    ErasureAcknowledgement,
    ErasureState,
    LegalBasis,
    Objection,
)
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, Text, shown


class Subject(Input):
    """Whom: a customer who is a person, or a contact."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"contact_id": "019364c2-7d5e-7000-8000-000000000001"}]}
    )

    customer_id: UUID | None = Field(None, description="A customer who is a person.")
    contact_id: UUID | None = Field(None, description="A contact. Name one of the two.")


class ErasureCreate(Subject):
    """Erase a person."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000001",
                    "legal_basis": "request",
                    "reason": "2026-11-20 书面申请，编号 GR-118",
                }
            ]
        }
    )

    legal_basis: LegalBasis = Field(description="Why the law asks for it.")
    reason: Text = Field(description="The case, without naming the person: this text stays.")
    despite: list[Objection] = Field(
        default_factory=list,
        max_length=len(Objection),
        description="Objections that the law overrides; never `customer_current`.",
    )


class ErasurePreview(BaseModel):
    """What an erasure would do here, and what speaks against it."""

    subject_ids: list[UUID] = Field(description="The record, and those merged into it.")
    objections: list[Objection] = Field(description="Why it would be refused; may be empty.")
    counts: dict[str, int] = Field(
        description="Rows of this service that would be blanked, by table; others tell afterwards."
    )


class Acknowledgement(BaseModel):
    """A service has erased the person."""

    service: str = Field(description="The service.")
    counts: dict[str, int] = Field(description="How many rows it blanked, by table.")
    at: datetime = Field(description="When it told.")


class ErasureRead(BaseModel):
    """An erasure, and how far it is."""

    id: UUID = Field(description="The erasure's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID | None = Field(description="The customer who was erased.")
    contact_id: UUID | None = Field(description="The contact who was erased.")
    subject_ids: list[UUID] = Field(description="The record, and those merged into it.")
    legal_basis: LegalBasis = Field(description="Why the law asks for it.")
    reason: str = Field(description="The case.")
    despite: list[Objection] = Field(description="Objections that were overridden.")
    state: ErasureState = Field(description="Ordered, or completed by all services.")
    overdue: bool = Field(description="Whether a service should have acknowledged by now.")
    waiting_for: list[str] = Field(description="Services that have not acknowledged.")
    acknowledgements: list[Acknowledgement] = Field(description="What services told.")
    ordered_by: str = Field(description="Who ordered it.")
    created_at: datetime = Field(description="When it was ordered.")
    completed_at: datetime | None = Field(description="When the last service acknowledged.")

    @classmethod
    def of(cls, erasure: Erasure, told: Sequence[ErasureAcknowledgement], *, overdue: bool) -> Self:
        """Return the erasure as the API shows it."""
        done = {one.service for one in told}
        return shown(
            cls,
            erasure,
            overdue=overdue,
            waiting_for=[service for service in SERVICES if service not in done],
            acknowledgements=[shown(Acknowledgement, one) for one in told],
        )


class ErasureFilters(PageParams):
    """Filters of the list of erasures; all must match."""

    customer_id: UUID | None = Field(None, description="Of this customer.")
    contact_id: UUID | None = Field(None, description="Of this contact.")
    state: ErasureState | None = Field(None, description="In this state.")
    overdue: bool | None = Field(None, description="Only those that take too long, or that do not.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
