"""What an opportunity is about: its potential information (1.3; 4 §5.1)."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.money import Money
from kehu_sales.lines import Line, LinesColumn, total
from kehu_sales.methods.stages import BuyingRole, Fact
from kehu_sales.opportunities.committee import CommitteeColumn, Member


class Potential:
    """Columns of the potential information, for the opportunity's table."""

    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    source: Mapped[str | None]
    lead_id: Mapped[UUID | None]
    external_ref: Mapped[str | None]
    interest: Mapped[str | None]
    need: Mapped[str | None]
    expected_close_on: Mapped[date | None]
    expected_revenue: Mapped[Decimal]
    currency: Mapped[str]
    lines: Mapped[tuple[Line, ...]] = mapped_column(LinesColumn())
    reported_by_id: Mapped[UUID | None]
    reporter_role: Mapped[str | None]
    need_kind: Mapped[str | None]
    competitor: Mapped[str | None]
    competitor_id: Mapped[UUID | None]
    need_confirmed_on: Mapped[date | None]
    feasibility_passed_on: Mapped[date | None]
    solution_accepted_on: Mapped[date | None]
    confirmed_on: Mapped[date | None]
    confirmation: Mapped[str | None]
    confirmation_template_id: Mapped[UUID | None]
    confirmation_answers: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    buying_committee: Mapped[tuple[Member, ...]] = mapped_column(
        CommitteeColumn(), server_default=text("'[]'")
    )
    topic: Mapped[str]

    @property
    def revenue(self) -> Money:
        """The expected revenue with its currency."""
        return Money(amount=self.expected_revenue, currency=self.currency)

    def expect(self, revenue: Money) -> None:
        """Expect this revenue; for an opportunity without product lines."""
        self.lines = ()
        self.expected_revenue, self.currency = revenue.amount, revenue.currency

    def ask_for(self, lines: tuple[Line, ...], currency: str) -> None:
        """Replace the product lines; the expected revenue is their sum. Raises `AmountTooLarge`."""
        self.expected_revenue = total(lines)
        self.lines, self.currency = lines, currency

    def facts(self) -> set[Fact]:
        """Return what it says, of what a stage or a confirmation can ask for."""
        said = {
            Fact.CUSTOMER: self.customer_id,
            Fact.CONTACT: self.contact_id,
            Fact.OWNER: self.owner_id,
            Fact.SOURCE: self.source,
            Fact.INTEREST: self.interest,
            Fact.NEED: self.need,
            Fact.NEED_KIND: self.need_kind,
            Fact.EXPECTED_CLOSE_ON: self.expected_close_on,
            Fact.EXPECTED_REVENUE: self.expected_revenue,
            Fact.LINES: self.lines,
            Fact.COMPETITOR: self.competitor,
            Fact.CONFIRMED: self.confirmed_on,
            Fact.NEED_CONFIRMED: self.need_confirmed_on,
            Fact.FEASIBILITY_PASSED: self.feasibility_passed_on,
            Fact.SOLUTION_ACCEPTED: self.solution_accepted_on,
        }
        return {fact for fact, value in said.items() if value}

    def roles(self) -> set[BuyingRole]:
        """Return the parts that contacts play in the buying committee."""
        return {member.role for member in self.buying_committee or ()}
