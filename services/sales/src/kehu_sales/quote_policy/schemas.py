"""The quote policy on the wire."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_kernel.wire import Input, Patch, Text, Whole, shown
from kehu_sales.lines import PercentInput
from kehu_sales.lists import Once, unlike
from kehu_sales.quote_policy.models import EarlyQuote, QuotePolicy

EARLY = "A price before need and solution are recorded: ignored, warned of, or refused."
RATE = "Success rate, percent, of the stage that prepares the solution; above it, it was presented."
GRADES = "Value grades whose customers count as key accounts when advice is given."
VALID = "Days that a quote holds which names no last day; null: without end."


class LimitInput(Input):
    """What a role may give off without approval."""

    role: Text = Field(description="The role, as tokens name it.")
    discount_percent: PercentInput = Field(description="The largest discount, percent.")


class QuotePolicyUpdate(Patch):
    """Changes to the quote policy; fields left out stay."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "limits": [
                        {"role": "sales_representative", "discount_percent": "5"},
                        {"role": "sales_manager", "discount_percent": "15"},
                    ],
                    "valid_days": 30,
                }
            ]
        }
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"limits", "early_quote", "solution_from_rate", "key_account_grades"}
    )

    limits: Annotated[list[LimitInput], Field(max_length=100), unlike("role")] | None = Field(
        None, description="The limit of every role; others give nothing off."
    )
    early_quote: EarlyQuote | None = Field(None, description=EARLY)
    solution_from_rate: Whole | None = Field(None, ge=0, le=100, description=RATE)
    valid_days: Whole | None = Field(None, ge=0, le=3650, description=VALID)
    key_account_grades: Annotated[list[Text], Field(max_length=20), Once] | None = Field(
        None, description=GRADES
    )


class LimitRead(BaseModel):
    """What a role may give off without approval."""

    role: str = Field(description="The role.")
    discount_percent: DecimalText = Field(description="The largest discount, percent.")


class QuotePolicyRead(BaseModel):
    """The quote policy as it stands."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    limits: list[LimitRead] = Field(description="The limit of every role that has one.")
    early_quote: OrLater[EarlyQuote] = Field(description=EARLY)
    solution_from_rate: int = Field(description=RATE)
    valid_days: int | None = Field(description=VALID)
    key_account_grades: list[str] = Field(description=GRADES)

    @classmethod
    def of(cls, policy: QuotePolicy) -> Self:
        """Return the policy as the API shows it."""
        limits = [
            {"role": role, "discount_percent": limit}
            for role, limit in sorted(policy.limits.items())
        ]
        return shown(cls, policy, limits=limits)
