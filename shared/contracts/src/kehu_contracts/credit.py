"""Facts about the credit of customers: reports, limits, exposure; never a balance sheet."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event, Timestamp
from kehu_contracts.money import Money


class CreditReportState(Event):
    """A credit investigation of a customer; what it found out stays in the customer service."""

    key: ClassVar[str] = "credit_report_id"

    credit_report_id: UUID = Field(description="The report.")
    customer_id: UUID = Field(description="The customer it is about.")
    reported_on: date = Field(description="Day of the report.")
    expires_on: date = Field(description="First day on which it is not valid any more.")
    source: str = Field(description="Who found out: own, customer_form, agency.")
    grade: str | None = Field(description="The grade it gives, a value of the tenant's own list.")
    superseded_at: Timestamp | None = Field(description="When a later report took its place, UTC.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class CreditReportRecorded(CreditReportState):
    """A credit report of a customer was entered."""

    type: ClassVar[str] = "customer.credit-report-recorded.v1"


class CreditReportSuperseded(CreditReportState):
    """A later report of the same customer took the place of this one."""

    type: ClassVar[str] = "customer.credit-report-superseded.v1"


class CreditInvestigationState(Event):
    """The task to investigate the credit of a customer (again)."""

    key: ClassVar[str] = "credit_investigation_id"

    credit_investigation_id: UUID = Field(description="The task.")
    customer_id: UUID = Field(description="The customer.")
    expired_report_id: UUID | None = Field(
        description="The report that expired; none if a person asked for the investigation."
    )
    assignee_id: UUID | None = Field(description="The employee who is to see to it.")
    due_on: date = Field(description="The day by which a new report is needed.")
    reason: str | None = Field(description="Why, in the words of who asked for it.")
    state: str = Field(description="Where it stands: open, done, cancelled.")
    new_report_id: UUID | None = Field(description="The report that came of it.")
    close_reason: str | None = Field(description="Why it was cancelled.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class CreditInvestigationOpened(CreditInvestigationState):
    """The credit of a customer has to be investigated: a report expired, or a person asked."""

    type: ClassVar[str] = "customer.credit-investigation-opened.v1"


class CreditInvestigationClosed(CreditInvestigationState):
    """A new report is there, or the investigation was cancelled."""

    type: ClassVar[str] = "customer.credit-investigation-closed.v1"


class FinancialStatementState(Event):
    """There is a financial statement of a customer; its figures stay in the customer service."""

    key: ClassVar[str] = "financial_statement_id"

    financial_statement_id: UUID = Field(description="The statement.")
    customer_id: UUID = Field(description="The customer.")
    starts_on: date = Field(description="First day of the period.")
    ends_on: date = Field(description="Last day of the period: the figures are of this day.")
    audited: bool = Field(description="Whether an auditor has confirmed it.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class FinancialStatementRecorded(FinancialStatementState):
    """A financial statement of a customer was entered."""

    type: ClassVar[str] = "customer.financial-statement-recorded.v1"


class FinancialStatementChanged(FinancialStatementState):
    """A financial statement of a customer was corrected."""

    type: ClassVar[str] = "customer.financial-statement-changed.v1"


class CreditAccountState(Event):
    """The credit of a customer: whether it is blocked, and what its whole group has taken."""

    key: ClassVar[str] = "credit_account_id"

    credit_account_id: UUID = Field(description="The account, one for a customer.")
    customer_id: UUID = Field(description="The customer; for limit and exposure, a head company.")
    currency: str | None = Field(description="Currency, ISO 4217; none before a limit is granted.")
    exposure: Money | None = Field(
        description="What is reserved and not released, and what contracts of sales have open."
    )
    blocked: bool = Field(description="Whether the customer and all below it get no credit.")
    block_reason: str | None = Field(description="Why it is blocked.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")
    contracted: Money | None = Field(
        default=None,
        description="The part of the exposure that contracts of sales have open.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )


class CreditAccountOpened(CreditAccountState):
    """A customer has credit on record for the first time."""

    type: ClassVar[str] = "customer.credit-account-opened.v1"


class CreditExposureChanged(CreditAccountState):
    """Credit was reserved, released or taken by contracts, or its currency was set."""

    type: ClassVar[str] = "customer.credit-exposure-changed.v1"


class CreditBlocked(CreditAccountState):
    """A customer, with all companies below it, gets no credit until further notice."""

    type: ClassVar[str] = "customer.credit-blocked.v1"


class CreditUnblocked(CreditAccountState):
    """A customer may use its credit again."""

    type: ClassVar[str] = "customer.credit-unblocked.v1"


class CreditLimitState(Event):
    """The limit of a head company, with all its branches, for a year."""

    key: ClassVar[str] = "credit_limit_id"

    credit_limit_id: UUID = Field(description="The limit.")
    customer_id: UUID = Field(description="The head company.")
    year: int = Field(description="The fiscal year, named after the calendar year it starts in.")
    starts_on: date = Field(description="First day.")
    ends_on: date = Field(description="First day after it.")
    amount: Money = Field(description="The limit.")
    previous_amount: Money | None = Field(description="The limit before; none if it is new.")
    reason: str = Field(description="Why it was granted or adjusted.")
    overridden: bool = Field(description="Whether it was put below what is used already.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class CreditLimitGranted(CreditLimitState):
    """A head company was granted credit for a year."""

    type: ClassVar[str] = "customer.credit-limit-granted.v1"


class CreditLimitAdjusted(CreditLimitState):
    """The limit of a year was raised or lowered."""

    type: ClassVar[str] = "customer.credit-limit-adjusted.v1"


class CreditReservationState(Event):
    """What a document, such as a contract, takes of the credit."""

    key: ClassVar[str] = "credit_reservation_id"

    credit_reservation_id: UUID = Field(description="The reservation.")
    customer_id: UUID = Field(description="The customer of the document.")
    credit_account_id: UUID = Field(description="The account of its head company.")
    source_kind: str = Field(description="Kind of the document, such as contract.")
    source_key: str = Field(description="The document's own id.")
    amount: Money = Field(description="What was reserved.")
    released: Money = Field(description="What of it is released, by receipts for instance.")
    state: str = Field(description="Where it stands: open, released, cancelled.")
    cancel_reason: str | None = Field(description="Why it was cancelled.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class CreditReservationCreated(CreditReservationState):
    """A document took a part of the credit."""

    type: ClassVar[str] = "customer.credit-reservation-created.v1"


class CreditReservationReleased(CreditReservationState):
    """A part or all of a reservation is free again."""

    type: ClassVar[str] = "customer.credit-reservation-released.v1"


class CreditReservationCancelled(CreditReservationState):
    """The document came to nothing; what was outstanding is free again."""

    type: ClassVar[str] = "customer.credit-reservation-cancelled.v1"


EVENTS: tuple[type[Event], ...] = (
    CreditReportRecorded,
    CreditReportSuperseded,
    CreditInvestigationOpened,
    CreditInvestigationClosed,
    FinancialStatementRecorded,
    FinancialStatementChanged,
    CreditAccountOpened,
    CreditExposureChanged,
    CreditBlocked,
    CreditUnblocked,
    CreditLimitGranted,
    CreditLimitAdjusted,
    CreditReservationCreated,
    CreditReservationReleased,
    CreditReservationCancelled,
)
