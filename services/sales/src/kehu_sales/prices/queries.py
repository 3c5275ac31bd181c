"""Reading the prices that could hold."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from kehu_contracts.money import Money
from kehu_kernel.session import Session
from kehu_sales.customers.models import CustomerRef
from kehu_sales.later import known
from kehu_sales.price_lists.models import Audience
from kehu_sales.prices.choosing import Offer

OFFERS = """
    SELECT asked.n, l.id, l.number, l.name, l.audience, l.starts_on, l.currency, l.tax_included,
           p.from_quantity, p.price
    FROM price_lists l
    CROSS JOIN unnest($2::uuid[], $3::numeric[]) WITH ORDINALITY AS asked (product_id, quantity, n)
    CROSS JOIN LATERAL (
        SELECT b.from_quantity, b.price FROM price_lines b
        WHERE b.tenant_id = $1 AND b.price_list_id = l.id AND b.product_id = asked.product_id
            AND b.from_quantity <= asked.quantity
        ORDER BY b.from_quantity DESC LIMIT 1
    ) p
    WHERE l.tenant_id = $1 AND l.state = 'approved'
        AND l.starts_on <= $4 AND (l.ends_on IS NULL OR l.ends_on >= $4)
        AND (
            l.audience = 'everybody'
            OR l.audience = 'customer' AND l.customer_id = ANY (ARRAY(
                SELECT c.id FROM customer_refs c
                WHERE c.tenant_id = $1 AND (c.id = $5 OR c.merged_into_id = $5)
            ))
            OR l.audience = 'tier' AND l.audience_code = $6
            OR l.audience = 'segment' AND l.segment_id = ANY (ARRAY(
                SELECT g.segment_id FROM customer_group_refs g
                WHERE g.tenant_id = $1 AND g.customer_id = $5 AND g.member
            ))
            OR l.audience = 'class' AND l.audience_code = ANY (ARRAY(
                SELECT g.class_code FROM customer_group_refs g
                WHERE g.tenant_id = $1 AND g.customer_id = $5 AND g.member
            ))
        )
"""
"""The highest break of each product in each approved list that is valid and for the customer.

Lists are few; their lines are found by the unique key, one probe per list and product.
"""

PLANNED_ONCE = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)"
"""Planning takes three times as long as the answer, as the policies of lists and lines are read
again with each. What follows in the transaction asks by keys, and has the same plan anyhow."""


async def offers(
    session: Session,
    wanted: Sequence[tuple[UUID, Decimal]],
    customer: CustomerRef | None,
    on: date,
) -> list[list[Offer]]:
    """Return the offers of price lists for each wanted product and quantity, in that order.

    All lists count, whatever rows the caller may see: a price does not depend on who asks.
    """
    found: list[list[Offer]] = [[] for _ in wanted]
    await session.see_all_rows()
    await session.fetch(PLANNED_ONCE)
    rows = await session.fetch(
        OFFERS,
        session.context.tenant_id,
        [product_id for product_id, _ in wanted],
        [quantity for _, quantity in wanted],
        on,
        customer.id if customer else None,
        customer.value_grade if customer else None,
    )
    await session.see_rows_in_scope()
    for row in rows:
        found[row["n"] - 1].append(
            Offer(
                price=Money(amount=row["price"], currency=row["currency"]),
                tax_included=row["tax_included"],
                audience=known(Audience, row["audience"]),
                price_list_id=row["id"],
                number=row["number"],
                name=row["name"],
                starts_on=row["starts_on"],
                from_quantity=row["from_quantity"],
            )
        )
    return found
