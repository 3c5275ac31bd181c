"""The service request and its states (1.4, points 6 and 7).

    open -assign-> assigned -dispatch-> dispatching -accept-> dispatched -handle-> handled
    handled -close-> closed; all handlers refuse, or reopen: back to assigned

Passing a request on (another follower, other handlers) never closes it.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_service_desk.db import Base
from kehu_service_desk.requests.dispatch import Answer, DispatchOrder
from kehu_service_desk.requests.errors import (
    NoDispatchToAnswer,
    ReopenTooLate,
    RequestNotAssignable,
    RequestNotDispatchable,
    RequestNotDispatched,
    RequestNotHandled,
    RequestNotReopenable,
    RequiredDayPassed,
)


class RequestPriority(StrEnum):
    """How pressing a request is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class RequestKind(StrEnum):
    """What a customer wants: that something is done (服务), or made good (投诉)."""

    SERVICE = "service"
    COMPLAINT = "complaint"


class RequestChannel(StrEnum):
    """How a request came in."""

    PHONE = "phone"
    E_MAIL = "e_mail"
    WEB = "web"
    VISIT = "visit"
    APP = "app"
    OTHER = "other"


class RequestStatus(StrEnum):
    """How far a request is."""

    OPEN = "open"
    ASSIGNED = "assigned"
    DISPATCHING = "dispatching"
    DISPATCHED = "dispatched"
    HANDLED = "handled"
    CLOSED = "closed"


class StepKind(StrEnum):
    """What was done with a request."""

    CREATED = "created"
    ASSIGNED = "assigned"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    HANDLED = "handled"
    CLOSED = "closed"
    REOPENED = "reopened"


