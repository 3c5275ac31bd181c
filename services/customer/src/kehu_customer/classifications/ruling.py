"""How a customer enters and leaves a class, and how rules make it do so (C8).

The caller has locked the customer. Rules decide whenever a customer changes, and for all customers
when somebody lets them run; where a person has decided they are silent, unless told otherwise.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from kehu_customer.classification_schemes import queries as schemes
from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.classification_schemes.rules import FACTS, Explanation
from kehu_customer.classifications import events, queries
from kehu_customer.classifications.models import Classification, ClassificationManner, effective
from kehu_customer.customers.models import Customer
from kehu_kernel import audit, outbox
from kehu_kernel.session import Session

NO_RULE_APPLIES = "no rule applies"


class Outcome(StrEnum):
    """What the rules of one scheme did with one customer."""

    CLASSIFIED = "classified"
    REMOVED = "removed"
    KEPT_BY_HAND = "kept_by_hand"
    UNCHANGED = "unchanged"


async def follow_rules(session: Session, customer: Customer, *, new: bool = False) -> None:
    """Let the rules of every scheme classify a customer that changed.

    A new one has no classes, and whoever enters it knows that there are rules.
    """
    if not new:
        await follow_rules_together(session, [customer])
        return
    for scheme in await schemes.ruled(session):
        follow(session, scheme, customer, None)


async def follow_rules_together(session: Session, customers: Sequence[Customer]) -> None:
    """Let the rules of every scheme classify customers that changed: as many queries as for one."""
    if not customers or not await schemes.any_ruled(session):
        return
    ruled = await schemes.ruled(session)
    current = await queries.current_of(
        session, [one.id for one in customers], [scheme.id for scheme in ruled]
    )
    for customer in customers:
        for scheme in ruled:
            follow(session, scheme, customer, current.get((customer.id, scheme.id)))


def follow(
    session: Session,
    scheme: ClassificationScheme,
    customer: Customer,
    current: Classification | None,
    *,
    overwrite_hand: bool = False,
) -> Outcome:
    """Put the customer where the rules of the scheme lead; out of a class if they lead nowhere."""
    by_hand = current is not None and current.manner == ClassificationManner.HAND
    if by_hand and not overwrite_hand:
        return Outcome.KEPT_BY_HAND
    decision = scheme.decide({fact: getattr(customer, fact) for fact in FACTS})
    now = effective(None, session.context.now, current)
    if decision is None:
        if current is None:
            return Outcome.UNCHANGED
        leave(session, scheme, current, at=now, reason=NO_RULE_APPLIES)
        return Outcome.REMOVED
    if current is not None and not by_hand and current.class_code == decision.class_code:
        return Outcome.UNCHANGED
    enter(
        session,
        scheme,
        customer,
        decision.class_code,
        at=now,
        why=decision.explanation,
        current=current,
    )
    return Outcome.CLASSIFIED


def enter(
    session: Session,
    scheme: ClassificationScheme,
    customer: Customer,
    class_code: str,
    *,
    at: datetime,
    why: str | Explanation,
    current: Classification | None,
) -> Classification:
    """Put a customer into a class, out of the current one of the scheme.

    `why` is a person's reason or a rule's explanation. Raises what `Classification.end` raises.
    """
    if current is not None:
        leave(session, scheme, current, at=at, reason=None, next_class=class_code)
    by_rule = isinstance(why, Explanation)
    one = Classification(
        customer_id=customer.id,
        scheme_id=scheme.id,
        class_code=class_code,
        manner=ClassificationManner.RULE if by_rule else ClassificationManner.HAND,
        reason=None if by_rule else why,
        explanation=why.model_dump() if isinstance(why, Explanation) else None,
        assigned_by=session.context.actor,
        effective_at=at,
    )
    audit.created(session, one)
    outbox.add(session, events.classified(one, scheme), sequence=one.version)
    return one


def leave(
    session: Session,
    scheme: ClassificationScheme,
    current: Classification,
    *,
    at: datetime,
    reason: str | None,
    next_class: str | None = None,
) -> None:
    """Take a customer out of a class. Raises what `Classification.end` raises."""
    current.end(at, by=session.context.actor, reason=reason)
    audit.changed(session, current, "ended")
    event = events.removed(current, scheme, ended_at=at, next_class=next_class)
    outbox.add(session, event, sequence=current.version)
