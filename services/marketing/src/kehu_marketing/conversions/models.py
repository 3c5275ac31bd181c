"""The conversion of a lead: how far its saga is, and who may work on it until when."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.context import Context
from kehu_marketing.db import Base


class ConversionState(StrEnum):
    """What has been recorded as done."""

    REQUESTED = "requested"
    CUSTOMER_DONE = "customer_done"
    CONTACT_DONE = "contact_done"
    COMPLETED = "completed"
    FAILED = "failed"


class Step(StrEnum):
    """What is to be done next."""

    CUSTOMER = "customer"
    CONTACT = "contact"
    OPPORTUNITY = "opportunity"


NEXT_STEP = {
    ConversionState.REQUESTED: Step.CUSTOMER,
    ConversionState.CUSTOMER_DONE: Step.CONTACT,
    ConversionState.CONTACT_DONE: Step.OPPORTUNITY,
}
STATE_AFTER = {
    Step.CUSTOMER: ConversionState.CUSTOMER_DONE,
    Step.CONTACT: ConversionState.CONTACT_DONE,
    Step.OPPORTUNITY: ConversionState.COMPLETED,
}


class Conversion(Base):
    """One per lead. A row that is due is work for any worker, which claims it for a while.

    `claim_id` names the claim: a result counts only under the newest one, so a worker whose claim
    ended while it was held up changes nothing.
    """

    label_zh = "线索转换"
    __tablename__ = "conversions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "lead_id"], ["leads.tenant_id", "leads.id"]),
        Index(
            "ix_conversions_due",
            "next_attempt_at",
            postgresql_where=text("state NOT IN ('completed', 'failed')"),
        ),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    opportunity_id: Mapped[UUID | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    claim_id: Mapped[UUID | None]
    claimed_until: Mapped[datetime | None]
    last_error: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    started_by: Mapped[str]
    started_at: Mapped[datetime]
    request_id: Mapped[str]
    traceparent: Mapped[str | None]
    language: Mapped[str]
    updated_at: Mapped[datetime]

    @property
    def step(self) -> Step | None:
        """The next step, or None when the conversion is over."""
        return NEXT_STEP.get(ConversionState(self.state))

    def begin(self, context: Context, language: str) -> None:
        """Start, or start again after a failure, in the name of who asked for it."""
        self.state = ConversionState.REQUESTED
        self.customer_id = self.contact_id = self.opportunity_id = None
        self.attempts, self.last_error = 0, None
        self.started_by, self.started_at = context.actor, context.now
        self.request_id, self.traceparent = context.request_id, context.traceparent
        self.language = language
        self.next_attempt_at = self.updated_at = context.now
        self.release()

    def record(self, step: Step, found: UUID | None, *, now: datetime, claim: timedelta) -> None:
        """Write down what a step found or made; the claim is kept for the next one."""
        setattr(self, f"{step}_id", found)
        self.state = STATE_AFTER[step]
        self.attempts, self.last_error = 0, None
        self.next_attempt_at = self.updated_at = now
        if self.step is None:
            self.release()
        else:
            self.claimed_until = now + claim

    def postpone(self, error: dict[str, str], *, now: datetime, wait: timedelta) -> None:
        """Come back to the step later."""
        self.attempts += 1
        self.last_error, self.updated_at = error, now
        self.next_attempt_at = now + wait
        self.release()

    def fail(self, error: dict[str, str], *, now: datetime) -> None:
        """Give up: repeating the step cannot help."""
        self.state, self.last_error, self.updated_at = ConversionState.FAILED, error, now
        self.release()

    def release(self) -> None:
        """Give the claim back."""
        self.claim_id = self.claimed_until = None
