"""The work of letting quotes expire when their last day is over."""

from datetime import date

from sqlalchemy import ColumnElement, Select, select

from kehu_kernel.session import Session
from kehu_sales.daily import DailyWork
from kehu_sales.quotes.models import HOLDING, Quote
from kehu_sales.quotes.service import expire


def expiring(today: date) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of quotes that end: what a contract was made from goes on with it."""
    return (
        Quote.state.in_(HOLDING),
        Quote.expires_on < today,
        Quote.contract_id.is_(None),
    )


async def expire_due(session: Session, limit: int, *, today: date) -> int:
    """Let the quotes of the session's tenant expire whose last day is over; return how many."""
    due = (
        select(Quote)
        .where(
            Quote.tenant_id == session.context.tenant_id,
            *expiring(today),
        )
        .order_by(Quote.expires_on, Quote.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    found = await session.scalars(due)
    for quote in found:
        expire(session, quote, today)
    return len(found)


class ExpiryWork(DailyWork):
    """Lets quotes expire."""

    name = "quote-expiry"
    steps = (expire_due,)

    def tenants(self, today: date) -> Select[str]:
        """Return the query for the tenants with quotes that end."""
        return select(Quote.tenant_id).where(*expiring(today)).distinct()
