"""Hand-overs on the wire."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from kehu_customer.hand_overs.models import HandOver, HandOverState
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, Text, shown


class ShareInput(Input):
    """What the leaver looks after in one department goes to a successor of its own."""

    department_id: UUID = Field(description="The department of what is handed over.")
    successor_id: UUID = Field(description="Who gets it.")


class Share(BaseModel):
    """What the leaver looks after in one department goes to a successor of its own."""

    department_id: UUID = Field(description="The department of what is handed over.")
    successor_id: UUID = Field(description="Who gets it.")


class HandOverCreate(Input):
    """Hand over everything that an employee looks after."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "employee_id": "019364c2-7d5e-7000-8000-000000000001",
                    "successor_id": "019364c2-7d5e-7000-8000-000000000002",
                    "shares": [
                        {
                            "department_id": "019364c2-7d5e-7000-8000-000000000010",
                            "successor_id": "019364c2-7d5e-7000-8000-000000000003",
                        }
                    ],
                    "reason": "离职",
                }
            ]
        },
    )

    employee_id: UUID = Field(description="The leaver.")
    successor_id: UUID = Field(description="Who gets whatever `shares` give to nobody else.")
    shares: list[ShareInput] = Field(
        default_factory=list, max_length=200, description="Departments with another successor."
    )
    reason: Text | None = Field(None, description="Why; told in the history of each record.")

    @field_validator("shares")
    @classmethod
    def _one_successor_each(cls, shares: list[ShareInput]) -> list[ShareInput]:
        if len({share.department_id for share in shares}) < len(shares):
            raise PydanticCustomError("not_unique", "A department has one successor")
        return shares


class HandOverRead(BaseModel):
    """A hand-over and how far it is."""

    id: UUID = Field(description="The hand-over's id.")
    version: int = Field(description="Counts the changes of state; also the ETag.")
    employee_id: UUID = Field(description="The leaver.")
    successor_id: UUID = Field(description="Who gets whatever `shares` give to nobody else.")
    shares: list[Share] = Field(description="Departments with another successor.")
    reason: str | None = Field(description="Why.")
    state: HandOverState = Field(description="Running, completed or failed.")
    failure: str | None = Field(description="Code of the error that made it fail.")
    expected: int = Field(description="Customers that the leaver looked after at the start.")
    moved: int = Field(description="Customers moved so far: see `/v1/owner-changes?hand_over_id=`.")
    left: int = Field(description="Customers that the leaver still looks after.")
    requested_by: str = Field(description="Who asked for it.")
    created_at: datetime = Field(description="When it was asked for.")
    updated_at: datetime = Field(description="When its state changed last.")

    @classmethod
    def of(cls, hand_over: HandOver, *, moved: int, left: int) -> Self:
        """Return the hand-over as the API shows it."""
        return shown(cls, hand_over, moved=moved, left=left)


class HandOverFilters(PageParams):
    """Filters of the list of hand-overs; all must match."""

    employee_id: UUID | None = Field(None, description="Of this leaver.")
    state: HandOverState | None = Field(None, description="In this state.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
