"""Whom credit is about: the customer of a command, locked so that commands follow each other."""

from uuid import UUID

from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.customers.models import Customer
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound
from kehu_kernel.session import Session


async def lock_subject(session: Session, customer_id: UUID) -> Customer:
    """Lock a customer that a command names. Raises `UnknownCustomer`, `CustomerHasEnded`."""
    try:
        customer = await require(session, Customer, customer_id, lock=True)
    except NotFound as error:
        raise UnknownCustomer from error
    customer.require_current()
    return customer
