"""Calculating the behaviour of customers from dealings, and from what they agreed to."""

from collections.abc import Sequence
from uuid import UUID

from kehu_kernel.session import Session

# What a customer turned to us for is a contact as well, as in the timeline. A contact's consents
# count for the customer whose contact the person is now.
RENEW = """
    WITH records AS (
        SELECT id AS customer_id, id AS record_id FROM customers
        WHERE tenant_id = $1 AND id = ANY($2::uuid[])
        UNION ALL
        SELECT merged_into_id, id FROM customers
        WHERE tenant_id = $1 AND merged_into_id = ANY($2::uuid[])
    ), dealt AS (
        SELECT r.customer_id, d.kind, d.status, d.happened_on, d.closed_on, d.amount, d.currency,
            d.is_complaint
        FROM records r
        LEFT JOIN dealings d ON d.tenant_id = $1 AND d.customer_id = r.record_id
    ), won AS (
        SELECT customer_id, jsonb_object_agg(currency, amount::text) AS amounts FROM (
            SELECT customer_id, currency, sum(amount) AS amount FROM dealt
            WHERE kind = 'opportunity' AND status = 'won' AND currency IS NOT NULL
            GROUP BY customer_id, currency
        ) AS sums GROUP BY customer_id
    ), said AS (
        SELECT r.customer_id, s.purpose, s.decision, s.at
        FROM records r JOIN consents s ON s.tenant_id = $1 AND s.customer_id = r.record_id
        UNION ALL
        SELECT r.customer_id, s.purpose, s.decision, s.at
        FROM records r JOIN contacts p ON p.tenant_id = $1 AND p.customer_id = r.record_id
        JOIN consents s ON s.tenant_id = $1 AND s.contact_id = p.id
    ), consented AS (
        SELECT customer_id, count(*) FILTER (WHERE decision = 'given') AS given,
            count(*) FILTER (WHERE decision = 'withdrawn') AS withdrawn,
            max((at AT TIME ZONE $3)::date) FILTER (WHERE decision = 'given') AS given_on,
            max((at AT TIME ZONE $3)::date) FILTER (WHERE decision = 'withdrawn') AS withdrawn_on
        FROM said WHERE purpose = 'marketing' GROUP BY customer_id
    )
    INSERT INTO customer_behaviour AS old (
        tenant_id, customer_id, contacts, last_contact_on, opportunities_open, opportunities_won,
        opportunities_lost, last_opportunity_on, last_won_on, won_amounts, requests, requests_open,
        last_request_on, complaints, complaints_open, last_complaint_on, leads, leads_open,
        leads_converted, leads_disqualified, last_lead_on, consents_given, consents_withdrawn,
        last_consent_on, last_withdrawal_on
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
        max(happened_on) FILTER (WHERE kind = 'request'),
        count(*) FILTER (WHERE is_complaint),
        count(*) FILTER (WHERE is_complaint AND status <> 'closed'),
        max(happened_on) FILTER (WHERE is_complaint),
        count(*) FILTER (WHERE kind = 'lead'),
        count(*) FILTER (WHERE kind = 'lead' AND status IN ('open', 'converting')),
        count(*) FILTER (WHERE kind = 'lead' AND status = 'converted'),
        count(*) FILTER (WHERE kind = 'lead' AND status = 'disqualified'),
        max(happened_on) FILTER (WHERE kind = 'lead'),
        coalesce(max(given), 0), coalesce(max(withdrawn), 0), max(given_on), max(withdrawn_on)
    FROM dealt LEFT JOIN won ON won.customer_id = dealt.customer_id
    LEFT JOIN consented ON consented.customer_id = dealt.customer_id
    GROUP BY dealt.customer_id
    ORDER BY dealt.customer_id
    ON CONFLICT (tenant_id, customer_id) DO UPDATE SET
        contacts = excluded.contacts, last_contact_on = excluded.last_contact_on,
        opportunities_open = excluded.opportunities_open,
        opportunities_won = excluded.opportunities_won,
        opportunities_lost = excluded.opportunities_lost,
        last_opportunity_on = excluded.last_opportunity_on, last_won_on = excluded.last_won_on,
        won_amounts = excluded.won_amounts, requests = excluded.requests,
        requests_open = excluded.requests_open, last_request_on = excluded.last_request_on,
        complaints = excluded.complaints, complaints_open = excluded.complaints_open,
        last_complaint_on = excluded.last_complaint_on, leads = excluded.leads,
        leads_open = excluded.leads_open, leads_converted = excluded.leads_converted,
        leads_disqualified = excluded.leads_disqualified, last_lead_on = excluded.last_lead_on,
        consents_given = excluded.consents_given, consents_withdrawn = excluded.consents_withdrawn,
        last_consent_on = excluded.last_consent_on,
        last_withdrawal_on = excluded.last_withdrawal_on
"""


async def renew(session: Session, customer_ids: Sequence[UUID], zone: str) -> None:
    """Calculate the behaviour of customers anew, those of merged records with it.

    The days of consents are business days of the time zone `zone`.
    """
    if customer_ids:
        await session.fetch(RENEW, session.context.tenant_id, list(customer_ids), zone)
