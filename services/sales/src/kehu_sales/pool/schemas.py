"""The reserve pool on the wire."""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_kernel.wire import Day, Input, LongText, shown
from kehu_sales.opportunities.history import PoolMove
from kehu_sales.opportunities.schemas import (
    ID,
    ON,
)
from kehu_sales.opportunities.words import Status


class PoolReturn(Input):
    """Put an opportunity into the reserve pool."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "今年无预算，明年再跟进"}]}
    )

    reason: LongText = Field(description="Why.")
    on: Day | None = Field(None, description=ON)


class PoolTakeUp(Input):
    """Take an opportunity up from the reserve pool."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner_id": f"{ID}2"}]})

    owner_id: UUID | None = Field(
        None,
        description="The employee who works on it from now on; if omitted, whom the rules of "
        "assignment find.",
    )
    department_id: UUID | None = Field(
        None, description="The owner's department; where the owner works if omitted."
    )
    reason: LongText | None = Field(None, description="Why.")
    on: Day | None = Field(None, description=ON)


class PoolMoveRead(BaseModel):
    """A way into the reserve pool, or out of it."""

    move: OrLater[Literal["pooled", "taken_up"]] = Field(description="Into the pool, or out of it.")
    moved_on: date = Field(description="Business day.")
    reason: str | None = Field(description="Why.")
    status: OrLater[Status] = Field(description="Where it stood before.")
    stage_code: str | None = Field(description="The stage it was in before.")
    owner_id: UUID | None = Field(description="Whose it was before; of a take-up, who took it.")
    closed_on: date | None = Field(description="Day it had been lost.")
    close_reason: str | None = Field(description="Why it had been lost.")
    competitor: str | None = Field(description="The competitor, or who had won it.")
    moved_by: str = Field(description="Token subject of who moved it.")

    @classmethod
    def of(cls, move: PoolMove) -> Self:
        """Return the move as the API shows it."""
        return shown(cls, move)


class PoolHistory(BaseModel):
    """Every way of an opportunity into the pool and out of it."""

    items: list[PoolMoveRead] = Field(description="The moves, oldest first.")
