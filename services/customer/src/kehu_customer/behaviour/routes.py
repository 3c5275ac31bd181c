"""The behaviour API."""

from uuid import UUID

from kehu_customer.behaviour import service
from kehu_customer.behaviour.schemas import BehaviourRead
from kehu_kernel.auth import requires
from kehu_kernel.http import Session, router

routes = router("/v1/customers", "segments")


@routes.get(
    "/{customer_id}/behaviour",
    summary="Read what a customer did with us",
    dependencies=[requires("customer:customers:read")],
)
async def read_behaviour(customer_id: UUID, session: Session) -> BehaviourRead:
    """Contacts, opportunities, service requests, leads and consents, as rules of segments see them.

    It follows the events of all services within moments. Those about records that were
    merged into the customer count for it.
    """
    return await service.behaviour_of(session, customer_id)
