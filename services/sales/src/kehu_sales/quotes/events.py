"""What the world hears of a quote."""

from typing import Any

from kehu_contracts import quoting
from kehu_sales.quotes.lines import offered_lines
from kehu_sales.quotes.models import Quote, QuoteState


def _state(quote: Quote, changed: list[str]) -> dict[str, Any]:
    return {
        "quote_id": quote.id,
        "number": quote.number,
        "revision": quote.revision,
        "root_id": quote.root_id,
        "state": quote.state,
        "opportunity_id": quote.opportunity_id,
        "price_list_id": quote.price_list_id,
        "customer_id": quote.customer_id,
        "owner_id": quote.owner_id,
        "lines": offered_lines(quote.lines, quote.currency),
        "discount_percent": quote.discount_percent,
        "total": quote.sum,
        "quoted_on": quote.quoted_on,
        "expires_on": quote.expires_on,
        "sent_on": quote.sent_on,
        "closed_on": quote.closed_on,
        "contract_id": quote.contract_id,
        "changed": changed,
    }


def created(quote: Quote) -> quoting.QuoteCreated | quoting.QuoteDrafted:
    """Return the event of a new quote: with an opportunity it is the one that was always told."""
    if quote.opportunity_id is None:
        return quoting.QuoteDrafted(**_state(quote, []))
    return quoting.QuoteCreated(
        quote_id=quote.id,
        number=quote.number,
        opportunity_id=quote.opportunity_id,
        customer_id=quote.customer_id,
        owner_id=quote.owner_id,
        lines=offered_lines(quote.lines, quote.currency),
        total=quote.sum,
        quoted_on=quote.quoted_on,
        expires_on=quote.expires_on,
        revision=quote.revision,
        state=quote.state,
        discount_percent=quote.discount_percent,
    )


OF_STATE: dict[str, type[quoting.QuoteFact]] = {
    QuoteState.SENT: quoting.QuoteSent,
    QuoteState.ACCEPTED: quoting.QuoteAccepted,
    QuoteState.REJECTED: quoting.QuoteRejected,
    QuoteState.EXPIRED: quoting.QuoteExpired,
    QuoteState.CANCELLED: quoting.QuoteCancelled,
}


def changed(quote: Quote, fields: list[str]) -> quoting.QuoteFact:
    """Return the event of a change; a step with a name of its own is told by that name."""
    step = OF_STATE.get(quote.state) if "state" in fields else None
    return (step or quoting.QuoteChanged)(**_state(quote, fields))
