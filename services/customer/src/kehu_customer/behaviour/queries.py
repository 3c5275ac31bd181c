"""Calculating the behaviour of customers from the dealings with them."""

from collections.abc import Sequence
from uuid import UUID

from kehu_kernel.session import Session

# What a customer turned to us for is a contact as well, as in the timeline.
RENEW = """
    WITH records AS (
        SELECT id AS customer_id, id AS record_id FROM customers
        WHERE tenant_id = $1 AND id = ANY($2::uuid[])
        UNION ALL
        SELECT merged_into_id, id FROM customers
        WHERE tenant_id = $1 AND merged_into_id = ANY($2::uuid[])
    ), dealt AS (
        SELECT r.customer_id, d.kind, d.status, d.happened_on, d.closed_on, d.amount, d.currency
        FROM records r
        LEFT JOIN dealings d ON d.tenant_id = $1 AND d.customer_id = r.record_id
    ), won AS (
        SELECT customer_id, jsonb_object_agg(currency, amount::text) AS amounts FROM (
            SELECT customer_id, currency, sum(amount) AS amount FROM dealt
            WHERE kind = 'opportunity' AND status = 'won' AND currency IS NOT NULL
            GROUP BY customer_id, currency
        ) AS sums GROUP BY customer_id
    )
    INSERT INTO customer_behaviour AS old (
        tenant_id, customer_id, contacts, last_contact_on, opportunities_open, opportunities_won,
        opportunities_lost, last_opportunity_on, last_won_on, won_amounts, requests, requests_open,
        last_request_on
    )
    SELECT $1, dealt.customer_id,
        count(*) FILTER (WHERE kind IN ('contact', 'request')),
        max(happened_on) FILTER (WHERE kind IN ('contact', 'request')),
        count(*) FILTER (
            WHERE kind = 'opportunity' AND status NOT IN ('won', 'lost', 'evaluation_failed')
        ),
        count(*) FILTER (WHERE kind = 'opportunity' AND status = 'won'),
        count(*) FILTER (WHERE kind = 'opportunity' AND status = 'lost'),
        max(happened_on) FILTER (WHERE kind = 'opportunity'),
        max(closed_on) FILTER (WHERE kind = 'opportunity' AND status = 'won'),
        coalesce(max(won.amounts::text)::jsonb, '{}'),
        count(*) FILTER (WHERE kind = 'request'),
        count(*) FILTER (WHERE kind = 'request' AND status <> 'closed'),
        max(happened_on) FILTER (WHERE kind = 'request')
    FROM dealt LEFT JOIN won ON won.customer_id = dealt.customer_id
    GROUP BY dealt.customer_id
    ORDER BY dealt.customer_id
    ON CONFLICT (tenant_id, customer_id) DO UPDATE SET
        contacts = excluded.contacts, last_contact_on = excluded.last_contact_on,
        opportunities_open = excluded.opportunities_open,
        opportunities_won = excluded.opportunities_won,
        opportunities_lost = excluded.opportunities_lost,
        last_opportunity_on = excluded.last_opportunity_on, last_won_on = excluded.last_won_on,
        won_amounts = excluded.won_amounts, requests = excluded.requests,
        requests_open = excluded.requests_open, last_request_on = excluded.last_request_on
"""


async def renew(session: Session, customer_ids: Sequence[UUID]) -> None:
    """Calculate the behaviour of customers anew, those of merged records with it."""
    if customer_ids:
        await session.fetch(RENEW, session.context.tenant_id, list(customer_ids))
