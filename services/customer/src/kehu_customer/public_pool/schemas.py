"""The public pool on the wire."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kehu_customer.customers.models import CustomerState
from kehu_customer.public_pool.models import PoolRules
from kehu_kernel.wire import Input, Text, Whole, shown

MAX_HELD = "How many customers one may look after by claiming; former ones do not count."
PROTECTION_DAYS = "Days without a contact after which a customer may be taken from its owner."
RECLAIM_AFTER_DAYS = "Days before one may claim again what one returned or lost."
RECYCLED_STATES = "States in which customers are taken from owners who do not turn to them."


def _once_each(states: list[CustomerState]) -> list[CustomerState]:
    return sorted(set(states) - {CustomerState.FORMER})


States = Annotated[list[CustomerState], Field(max_length=3), AfterValidator(_once_each)]


class PoolRulesPut(Input):
    """The rules of the public pool, all of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "max_held": 100,
                    "protection_days": 30,
                    "reclaim_after_days": 7,
                    "recycled_states": ["prospect"],
                }
            ]
        }
    )

    max_held: Whole = Field(ge=0, le=1_000_000, description=MAX_HELD)
    protection_days: Whole = Field(ge=1, le=3650, description=PROTECTION_DAYS)
    reclaim_after_days: Whole = Field(ge=0, le=3650, description=RECLAIM_AFTER_DAYS)
    recycled_states: States = Field(description=RECYCLED_STATES + " Never former ones.")


class PoolRulesRead(BaseModel):
    """The rules of the public pool that hold for a department, or for the tenant."""

    version: int = Field(description="Counts the changes, from 0 for inherited ones; the ETag.")
    department_id: UUID | None = Field(description="Whose rules they are; null: the tenant's.")
    max_held: int = Field(description=MAX_HELD)
    protection_days: int = Field(description=PROTECTION_DAYS)
    reclaim_after_days: int = Field(description=RECLAIM_AFTER_DAYS)
    recycled_states: list[CustomerState] = Field(description=RECYCLED_STATES)

    @classmethod
    def of(cls, rules: PoolRules, *, version: int) -> Self:
        """Return the rules as the API shows them."""
        return shown(cls, rules, version=version)


class CustomerReturn(Input):
    """Give a customer back to the public pool."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "暂无需求"}]})

    reason: Text = Field(description="Why; told in the history of its owners.")


class Protection(BaseModel):
    """How long the owner keeps a customer without another contact."""

    owner_id: UUID | None = Field(description="Who looks after it; null: it is in the pool.")
    owned_since: date | None = Field(description="Business day the owner got it.")
    last_contact_on: date | None = Field(description="Business day of the last activity in sales.")
    protected_until: date | None = Field(
        description="Last day before it may be taken back; null: it is not taken back."
    )


class RecycleRun(Input):
    """Take customers back whose owners do not turn to them, so many at a time."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit": 200, "after": None}]})

    limit: Whole = Field(200, ge=1, le=1000, description="How many customers to look at, at most.")
    after: UUID | None = Field(
        None, description="`next_after` of the run before; omit it to start with the first."
    )


class RecycleResult(BaseModel):
    """What was done with one lot of customers."""

    looked_at: int = Field(description="Customers of this lot.")
    returned: int = Field(description="Came back into the public pool.")
    next_after: UUID | None = Field(description="Send it as `after` for the next lot; null ends.")