class ServiceRequest(Aggregate, Base):
    """A customer's problem, followed by one employee until it is closed.

    `handler_ids` are the handlers of the dispatch order under way, if there is one.
    """

    label_zh = "服务请求"
    __tablename__ = "requests"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "external_ref"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "product_file_id"], ["product_files.tenant_id", "product_files.id"]
        ),
        Index("ix_requests_created_at", "tenant_id", "created_at", "id"),
        Index("ix_requests_required_on", "tenant_id", "required_on", "id"),
        Index("ix_requests_status", "tenant_id", "status", "created_at", "id"),
        Index("ix_requests_kind", "tenant_id", "kind", "created_at", "id"),
        Index("ix_requests_customer", "tenant_id", "customer_id", "created_at", "id"),
        Index("ix_requests_follower", "tenant_id", "follower_id", "created_at", "id"),
        Index("ix_requests_product_file", "tenant_id", "product_file_id"),
    )

    number: Mapped[str]
    external_ref: Mapped[str | None]
    customer_id: Mapped[UUID]
    product_file_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(server_default=text("'service'"))
    problem: Mapped[str]
    priority: Mapped[str]
    channel: Mapped[str]
    status: Mapped[str]
    follower_id: Mapped[UUID | None]
    handler_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    opened_on: Mapped[date]
    required_on: Mapped[date | None]
    handled_on: Mapped[date | None]
    handled_by: Mapped[UUID | None]
    result: Mapped[str | None]
    closed_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    resolution: Mapped[str | None]
    satisfied: Mapped[bool | None]

    def open(self, on: date) -> None:
        """Begin the request's life. Raises `RequiredDayPassed`."""
        if self.required_on is not None and self.required_on < on:
            raise RequiredDayPassed(on=self.required_on)
        self.status, self.opened_on, self.handler_ids = RequestStatus.OPEN, on, []

    def overdue(self, day: date) -> bool:
        """Whether the request should have been closed before that day."""
        return (
            self.required_on is not None
            and self.required_on < day
            and self.status != RequestStatus.CLOSED
        )

    def assign(self, follower_id: UUID) -> None:
        """Name the follower, or another one. Raises `RequestNotAssignable`."""
        if self.status not in (RequestStatus.OPEN, RequestStatus.ASSIGNED):
            raise RequestNotAssignable(number=self.number, status=self.status)
        self.status, self.follower_id = RequestStatus.ASSIGNED, follower_id

    def dispatch(self, order: DispatchOrder) -> None:
        """Name handlers in a new dispatch order; the caller has withdrawn the one under way.

        Raises `RequestNotDispatchable`.
        """
        if self.status not in (
            RequestStatus.ASSIGNED, RequestStatus.DISPATCHING, RequestStatus.DISPATCHED,
        ):  # fmt: skip
            raise RequestNotDispatchable(number=self.number, status=self.status)
        self.status = RequestStatus.DISPATCHING
        self.handler_ids = [handler.handler_id for handler in order.handlers]

    def accept(
        self, order: DispatchOrder | None, handler_id: UUID, reason: str, now: datetime
    ) -> None:
        """A handler takes the work on; the first one makes the request `dispatched`.

        Raises `NoDispatchToAnswer`, `HandlerNotNamed`, `DispatchAlreadyAnswered`.
        """
        self._answerable(order).accept(handler_id, reason, now)
        self.status = RequestStatus.DISPATCHED

    def refuse(
        self, order: DispatchOrder | None, handler_id: UUID, reason: str, now: datetime
    ) -> None:
        """A handler declines; when all have, the follower must name others.

        Raises `NoDispatchToAnswer`, `HandlerNotNamed`, `DispatchAlreadyAnswered`.
        """
        order = self._answerable(order)
        order.refuse(handler_id, reason, now)
        if order.refused_by_all:
            self.status, self.handler_ids = RequestStatus.ASSIGNED, []

    def handle(
        self, order: DispatchOrder | None, handler_id: UUID, result: str, handled_on: date
    ) -> None:
        """Enter the work as done, by a handler who accepted it.

        Raises `RequestNotDispatched`, `HandlerNotNamed`, `HandlerHasNotAccepted`,
        `DateBeforePrevious`.
        """
        if self.status != RequestStatus.DISPATCHED or order is None:
            raise RequestNotDispatched(number=self.number, status=self.status)
        order.finish(handler_id)
        business_day.follows(handled_on, self.opened_on)
        self.status, self.result = RequestStatus.HANDLED, result
        self.handled_on, self.handled_by = handled_on, handler_id

    def close(self, resolution: str, *, satisfied: bool | None, on: date, now: datetime) -> None:
        """End the request with its resolution. Raises `RequestNotHandled`."""
        if self.status != RequestStatus.HANDLED:
            raise RequestNotHandled(number=self.number, status=self.status)
        self.status, self.closed_on, self.closed_at = RequestStatus.CLOSED, on, now
        self.resolution, self.satisfied = resolution, satisfied

    def reopen(self, on: date, within_days: int) -> None:
        """Give a handled or closed request back to its follower; its history stays.

        A closed one only within `within_days` days. Raises `RequestNotReopenable`, `ReopenTooLate`.
        """
        if self.status not in (RequestStatus.HANDLED, RequestStatus.CLOSED):
            raise RequestNotReopenable(number=self.number, status=self.status)
        if self.closed_on is not None and on > self.closed_on + timedelta(days=within_days):
            raise ReopenTooLate(number=self.number, days=within_days)
        self.status, self.handler_ids = RequestStatus.ASSIGNED, []
        self.handled_on = self.handled_by = self.result = None
        self.closed_on = self.closed_at = self.resolution = self.satisfied = None

    def hand_over(self, leaver: UUID, successor: UUID) -> None:
        """Let the successor follow what the leaver followed (C4)."""
        if self.follower_id == leaver:
            self.follower_id = successor

    def hand_over_work(
        self, order: DispatchOrder, leaver: UUID, successor: UUID, now: datetime
    ) -> None:
        """Name the successor instead of the leaver, who has to take the work on first (C4).

        The request is dispatched as long as somebody else did.
        """
        order.hand_over(leaver, successor, now)
        others = [one for one in self.handler_ids if one not in (leaver, successor)]
        self.handler_ids = [*others, successor]
        accepted = Answer.ACCEPTED in order.answers().values()
        self.status = RequestStatus.DISPATCHED if accepted else RequestStatus.DISPATCHING

    def _answerable(self, order: DispatchOrder | None) -> DispatchOrder:
        if order is None:
            raise NoDispatchToAnswer(number=self.number, status=self.status)
        return order


class RequestStep(TenantRow, Base):
    """One step in the life of a request: who, when, what, and why. Never changed."""

    __tablename__ = "request_steps"
    __table_args__ = (
        UniqueConstraint("tenant_id", "request_id", "version"),
        ForeignKeyConstraint(["tenant_id", "request_id"], ["requests.tenant_id", "requests.id"]),
    )

    request_id: Mapped[UUID]
    version: Mapped[int]
    step: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    status_before: Mapped[str | None]
    status_after: Mapped[str]
    employee_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    note: Mapped[str | None]
    dispatch_order: Mapped[str | None]
    happened_on: Mapped[date | None]
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    satisfied: Mapped[bool | None]
