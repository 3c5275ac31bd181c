"""What the world hears of a contact: never phone numbers or e-mail addresses."""

from typing import Any

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
