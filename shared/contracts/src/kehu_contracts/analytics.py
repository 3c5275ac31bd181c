"""Facts of the analytics service: what it found out about customers."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event, Timestamp
from kehu_contracts.erasure import ErasureAcknowledgement


class CustomerValueChanged(Event):
    """The value of a customer changed; the customer service writes it back.

    The sequence is the version of the customer's value, not of the customer.
    """

    type: ClassVar[str] = "analytics.customer-value-changed.v1"
    key: ClassVar[str] = "customer_id"

    customer_id: UUID = Field(description="The customer.")
    model_id: UUID = Field(description="The value model that was active.")
    score: DecimalText = Field(description="Weighted score, in points.")
    grade: str = Field(description="Grade the score falls into, such as A.")
    previous_grade: str | None = Field(description="Grade before; none for the first time.")
    calculated_at: Timestamp = Field(description="When the value was calculated, UTC.")


class AnalyticsErasureAcknowledged(ErasureAcknowledgement):
    """Analytics has erased the persons; its figures stay."""

    type: ClassVar[str] = "analytics.analytics-erasure-acknowledged.v1"


EVENTS: tuple[type[Event], ...] = (CustomerValueChanged, AnalyticsErasureAcknowledged)
