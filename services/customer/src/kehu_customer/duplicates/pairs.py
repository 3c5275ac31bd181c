"""Writing pairs down: the row, its history, and what the world hears of it."""

from kehu_customer.duplicates import events
from kehu_customer.duplicates.models import DuplicatePair
from kehu_kernel import audit, outbox
from kehu_kernel.session import Session


def enter_pair(session: Session, pair: DuplicatePair) -> None:
    """Put a pair up for review."""
    audit.created(session, pair)
    outbox.add(session, events.suspected(pair), sequence=pair.version)


def keep_decision(session: Session, pair: DuplicatePair, action: str) -> None:
    """Keep what was decided about a pair."""
    fields = audit.changed(session, pair, action)
    outbox.add(session, events.decided(pair, fields), sequence=pair.version)
