"""From events to rows: pure functions, one per fact table, in the order of its columns."""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from kehu_analytics.facts import models
from kehu_contracts import customer, marketing, sales, service_desk
from kehu_contracts.base import Event
from kehu_contracts.envelope import Envelope

POOLED = "pooled"
CLOSED = frozenset({"won", "lost", "evaluation_failed", POOLED})
"""It has left the funnel; from the reserve pool it comes back when it is taken up."""

Row = tuple[Any, ...]


def customer_row(event: customer.CustomerState) -> Row:
    """Return the columns of `customer_facts` after the common ones."""
    return (
        event.kind, event.code, event.name, _array([*event.roles, *(event.further_roles or ())]),
        event.parent_id, event.owner_id, event.department_id, event.state, event.industry,
        event.country, event.source, event.created_on, event.promoted_on, event.ended_on,
        event.merged_into_id,
    )  # fmt: skip


def opportunity_row(event: sales.OpportunityState) -> Row:
    """Return the columns of `opportunity_facts` after the common ones."""
    revenue, won = event.expected_revenue, _won(event)
    return (
        event.number, event.topic, event.customer_id, event.owner_id, event.department_id,
        event.source, event.lead_id, event.method_id, _status(event), event.stage_code,
        event.stage_name, event.stage_position, event.success_rate, revenue.amount,
        revenue.currency, won and won.amount, won and won.currency, event.expected_close_on,
        event.opened_on, event.closed_on, event.close_reason, event.effective_on,
    )  # fmt: skip


def history_row(event: sales.OpportunityState, envelope: Envelope) -> Row:
    """Return the columns of `opportunity_history`; `valid_to` follows from later rows."""
    revenue, won = event.expected_revenue, _won(event)
    return (
        envelope.tenant_id, event.opportunity_id, envelope.sequence, _status(event),
        _status(event) in CLOSED, event.method_id, event.stage_code, event.stage_name,
        event.stage_position, event.success_rate, revenue.amount, revenue.currency,
        won and won.amount, event.customer_id, event.owner_id, event.department_id,
        event.effective_on, None,
    )  # fmt: skip


def request_row(event: service_desk.RequestState) -> Row:
    """Return the columns of `request_facts` after the common ones."""
    return (
        event.number, event.customer_id, event.product_file_id, event.priority, event.channel,
        event.status, event.follower_id, event.required_on, event.created_at, event.closed_at,
    )  # fmt: skip


def lead_row(event: marketing.LeadState) -> Row:
    """Return the columns of `lead_facts` after the common ones."""
    return (
        event.number, event.source, event.customer_id, event.owner_id, event.status,
        event.opportunity_id, event.created_on,
    )  # fmt: skip


def employee_row(event: customer.EmployeeState) -> Row:
    """Return the columns of `employee_facts` after the common ones."""
    return (
        event.code, event.name, event.department_id, event.manager_id, event.territory_id,
        event.active,
    )  # fmt: skip


def department_row(event: customer.DepartmentState) -> Row:
    """Return the columns of `department_facts` after the common ones."""
    return (event.code, event.name, event.parent_id, _array(event.path))


class Kind(NamedTuple):
    """How one kind of object is folded."""

    model: type[Any]
    state: type[Event]
    row: Callable[[Any], Row]
    touches: str | None = None
    """The field with the customer it concerns."""
    counts_for: str | None = None
    """The column with the customer it counts for, which may change: both are concerned then."""


KINDS = (
    Kind(models.DepartmentFact, customer.DepartmentState, department_row),
    Kind(models.EmployeeFact, customer.EmployeeState, employee_row),
    Kind(
        models.CustomerFact, customer.CustomerState, customer_row, "customer_id", "merged_into_id"
    ),
    Kind(models.LeadFact, marketing.LeadState, lead_row),
    Kind(
        models.OpportunityFact,
        sales.OpportunityState,
        opportunity_row,
        "customer_id",
        "customer_id",
    ),
    Kind(models.RequestFact, service_desk.RequestState, request_row, "customer_id", "customer_id"),
)
"""Every kind of object that is folded. Events about anything else pass by."""


def kind_of(event_class: type[Event]) -> Kind | None:
    """Return how events of a class are folded, or None if nothing here depends on them."""
    return next((kind for kind in KINDS if issubclass(event_class, kind.state)), None)


def _status(event: sales.OpportunityState) -> str:
    """Return where it stands; one in the reserve pool is neither open, nor won, nor lost."""
    return POOLED if event.pooled else event.status


def _won(event: sales.OpportunityState) -> Any:
    """Return the amount agreed; should a later fact of a won opportunity lack it, the expected."""
    if isinstance(event, sales.OpportunityWon):
        return event.won_amount
    return event.expected_revenue if event.status == "won" else None


def _array(values: list[Any] | list[str] | list[UUID]) -> str:
    """Return an array literal: a column of arrays cannot travel through `unnest` as such.

    Only for values that need no quoting: ids and words of a closed list.
    """
    return "{" + ",".join(map(str, values)) + "}"
