"""The dispatch order (派工单): which handlers were asked, and what they answered (1.4, point 7)."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from kehu_kernel import ids
from kehu_kernel.columns import TenantRow
from kehu_service_desk.db import Base
from kehu_service_desk.requests.errors import (
    DispatchAlreadyAnswered,
    HandlerHasNotAccepted,
    HandlerNotNamed,
)

LEFT = "离职移交"
"""Why somebody who left does not do the work."""


class OrderStatus(StrEnum):
    """What became of a dispatch order."""

    OPEN = "open"
    HANDLED = "handled"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Answer(StrEnum):
    """What a handler said to a dispatch order."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class DispatchHandler(TenantRow, Base):
    """A handler named in a dispatch order, with the answer."""

    __tablename__ = "dispatch_handlers"
    __table_args__ = (
        UniqueConstraint("tenant_id", "dispatch_order_id", "handler_id"),
        ForeignKeyConstraint(
            ["tenant_id", "dispatch_order_id"], ["dispatch_orders.tenant_id", "dispatch_orders.id"]
        ),
        Index("ix_dispatch_handlers_handler", "tenant_id", "handler_id", "dispatch_order_id"),
    )

    dispatch_order_id: Mapped[UUID]
    handler_id: Mapped[UUID]
    answer: Mapped[str]
    reason: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class DispatchOrder(TenantRow, Base):
    """Handlers are asked to work on a request. A request has one open order at most.

    It is part of the request: commands lock the request first, whose version counts its changes.
    """

    __tablename__ = "dispatch_orders"
    __allow_unmapped__ = True  # for `handlers`
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(["tenant_id", "request_id"], ["requests.tenant_id", "requests.id"]),
        Index(
            "uq_dispatch_orders_open",
            "tenant_id",
            "request_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_dispatch_orders_request", "tenant_id", "request_id", "created_at", "id"),
    )

    number: Mapped[str]
    request_id: Mapped[UUID]
    status: Mapped[str]
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    handlers: list[DispatchHandler]
    """Rows of their own, loaded with the order (see `queries`)."""

    @classmethod
    def naming(
        cls,
        handler_ids: Sequence[UUID],
        *,
        request_id: UUID,
        number: str,
        note: str | None,
        now: datetime,
        by: str,
    ) -> "DispatchOrder":
        """Return a new order that asks these handlers; none has answered yet."""
        order = cls(
            id=ids.new_id(),
            request_id=request_id,
            number=number,
            status=OrderStatus.OPEN,
            note=note,
            created_at=now,
            created_by=by,
        )
        order.handlers = [
            DispatchHandler(
                id=ids.new_id(),
                dispatch_order_id=order.id,
                handler_id=handler_id,
                answer=Answer.PENDING,
            )
            for handler_id in handler_ids
        ]
        return order

    @property
    def refused_by_all(self) -> bool:
        """Whether nobody is left who could do the work."""
        return self.status == OrderStatus.REFUSED

    def answers(self) -> dict[str, str]:
        """Return each handler's answer, by the handler's id."""
        return {str(handler.handler_id): str(handler.answer) for handler in self.handlers}

    def accept(self, handler_id: UUID, reason: str, now: datetime) -> None:
        """Note that a named handler takes it.

        Raises `HandlerNotNamed`, `DispatchAlreadyAnswered`.
        """
        self._answer(handler_id, Answer.ACCEPTED, reason, now)

    def refuse(self, handler_id: UUID, reason: str, now: datetime) -> None:
        """Note that a named handler declines; the order ends when all have. Raises as `accept`."""
        self._answer(handler_id, Answer.REFUSED, reason, now)
        if all(handler.answer == Answer.REFUSED for handler in self.handlers):
            self.status = OrderStatus.REFUSED

    def finish(self, handler_id: UUID) -> None:
        """End the order, its work done. Raises `HandlerNotNamed`, `HandlerHasNotAccepted`."""
        if self._named(handler_id).answer != Answer.ACCEPTED:
            raise HandlerHasNotAccepted(number=self.number)
        self.status = OrderStatus.HANDLED

    def hand_over(self, leaver: UUID, successor: UUID, now: datetime) -> None:
        """Ask the successor in the leaver's place, to answer anew (C4).

        One who was asked already keeps the own answer, and is asked again only after a refusal; the
        leaver's place counts as refused then.
        """
        places = {one.handler_id: one for one in self.handlers}
        place = places[leaver]
        if successor in places:
            place.answer, place.reason, place.answered_at = Answer.REFUSED, LEFT, now
            place = places[successor]
        if place.handler_id == leaver or place.answer == Answer.REFUSED:
            place.answer, place.reason, place.answered_at = Answer.PENDING, None, None
        place.handler_id = successor

    def withdraw(self) -> None:
        """End the order because other handlers are named."""
        self.status = OrderStatus.WITHDRAWN

    def _answer(self, handler_id: UUID, answer: Answer, reason: str, now: datetime) -> None:
        handler = self._named(handler_id)
        if handler.answer != Answer.PENDING:
            raise DispatchAlreadyAnswered(number=self.number, answer=handler.answer)
        handler.answer, handler.reason, handler.answered_at = answer, reason, now

    def _named(self, handler_id: UUID) -> DispatchHandler:
        for handler in self.handlers:
            if handler.handler_id == handler_id:
                return handler
        raise HandlerNotNamed(number=self.number)
