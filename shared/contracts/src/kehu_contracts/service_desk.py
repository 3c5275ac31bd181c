"""Facts of the service desk: product files (the installed base) and service requests."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event, Timestamp
from kehu_contracts.erasure import ErasureAcknowledgement

RequestPriority = Literal["low", "normal", "high", "urgent"]
RequestStatus = Literal["open", "assigned", "dispatching", "dispatched", "handled", "closed"]
COMPLAINT = "complaint"
"""Kind of a service request that complains of something."""


class ProductFileRegistered(Event):
    """A product in a customer's hands was registered; the product data is frozen from now on."""

    type: ClassVar[str] = "service-desk.product-file-registered.v1"
    key: ClassVar[str] = "product_file_id"

    product_file_id: UUID = Field(description="The product file.")
    number: str = Field(description="Document number, such as PF-2026-000123.")
    customer_id: UUID = Field(description="The customer who has the product.")
    product_id: UUID | None = Field(description="The product, when it is one of the catalogue.")
    product_name: str = Field(description="Name of the product.")
    serial_number: str | None = Field(description="Serial number of the maker.")
    quantity: DecimalText = Field(description="Quantity, in units of the product.")
    registered_on: date = Field(description="Business day of the registration.")
    warranty_ends_on: date | None = Field(description="Last day of the warranty.")
    project_id: UUID | None = Field(
        None,
        description="The project that delivered it.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )
    contract_id: UUID | None = Field(
        None,
        description="The contract it was delivered for.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )
    delivery_id: UUID | None = Field(
        None,
        description="The delivery that made it.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )


class ProductFileWithdrawn(Event):
    """The delivery of a product was taken back before anything was done with it."""

    type: ClassVar[str] = "service-desk.product-file-withdrawn.v1"
    key: ClassVar[str] = "product_file_id"

    product_file_id: UUID = Field(description="The product file.")
    number: str = Field(description="Document number, such as PF-2026-000123.")
    customer_id: UUID = Field(description="The customer who does not have the product.")
    product_id: UUID | None = Field(description="The product, when it is one of the catalogue.")
    product_name: str = Field(description="Name of the product.")
    serial_number: str | None = Field(description="Serial number of the maker.")
    quantity: DecimalText = Field(description="Quantity, in units of the product.")
    withdrawn_on: date = Field(description="Business day the delivery was taken back.")
    reason: str = Field(description="Why.")
    project_id: UUID | None = Field(description="The project that had delivered it.")
    contract_id: UUID | None = Field(description="The contract it was delivered for.")
    delivery_id: UUID | None = Field(description="The delivery that was taken back.")


class RequestState(Event):
    """A service request after the change."""

    key: ClassVar[str] = "request_id"

    request_id: UUID = Field(description="The service request.")
    number: str = Field(description="Document number, such as SR-2026-000123.")
    customer_id: UUID = Field(description="The customer who asks.")
    product_file_id: UUID | None = Field(description="The product file under repair.")
    problem: str = Field(description="The problem in the words of the customer.")
    priority: RequestPriority = Field(description="How pressing it is.")
    channel: str = Field(description="How it came in, such as phone or wechat.")
    status: RequestStatus = Field(description="How far it is.")
    follower_id: UUID | None = Field(description="The employee who follows it to the end.")
    handler_ids: list[UUID] = Field(description="Employees it was dispatched to.")
    required_on: date | None = Field(description="Business day the customer wants it done by.")
    created_at: Timestamp = Field(description="When it came in, UTC.")
    closed_at: Timestamp | None = Field(description="When it was closed, UTC.")
    resolution: str | None = Field(description="How it was solved.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")
    kind: str | None = Field(
        None,
        description="`service`, `complaint`; may grow.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )


class RequestCreated(RequestState):
    """A service request came in."""

    type: ClassVar[str] = "service-desk.request-created.v1"


class RequestAssigned(RequestState):
    """A service request got its follower."""

    type: ClassVar[str] = "service-desk.request-assigned.v1"


class RequestDispatched(RequestState):
    """Handlers were named for a service request; they have not accepted yet."""

    type: ClassVar[str] = "service-desk.request-dispatched.v1"


class RequestAccepted(RequestState):
    """A handler accepted the dispatch: the status is `dispatched` from now on."""

    type: ClassVar[str] = "service-desk.request-accepted.v1"


class RequestRefused(RequestState):
    """A handler refused the dispatch; when all have, the status is `assigned` again."""

    type: ClassVar[str] = "service-desk.request-refused.v1"


class RequestHandled(RequestState):
    """The work on a service request was done."""

    type: ClassVar[str] = "service-desk.request-handled.v1"


class RequestClosed(RequestState):
    """A service request was closed; only a request that is reopened in time changes again."""

    type: ClassVar[str] = "service-desk.request-closed.v1"


class RequestReopened(RequestState):
    """A handled or closed service request was taken up again, by the follower it had."""

    type: ClassVar[str] = "service-desk.request-reopened.v1"


class ServiceDeskErasureAcknowledged(ErasureAcknowledgement):
    """The service desk has erased the persons."""

    type: ClassVar[str] = "service-desk.service-desk-erasure-acknowledged.v1"


EVENTS: tuple[type[Event], ...] = (
    ProductFileRegistered,
    ProductFileWithdrawn,
    RequestCreated,
    RequestAssigned,
    RequestDispatched,
    RequestAccepted,
    RequestRefused,
    RequestHandled,
    RequestClosed,
    RequestReopened,
    ServiceDeskErasureAcknowledged,
)
