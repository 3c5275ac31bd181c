"""Service requests on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, LongText, Text, shown
from kehu_service_desk.product_files.schemas import Quantity
from kehu_service_desk.requests.dispatch import Answer, DispatchOrder, OrderStatus
from kehu_service_desk.requests.models import (
    RequestChannel,
    RequestKind,
    RequestPriority,
    RequestStatus,
    RequestStep,
    ServiceRequest,
    StepKind,
)

EMPLOYEE = "019364c2-7d5e-7000-8000-000000000007"


def _once_each(handler_ids: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(handler_ids))


Handlers = Annotated[list[UUID], Field(min_length=1, max_length=20), AfterValidator(_once_each)]


class RequestCreate(Input):
    """A customer's problem."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000001",
                    "product_file_id": "019364c2-7d5e-7000-8000-000000000002",
                    "problem": "服务器开机后风扇异响，温度报警",
                    "priority": "high",
                    "channel": "phone",
                    "required_on": "2026-11-25",
                }
            ]
        },
    )

    customer_id: UUID = Field(description="The customer who asks.")
    product_file_id: UUID | None = Field(
        None, description="The product under repair: a registered file of this customer."
    )
    kind: RequestKind = Field(
        RequestKind.SERVICE, description="Whether the customer asks for service, or complains."
    )
    problem: LongText = Field(description="The problem in the words of the customer.")
    priority: RequestPriority = Field(RequestPriority.NORMAL, description="How pressing it is.")
    channel: RequestChannel = Field(description="How it came in.")
    required_on: Day | None = Field(
        None, description="Day the customer wants it done by; today or later."
    )
    external_ref: Text | None = Field(
        None, description="Key of the request in another system, unique if given."
    )


class RequestAssignment(Input):
    """Name the employee who follows the request to its end."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"follower_id": EMPLOYEE, "note": "华南区客户"}]}
    )

    follower_id: UUID = Field(description="The employee who follows it.")
    note: Text | None = Field(None, description="Why, or what to look out for.")


class RequestDispatch(Input):
    """Name the handlers in a new dispatch order; an order under way is withdrawn."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"handler_ids": [EMPLOYEE], "note": "请带备用风扇"}]}
    )

    handler_ids: Handlers = Field(description="The employees who are asked to do the work.")
    note: LongText | None = Field(None, description="What the handlers should know.")


class DispatchAnswer(Input):
    """A named handler's answer to the dispatch order."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"handler_id": EMPLOYEE, "reason": "下午可上门"}]}
    )

    handler_id: UUID = Field(description="The handler who answers.")
    reason: Text = Field(description="Why the handler accepts or refuses.")


class PartUsed(Input):
    """A part that was used to solve the problem."""

    product_name: Text = Field(description="Name of the part.")
    quantity: Quantity = Field(description="Quantity, in units of the part.")
    serial_number: Text | None = Field(None, description="The maker's number.")


class RequestHandling(Input):
    """The handling sheet: what was done, and with which parts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "handler_id": EMPLOYEE,
                    "result": "更换散热风扇并升级固件",
                    "handled_on": "2026-11-20",
                    "parts": [
                        {"product_name": "散热风扇", "quantity": "2", "serial_number": "F-90871"}
                    ],
                }
            ]
        },
    )

    handler_id: UUID = Field(description="The handler who did the work, after accepting it.")
    result: LongText = Field(description="What was done.")
    handled_on: Day | None = Field(
        None, description="Business day of the work; today if omitted, never in the future."
    )
    parts: list[PartUsed] = Field(
        default_factory=list, max_length=100, description="Parts that were used."
    )


class RequestClosing(Input):
    """Close a handled request."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"resolution": "故障已排除", "satisfied": True}]}
    )

    resolution: LongText = Field(description="How the problem was solved.")
    satisfied: Flag | None = Field(None, description="Whether the customer is; null if not asked.")


class RequestReopening(Input):
    """Take a handled or closed request up again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "故障再次出现"}]})

    reason: Text = Field(description="Why it is taken up again.")


