"""Archives and facts on the wire: what is sent, and what is asked for."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from kehu_customer.archives.models import Step
from kehu_customer.custom_fields.schemas import FieldCode
from kehu_customer.profiles.models import DataGroup
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, Patch, Text, Whole

SOURCE = "Code of the source it comes from."
NOTE = "Where exactly, so that it can be found again: a document, a page, a person."
KNOWN_ON = "Business day it was known to be so; today if omitted, never in the future."
VERIFIED = "How it was made sure of; null: nobody has yet."
REASON = "Why; needed to withdraw."


class VerificationInput(Input):
    """That somebody made sure of a fact."""

    how: Text = Field(description="How: by telephone, from a document, ...")
    on: Day | None = Field(
        None, description="Business day; today if omitted, never before the fact was known."
    )


class FactInput(Input):
    """What is known in one respect. What is left out is taken from the section."""

    value: JsonValue = Field(
        description="The value, of the type of its definition; numbers and amounts as text."
    )
    source_code: FieldCode | None = Field(None, description=SOURCE)
    source_note: LongText | None = Field(None, description=NOTE)
    known_on: Day | None = Field(None, description=KNOWN_ON)
    verified: VerificationInput | None = Field(None, description=VERIFIED)


FactInputs = Annotated[
    dict[FieldCode, FactInput | None],
    Field(max_length=200, json_schema_extra={"additionalProperties": False}),
]


class SectionUpdate(Patch):
    """Facts of one section: what is left out stays, null withdraws.

    Source, note, day and verification stand for all facts that do not say their own.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source_code": "internal",
                    "known_on": "2026-11-20",
                    "facts": {
                        "birthday": {"value": "1980-05-04", "verified": {"how": "身份证"}},
                        "job_type": {"value": "工程师", "source_note": "拜访记录 17"},
                        "income_level": None,
                    },
                    "reason": "客户不愿透露",
                }
            ]
        }
    )
    facts: FactInputs = Field(description="Facts by their codes.")
    source_code: FieldCode | None = Field(None, description=SOURCE)
    source_note: LongText | None = Field(None, description=NOTE)
    known_on: Day | None = Field(None, description=KNOWN_ON)
    verified: VerificationInput | None = Field(None, description=VERIFIED)
    reason: Text | None = Field(None, description=REASON)


class FactCorrection(Input):
    """What is so instead."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"value": "1981-05-04", "source_code": "government", "reason": "笔误"}]
        }
    )

    value: JsonValue = Field(description="The value, of the type of its definition.")
    source_code: FieldCode = Field(description=SOURCE)
    source_note: LongText | None = Field(None, description=NOTE)
    known_on: Day | None = Field(None, description=KNOWN_ON)
    verified: VerificationInput | None = Field(None, description=VERIFIED)
    reason: Text = Field(description="Why it is corrected.")


class FactConfirmation(VerificationInput):
    """Somebody made sure that the fact is (still) so."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"how": "电话核实"}]})


class FactWithdrawal(Input):
    """The fact is not known any more, or never was."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "来源不可靠"}]})

    reason: Text = Field(description="Why it is withdrawn.")


class RefreshRun(Input):
    """Work out completeness and due days of the next lot of archives."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"after": None, "limit": 200}]})

    after: UUID | None = Field(None, description="`next_after` of the lot before; null to start.")
    limit: Annotated[Whole, Field(ge=1, le=500)] = Field(200, description="Archives of the lot.")


class DueRun(Input):
    """Tell of the next facts that are due."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit": 200}]})

    limit: Annotated[Whole, Field(ge=1, le=500)] = Field(200, description="Facts, at most.")


class FactFilters(PageParams):
    """Filters of the list of facts; all must match. It holds the history as well."""

    customer_id: UUID | None = Field(None, description="About this customer.")
    owner_id: UUID | None = Field(None, description="About customers this employee looks after.")
    profile_id: UUID | None = Field(None, description="Of this profile.")
    section_code: str | None = Field(None, description="Of a section with this code.")
    data_group: DataGroup | None = Field(None, description="Of this group of data.")
    definition_id: UUID | None = Field(None, description="In this respect.")
    source_id: UUID | None = Field(None, description="From this source.")
    step: Step | None = Field(None, description="Made by this step.")
    current: bool | None = Field(None, description="As it is known now, or as it was before.")
    verified: bool | None = Field(None, description="Verified, or not yet.")
    due_by: Day | None = Field(
        None,
        description="To be verified (again) by this day, which counts; only what is known now, "
        "and not of former customers. Use `sort=due_on`.",
    )
    sort: Literal["created_at", "-created_at", "due_on", "-due_on"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
