"""Keep hand-overs of leavers, to hand over what they hold here (C4)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security, let_worker

revision = "2026112312"
down_revision = "2026112311"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE hand_over_refs (
            tenant_id text NOT NULL,
            id uuid NOT NULL,
            employee_id uuid NOT NULL,
            successor_id uuid NOT NULL,
            successor_department_id uuid,
            shares jsonb NOT NULL DEFAULT '[]',
            sequence integer NOT NULL,
            done boolean NOT NULL,
            CONSTRAINT pk_hand_over_refs PRIMARY KEY (tenant_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_hand_over_refs_due ON hand_over_refs (tenant_id, id) WHERE NOT done"
    )
    enable_tenant_security(op, "hand_over_refs", rights="SELECT, UPDATE")
    let_worker(op, "hand_over_refs", rights="SELECT, INSERT, UPDATE")
