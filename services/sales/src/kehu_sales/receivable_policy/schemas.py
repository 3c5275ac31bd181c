"""The ages of receivables on the wire."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from kehu_kernel.wire import Patch, Whole, shown
from kehu_sales.receivable_policy.models import ReceivablePolicy

AGES = "Days late that end an age, rising; what is later than the last is an age of its own."


class ReceivablePolicyUpdate(Patch):
    """Changes to the ages of receivables."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ages": [30, 60, 90, 180]}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"ages"})

    ages: list[Annotated[Whole, Field(ge=1, le=3650)]] | None = Field(
        None, min_length=1, max_length=12, description=AGES
    )


class ReceivablePolicyRead(BaseModel):
    """The ages of receivables as they stand."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    ages: list[int] = Field(description=AGES)

    @classmethod
    def of(cls, policy: ReceivablePolicy) -> Self:
        """Return the policy as the API shows it."""
        return shown(cls, policy)
