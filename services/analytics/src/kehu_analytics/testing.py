"""Facts for tests and measurements: streams of valid events, and what they were folded into."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kehu_analytics.consumers import fold
from kehu_analytics.rebuild import PROJECTIONS
from kehu_contracts import customer, marketing, sales, service_desk
from kehu_contracts.base import Event
from kehu_contracts.envelope import Envelope, source_of
from kehu_contracts.examples import load
from kehu_contracts.money import Money
from kehu_contracts.topics import topic_of
from kehu_kernel import ids
from kehu_kernel.db import Database
from kehu_kernel.records import Fact

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
METHOD = UUID("019cbb9d-b1c0-71af-a77b-aaa7a5383ca5")
STAGES = {"understand": 10, "pre-study": 30, "solution": 50, "bid": 75, "sign": 90}
"""Stages of the sample method with their success rates."""

OPPORTUNITY_EVENTS: dict[str, type[sales.OpportunityState]] = {
    "not_evaluated": sales.OpportunityChanged,
    "in_evaluation": sales.OpportunitySubmitted,
    "in_progress": sales.OpportunityStageEntered,
    "evaluation_failed": sales.OpportunityEvaluated,
    "won": sales.OpportunityWon,
    "lost": sales.OpportunityLost,
    "pooled": sales.OpportunityPooled,
}


@dataclass
class Stream:
    """Makes one tenant's events, each a second after the one before, and keeps them in order."""

    tenant: str
    facts: list[Fact] = field(default_factory=list)
    _sequences: dict[UUID, int] = field(default_factory=dict)

    def customer(self, customer_id: UUID, **changes: Any) -> UUID:
        """Create a customer, or change it."""
        known = customer_id in self._sequences
        kind = customer.CustomerChanged if known else customer.CustomerCreated
        self._add(kind, customer_id, changes)
        return customer_id

    def opportunity(
        self,
        opportunity_id: UUID,
        status: str,
        on: date,
        *,
        amount: Decimal | int = 1000,
        currency: str = "CNY",
        stage: str | None = None,
        won: Decimal | int | None = None,
        **changes: Any,
    ) -> UUID:
        """Bring an opportunity into a status, as of a business day."""
        changes |= {
            "status": "evaluation_failed" if status == "pooled" else status,
            "pooled": status == "pooled",
            "effective_on": on,
            "method_id": changes.get("method_id", METHOD),
            "expected_revenue": Money(amount=Decimal(amount), currency=currency),
            "stage_code": stage,
            "stage_name": stage and stage.title(),
            "stage_position": list(STAGES).index(stage) + 1 if stage else None,
            "success_rate": STAGES[stage] if stage else None,
            "closed_on": on if status in ("won", "lost") else None,
        }
        if status == "won":
            agreed = Decimal(amount if won is None else won)
            changes["won_amount"] = Money(amount=agreed, currency=currency)
        self._add(OPPORTUNITY_EVENTS[status], opportunity_id, changes)
        return opportunity_id

    def request(self, request_id: UUID, customer_id: UUID, status: str = "open") -> UUID:
        """Create a service request, or move it on."""
        kind = service_desk.RequestCreated if status == "open" else service_desk.RequestAssigned
        self._add(kind, request_id, {"customer_id": customer_id, "status": status})
        return request_id

    def lead(self, lead_id: UUID, status: str = "open") -> UUID:
        """Create a lead, or change it."""
        kind = marketing.LeadCreated if status == "open" else marketing.LeadChanged
        self._add(kind, lead_id, {"status": status})
        return lead_id

    def department(self, department_id: UUID, name: str, path: Sequence[UUID] = ()) -> UUID:
        """Set up a department below the given ones."""
        changes = {
            "name": name,
            "path": [*path, department_id],
            "parent_id": path[-1] if path else None,
        }
        self._add(customer.DepartmentCreated, department_id, changes)
        return department_id

    def employee(self, employee_id: UUID, name: str) -> UUID:
        """Enter an employee."""
        self._add(customer.EmployeeCreated, employee_id, {"name": name})
        return employee_id

    async def fold(self, database: Database) -> None:
        """Fold everything so far, as one batch."""
        async with database.worker_transaction() as session:
            await fold(session, self.facts)

    def _add(self, kind: type[Event], aggregate_id: UUID, changes: dict[str, Any]) -> None:
        example = kind.from_bytes(load(kind.type)[0].data)
        event = example.model_copy(update={**changes, kind.key: aggregate_id})
        sequence = self._sequences[aggregate_id] = self._sequences.get(aggregate_id, 0) + 1
        at = START + timedelta(seconds=len(self.facts))
        self.facts.append(Fact(event, envelope_of(event, self.tenant, sequence, at)))


def envelope_of(event: Event, tenant: str, sequence: int, at: datetime) -> Envelope:
    """Return the envelope the event would travel in."""
    return Envelope(
        id=ids.new_id(),
        type=event.type,
        source=source_of(topic_of(event).producer),
        time=at,
        tenant_id=tenant,
        subject=event.aggregate_id,
        sequence=sequence,
        actor="tester",
        traceparent=None,
        data=event.to_bytes(),
    )


def moved(facts: Sequence[Fact], tenant: str) -> list[Fact]:
    """Return the same facts, of another tenant."""
    return [Fact(event, envelope._replace(tenant_id=tenant)) for event, envelope in facts]


async def dump(database: Database, tenant: str) -> dict[str, list[str]]:
    """Return every row of every projection of a tenant as PostgreSQL's own text, without tenant."""
    found = {}
    async with database.worker_transaction() as session:
        for model in PROJECTIONS:
            table = model.__tablename__
            rows = await session.scalars(
                text(
                    f"SELECT (to_jsonb(t) - 'tenant_id')::text FROM {table} t "  # noqa: S608 - ours
                    "WHERE tenant_id = :tenant"
                ),
                {"tenant": tenant},
            )
            found[table] = sorted(rows)
    return found
