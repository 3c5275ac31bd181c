"""Walk through what is open already, where more collides than before (S13).

Of before this upgrade it was looked at when it was entered only, if at all, and by default among
what was opened within a year: whoever has opportunities has a first walk.
"""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security, let_worker

revision = "2026112822"
down_revision = "2026112821"

TABLE = """
    CREATE TABLE collision_walks (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        after_id uuid NOT NULL,
        CONSTRAINT pk_collision_walks PRIMARY KEY (tenant_id, id)
    )
"""
FIRST_WALKS = """
    WITH RECURSIVE known AS (
        SELECT min(tenant_id) AS tenant_id FROM opportunities
        UNION ALL
        SELECT (SELECT min(o.tenant_id) FROM opportunities o WHERE o.tenant_id > k.tenant_id)
        FROM known k WHERE k.tenant_id IS NOT NULL
    )
    INSERT INTO collision_walks (tenant_id, id, after_id)
    SELECT tenant_id, first.id, first.id
    FROM known, (VALUES ('00000000-0000-0000-0000-000000000000'::uuid)) AS first (id)
    WHERE tenant_id IS NOT NULL
"""
"""From tenant to tenant by the index: of each one is read. Any walk asked for later is newer."""


def upgrade() -> None:
    op.execute(TABLE)
    # The owner of a table with forced row security sees nothing else.
    op.execute("CREATE POLICY backfill ON opportunities TO CURRENT_USER USING (true)")
    op.execute(FIRST_WALKS)
    op.execute("DROP POLICY backfill ON opportunities")
    enable_tenant_security(op, "collision_walks", rights="SELECT, INSERT, UPDATE, DELETE")
    let_worker(op, "collision_walks", rights="SELECT")
