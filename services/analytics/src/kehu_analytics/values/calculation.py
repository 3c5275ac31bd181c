"""Calculating customer values: one way for a batch of the fold and for all customers of a tenant.

A customer's figures count what names a record that was merged into it, too (ADR 0018): what
concerns that one concerns the survivor. A merged record keeps figures of its own, for when the
merge is undone.

The fold and changes to the scoring exclude each other per tenant, and workers whose partitions
concern the same customer take turns on its row of figures. A batch in which records are merged, or
apart again, excludes all others: none of them calculates a customer without knowing who is part of
it. Every statement sees what was committed before it began: whoever comes last calculates from
everybody's facts.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select, text

from kehu_analytics.facts.fold import CustomerKey
from kehu_analytics.facts.models import CustomerFact
from kehu_analytics.values import events
from kehu_analytics.values.events import Finding
from kehu_kernel.session import Session

LOCK_CLASS = 0x76616C  # "val"
CHUNK = 5_000
"""Customers calculated by one set of statements: seconds of work are cut into short ones."""

# The statements below must not depend on the planner's luck: tables grow from nothing faster than
# statistics follow, and a plan that was kept from then takes minutes. So they look customers up one
# by one by key (LATERAL with OFFSET 0 is what the planner does not reorder), and are planned anew.

# Tenants share 128 locks: a batch of very many tenants must not exhaust the server's lock table.
SHARE_SCORING = text(
    """
    SELECT CASE
            WHEN alone THEN pg_advisory_xact_lock(CAST(:class AS int), slot)::text
            ELSE pg_advisory_xact_lock_shared(CAST(:class AS int), slot)::text
        END,
        set_config('plan_cache_mode', 'force_custom_plan', true)
    FROM (
        SELECT hashtext(tenant_id) & 127 AS slot,
            bool_or(tenant_id = ANY (CAST(:alone AS text[]))) AS alone
        FROM unnest(CAST(:tenants AS text[])) AS tenants (tenant_id) GROUP BY 1 ORDER BY 1
    ) AS slots
    """
)
OWN_SCORING = text(
    """
    SELECT pg_advisory_xact_lock(CAST(:class AS int), hashtext(CAST(:tenant AS text)) & 127),
        set_config('plan_cache_mode', 'force_custom_plan', true)
    """
)

# Where a record of `touched` was merged into another, that one is concerned: figures change there.
WITH_SURVIVORS = text(
    """
    SELECT tenant_id, customer_id
    FROM unnest(CAST(:tenants AS text[]), CAST(:customers AS uuid[]))
        AS touched (tenant_id, customer_id)
    UNION
    SELECT tenant_id, merged_into_id
    FROM unnest(CAST(:tenants AS text[]), CAST(:customers AS uuid[]))
            AS touched (tenant_id, customer_id)
        CROSS JOIN LATERAL (
            SELECT merged_into_id FROM customer_facts AS row
            WHERE row.tenant_id = touched.tenant_id AND row.id = touched.customer_id
            OFFSET 0
        ) AS merged
    WHERE merged_into_id IS NOT NULL
    ORDER BY 1, 2
    """
)
# `touched` comes sorted: workers that share customers take the row locks in the same order.
BEGIN_FIGURES = text(
    """
    INSERT INTO customer_figures (tenant_id, customer_id)
    SELECT * FROM unnest(CAST(:tenants AS text[]), CAST(:customers AS uuid[]))
    ON CONFLICT DO NOTHING
    """
)
LOCK_FIGURES = text(
    """
    SELECT 1 FROM customer_figures
    JOIN unnest(CAST(:tenants AS text[]), CAST(:customers AS uuid[]))
        AS touched (tenant_id, customer_id) USING (tenant_id, customer_id)
    ORDER BY tenant_id, customer_id FOR UPDATE OF customer_figures
    """
)
SET_FIGURES = text(
    """
    INSERT INTO customer_figures AS stored
        (tenant_id, customer_id, won_count, lost_count, request_count, amounts, facts_at)
    SELECT tenant_id, customer_id, coalesce(won, 0), coalesce(lost, 0), requests,
        coalesce(amounts, '{}'), greatest(opportunities.at, services.at, merged.at)
    FROM unnest(CAST(:tenants AS text[]), CAST(:customers AS uuid[]))
            AS touched (tenant_id, customer_id)
        CROSS JOIN LATERAL (
            SELECT array_agg(id) || touched.customer_id AS records, max(at) AS at
            FROM customer_facts AS row
            WHERE row.tenant_id = touched.tenant_id AND row.merged_into_id = touched.customer_id
            OFFSET 0
        ) AS merged
        CROSS JOIN LATERAL (
            SELECT sum(won)::int AS won, sum(lost)::int AS lost, max(at) AS at,
                jsonb_object_agg(currency, jsonb_build_object(
                    'won', coalesce(won_amount, 0)::text,
                    'won_count', won,
                    'open', coalesce(open_amount, 0)::text
                )) AS amounts
            FROM (
                SELECT CASE status WHEN 'won' THEN won_currency ELSE currency END AS currency,
                    count(*) FILTER (WHERE status = 'won') AS won,
                    count(*) FILTER (WHERE status = 'lost') AS lost,
                    sum(won_amount) FILTER (WHERE status = 'won') AS won_amount,
                    sum(amount) FILTER (
                        WHERE status IN ('not_evaluated', 'in_evaluation', 'in_progress')
                    ) AS open_amount,
                    max(at) AS at
                FROM opportunity_facts AS facts
                WHERE facts.tenant_id = touched.tenant_id
                    AND facts.customer_id = ANY (merged.records)
                GROUP BY 1
            ) AS by_currency
        ) AS opportunities
        CROSS JOIN LATERAL (
            SELECT count(*)::int AS requests, max(at) AS at
            FROM request_facts AS facts
            WHERE facts.tenant_id = touched.tenant_id
                AND facts.customer_id = ANY (merged.records)
        ) AS services
    ON CONFLICT (tenant_id, customer_id) DO UPDATE
    SET won_count = excluded.won_count, lost_count = excluded.lost_count,
        request_count = excluded.request_count, amounts = excluded.amounts,
        facts_at = excluded.facts_at
    WHERE (stored.won_count, stored.lost_count, stored.request_count, stored.amounts,
            stored.facts_at)
        IS DISTINCT FROM (excluded.won_count, excluded.lost_count, excluded.request_count,
            excluded.amounts, excluded.facts_at)
    """
)
SET_VALUES = text(
    """
    WITH touched AS (
        SELECT * FROM unnest(CAST(:tenants AS text[]), CAST(:customers AS uuid[]))
            AS touched (tenant_id, customer_id)
    ), weights AS MATERIALIZED (
        SELECT model.tenant_id, model.id AS model_id, part.key AS dimension,
            part.value::numeric AS weight, option.currency, option.intervals,
            greatest(model.updated_at, option.updated_at) AS changed_at
        FROM value_models AS model
            CROSS JOIN LATERAL jsonb_each_text(model.weights) AS part
            JOIN scoring_options AS option
                ON option.tenant_id = model.tenant_id AND option.dimension = part.key
        WHERE model.state = 'active' AND model.tenant_id = ANY (CAST(:owners AS text[]))
    ), steps AS MATERIALIZED (
        -- All that does not differ between customers is made here, once per interval.
        SELECT tenant_id, dimension, (step->>'from')::numeric AS low,
            (step->>'to')::numeric AS high, weight * (step->>'points')::numeric AS weighted,
            step || jsonb_build_object(
                'dimension', dimension, 'weight', weight::text, 'contribution',
                trim_scale(weight * (step->>'points')::numeric / 100)::text
            ) AS explained
        FROM weights CROSS JOIN LATERAL jsonb_array_elements(intervals) AS steps (step)
    ), grades AS MATERIALIZED (
        SELECT tenant_id, step->>'code' AS grade, (step->>'from')::numeric AS low,
            (step->>'to')::numeric AS high, updated_at
        FROM grade_schemes CROSS JOIN LATERAL jsonb_array_elements(grades) AS steps (step)
        WHERE tenant_id = ANY (CAST(:owners AS text[]))
    ), customers AS MATERIALIZED (
        SELECT touched.tenant_id, touched.customer_id, greatest(facts.at, facts_at) AS facts_at,
            won_count, lost_count, request_count, amounts
        FROM touched
            CROSS JOIN LATERAL (
                SELECT won_count, lost_count, request_count, amounts, facts_at
                FROM customer_figures AS row
                WHERE row.tenant_id = touched.tenant_id AND row.customer_id = touched.customer_id
                OFFSET 0
            ) AS stored
            CROSS JOIN LATERAL (
                SELECT at FROM customer_facts AS row
                WHERE row.tenant_id = touched.tenant_id AND row.id = touched.customer_id
                OFFSET 0
            ) AS facts
    ), figures AS MATERIALIZED (
        SELECT tenant_id, customer_id, model_id, dimension,
            greatest(facts_at, changed_at) AS at,
            CASE dimension
                WHEN 'won_amount' THEN coalesce((amounts->currency->>'won')::numeric, 0)
                WHEN 'open_amount' THEN coalesce((amounts->currency->>'open')::numeric, 0)
                WHEN 'average_deal' THEN coalesce(round_half_even(
                    (amounts->currency->>'won')::numeric
                        / nullif((amounts->currency->>'won_count')::numeric, 0), 2), 0)
                WHEN 'won_count' THEN won_count
                WHEN 'lost_count' THEN lost_count
                WHEN 'win_rate' THEN coalesce(round_half_even(
                    100.0 * won_count / nullif(won_count + lost_count, 0), 2), 0)
                WHEN 'service_request_count' THEN request_count
            END AS value
        FROM customers JOIN weights USING (tenant_id)
    ), scores AS (
        SELECT tenant_id, customer_id, model_id, max(at) AS at,
            round_half_even(sum(weighted) / 100, 4) AS score,
            jsonb_agg(explained || jsonb_build_object('value', value::text)
                ORDER BY dimension COLLATE "C") AS inputs
        FROM figures JOIN steps USING (tenant_id, dimension)
        WHERE (low IS NULL OR value >= low) AND (high IS NULL OR value < high)
        GROUP BY 1, 2, 3
    )
    INSERT INTO customer_values AS stored
        (tenant_id, id, model_id, score, grade, inputs, calculated_at)
    SELECT tenant_id, customer_id, model_id, score, grade, inputs, greatest(at, updated_at)
    FROM scores JOIN grades USING (tenant_id)
    WHERE (low IS NULL OR score >= low) AND (high IS NULL OR score < high)
    ON CONFLICT (tenant_id, id) DO UPDATE
    SET model_id = excluded.model_id, score = excluded.score, grade = excluded.grade,
        inputs = excluded.inputs, calculated_at = excluded.calculated_at
    WHERE (stored.model_id, stored.score, stored.grade, stored.inputs, stored.calculated_at)
        IS DISTINCT FROM (excluded.model_id, excluded.score, excluded.grade, excluded.inputs,
            excluded.calculated_at)
    RETURNING tenant_id, id
    """
)
NOTE_PUBLISHED = text(
    """
    WITH current AS MATERIALIZED (
        SELECT tenant_id, customer_id, model_id, score, grade, calculated_at
        FROM unnest(CAST(:tenants AS text[]), CAST(:customers AS uuid[]))
                AS changed (tenant_id, customer_id)
            CROSS JOIN LATERAL (
                SELECT model_id, score, grade, calculated_at FROM customer_values AS row
                WHERE row.tenant_id = changed.tenant_id AND row.id = changed.customer_id
                OFFSET 0
            ) AS stored
    ), published AS (
        INSERT INTO value_publications AS stored (tenant_id, customer_id, version, score, grade)
        SELECT tenant_id, customer_id, 1, score, grade FROM current
        ON CONFLICT (tenant_id, customer_id) DO UPDATE
        SET version = stored.version + 1, score = excluded.score, grade = excluded.grade
        WHERE (stored.score, stored.grade) IS DISTINCT FROM (excluded.score, excluded.grade)
        RETURNING new.tenant_id, new.customer_id, new.version, old.grade AS previous_grade
    )
    SELECT tenant_id, customer_id, model_id, score, grade, previous_grade, calculated_at, version
    FROM published JOIN current USING (tenant_id, customer_id)
    ORDER BY tenant_id, customer_id
    """
)


async def lock_scoring(session: Session) -> None:
    """Keep the fold of the session's tenant waiting until this transaction ends.

    Take it before any other lock, and before reading what is about to change.
    """
    tenant_id = session.context.tenant_id
    await session.execute(OWN_SCORING, {"class": LOCK_CLASS, "tenant": tenant_id})


async def share_scoring(
    session: Session, tenant_ids: Collection[str], *, alone_in: Collection[str] = ()
) -> None:
    """Keep the scoring of tenants from changing until this transaction ends.

    Nobody else calculates values meanwhile in the tenants `alone_in`.
    """
    tenants = {"tenants": list(tenant_ids), "alone": list(alone_in)}
    await session.execute(SHARE_SCORING, {"class": LOCK_CLASS} | tenants)


async def revalue(
    session: Session, touched: Iterable[CustomerKey], *, actor: str, from_facts: bool = True
) -> int:
    """Calculate customers anew from the facts, and publish the values that changed.

    From the facts, survivors of merges are calculated with them. The caller holds the scoring
    (`share_scoring`, `lock_scoring`). Customers without an active model, and ids that are no known
    customer's yet, get their figures but no value. Without `from_facts` the figures are taken as
    they are, which needs `lock_scoring`. Returns how many values were published.
    """
    published = 0
    customers = sorted(touched)
    if from_facts:
        customers = [*map(tuple, await session.execute(WITH_SURVIVORS, _arrays(customers)))]
    for start in range(0, len(customers), CHUNK):
        keys = _arrays(customers[start : start + CHUNK])
        if from_facts:
            await session.execute(BEGIN_FIGURES, keys)
            await session.execute(LOCK_FIGURES, keys)
            await session.execute(SET_FIGURES, keys)
        changed = (
            await session.execute(SET_VALUES, keys | {"owners": sorted(set(keys["tenants"]))})
        ).all()
        if changed:
            rows = await session.execute(
                NOTE_PUBLISHED, _arrays(sorted((tenant, customer) for tenant, customer in changed))
            )
            findings = [Finding(*row) for row in rows]
            await events.publish(session, findings, actor=actor)
            published += len(findings)
    return published


class Recalculation(NamedTuple):
    """What a calculation of all customers did."""

    customers: int
    published: int


async def revalue_all(session: Session, *, from_facts: bool = False) -> Recalculation:
    """Calculate all customers of the session's tenant anew; the caller holds `lock_scoring`.

    A change of the scoring leaves the figures as they are; `from_facts` counts them again, too.
    """
    context = session.context
    await session.flush()  # the statements read the scoring as it is about to be
    known = await session.scalars(
        select(CustomerFact.id).where(CustomerFact.tenant_id == context.tenant_id)
    )
    touched = [(context.tenant_id, customer_id) for customer_id in known]
    published = await revalue(session, touched, actor=context.actor, from_facts=from_facts)
    return Recalculation(len(touched), published)


def _arrays(keys: Sequence[CustomerKey]) -> dict[str, list[Any]]:
    return {"tenants": [key[0] for key in keys], "customers": [key[1] for key in keys]}
