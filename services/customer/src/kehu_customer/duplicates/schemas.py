"""Duplicates on the wire."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kehu_customer.customers.models import CustomerKind
from kehu_customer.duplicates.models import DuplicatePair, DuplicateRules, PairSource, PairState
from kehu_customer.duplicates.rules import DEFAULT_POINTS, DuplicateReason, DuplicateVerdict
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, Patch, Text, Whole, shown

Percent = Annotated[Whole, Field(ge=0, le=100)]


class Points(Input):
    """What each shared thing is worth, 0 (does not count) to 100; what is left out stays."""

    credit_code: Percent | None = Field(None, description="The same unified social credit code.")
    company_name: Percent | None = Field(None, description="The same company name.")
    person_name: Percent | None = Field(None, description="The same name of a person.")
    phone: Percent | None = Field(None, description="The same phone number.")
    email: Percent | None = Field(None, description="The same e-mail address.")
    domain: Percent | None = Field(None, description="The same domain of website or e-mail.")
    address: Percent | None = Field(None, description="The same postal address.")


def _lower(domains: list[str]) -> list[str]:
    return sorted({domain.lower().removeprefix("www.") for domain in domains})


class DuplicateRulesUpdate(Patch):
    """Changes to the rules; fields left out stay."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"points": {"phone": 80}, "refuse_from": 90}]}
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"points", "refuse_from", "warn_from", "other_credit_code", "ignored_domains",
         "unmerge_within_days"}
    )  # fmt: skip

    points: Points | None = Field(None, description="What each shared thing is worth.")
    refuse_from: Whole | None = Field(
        None, ge=1, le=101, description="Score from which a create is refused; 101: never."
    )
    warn_from: Whole | None = Field(
        None, ge=1, le=101, description="Score from which a pair is put up for review; 101: never."
    )
    other_credit_code: Percent | None = Field(
        None, description="Percent left of the score of two records with different credit codes."
    )
    ignored_domains: Annotated[list[Text], AfterValidator(_lower)] | None = Field(
        None,
        max_length=1000,
        description="Domains that tell nothing, beside those of free mail providers.",
    )
    unmerge_within_days: Whole | None = Field(
        None, ge=0, le=36_500, description="Days for which a merge can be undone."
    )


class DuplicateRulesRead(BaseModel):
    """The rules as they stand."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    points: dict[str, int] = Field(description="What each shared thing is worth, 0 to 100.")
    refuse_from: int = Field(description="Score from which a create is refused.")
    warn_from: int = Field(description="Score from which a pair is put up for review.")
    other_credit_code: int = Field(
        description="Percent left of the score of two records with different credit codes."
    )
    ignored_domains: list[str] = Field(description="Domains that tell nothing.")
    unmerge_within_days: int = Field(description="Days for which a merge can be undone.")

    @classmethod
    def of(cls, rules: DuplicateRules) -> Self:
        """Return the rules as the API shows them."""
        return shown(cls, rules, points=DEFAULT_POINTS | rules.points)


class DuplicateCheck(Input):
    """What is known of a customer that might be on record already."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "organisation",
                    "name": "深圳華強（集團）有限公司",
                    "phone": "0755 8888 8888",
                    "website": "www.huaqiang.com",
                }
            ]
        }
    )

    kind: CustomerKind = Field(description="An organisation or a natural person.")
    name: Text = Field(description="Name.")
    credit_code: Text | None = Field(None, description="Unified social credit code.")
    website: Text | None = Field(None, description="Website.")
    phone: Text | None = Field(None, description="A phone number.")
    email: Text | None = Field(None, description="An e-mail address.")
    address: Text | None = Field(None, description="A postal address in one line.")


class Candidate(BaseModel):
    """A customer that may be the same.

    Of one that the caller may not see, only the department that serves it is told.
    """

    customer_id: UUID | None = Field(description="The customer; null if it may not be seen.")
    name: str | None = Field(description="Its name; null if it may not be seen.")
    score: int | None = Field(description="How sure, 0 to 100; null if it may not be seen.")
    reasons: list[DuplicateReason] = Field(description="Why; empty if it may not be seen.")
    served_by: str | None = Field(description="The department that serves it.")


class DuplicateCheckResult(BaseModel):
    """Who may be the same, and what creating the customer would lead to."""

    verdict: DuplicateVerdict = Field(description="What creating it would lead to.")
    candidates: list[Candidate] = Field(description="The surest first, 20 at most.")


class DuplicateScan(Input):
    """Which customers to look at: a lot, in the order of their ids."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit": 500}]})

    after: UUID | None = Field(None, description="Go on after this customer (`next_after`).")
    limit: Whole = Field(200, ge=1, le=1000, description="How many customers to look at.")


class DuplicateScanResult(BaseModel):
    """What a lot of a scan came to."""

    looked_at: int = Field(description="Customers looked at.")
    found: int = Field(description="Pairs in your sight put up for review that were not before.")
    next_after: UUID | None = Field(description="Where to go on; null at the end.")


class PairDismissal(Input):
    """They are two customers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "母子公司，分别开票"}]})

    reason: Text = Field(description="Why they are two.")


class PairRead(BaseModel):
    """Two records that may be one customer."""

    id: UUID = Field(description="The pair's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    first_id: UUID = Field(description="The one that was entered first.")
    second_id: UUID = Field(description="The other.")
    score: int = Field(description="How sure it is, 0 to 100.")
    reasons: list[DuplicateReason] = Field(description="Why.")
    source: PairSource = Field(description="What found them.")
    state: PairState = Field(description="What was decided.")
    decided_by: str | None = Field(description="Who decided: a token subject.")
    decision_reason: str | None = Field(description="Why it was decided so.")
    created_at: datetime = Field(description="When they were found.")
    updated_at: datetime = Field(description="When the pair changed last.")

    @classmethod
    def of(cls, pair: DuplicatePair) -> Self:
        """Return the pair as the API shows it."""
        return shown(cls, pair)


class PairFilters(PageParams):
    """Filters of the review queue; all must match."""

    state: PairState | None = Field(None, description="Open, merged or dismissed.")
    customer_id: UUID | None = Field(None, description="One of the two.")
    score_from: int | None = Field(None, ge=0, le=100, description="With at least this score.")
    sort: Literal["score", "-score", "created_at", "-created_at"] = Field(
        "-score", description="Order; a leading minus reverses it."
    )
