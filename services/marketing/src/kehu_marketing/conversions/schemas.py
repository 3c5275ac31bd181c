"""Conversions on the wire."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from kehu_kernel.wire import shown
from kehu_marketing.conversions.models import Conversion, ConversionState
from kehu_marketing.leads.schemas import ErrorRead

MESSAGES = {
    ConversionState.REQUESTED: ("The customer comes first.", "已受理，正在处理客户。"),
    ConversionState.CUSTOMER_DONE: (
        "The customer is there; the contact comes next.",
        "客户已就绪，正在处理联系人。",
    ),
    ConversionState.CONTACT_DONE: (
        "Customer and contact are there; the opportunity comes next.",
        "客户和联系人已就绪，正在创建商机。",
    ),
    ConversionState.COMPLETED: ("The lead became an opportunity.", "线索已转化为商机。"),
    ConversionState.FAILED: (
        "The conversion failed; the lead is open again.",
        "转化失败，线索已重新打开。",
    ),
}
"""What a state means, in English and Chinese."""


class ConversionRead(BaseModel):
    """How far the conversion of a lead is."""

    lead_id: UUID = Field(description="The lead.")
    state: ConversionState = Field(description="What has been done.")
    message: str = Field(description="The same in words, in the request's language.")
    customer_id: UUID | None = Field(description="The customer, once found or made.")
    contact_id: UUID | None = Field(description="The contact, once found or made.")
    opportunity_id: UUID | None = Field(description="The opportunity, once made.")
    attempts: int = Field(description="How often the present step was tried in vain.")
    next_attempt_at: datetime = Field(description="When it is tried next, if it is not over.")
    last_error: ErrorRead | None = Field(description="Why the last try was in vain.")
    started_by: str = Field(description="Who asked for it: a token subject.")
    started_at: datetime = Field(description="When it was asked for.")
    updated_at: datetime = Field(description="When it changed last.")

    @classmethod
    def of(cls, conversion: Conversion, language: str) -> Self:
        """Return the conversion as the API shows it, texts in `zh` or `en`."""
        en, zh = MESSAGES[ConversionState(conversion.state)]
        return shown(
            cls,
            conversion,
            message=zh if language == "zh" else en,
            last_error=ErrorRead.of(conversion.last_error, language),
        )
