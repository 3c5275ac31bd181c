"""Know by what opportunities are found in lists: pairs of characters, products, whose they are.

From here on triggers keep it, whoever writes; what is on record gets it in the next revision, and
an index in the one after that.
"""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security
from kehu_sales.directory.rows import limit_to_visible

revision = "2026112761"
down_revision = "2026112741"

TABLE = """
    CREATE TABLE opportunity_terms (
        tenant_id text NOT NULL,
        opportunity_id uuid NOT NULL,
        terms integer[] NOT NULL,
        CONSTRAINT pk_opportunity_terms PRIMARY KEY (tenant_id, opportunity_id)
    )
"""
"""Without a reference to opportunities: only their triggers write it, and each row would pay."""
TERM = """
    CREATE FUNCTION opportunity_term(tenant text, what text, which text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT hashtext(tenant || ' ' || what || ' ' || which) $$
"""
TERMS = """
    CREATE FUNCTION opportunity_terms_of(tenant text, topic text, lines jsonb, owner_id uuid,
        department_id uuid, evaluator_id uuid) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
    DECLARE
        said text := lower(topic);
        terms integer[] := ARRAY[opportunity_term(tenant, 'owner', coalesce(owner_id::text, ''))];
    BEGIN
        lines := lines || '[]';  -- unpacked once: a long list is kept compressed
        FOR place IN 1 .. length(said) - 1 LOOP
            terms := terms || opportunity_term(tenant, 'topic', substr(said, place, 2));
        END LOOP;
        FOR place IN 0 .. jsonb_array_length(lines) - 1 LOOP
            terms := terms || opportunity_term(tenant, 'product', lines -> place ->> 'product_id');
        END LOOP;
        IF department_id IS NOT NULL THEN
            terms := terms || opportunity_term(tenant, 'department', department_id::text);
        END IF;
        IF evaluator_id IS NOT NULL THEN
            terms := terms || opportunity_term(tenant, 'evaluator', evaluator_id::text);
        END IF;
        RETURN terms;
    END $$
"""
"""Pairs of characters, in small letters as ILIKE compares: in whichever topic a text is found, all
of its pairs are. A loop: a query for each row would take ten times as long."""
OF_ROW = """opportunity_terms_of({row}.tenant_id, {row}.topic, {row}.lines, {row}.owner_id,
            {row}.department_id, {row}.evaluator_id)"""
KEEP = (
    f"""
    CREATE FUNCTION enter_opportunity_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
    BEGIN
        INSERT INTO opportunity_terms (tenant_id, opportunity_id, terms)
        SELECT tenant_id, id, {OF_ROW.format(row="entered")} FROM entered;
        RETURN NULL;
    END $$
    """,  # noqa: S608 - our own words
    f"""
    CREATE FUNCTION change_opportunity_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
    BEGIN
        INSERT INTO opportunity_terms AS kept (tenant_id, opportunity_id, terms)
        VALUES (NEW.tenant_id, NEW.id, {OF_ROW.format(row="NEW")})
        ON CONFLICT (tenant_id, opportunity_id) DO UPDATE SET terms = EXCLUDED.terms;
        RETURN NULL;
    END $$
    """,  # noqa: S608
    """
    CREATE TRIGGER enter_terms AFTER INSERT ON opportunities
        REFERENCING NEW TABLE AS entered
        FOR EACH STATEMENT EXECUTE FUNCTION enter_opportunity_terms()
    """,
    # Not UPDATE OF: what the trigger of an erasure blanks is named in no statement.
    """
    CREATE TRIGGER change_terms AFTER UPDATE ON opportunities FOR EACH ROW
        WHEN (
            (OLD.topic, OLD.owner_id, OLD.department_id, OLD.evaluator_id)
            IS DISTINCT FROM (NEW.topic, NEW.owner_id, NEW.department_id, NEW.evaluator_id)
            OR OLD.lines IS DISTINCT FROM NEW.lines
        )
        EXECUTE FUNCTION change_opportunity_terms()
    """,
)
AT_EACH_END, COMMON = 500, 10
"""Of so many of the tenant's opportunities, the oldest and the newest, so many must match for the
list to be looked through instead: about one in fifty."""
CANDIDATES = f"""
    CREATE FUNCTION opportunity_candidates(q text, product uuid, departments uuid[], most integer)
    RETURNS text
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
        found uuid[];
        number integer;
    BEGIN
        IF asked = '{{}}' THEN
            RETURN NULL;
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
            RETURN NULL;
        END IF;
        -- The tenant as an expression, or its key would be read from end to end when the planner
        -- believes a rare term to be common.
        EXECUTE 'SELECT count(*), array_agg(opportunity_id) FROM (
                SELECT opportunity_id FROM opportunity_terms
                WHERE tenant_id || '''' = $1 AND terms @> $2 AND (terms && $3 OR $3 IS NULL)
                LIMIT $4 + 1
            ) AS first_ones'
        INTO number, found USING tenant, asked, mine, most;
        RETURN CASE WHEN number <= most THEN coalesce(found, '{{}}')::text END;
    END
    $$
"""  # noqa: S608 - our own numbers
"""Row-level security keeps an index of arrays from being used, as its operators are not leakproof.
The owner of the tables may use it here, for the tenant of the transaction and for nothing but ids,
of which the caller then reads those in sight. Of a caller with a row scope only the own are looked
for, so that neither number nor time tells of others. NULL says that there are many, or may be: of a
single character no index knows."""


def upgrade() -> None:
    op.execute(TABLE)
    enable_tenant_security(op, "opportunity_terms", rights="SELECT")
    limit_to_visible(op, "opportunity_terms", opportunities="opportunity_id")
    op.execute("CREATE POLICY terms ON opportunity_terms TO CURRENT_USER USING (true)")
    op.execute("CREATE POLICY terms ON opportunities FOR SELECT TO CURRENT_USER USING (true)")
    for statement in (TERM, TERMS, *KEEP, CANDIDATES):
        op.execute(statement)
    name = "opportunity_candidates(text, uuid, uuid[], integer)"
    op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO kehu_app")
