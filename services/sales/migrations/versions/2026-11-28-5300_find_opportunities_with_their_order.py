"""Find opportunities with that by which the list is ordered, so that only its page is read."""

from alembic import op

revision = "2026112853"
down_revision = "2026112852"

AT_EACH_END, COMMON = 500, 10
"""Of so many of the tenant's opportunities, the oldest and the newest, so many must match for the
list to be looked through instead: about one in fifty."""
CANDIDATES = f"""
    CREATE FUNCTION opportunity_candidates(q text, product uuid, departments uuid[], most integer,
        ordered_by text, OUT ids text, OUT keys text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp
    SET enable_seqscan = off
    AS $$
    DECLARE
        tenant text := current_setting('kehu.tenant', true);
        me text := coalesce(current_setting('kehu.employee', true), '');
        asked integer[] := ARRAY(
            SELECT opportunity_term(tenant, 'topic', substr(said, place, 2))
            FROM lower(q) AS said, generate_series(1, length(said) - 1) AS place
            UNION ALL
            SELECT opportunity_term(tenant, 'product', product::text) WHERE product IS NOT NULL
        );
        mine integer[] := ARRAY(
            SELECT opportunity_term(tenant, what, id) FROM (
                VALUES ('owner', ''), ('owner', me), ('evaluator', me)
                UNION ALL
                SELECT 'department', one::text FROM unnest(departments) AS one
            ) AS whose (what, id)
        );
        number integer;
    BEGIN
        IF asked = '{{}}' THEN
            RETURN;
        END IF;
        IF coalesce(
            current_setting('kehu.row_scope', true) NOT IN ('own', 'department', 'subtree'), true
        ) THEN
            mine := NULL;
        END IF;
        -- The index reads the whole list of a term before it gives the first one: of what every
        -- tenth has, a hundred thousand. So some of the tenant's are looked at before. At both
        -- ends: what is common among the newest only, a campaign's, may be nowhere else.
        EXECUTE 'SELECT least(count(*) FILTER (WHERE newest), count(*) FILTER (WHERE NOT newest))
            FROM (
                (SELECT true AS newest, terms FROM opportunity_terms
                    WHERE tenant_id = $1 ORDER BY opportunity_id DESC LIMIT {AT_EACH_END})
                UNION ALL
                (SELECT false, terms FROM opportunity_terms
                    WHERE tenant_id = $1 ORDER BY opportunity_id LIMIT {AT_EACH_END})
            ) AS ends
            WHERE terms @> $2 AND (terms && $3 OR $3 IS NULL)'
        INTO number USING tenant, asked, mine;
        IF number >= {COMMON} THEN
            RETURN;
        END IF;
        -- The tenant as an expression, or its key would be read from end to end when the planner
        -- believes a rare term to be common.
        EXECUTE 'SELECT count(*), coalesce(array_agg(opportunity_id)::text, ''{{}}''),
                coalesce(array_agg(key)::text, ''{{}}'')
            FROM (
                SELECT opportunity_id, CASE $5 WHEN ''created_at'' THEN created_at::text
                    WHEN ''number'' THEN number
                    WHEN ''expected_close_on'' THEN expected_close_on::text
                    WHEN ''expected_revenue'' THEN expected_revenue::text
                    WHEN ''level_rank'' THEN level_rank::text END AS key
                FROM opportunity_terms
                WHERE tenant_id || '''' = $1 AND terms @> $2 AND (terms && $3 OR $3 IS NULL)
                LIMIT $4 + 1
            ) AS first_ones'
        INTO number, ids, keys USING tenant, asked, mine, most, ordered_by;
        IF number > most THEN
            ids := NULL;
            keys := NULL;
        END IF;
    END
    $$
"""  # noqa: S608 - our own numbers
"""Row-level security keeps an index of arrays from being used, as its operators are not leakproof.
The owner of the tables may use it here, for the tenant of the transaction and for nothing but ids
and the order of the list (a column of the terms), of which the caller then reads those in sight. Of
a caller with a row scope only the own are looked for, so that neither number nor time tells of
others. NULL says that there are many, or may be: of a single character no index knows."""
BEFORE = """
    CREATE OR REPLACE FUNCTION opportunity_candidates(q text, product uuid, departments uuid[],
        most integer) RETURNS text
    LANGUAGE sql STABLE
    AS $$ SELECT ids FROM opportunity_candidates(q, product, departments, most, 'created_at') $$
"""
"""For processes of the version before, while a new one is rolled out."""


def upgrade() -> None:
    op.execute(CANDIDATES)
    name = "opportunity_candidates(text, uuid, uuid[], integer, text)"
    op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO kehu_app")
    op.execute(BEFORE)
