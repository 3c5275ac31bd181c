"""Changes of owners on the wire."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from kehu_customer.ownership.models import OwnerChange, OwnershipManner
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import shown


class OwnerChangeRead(BaseModel):
    """A customer got another owner."""

    id: UUID = Field(description="The change's id.")
    customer_id: UUID = Field(description="The customer.")
    previous_owner_id: UUID | None = Field(description="Who had it; null: nobody, the pool.")
    owner_id: UUID | None = Field(description="Who got it; null: nobody, the pool.")
    manner: OwnershipManner = Field(
        description="How: entered, handed over, claimed, returned, recycled."
    )
    reason: str | None = Field(description="Why, in the words of who did it.")
    hand_over_id: UUID | None = Field(description="The hand-over of a leaver it was part of.")
    changed_by: str = Field(description="Who did it: a token subject, or `system:<worker>`.")
    at: datetime = Field(description="When.")

    @classmethod
    def of(cls, change: OwnerChange) -> Self:
        """Return the change as the API shows it."""
        return shown(cls, change)


class OwnerChangeFilters(PageParams):
    """Filters of the list of changes; all must match."""

    customer_id: UUID | None = Field(None, description="Of this customer.")
    owner_id: UUID | None = Field(None, description="This employee got it.")
    previous_owner_id: UUID | None = Field(None, description="This employee had it before.")
    hand_over_id: UUID | None = Field(None, description="Part of this hand-over of a leaver.")
    manner: OwnershipManner | None = Field(None, description="Done in this way.")
    sort: Literal["at", "-at"] = Field("-at", description="Order; a leading minus reverses it.")
