"""The contract policy on the wire."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from kehu_kernel.wire import Patch, Whole, shown
from kehu_sales.contract_policy.models import MOST_DAYS_BEFORE_END, ContractPolicy

REMIND = "Days before the last day of a contract that its end is told; null: it never is."


class ContractPolicyUpdate(Patch):
    """Changes to the contract policy; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"remind_days_before_end": 60}]})

    remind_days_before_end: Whole | None = Field(
        None, ge=0, le=MOST_DAYS_BEFORE_END, description=REMIND
    )


class ContractPolicyRead(BaseModel):
    """The contract policy as it stands."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    remind_days_before_end: int | None = Field(description=REMIND)

    @classmethod
    def of(cls, policy: ContractPolicy) -> Self:
        """Return the policy as the API shows it."""
        return shown(cls, policy)
