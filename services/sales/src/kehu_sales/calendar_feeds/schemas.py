"""Calendar feeds on the wire."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, Text, shown
from kehu_sales.calendar_feeds.models import CalendarFeed


class FeedCreate(Input):
    """Have a secret address made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "我的手机日历"}]})

    name: Text = Field(description="Name of the calendar in the program that reads it.")
    employee_id: UUID | None = Field(
        None, description="Whose calendar; the caller's if omitted. Nobody else's for employees."
    )


class FeedRead(BaseModel):
    """A feed, without its secret."""

    id: UUID = Field(description="The feed's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    employee_id: UUID = Field(description="Whose calendar it is.")
    name: str = Field(description="Its name.")
    revoked_at: datetime | None = Field(description="When it was revoked, if it was.")
    created_at: datetime = Field(description="When it was made.")

    @classmethod
    def of(cls, feed: CalendarFeed, **besides: object) -> Self:
        """Return the feed as the API shows it."""
        return shown(cls, feed, **besides)


class FeedCreated(FeedRead):
    """A new feed with its address, which is told this once."""

    path: str = Field(
        description="Path of the address, below that of this service: who has it can read the "
        "calendar. Keep it secret."
    )


class FeedFilters(PageParams):
    """Filters of the list of feeds."""

    employee_id: UUID | None = Field(None, description="Of this employee.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
