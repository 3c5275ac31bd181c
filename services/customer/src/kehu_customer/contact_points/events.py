"""What the world hears of a contact point: never the number or address itself."""

from typing import Any

from kehu_contracts import customer as contract
from kehu_customer.contact_points.models import ContactPoint


def _state(point: ContactPoint, changed: list[str]) -> dict[str, Any]:
    return {
        "contact_point_id": point.id,
        "customer_id": point.customer_id,
        "contact_id": point.contact_id,
        "kind": point.kind,
        "purpose": point.purpose,
        "is_primary": point.is_primary,
        "active": point.active,
        "verified_on": point.verified_on,
        "changed": changed,
    }


def created(point: ContactPoint) -> contract.ContactPointCreated:
    return contract.ContactPointCreated(**_state(point, []))


def changed(point: ContactPoint, fields: list[str]) -> contract.ContactPointChanged:
    return contract.ContactPointChanged(**_state(point, fields))


def verified(point: ContactPoint, fields: list[str]) -> contract.ContactPointVerified:
    return contract.ContactPointVerified(**_state(point, fields))
