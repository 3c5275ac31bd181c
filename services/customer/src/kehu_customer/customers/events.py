"""What the world hears of a customer."""

from typing import Any, get_args
from uuid import UUID

from kehu_contracts import customer as contract
from kehu_customer.customers.models import Customer, CustomerState

FIRST_ROLES = frozenset(get_args(contract.CustomerRole))
"""Those that v1 of the events began with; a list of values cannot grow within a version."""


def _state(customer: Customer, changed: list[str]) -> dict[str, Any]:
    return {
        "customer_id": customer.id,
        "kind": customer.kind,
        "code": customer.code,
        "name": customer.name,
        "anonymous": customer.anonymous,
        "roles": [role for role in customer.roles if role in FIRST_ROLES],
        "further_roles": [role for role in customer.roles if role not in FIRST_ROLES],
        "parent_id": customer.parent_id,
        "owner_id": customer.owner_id,
        "department_id": customer.department_id,
        # Nothing new is begun with a record that was merged: to others it is as good as former.
        "state": CustomerState.FORMER if customer.merged_into_id else customer.state,
        "merged_into_id": customer.merged_into_id,
        "industry": customer.industry,
        "country": customer.country,
        "source": customer.source,
        "created_on": customer.created_on,
        "promoted_on": customer.promoted_on,
        "ended_on": customer.ended_on,
        "end_reason": customer.end_reason,
        "value_grade": customer.value_grade,
        "value_score": customer.value_score,
        "changed": changed,
    }


def created(customer: Customer) -> contract.CustomerCreated:
    return contract.CustomerCreated(**_state(customer, []))


def changed(customer: Customer, fields: list[str]) -> contract.CustomerChanged:
    return contract.CustomerChanged(**_state(customer, fields))


def promoted(customer: Customer, fields: list[str]) -> contract.CustomerPromoted:
    return contract.CustomerPromoted(**_state(customer, fields))


def ended(customer: Customer, fields: list[str]) -> contract.CustomerEnded:
    return contract.CustomerEnded(**_state(customer, fields))


def handed_over(
    customer: Customer, fields: list[str], *, previous_owner_id: UUID | None, reason: str | None
) -> contract.CustomerHandedOver:
    return contract.CustomerHandedOver(
        **_state(customer, fields), previous_owner_id=previous_owner_id, reason=reason
    )


def value_recorded(customer: Customer, fields: list[str]) -> contract.CustomerValueRecorded:
    return contract.CustomerValueRecorded(**_state(customer, fields))
