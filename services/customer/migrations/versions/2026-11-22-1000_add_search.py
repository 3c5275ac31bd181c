"""Add search: the terms of customers, and the function that looks over the walls for them (C15).

The terms of customers on record are made by a job, batch by batch, not here.
"""

from alembic import op

from kehu_customer.ownership.rows import limit_to_visible
from kehu_kernel.migrations import enable_tenant_security, let_worker

revision = "2026112302"
down_revision = "2026112301"

TABLES = (
    """
    CREATE TABLE search_documents (
        tenant_id text NOT NULL,
        customer_id uuid NOT NULL,
        terms integer[] NOT NULL,
        name text NOT NULL,
        sound text NOT NULL,
        CONSTRAINT pk_search_documents PRIMARY KEY (tenant_id, customer_id),
        CONSTRAINT fk_search_documents_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
    )
    """,
    """
    CREATE TABLE search_builds (
        edition integer NOT NULL,
        at_tenant text NOT NULL,
        at_customer uuid NOT NULL,
        finished boolean NOT NULL,
        CONSTRAINT pk_search_builds PRIMARY KEY (edition)
    )
    """,
    # Without a list of pending terms: to read through it would make searches slow now and then.
    "CREATE INDEX ix_search_documents_terms ON search_documents USING gin (terms) "
    "WITH (fastupdate = off)",
)
CANDIDATES = """
    CREATE FUNCTION search_candidates(all_of text[], any_of text[], mine integer[], most integer,
        enough integer)
    RETURNS TABLE (step integer, customer_id uuid, name text, sound text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp
    SET enable_seqscan = off
    SET enable_indexscan = off
    SET jit = off
    AS $$
    DECLARE
        tenant text := current_setting('kehu.tenant', true);
        found_here integer;
        found_all integer := 0;
    BEGIN
        FOR number IN 1 .. cardinality(all_of) LOOP
            RETURN QUERY EXECUTE 'SELECT $1, d.customer_id, d.name, d.sound
                FROM search_documents AS d WHERE d.tenant_id = $2'
                || CASE WHEN all_of[number] <> '{}' THEN ' AND d.terms @> $3' ELSE '' END
                || CASE WHEN any_of[number] <> '{}' THEN ' AND d.terms && $4' ELSE '' END
                || CASE WHEN mine IS NOT NULL THEN ' AND d.terms && $5' ELSE '' END
                || ' LIMIT $6'
            USING number, tenant, all_of[number]::integer[], any_of[number]::integer[], mine, most;
            GET DIAGNOSTICS found_here = ROW_COUNT;
            found_all := found_all + found_here;
            EXIT WHEN found_all >= enough;
        END LOOP;
    END
    $$
"""
"""Row-level security keeps indexes of arrays from being used: their operators are not leakproof.
The owner of the tables may use them here, for the tenant of the transaction and for nothing but
ids, which the caller then reads under its own policies."""


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    enable_tenant_security(op, "search_documents", rights="SELECT")
    limit_to_visible(op, "search_documents", customers="customer_id")
    let_worker(op, "search_documents", rights="SELECT, INSERT, UPDATE")
    op.execute("ALTER TABLE search_builds ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE search_builds FORCE ROW LEVEL SECURITY")
    let_worker(op, "search_builds", rights="SELECT, INSERT, UPDATE")
    for table in ("customers", "contacts", "contact_points"):
        let_worker(op, table, rights="SELECT")
    op.execute("CREATE POLICY search ON search_documents FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(CANDIDATES)
    name = "search_candidates(text[], text[], integer[], integer, integer)"
    op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO kehu_app")
