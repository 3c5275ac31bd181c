"""The rules about the primary contact."""

from typing import Any

import pytest

from kehu_customer.contacts.errors import PrimaryContactNeeded, PrimaryMustBeActive
from kehu_customer.contacts.models import Contact


def a_contact(**fields: Any) -> Contact:
    return Contact(**{"name": "赵立新", "active": True, "is_primary": False} | fields)


class TestMakePrimary:
    def test_an_active_contact(self) -> None:
        contact = a_contact()
        contact.make_primary()
        assert contact.is_primary

    def test_an_inactive_contact(self) -> None:
        with pytest.raises(PrimaryMustBeActive):
            a_contact(active=False).make_primary()


class TestDeactivate:
    def test_a_secondary_contact(self) -> None:
        contact = a_contact()
        contact.deactivate(others=True)
        assert not contact.active

    def test_the_primary_contact_while_there_are_others(self) -> None:
        contact = a_contact(is_primary=True)
        with pytest.raises(PrimaryContactNeeded):
            contact.deactivate(others=True)
        assert contact.active

    def test_the_only_contact(self) -> None:
        contact = a_contact(is_primary=True)
        contact.deactivate(others=False)
        assert not contact.active
        assert not contact.is_primary
