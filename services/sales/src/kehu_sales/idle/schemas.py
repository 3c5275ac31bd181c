"""The rule of idle opportunities on the wire."""

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from kehu_kernel.wire import Patch, Whole, shown
from kehu_sales.idle.models import IdlePolicy

IDLE_DAYS = (
    "Days after which an opportunity in progress that nobody turned to goes back to the reserve "
    "pool; null: never."
)
WARN_DAYS = "Days before that on which it is warned of; fewer than `idle_days`."


class IdlePolicyUpdate(Patch):
    """Changes to the rule of idle opportunities; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"idle_days": 60, "warn_days": 7}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"warn_days"})

    idle_days: Whole | None = Field(None, ge=2, le=3650, description=IDLE_DAYS)
    warn_days: Whole | None = Field(None, ge=1, le=365, description=WARN_DAYS)


class IdlePolicyRead(BaseModel):
    """The rule of idle opportunities as it stands."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    idle_days: int | None = Field(description=IDLE_DAYS)
    warn_days: int = Field(description=WARN_DAYS)

    @classmethod
    def of(cls, policy: IdlePolicy) -> Self:
        """Return the policy as the API shows it."""
        return shown(cls, policy)
