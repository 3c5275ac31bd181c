"""The policy of credit checks on the wire."""

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_kernel.wire import Patch, shown
from kehu_sales.credit_policy.models import CreditCheckPolicy, Treatment

WITHOUT_FILE = "A customer that was never granted a limit: allowed, warned of, or refused."
WITHOUT_REPORT = "A limit, but no credit report that is valid: allowed, warned of, or refused."


class CreditCheckPolicyUpdate(Patch):
    """Changes to the policy of credit checks; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"without_file": "refuse"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"without_file", "without_report"})

    without_file: Treatment | None = Field(None, description=WITHOUT_FILE)
    without_report: Treatment | None = Field(None, description=WITHOUT_REPORT)


class CreditCheckPolicyRead(BaseModel):
    """The policy of credit checks as it stands."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    without_file: OrLater[Treatment] = Field(description=WITHOUT_FILE)
    without_report: OrLater[Treatment] = Field(description=WITHOUT_REPORT)

    @classmethod
    def of(cls, policy: CreditCheckPolicy) -> Self:
        """Return the policy as the API shows it."""
        return shown(cls, policy)
