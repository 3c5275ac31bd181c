"""What the world hears of a contact: never phone numbers or e-mail addresses."""

from datetime import date
from typing import Any
from uuid import UUID

from kehu_contracts import customer as contract
from kehu_customer.contacts.models import Contact


def _state(contact: Contact, changed: list[str]) -> dict[str, Any]:
    return {
        "contact_id": contact.id,
        "customer_id": contact.customer_id,
        "name": contact.name,
        "buying_role": contact.buying_role,
        "is_primary": contact.is_primary,
        "changed": changed,
    }


def created(contact: Contact) -> contract.ContactCreated:
    return contract.ContactCreated(**_state(contact, []))


def changed(contact: Contact, fields: list[str]) -> contract.ContactChanged:
    return contract.ContactChanged(**_state(contact, fields))


def moved(
    contact: Contact, fields: list[str], *, previous_customer_id: UUID, moved_on: date
) -> contract.ContactMoved:
    return contract.ContactMoved(
        **_state(contact, fields), previous_customer_id=previous_customer_id, moved_on=moved_on
    )
