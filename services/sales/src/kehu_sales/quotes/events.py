"""What the world hears of a quote."""

from kehu_contracts import sales as contract
from kehu_sales.lines import contract_lines
from kehu_sales.quotes.models import Quote


def created(quote: Quote) -> contract.QuoteCreated:
    return contract.QuoteCreated(
        quote_id=quote.id,
        number=quote.number,
        opportunity_id=quote.opportunity_id,
        customer_id=quote.customer_id,
        owner_id=quote.owner_id,
        lines=contract_lines(quote.lines, quote.currency),
        total=quote.sum,
        quoted_on=quote.quoted_on,
        expires_on=quote.expires_on,
    )
