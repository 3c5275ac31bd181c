"""Who is doing what, on whose behalf: handed to every transaction, event and audit entry."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kehu_contracts.access import RowScope
from kehu_kernel import clock, ids


@dataclass(frozen=True, slots=True)
class Actor:
    """An authenticated caller: the token's subject inside one tenant, with the scopes it holds."""

    subject: str
    tenant_id: str
    scopes: frozenset[str]
    name: str
    employee_id: UUID | None = None
    row_scope: RowScope = RowScope.ALL
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of one command, query or handled event.

    `actor` is the token's subject, or `system:<consumer>` for work that an event caused.
    `traceparent` is the W3C trace context that outgoing events and calls continue. `scopes` are the
    caller's rights; None is the system itself, which may see everything. `row_scope` says which
    rows: those of `employee_id`, the employee's department, or all. `roles` are those the token
    names, also roles that only the tenant knows.
    """

    tenant_id: str
    actor: str
    request_id: str = field(default_factory=lambda: str(ids.new_id()))
    traceparent: str | None = None
    now: datetime = field(default_factory=clock.now)
    employee_id: UUID | None = None
    scopes: frozenset[str] | None = None
    row_scope: RowScope = RowScope.ALL
    roles: frozenset[str] = frozenset()
