"""Search on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kehu_customer.customers.models import CustomerKind, CustomerState
from kehu_customer.search import reasons
from kehu_kernel.wire import NOT_BLANK

Typed = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), NOT_BLANK
]


class SearchParams(BaseModel):
    """What is searched for."""

    model_config = ConfigDict(extra="forbid")

    q: Typed = Field(
        description="A name or a part of it in Chinese (simplified or traditional) or Latin "
        "letters, pinyin or its initials, a phone number or the end of one, an e-mail or its "
        "domain, a code, a credit code, an address. Slight mistakes are forgiven."
    )
    type: Literal["customers", "contacts"] | None = Field(
        None, description="Only what customers say, or only what contacts say; both if omitted."
    )
    limit: int = Field(20, ge=1, le=50, description="How many hits, at most; the surest ones.")


class SearchedCustomer(BaseModel):
    """A customer that was found."""

    id: UUID = Field(description="The customer's id.")
    name: str = Field(description="Name in full.")
    code: str | None = Field(description="The tenant's own customer code.")
    kind: CustomerKind = Field(description="An organisation or a natural person.")
    state: CustomerState = Field(description="Prospect, trade customer or former.")
    owner_id: UUID | None = Field(description="The employee who looks after the customer.")


class SearchedContact(BaseModel):
    """A contact that was found."""

    id: UUID = Field(description="The contact's id.")
    name: str = Field(description="Name.")


class SearchHit(BaseModel):
    """A customer that is meant, perhaps."""

    customer: SearchedCustomer = Field(
        description="The customer; of a record that was merged, the one to use."
    )
    contact: SearchedContact | None = Field(
        description="The contact of the customer that matched; null if the customer itself did."
    )
    field: reasons.Field = Field(description="What matched.")
    manner: reasons.SearchManner = Field(description="How it matched.")
    matched: str = Field(description="The text that matched, as it is on record.")
    reason_en: str = Field(description="Why it was found, in English.")
    reason_zh: str = Field(description="Why it was found, in Chinese.")
    score: int = Field(description="How sure it is, 1 to 100.")


class SearchResult(BaseModel):
    """What was found, the surest first."""

    items: list[SearchHit] = Field(description="The hits; each customer once.")
    more: bool = Field(description="Whether there are more than these: a longer text tells.")
