"""Find opportunities that collide (S13): collisions, what is decided."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security, let_worker
from kehu_sales.directory.rows import OF_VISIBLE, limit_to_visible
from kehu_sales.personal import PERSONAL

revision = "2026112540"
down_revision = "2026112539"

TABLES = (
    """
    CREATE TABLE duplicate_pair_refs (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence integer NOT NULL,
        first_id uuid NOT NULL,
        second_id uuid NOT NULL,
        suspected boolean NOT NULL,
        CONSTRAINT pk_duplicate_pair_refs PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE TABLE collision_checks (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        asked integer NOT NULL,
        after_id uuid,
        CONSTRAINT pk_collision_checks PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE TABLE collision_policies (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        at_entry text NOT NULL,
        relations jsonb NOT NULL,
        by_category boolean NOT NULL,
        without_lines boolean NOT NULL,
        within_days integer,
        across_departments boolean NOT NULL,
        answer_days integer NOT NULL,
        on_yield text NOT NULL,
        CONSTRAINT pk_collision_policies PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_collision_policies_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_collision_policies_words CHECK (
            at_entry IN ('ignore', 'remind', 'refuse') AND on_yield IN ('hand_over', 'pool')
            AND jsonb_typeof(relations) = 'array'
        ),
        CONSTRAINT ck_collision_policies_days CHECK (within_days >= 0 AND answer_days >= 0)
    )
    """,
    """
    CREATE TABLE collisions (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        first_id uuid NOT NULL,
        second_id uuid NOT NULL,
        relation text NOT NULL,
        overlap text NOT NULL,
        state text NOT NULL,
        found_on date NOT NULL,
        entry_reason text,
        claimant_id uuid,
        claim_reason text,
        claim_proof text,
        claimed_on date,
        answer_due_on date,
        overdue_told boolean NOT NULL,
        contest_reason text,
        kept_id uuid,
        credit jsonb,
        decided_on date,
        decided_by text,
        decision_reason text,
        CONSTRAINT pk_collisions PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_collisions_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT uq_collisions_pair UNIQUE (tenant_id, first_id, second_id),
        CONSTRAINT fk_collisions_tenant_id_first_id
            FOREIGN KEY (tenant_id, first_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_collisions_tenant_id_second_id
            FOREIGN KEY (tenant_id, second_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT ck_collisions_order CHECK (first_id < second_id),
        CONSTRAINT ck_collisions_words CHECK (
            state IN (
                'open', 'claimed', 'contested', 'yielded', 'arbitrated', 'dismissed', 'lapsed'
            )
            AND relation IN ('same', 'parent', 'sister', 'duplicate', 'group')
            AND overlap IN ('product', 'category', 'unspecified')
        ),
        CONSTRAINT ck_collisions_claimed CHECK (
            num_nulls(claimant_id, claim_reason, claimed_on, answer_due_on) IN (0, 4)
            AND (state <> 'open' OR claimant_id IS NULL)
            AND (state NOT IN ('claimed', 'contested') OR claimant_id IS NOT NULL)
            AND (contest_reason IS NULL OR claimant_id IS NOT NULL)
            AND claimant_id IN (first_id, second_id)
        ),
        CONSTRAINT ck_collisions_decided CHECK (
            (state IN ('open', 'claimed', 'contested'))
            = (num_nulls(decided_on, decided_by, decision_reason) = 3)
            AND num_nulls(decided_on, decided_by, decision_reason) IN (0, 3)
        ),
        CONSTRAINT ck_collisions_kept CHECK (
            (state IN ('yielded', 'arbitrated')) = (kept_id IS NOT NULL)
            AND kept_id IN (first_id, second_id)
            AND (credit IS NULL OR state = 'arbitrated')
        )
    )
    """,
)
INDEXES = (
    "CREATE INDEX ix_duplicate_pair_refs_first ON duplicate_pair_refs (tenant_id, first_id)",
    "CREATE INDEX ix_duplicate_pair_refs_second ON duplicate_pair_refs (tenant_id, second_id)",
    "CREATE INDEX ix_collisions_second ON collisions (tenant_id, second_id)",
    "CREATE INDEX ix_collisions_created_at ON collisions (tenant_id, created_at, id)",
    "CREATE INDEX ix_collisions_state ON collisions (tenant_id, state, created_at, id)",
    "CREATE INDEX ix_collisions_due ON collisions (tenant_id, answer_due_on) "
    "WHERE state = 'claimed' AND NOT overdue_told",
    "CREATE INDEX ix_collisions_undecided ON collisions (tenant_id, id) "
    "WHERE state IN ('open', 'claimed', 'contested')",
)

LOOK_AGAIN = (
    """
    CREATE FUNCTION look_at_collisions_again() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM collisions c WHERE c.tenant_id = NEW.tenant_id
                AND c.state IN ('open', 'claimed', 'contested')
                AND (c.first_id = NEW.id OR c.second_id = NEW.id)
        ) THEN
            INSERT INTO collision_checks (tenant_id, id, asked) VALUES (NEW.tenant_id, NEW.id, 1)
            ON CONFLICT (tenant_id, id)
                DO UPDATE SET asked = collision_checks.asked + 1, after_id = NULL;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER look_at_collisions_again
        AFTER UPDATE OF status, owner_id, customer_id ON opportunities FOR EACH ROW
        WHEN (
            OLD.status <> NEW.status OR OLD.owner_id IS DISTINCT FROM NEW.owner_id
            OR OLD.customer_id IS DISTINCT FROM NEW.customer_id
        )
        EXECUTE FUNCTION look_at_collisions_again()
    """,
)
"""Who may change an opportunity sees it, and so its collisions: nobody needs more rights for it."""


def upgrade() -> None:
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    enable_tenant_security(op, "duplicate_pair_refs", rights="SELECT")
    let_worker(op, "duplicate_pair_refs", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "collision_checks", rights="SELECT, INSERT, UPDATE, DELETE")
    let_worker(op, "collision_checks", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "collision_policies", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "collisions", rights="SELECT, INSERT, UPDATE")
    let_worker(op, "collisions", rights="SELECT")
    # Who sees one side sees the collision; what of the other side is told, the service decides.
    other = OF_VISIBLE.format(table="collisions", parent="opportunities", column="second_id")
    limit_to_visible(op, "collisions", besides=other, opportunities="first_id")
    forget(op, [one for one in PERSONAL if one.table == "collisions"])
    for statement in LOOK_AGAIN:
        op.execute(statement)
