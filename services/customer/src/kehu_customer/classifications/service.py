"""What can be done with the classes of a customer.

Every command locks the customer first: so its classes change one after the other, and two at once
leave one current. The scheme stays locked (shared) until the end, so that no class is retired while
somebody enters it.
"""

from collections import Counter
from uuid import UUID

from kehu_customer.classification_schemes.errors import SchemeRetired, UnknownScheme
from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.classifications import queries
from kehu_customer.classifications.errors import EffectiveTooEarly
from kehu_customer.classifications.models import Classification, effective
from kehu_customer.classifications.ruling import Outcome, enter, follow, leave
from kehu_customer.classifications.schemas import (
    ClassificationCreate,
    ClassificationFilters,
    ClassificationRemoval,
    RulesRun,
    RulesRunResult,
)
from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.customers.models import Customer
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def classify_customer(session: Session, data: ClassificationCreate) -> Classification:
    """Put a customer into a class by hand, with the reason.

    Raises `UnknownCustomer`, `CustomerHasEnded`, `UnknownScheme`, `EffectiveInFuture`, what
    `ClassificationScheme.require_class` raises, `AlreadyInClass`, `EffectiveTooEarly`.
    """
    try:
        customer = await require(session, Customer, data.customer_id, lock=True)
    except NotFound as error:
        raise UnknownCustomer from error
    customer.require_current()
    scheme = await _share_scheme(session, data.scheme_id)
    if scheme is None:
        raise UnknownScheme
    scheme.require_class(data.class_code)
    current = await queries.current_of(session, [customer.id], [scheme.id])
    present = current.get((customer.id, scheme.id))
    if present is not None:
        present.require_other(data.class_code)
    at = effective(data.effective_at, session.context.now, present)
    if present is None and data.effective_at is not None:
        before = await queries.last_ended_at(session, customer.id, scheme.id)
        if before is not None and at < before:
            raise EffectiveTooEarly(at=at.isoformat(), since=before.isoformat())
    return enter(
        session, scheme, customer, data.class_code, at=at, why=data.reason, current=present
    )


async def remove_class(
    session: Session,
    classification_id: UUID,
    data: ClassificationRemoval,
    *,
    expected_version: int | None,
) -> Classification:
    """Take a customer out of a class by hand, with the reason.

    Raises `CustomerHasEnded`, `ClassificationOver`, `EffectiveInFuture`, `EffectiveTooEarly`.
    """
    found = await require(session, Classification, classification_id)
    customer = await require(session, Customer, found.customer_id, lock=True)
    one = await require(
        session, Classification, classification_id, lock=True, expected_version=expected_version
    )
    customer.require_current()
    scheme = await require(session, ClassificationScheme, one.scheme_id)
    at = effective(data.effective_at, session.context.now, one)
    leave(session, scheme, one, at=at, reason=data.reason)
    return one


async def run_rules(session: Session, scheme_id: UUID, data: RulesRun) -> RulesRunResult:
    """Let the rules of a scheme classify the next lot of customers, in the order of their ids.

    A run that is interrupted goes on after the lot that was answered last; repeating a lot changes
    nothing. Raises `SchemeRetired`.
    """
    scheme = await _share_scheme(session, scheme_id)
    if scheme is None:
        raise NotFound.of(ClassificationScheme, scheme_id)
    if not scheme.active:
        raise SchemeRetired(scheme=scheme.label)
    customers = await queries.next_customers(session, data.after, data.limit)
    ids = [customer.id for customer in customers]
    current = await queries.current_of(session, ids, [scheme.id])
    outcomes = Counter(
        follow(
            session,
            scheme,
            customer,
            current.get((customer.id, scheme.id)),
            overwrite_hand=data.overwrite_hand,
        )
        for customer in customers
    )
    return RulesRunResult(
        looked_at=len(customers),
        classified=outcomes[Outcome.CLASSIFIED],
        removed=outcomes[Outcome.REMOVED],
        kept_by_hand=outcomes[Outcome.KEPT_BY_HAND],
        next_after=ids[-1] if len(ids) == data.limit else None,
    )


async def list_classifications(
    session: Session, filters: ClassificationFilters
) -> tuple[list[Classification], str | None, int | None]:
    """Return one page of the classifications that match, the next cursor, and the count."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Classification.id,
    )


async def _share_scheme(session: Session, scheme_id: UUID) -> ClassificationScheme | None:
    key = (session.context.tenant_id, scheme_id)
    return await session.get(ClassificationScheme, key, lock="FOR SHARE")