class RequestRead(BaseModel):
    """A service request as it stands."""

    id: UUID = Field(description="The request's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as SR-2026-000123.")
    external_ref: str | None = Field(description="Key of the request in another system.")
    customer_id: UUID = Field(description="The customer who asks.")
    product_file_id: UUID | None = Field(description="The product under repair.")
    kind: OrLater[RequestKind] = Field(
        description="Whether the customer asks for service, or complains."
    )
    problem: str = Field(description="The problem in the words of the customer.")
    priority: OrLater[RequestPriority] = Field(description="How pressing it is.")
    channel: OrLater[RequestChannel] = Field(description="How it came in.")
    status: OrLater[RequestStatus] = Field(description="How far it is.")
    follower_id: UUID | None = Field(description="The employee who follows it to its end.")
    handler_ids: list[UUID] = Field(description="Handlers named in its dispatch order.")
    opened_on: date = Field(description="Business day it came in.")
    required_on: date | None = Field(description="Day the customer wants it done by.")
    overdue: bool = Field(description="Whether that day has passed and it is not closed.")
    handled_on: date | None = Field(description="Business day of the work.")
    handled_by: UUID | None = Field(description="The handler who did the work.")
    result: str | None = Field(description="What was done.")
    closed_on: date | None = Field(description="Business day it was closed.")
    closed_at: datetime | None = Field(description="When it was closed.")
    resolution: str | None = Field(description="How the problem was solved.")
    satisfied: bool | None = Field(description="Whether the customer was; null if not asked.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, request: ServiceRequest, today: date) -> Self:
        """Return the request as the API shows it on that day."""
        return shown(cls, request, overdue=request.overdue(today))


class RequestFilters(PageParams):
    """Filters of the request list; all must match."""

    status: list[RequestStatus] = Field(default_factory=list, description="One of these states.")
    priority: list[RequestPriority] = Field(
        default_factory=list, description="One of these priorities."
    )
    kind: RequestKind | None = Field(None, description="Of this kind.")
    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    product_file_id: UUID | None = Field(None, description="About this product.")
    follower_id: UUID | None = Field(None, description="Followed by this employee.")
    handler_id: UUID | None = Field(None, description="Dispatched to this employee, among others.")
    number: str | None = Field(None, description="With exactly this document number.")
    external_ref: str | None = Field(None, description="With exactly this external reference.")
    overdue: bool | None = Field(
        None, description="Required before today and not closed yet, or (false) all others."
    )
    sort: Literal["created_at", "-created_at", "required_on", "-required_on"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class PartRead(BaseModel):
    """A part that was used to solve the problem."""

    product_name: str = Field(description="Name of the part.")
    quantity: DecimalText = Field(description="Quantity, in units of the part.")
    serial_number: str | None = Field(description="The maker's number.")


class RequestStepRead(BaseModel):
    """One step in the life of a request."""

    id: UUID = Field(description="The step's id.")
    version: int = Field(description="The request's version after the step.")
    step: OrLater[StepKind] = Field(description="What was done.")
    at: datetime = Field(description="When it was entered.")
    actor: str = Field(description="Who entered it: a token subject.")
    status_before: OrLater[RequestStatus] | None = Field(
        description="How far it was; null at creation."
    )
    status_after: OrLater[RequestStatus] = Field(description="How far it was then.")
    employee_ids: list[UUID] = Field(description="The follower or the handlers concerned.")
    note: str | None = Field(description="Note, reason, result or resolution.")
    dispatch_order: str | None = Field(description="Number of the dispatch order concerned.")
    happened_on: date | None = Field(description="Business day of the work, when handled.")
    parts: list[PartRead] = Field(description="Parts that were used, when handled.")
    satisfied: bool | None = Field(description="Whether the customer was, when closed.")

    @classmethod
    def of(cls, step: RequestStep) -> Self:
        """Return the step as the API shows it."""
        return shown(cls, step)


class DispatchHandlerRead(BaseModel):
    """A handler named in a dispatch order."""

    handler_id: UUID = Field(description="The handler.")
    answer: OrLater[Answer] = Field(description="What the handler said.")
    reason: str | None = Field(description="Why.")
    answered_at: datetime | None = Field(description="When.")


class DispatchOrderRead(BaseModel):
    """A dispatch order as it stands."""

    id: UUID = Field(description="The order's id.")
    number: str = Field(description="Document number, such as DO-2026-000123.")
    status: OrLater[OrderStatus] = Field(description="What became of it.")
    note: str | None = Field(description="What the handlers should know.")
    created_at: datetime = Field(description="When it was made.")
    created_by: str = Field(description="Who made it: a token subject.")
    handlers: list[DispatchHandlerRead] = Field(description="The handlers with their answers.")

    @classmethod
    def of(cls, order: DispatchOrder) -> Self:
        """Return the order as the API shows it."""
        handlers = [
            DispatchHandlerRead(
                handler_id=handler.handler_id,
                answer=handler.answer,
                reason=handler.reason,
                answered_at=handler.answered_at,
            )
            for handler in order.handlers
        ]
        return shown(cls, order, handlers=handlers)


class HistoryFilters(PageParams):
    """Paging of a request's history; the first step comes first."""


class DispatchOrderFilters(PageParams):
    """Paging of a request's dispatch orders; the newest comes first."""
