"""Trade parties on the wire."""

from datetime import date, datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_customer.trade_parties.models import TradeParty, TradeRole
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, shown


class TradePartyCreate(Input):
    """Another customer plays a part when a customer trades."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "party_id": "019364c2-7d5e-7000-8000-000000000021",
                    "role": "payer",
                }
            ]
        },
    )

    customer_id: UUID = Field(description="The customer that trades.")
    party_id: UUID = Field(description="The customer that plays the part.")
    role: TradeRole = Field(description="The part.")
    is_default: Flag = Field(
        True, description="Whether it does by default, in place of the one before."
    )
    started_on: Day | None = Field(
        None, description="First day; today if omitted, never in the future."
    )


class TradePartyUpdate(Patch):
    """Changes to a trade party."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_default": True}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"is_default"})

    is_default: Flag | None = Field(
        None,
        description="True: plays the part by default, in place of the one before. False: then the "
        "customer itself does.",
    )


class TradePartyEnding(Input):
    """The party does not play the part any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"on": "2026-11-20"}]})

    on: Day | None = Field(
        None, description="First day without; today if omitted, never in the future."
    )


class TradePartyRead(BaseModel):
    """A trade party as it stands."""

    id: UUID = Field(description="The trade party's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID = Field(description="The customer that trades.")
    party_id: UUID = Field(description="The customer that plays the part.")
    role: TradeRole = Field(description="The part.")
    is_default: bool = Field(description="Whether it plays the part by default.")
    started_on: date = Field(description="First day.")
    ended_on: date | None = Field(description="First day without; null: still plays the part.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, party: TradeParty) -> Self:
        """Return the trade party as the API shows it."""
        return shown(cls, party)


class PartsRead(BaseModel):
    """Who plays each part when a customer trades: the customer itself, where nobody else does."""

    user: UUID = Field(description="Who uses what is bought.")
    buyer: UUID = Field(description="Who decides and orders.")
    payer: UUID = Field(description="Who pays.")
    final_recipient: UUID = Field(description="Whom it reaches in the end.")


class TradePartyFilters(PageParams):
    """Filters of the list of trade parties; all must match."""

    customer_id: UUID | None = Field(None, description="When this customer trades.")
    party_id: UUID | None = Field(None, description="Where this customer plays a part.")
    role: TradeRole | None = Field(None, description="In this part.")
    is_default: bool | None = Field(None, description="By default, or not.")
    current: bool | None = Field(None, description="Those that last, or those that have ended.")
    sort: Literal["started_on", "-started_on"] = Field(
        "-started_on", description="Order; a leading minus reverses it."
    )
