"""What can be asked about the behaviour of a customer."""

from decimal import Decimal
from uuid import UUID

from kehu_contracts.money import Money
from kehu_customer.behaviour.models import Behaviour
from kehu_customer.behaviour.schemas import BehaviourRead
from kehu_customer.customers.models import Customer
from kehu_kernel.db import require
from kehu_kernel.session import Session
from kehu_kernel.wire import shown


async def behaviour_of(session: Session, customer_id: UUID) -> BehaviourRead:
    """Return what the dealings with a customer come to. Raises `NotFound`."""
    customer = await require(session, Customer, customer_id)
    found = await session.get(Behaviour, (session.context.tenant_id, customer.id))
    one = found or nothing_of(customer.id)
    amounts = [
        Money(amount=Decimal(amount), currency=currency)
        for currency, amount in sorted(one.won_amounts.items())
    ]
    return shown(BehaviourRead, one, won_amounts=amounts)


def nothing_of(customer_id: UUID) -> Behaviour:
    """Return the behaviour of a customer with whom there were no dealings."""
    return Behaviour(
        customer_id=customer_id,
        contacts=0,
        last_contact_on=None,
        opportunities_open=0,
        opportunities_won=0,
        opportunities_lost=0,
        last_opportunity_on=None,
        last_won_on=None,
        won_amounts={},
        requests=0,
        requests_open=0,
        last_request_on=None,
        complaints=0,
        complaints_open=0,
        last_complaint_on=None,
        leads=0,
        leads_open=0,
        leads_converted=0,
        leads_disqualified=0,
        last_lead_on=None,
        consents_given=0,
        consents_withdrawn=0,
        last_consent_on=None,
        last_withdrawal_on=None,
    )
