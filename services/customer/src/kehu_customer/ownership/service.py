"""Giving customers to others. Every change of owner passes through here and becomes history."""

from uuid import UUID

from kehu_customer.customers import events
from kehu_customer.customers.errors import UnknownOwner
from kehu_customer.customers.models import Customer
from kehu_customer.employees.models import Employee
from kehu_customer.ownership import queries
from kehu_customer.ownership.models import OwnerChange, OwnershipManner
from kehu_customer.ownership.schemas import OwnerChangeFilters
from kehu_kernel import audit, outbox
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

ACTIONS = {
    OwnershipManner.HANDED_OVER: "handed-over",
    OwnershipManner.LEAVER: "handed-over",
    OwnershipManner.CLAIMED: "claimed",
    OwnershipManner.RETURNED: "returned",
    OwnershipManner.RECYCLED: "recycled",
}
"""What the audit log calls each manner; a customer that is entered has no entry beside that."""


def pass_on(
    session: Session,
    customer: Customer,
    owner: Employee | None,
    *,
    manner: OwnershipManner,
    reason: str | None,
    hand_over_id: UUID | None = None,
) -> bool:
    """Give a locked customer to an owner, or (None) to the public pool; return if that is a change.

    To the present owner it is one only if the owner has moved to another department: then the
    customer follows. The caller lets the rules of classification follow. Raises `CustomerHasEnded`.
    """
    before = (customer.owner_id, customer.department_id)
    previous = customer.hand_over(
        owner.id if owner else None,
        owner.department_id if owner else None,
        of_leaver=manner == OwnershipManner.LEAVER,
    )
    if (customer.owner_id, customer.department_id) == before:
        return False
    fields = audit.changed(session, customer, ACTIONS[manner], reason=(None, reason))
    event = events.handed_over(customer, fields, previous_owner_id=previous, reason=reason)
    outbox.add(session, event, sequence=customer.version)
    if customer.owner_id != previous:
        _remember(session, customer, previous, manner, reason, hand_over_id)
    return True


def record_first_owner(session: Session, customer: Customer) -> None:
    """Begin the history of a customer that is entered with an owner."""
    if customer.owner_id is not None:
        _remember(session, customer, None, OwnershipManner.ENTERED, None, None)


async def share_owner(session: Session, owner_id: UUID) -> Employee:
    """Return who is to look after a customer. Raises `UnknownOwner` for nobody who works here.

    The row stays locked (shared), so that nobody leaves while getting a customer.
    """
    owner = await session.get(Employee, (session.context.tenant_id, owner_id), lock="FOR SHARE")
    if owner is None or not owner.active:
        raise UnknownOwner
    return owner


async def list_owner_changes(
    session: Session, filters: OwnerChangeFilters
) -> tuple[list[OwnerChange], str | None, int | None]:
    """Return one page of the changes that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=OwnerChange.id,
    )


def _remember(
    session: Session,
    customer: Customer,
    previous: UUID | None,
    manner: OwnershipManner,
    reason: str | None,
    hand_over_id: UUID | None,
) -> None:
    session.add(
        OwnerChange(
            customer_id=customer.id,
            previous_owner_id=previous,
            owner_id=customer.owner_id,
            manner=manner,
            reason=reason,
            hand_over_id=hand_over_id,
            changed_by=session.context.actor,
            at=session.context.now,
        )
    )
