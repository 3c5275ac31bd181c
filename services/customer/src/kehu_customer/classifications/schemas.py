"""Classifications on the wire."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from kehu_customer.classification_schemes.rules import Code, Explanation
from kehu_customer.classifications.models import Classification, ClassificationManner
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, Text, Whole, shown


def _written_out(value: object) -> object:
    if isinstance(value, str) and "T" in value.upper():
        return value
    raise PydanticCustomError("datetime_parsing", "Input should be a moment with a time zone")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # before the year 1, or after 9999
        raise PydanticCustomError("datetime_parsing", "Input should be a moment") from error


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]
"""A moment with its time zone, written as RFC 3339 has it."""
EFFECTIVE = "Since when it is so; now if omitted, never in the future."


class ClassificationCreate(Input):
    """Put a customer into a class, by hand."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "scheme_id": "019364c2-7d5e-7000-8000-000000000030",
                    "class_code": "key",
                    "reason": "签订三年框架协议",
                }
            ]
        }
    )

    customer_id: UUID = Field(description="The customer.")
    scheme_id: UUID = Field(description="The scheme; its other classes are left thereby.")
    class_code: Code = Field(description="The class.")
    reason: Text = Field(description="Why the customer belongs there.")
    effective_at: Moment | None = Field(None, description=EFFECTIVE)


class ClassificationRemoval(Input):
    """Take a customer out of a class, by hand."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "协议已到期"}]})

    reason: Text = Field(description="Why the customer does not belong there any more.")
    effective_at: Moment | None = Field(None, description=EFFECTIVE)


class RulesRun(Input):
    """Let the rules of a scheme classify customers, so many at a time."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"overwrite_hand": False, "limit": 200, "after": None}]}
    )

    overwrite_hand: Flag = Field(
        False, description="True: the rules also decide where a person has decided."
    )
    limit: Whole = Field(200, ge=1, le=1000, description="How many customers to look at, at most.")
    after: UUID | None = Field(
        None, description="`next_after` of the run before; omit it to start with the first."
    )


class RulesRunResult(BaseModel):
    """What the rules did with one lot of customers."""

    looked_at: int = Field(description="Customers of this lot.")
    classified: int = Field(description="Came into a class, or into another one.")
    removed: int = Field(description="Left their class, because no rule applies any more.")
    kept_by_hand: int = Field(description="Stay where a person has put them.")
    next_after: UUID | None = Field(description="Send it as `after` for the next lot; null ends.")


class ClassificationRead(BaseModel):
    """A time for which a customer is, or was, in a class."""

    id: UUID = Field(description="The classification's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID = Field(description="The customer.")
    scheme_id: UUID = Field(description="The scheme.")
    class_code: str = Field(description="The class.")
    manner: ClassificationManner = Field(description="By hand or by rule.")
    reason: str | None = Field(description="Why, in the words of who did it by hand.")
    explanation: Explanation | None = Field(description="Why, if a rule did it.")
    assigned_by: str = Field(description="Who did it: a token subject, or `system:<worker>`.")
    effective_at: datetime = Field(description="Since when it is so.")
    ended_at: datetime | None = Field(description="Until when; null: it is so now.")
    ended_by: str | None = Field(description="Who ended it.")
    end_reason: str | None = Field(description="Why it ended; null: another class followed.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, classification: Classification) -> Self:
        """Return the classification as the API shows it."""
        return shown(cls, classification)


class ClassificationFilters(PageParams):
    """Filters of the list of classifications; all must match. It holds the history as well."""

    customer_id: UUID | None = Field(None, description="Of this customer.")
    scheme_id: UUID | None = Field(None, description="By this scheme.")
    class_code: str | None = Field(None, description="In a class with this code.")
    manner: ClassificationManner | None = Field(None, description="By hand, or by rule.")
    current: bool | None = Field(None, description="As it is now, or as it was before.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
