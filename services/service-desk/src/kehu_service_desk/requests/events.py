"""What the world hears of a service request."""

from typing import Any

from kehu_contracts import service_desk as contract
from kehu_service_desk.requests.models import ServiceRequest

PUBLISHED = frozenset(contract.RequestState.model_fields)


def _state(request: ServiceRequest, changed: list[str]) -> dict[str, Any]:
    """Return the published state; of the changed fields, those that are published."""
    return {
        "request_id": request.id,
        "number": request.number,
        "customer_id": request.customer_id,
        "product_file_id": request.product_file_id,
        "problem": request.problem,
        "priority": request.priority,
        "channel": request.channel,
        "status": request.status,
        "follower_id": request.follower_id,
        "handler_ids": request.handler_ids,
        "required_on": request.required_on,
        "created_at": request.created_at,
        "closed_at": request.closed_at,
        "resolution": request.resolution,
        "kind": request.kind,
        "changed": [name for name in changed if name in PUBLISHED],
    }


def created(request: ServiceRequest) -> contract.RequestCreated:
    return contract.RequestCreated(**_state(request, []))


def assigned(request: ServiceRequest, fields: list[str]) -> contract.RequestAssigned:
    return contract.RequestAssigned(**_state(request, fields))


def dispatched(request: ServiceRequest, fields: list[str]) -> contract.RequestDispatched:
    return contract.RequestDispatched(**_state(request, fields))


def accepted(request: ServiceRequest, fields: list[str]) -> contract.RequestAccepted:
    return contract.RequestAccepted(**_state(request, fields))


def refused(request: ServiceRequest, fields: list[str]) -> contract.RequestRefused:
    return contract.RequestRefused(**_state(request, fields))


def handled(request: ServiceRequest, fields: list[str]) -> contract.RequestHandled:
    return contract.RequestHandled(**_state(request, fields))


def closed(request: ServiceRequest, fields: list[str]) -> contract.RequestClosed:
    return contract.RequestClosed(**_state(request, fields))


def reopened(request: ServiceRequest, fields: list[str]) -> contract.RequestReopened:
    return contract.RequestReopened(**_state(request, fields))
